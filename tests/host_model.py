# SPDX-License-Identifier: Apache-2.0
"""An accelerator in Python behind the host's transport: registers, streams, golden arithmetic.

It takes the streams apart on its own (never with the host's own code), so that a compiler or layout
that is wrong twice in the same way does not pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from golden.codes import project_int, to_int
from golden.conv import conv2d_int
from golden.errors import ShuffError
from golden.layer import ConvLayer, residual_word
from golden.shuff.bank_reference import decode_bank_serial, decode_bytes_serial
from host import registers
from host.driver import LANES
from host.target import Target
from host.transports.base import Handle, TransportError

A_TLAST, R_TLAST, W_COUNT, CFG_KERNEL, CFG_PSUM = 21, 22, 20, 17, 18


class DeviceError(Exception):
    """An error of the device: code, output tile, input tile."""


@dataclass
class ModelDevice:
    """A transport with a device behind it. starts: configurations that were run."""

    target: Target
    values: dict[str, int] = field(default_factory=dict)
    channels: dict[int, int] = field(default_factory=dict)
    starts: list[dict[str, dict[str, int]]] = field(default_factory=list)
    busy: bool = False  # set by a test: somebody else's job
    resets: int = 0
    clears: int = 0
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queues: dict[str, list[tuple[Handle, bytes]]] = {s: [] for s in "waryq"}
        self.status = 0
        self.tile = 0
        self.pending = False
        t = self.target
        self.fixed = {
            "ID": {"magic": 0x504C5441}, "VERSION": {"major": 1},
            "BUILD": {"b": t.bits, "kmax": t.kmax, "pin": t.pin, "pout": t.pout,
                      "lane": LANES[t.lane]},
            "LINE_DEPTH": {"width": t.line_depth}, "PSUM_DEPTH": {"positions": t.psum_depth},
            "COUT_MAX": {"channels": t.cout_max}}
        self.counters: dict[str, int] = {}

    # ---- transport ----
    def write(self, address: int, value: int) -> None:
        name = next(r.name for r in registers.table().values() if r.offset == address)
        register = registers.register(name)
        assert register.access != "ro", f"write to {name}"
        if name == "CONTROL":
            if value & 2:
                self.status = 0
                self.clears += 1
            if value & 1:
                assert not self.pending, "start while a job waits"
                self.status = 0
                self.pending = True
            return
        self.values[name] = value
        if register.commits:
            words = [self.values[f"CHANNEL_DATA{i}"] for i in range(3)]
            self.channels[self.values["CHANNEL"]] = sum(w << 32 * i for i, w in enumerate(words))
            self.values["CHANNEL"] += 1

    def read(self, address: int) -> int:
        register = next(r for r in registers.table().values() if r.offset == address)
        if register.name in self.fixed:
            return register.pack(self.fixed[register.name])
        if register.name == "STATUS":
            return self.status | int(self.busy)
        if register.name == "ERROR_TILE":
            return self.tile
        return self.counters.get(register.name, 0)

    def read_many(self, addresses: Any) -> list[int]:
        return [self.read(address) for address in addresses]

    def send(self, stream: str, beats: Any) -> Handle:
        data = bytes(beats) if isinstance(beats, bytes) else beats.tobytes()
        return self._queue(stream, len(data), data)

    def receive(self, stream: str, nbytes: int) -> Handle:
        assert nbytes > 0
        return self._queue(stream, nbytes, b"")

    def _queue(self, stream: str, nbytes: int, data: bytes) -> Handle:
        handle = Handle(stream, nbytes)
        self.queues[stream].append((handle, data))
        return handle

    def wait(self, handle: Handle) -> bytes:
        if self.pending:
            self.pending = False
            self._job()
        if not handle.done:
            raise TransportError(f"no more moves on stream {handle.stream}")
        return handle.data

    def cancel(self) -> None:
        for queue in self.queues.values():
            queue.clear()

    def reset(self) -> None:
        self.resets += 1
        self.busy = False
        self.status = 0
        self.cancel()

    # ---- device ----
    def _job(self) -> None:
        fields = {name: registers.register(name).unpack(value)
                  for name, value in self.values.items() if "DATA" not in name}
        self.starts.append(fields)
        try:
            self._run(fields)
            self.status = 2
        except DeviceError as fault:
            code, out_tile, in_tile = fault.args
            self.status = code << 8 | 2
            self.tile = in_tile << 16 | out_tile
            for stream in "war":  # the rest is taken and dropped
                for handle, _ in self.queues[stream]:
                    handle.finish()
                self.queues[stream].clear()

    def _take(self, stream: str) -> bytes:
        if not self.queues[stream]:
            raise DeviceError(A_TLAST, 0, 0)
        handle, data = self.queues[stream].pop(0)
        handle.finish()
        return data

    def _give(self, stream: str, data: bytes) -> None:
        handle, _ = self.queues[stream].pop(0)
        assert len(data) <= handle.nbytes, f"{stream}: buffer too small"
        handle.finish(data)

    def _run(self, f: dict[str, dict[str, int]]) -> None:
        t, mode = self.target, f["MODE"]
        h, w = f["MAP"]["h"], f["MAP"]["w"]
        cin, cout = f["CHANNELS"]["cin"], f["CHANNELS"]["cout"]
        k, stride, pad = (f["KERNEL"][n] for n in ("k", "stride", "pad"))
        top, bottom = f["KERNEL"]["pad_top"], f["KERNEL"]["pad_bottom"]
        n = f["IMAGES"]["count"]
        if k > t.kmax or max(pad, top, bottom) > (k - 1) // 2:
            raise DeviceError(CFG_KERNEL, 0, 0)
        oh, ow = (h + top + bottom - k) // stride + 1, (w + 2 * pad - k) // stride + 1
        size = 4 * t.pin if k == 1 else t.pin
        ins, outs = -(-cin // size), -(-cout // t.pout)
        if ins > 1 and n * oh * ow > t.psum_depth:
            raise DeviceError(CFG_PSUM, 0, 0)
        weights = self._weights(cout, cin, k, size)
        for tile in range(outs):
            a = self._activations(self._take("a"), tile, (n, cin, h, w), k, stride, size, (oh, ow))
            first = tile * t.pout
            part = weights[first:first + t.pout]
            if k == 1:
                acc = conv2d_int(a, part, 1, 0)
            else:
                wide = np.pad(a, ((0, 0), (0, 0), (top, bottom), (pad, pad)))
                acc = conv2d_int(wide, part, stride, 0)
            assert acc.shape[2:] == (oh, ow)
            self._answer(acc, tile, f, mode)
        self.counters = {"CYCLES": 1000, "BUSY": 900, "STALL_W": 40, "STALL_A": 30,
                         "WEIGHTS": weights.size}

    def _weights(self, cout: int, cin: int, k: int, size: int) -> np.ndarray:
        t = self.target
        words = np.frombuffer(self._take("w"), "<u4").tolist()
        try:
            if t.lane == "M8":
                steps = decode_bytes_serial(words, t.pin, t.pout).astype(np.int64)
            else:
                steps = to_int(decode_bank_serial(words, t.bits, t.pin, t.pout), t.bits)
        except ShuffError as error:
            raise DeviceError(error.code, 0, 0) from None
        outs = -(-cout // t.pout)
        if len(steps) != outs * cin * k * k:
            raise DeviceError(W_COUNT, 0, 0)
        weights = np.zeros((outs * t.pout, cin, k, k), np.int64)
        at = 0
        for o in range(0, cout, t.pout):
            for i0 in range(0, cin, size):
                for i in range(i0, min(i0 + size, cin)):
                    for ky in range(k):
                        for kx in range(k):
                            weights[o:o + t.pout, i, ky, kx] = steps[at]
                            at += 1
        return weights

    def _activations(self, data: bytes, tile: int, shape: tuple[int, int, int, int], k: int,
                     stride: int, size: int, out: tuple[int, int]) -> np.ndarray:
        t = self.target
        n, cin, h, w = shape
        bus = max(32, 1 << (4 * t.pin * t.act_bits - 1).bit_length()) // 8
        beats = [int.from_bytes(data[i:i + bus], "little") for i in range(0, len(data), bus)]
        ins = -(-cin // size)
        if k == 1:
            per = n * out[0] * out[1]
        elif stride == 1:
            per = -(-n * h * w // 4)
        else:
            per = n * -(-h // 2) * -(-w // 2)
        if len(beats) != ins * per:
            raise DeviceError(A_TLAST, tile, min(len(beats) // per, ins - 1))
        mask = (1 << t.act_bits) - 1
        lanes = np.array([[b >> t.act_bits * j & mask for j in range(4 * t.pin)] for b in beats])
        a = np.zeros((n, ins * size, *(out if k == 1 else (h, w))), np.int64)
        for it in range(ins):
            part = lanes[it * per:(it + 1) * per]
            chan = slice(it * size, (it + 1) * size)
            if k == 1:
                a[:, chan] = part.reshape(n, *out, size).transpose(0, 3, 1, 2)
            elif stride == 1:
                flat = part.reshape(-1, t.pin)
                assert not flat[n * h * w:].any(), "filling is not zero"
                a[:, chan] = flat[:n * h * w].reshape(n, h, w, t.pin).transpose(0, 3, 1, 2)
            else:
                hb, wb = -(-h // 2), -(-w // 2)
                for dy in range(2):
                    for dx in range(2):
                        at = 2 * dy + dx
                        pixel = part[:, at * t.pin:(at + 1) * t.pin].reshape(n, hb, wb, t.pin)
                        rows, cols = len(range(dy, h, 2)), len(range(dx, w, 2))
                        a[:, chan, dy::2, dx::2] = pixel[:, :rows, :cols].transpose(0, 3, 1, 2)
        assert not a[:, cin:].any(), "channels beyond cin are not zero"
        a = a[:, :cin]
        if t.act == "pot":
            return to_int(a, t.bits)
        return a - (a >> 7 << 8)

    def _answer(self, acc: np.ndarray, tile: int, f: dict[str, dict[str, int]],
                mode: dict[str, int]) -> None:
        """y and q of one output tile; acc (N, POUT, OH, OW)."""
        t, shifts = self.target, f["SHIFTS"]
        lanes = acc.transpose(0, 2, 3, 1).reshape(-1, t.pout)
        cout = f["CHANNELS"]["cout"]
        valid = np.arange(t.pout) + tile * t.pout < cout
        if mode["raw"]:
            self._give("y", np.where(valid, lanes, 0).astype("<i8").tobytes())
            return
        total = np.zeros(lanes.shape, dtype=object)
        for lane in np.flatnonzero(valid):
            word = self.channels[tile * t.pout + int(lane)]
            s1, s2, term = word & 15, word >> 4 & 15, {0: 0, 1: 1, 3: -1}[word >> 8 & 3]
            bias = word >> 10
            bias -= bias >> (t.bias_bits - 1) << t.bias_bits
            value = lanes[:, lane].astype(object)
            total[:, lane] = value * (1 << s1) + term * value * (1 << s2) + bias
        if mode["res_in"]:
            words = np.frombuffer(self._take("r"), np.int8).reshape(-1, t.pout)
            if len(words) != len(total):
                raise DeviceError(R_TLAST, tile, 0)
            total = total + words.astype(object) * (1 << shifts["res"])
        if mode["relu"]:
            total = np.maximum(total, 0)
        total[:, ~valid] = 0
        if mode["emit_code"]:
            codes = project_int(total, t.bits, shifts["proj"])
            bus = max(32, 1 << (4 * t.pout * t.bits - 1).bit_length()) // 8
            flat = np.concatenate([codes.ravel(), np.zeros(-len(codes) % 4 * t.pout, np.uint8)])
            beats = [sum(int(c) << t.bits * i for i, c in enumerate(beat))
                     for beat in flat.reshape(-1, 4 * t.pout)]
            self._give("y", b"".join(beat.to_bytes(bus, "little") for beat in beats))
        if mode["emit_res"]:
            self._give("q", residual_word(total, shifts["res_out"]).tobytes())


def layer_of(**fields: Any) -> ConvLayer:
    """A small layer with everything given as keyword; see ConvLayer."""
    outs = len(fields["weights"])
    zeros = np.zeros(outs, np.int64)
    base: dict[str, Any] = {"name": "x", "bits": 4, "stride": 1, "pad": 0, "shift1": zeros,
                            "shift2": zeros, "term2": zeros, "bias": zeros}
    return ConvLayer(**{**base, **fields})
