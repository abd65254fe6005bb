# SPDX-License-Identifier: Apache-2.0
"""Samples coverage on the monitor's side only.

Everything is read from what was on the pins: the cfg_* ports, the counters, the files that the
players really played and the recorders wrote. Nothing is taken from the sequence item.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyuvm import ConfigDB, uvm_subscriber

from golden.errors import ShuffError
from golden.shuff.bank_reference import decode_bank_serial, decode_bytes_serial
from host.packing import unpack_lanes
from host.target import QUAD
from tb.common.beats import read_player
from tb.common.bins import Model
from tb.conv_engine.bfm import ConvBfm, Observed
from tb.conv_engine.coverage_model import (
    ERRORS,
    INT8_BINS,
    build_model,
    channel_class,
    emit_of,
    few,
    field_bin,
    int8_class,
    legal_codes,
    map_classes,
    out_map,
    shift_bin,
)
from tb.conv_engine.hardware import Hardware


class Sampler:
    """Puts one observation after the other into a model."""

    def __init__(self, hw: Hardware, bfm: ConvBfm) -> None:
        self.hw = hw
        self.bfm = bfm
        self.model = build_model(hw)
        self._previous = "reset"
        self._resets = -1

    def sample(self, seen: Observed) -> None:
        """Sample a finished job; one that ended in error counts for its error code only."""
        if self._resets != self.bfm.resets:
            self._previous, self._resets = "reset", self.bfm.resets
        if seen.hung:
            return
        self.model["before"].hit(self._previous)
        self._previous = "error" if seen.err else "good job"
        if seen.err:
            if seen.err in ERRORS:
                self.model["error"].hit(ERRORS[seen.err])
            return
        out_tiles = -(-seen.cfg["cout"] // self.hw.pout)
        in_tiles = -(-seen.cfg["cin"] // self.hw.in_tile_size(seen.cfg["k"]))
        self._shape(seen.cfg, out_tiles, in_tiles)
        self._channels(seen)
        self._tensors(seen)
        self._outputs(seen)
        self._stalls(seen)

    def _shape(self, cfg: dict[str, int], out_tiles: int, in_tiles: int) -> None:
        m, hw = self.model, self.hw
        m["kernel"].hit((cfg["k"], cfg["stride"], cfg["pad"]))
        for name in map_classes(hw, cfg):
            m["map"].hit(name)
        m["in channels"].hit(channel_class(cfg["cin"], hw.in_tile_size(cfg["k"])))
        m["out channels"].hit(channel_class(cfg["cout"], hw.pout))
        m["tiles"].hit((few(out_tiles), few(in_tiles)))
        m["images"].hit(few(cfg["images"]))
        m["mode"].hit((cfg["relu"], cfg["res_in"], emit_of(cfg)))
        if cfg["emit_code"]:
            m["proj_shift"].hit(shift_bin(cfg["proj_shift"]))
        if cfg["emit_res"]:
            m["res_out_shift"].hit(shift_bin(cfg["res_out_shift"]))
        if cfg["res_in"]:
            m["res_shift"].hit(shift_bin(cfg["res_shift"]))
        m["bands"].hit((cfg["pad_top"] < cfg["pad"], cfg["pad_bottom"] < cfg["pad"]))
        oh, ow = out_map(cfg)
        places = cfg["images"] * oh * ow
        m["partial sums"].hit("not used" if in_tiles == 1 else
                              "full" if places == hw.psum_depth else "some")

    def _channels(self, seen: Observed) -> None:
        m, bits = self.model, self.hw.bias_bits
        records = read_player(self.bfm.data / f"ch_{seen.number}.bin", self.hw.ch_bytes).data
        if not len(records):
            m["before"].hit("same channels")
        for record in records:
            word = int.from_bytes(record.tobytes(), "little")
            bias = word >> 10 & ((1 << bits) - 1)
            m["shift1"].hit(field_bin(word & 15))
            m["shift2"].hit(field_bin(word >> 4 & 15))
            m["term2"].hit({0: 0, 1: 1, 3: -1}[word >> 8 & 3])
            m["bias"].hit("0" if bias == 0 else "min" if bias == 1 + (1 << (bits - 1)) else
                          "max" if bias == (1 << (bits - 1)) - 1 else
                          "-" if bias >> (bits - 1) else "+")

    def _tensors(self, seen: Observed) -> None:
        """Codes on the input streams, and which weight met which activation."""
        m, hw, cfg = self.model, self.hw, seen.cfg
        words = read_player(self.bfm.data / f"w_{seen.number}.bin", hw.w_bits // 8)
        data = words.data[: int(np.argmax(words.last)) + 1].tobytes()  # of a chain, the first
        weights = self._weights(data, cfg)  # (cin, n)
        a_data = read_player(self.bfm.data / f"a_{seen.number}.bin", hw.a_bytes)
        acts = self._activations(a_data.data[: int(np.argmax(a_data.last)) + 1], cfg)  # (cin, n)
        w_count, w_names = _counted(weights, hw.wgt == "pot", hw.bits)
        a_count, a_names = _counted(acts, hw.act == "pot", hw.bits)
        met = (w_count > 0).astype(np.int64).T @ (a_count > 0)  # (w names, a names)
        for group, names, count in (("weight", w_names, w_count), ("activation", a_names, a_count)):
            for at, name in enumerate(names):
                if name in m[group].counts:
                    m[group].hit(name, int(count[:, at].sum()))
        for i, w_name in enumerate(w_names):
            for j, a_name in enumerate(a_names):
                if met[i, j] and (w_name, a_name) in m["weight x activation"].counts:
                    m["weight x activation"].hit((w_name, a_name), int(met[i, j]))

    def _weights(self, data: bytes, cfg: dict[str, int]) -> NDArray[Any]:
        """Weights by input channel, (cin, n), as they are in the stream."""
        hw = self.hw
        steps = _steps(data, hw)
        self.model["table mode"].hit(("joint", "flag", "raw", "bytes")[data[6] & 15])
        parts, at = [], 0
        for o in range(0, cfg["cout"], hw.pout):
            outs = min(hw.pout, cfg["cout"] - o)
            tile = steps[at : at + cfg["cin"] * cfg["k"] ** 2]  # all input tiles are in order
            at += len(tile)
            parts.append(tile[:, :outs].reshape(cfg["cin"], -1))
        return np.concatenate(parts, axis=1)

    def _activations(self, beats: NDArray[np.uint8], cfg: dict[str, int]) -> NDArray[Any]:
        """Activations of one round by input channel, (cin, n); filling may be among them."""
        hw, size = self.hw, self.hw.in_tile_size(cfg["k"])
        tiles = -(-cfg["cin"] // size)
        lanes = unpack_lanes(beats, hw.act_bits, QUAD * hw.pin, signed=hw.act == "int8")
        rows = lanes.reshape(tiles, -1, size).transpose(0, 2, 1)  # (it, channels, n)
        return rows.reshape(tiles * size, -1)[: cfg["cin"]]

    def _outputs(self, seen: Observed) -> None:
        m, hw, cfg = self.model, self.hw, seen.cfg
        if cfg["raw"]:
            sums = unpack_lanes(seen.y.data, hw.acc_bits, hw.pout, signed=True)
            for name, count in zip("-0+", ((sums < 0), (sums == 0), (sums > 0)), strict=True):
                m["raw sum"].hit(name, int(count.sum()))
        if cfg["emit_code"]:
            counts = np.bincount(unpack_lanes(seen.y.data, hw.bits, hw.pout, signed=False).ravel(),
                                 minlength=1 << hw.bits)
            for code in legal_codes(hw.bits):
                m["out code"].hit(code, int(counts[code]))
        if cfg["emit_res"]:
            classes = int8_class(unpack_lanes(seen.q.data, 8, hw.pout, signed=True))
            for name, count in zip(INT8_BINS, np.bincount(classes.ravel(), minlength=5),
                                   strict=True):
                m["out word"].hit(name, int(count))

    def _stalls(self, seen: Observed) -> None:
        """Droughts of inputs and back-pressure of outputs."""
        m, cycles = self.model, seen.counters["cycles"]
        for cause in "wary":
            if seen.counters[f"stall_{cause}"]:
                m["stall cause"].hit(cause)
        held = {**seen.held, "y": seen.held["y"] + seen.held["q"]}
        for stream in "wary":
            count = held[stream]
            level = "none" if not count else "some" if 2 * count < cycles else "most"
            m["back-pressure"].hit((stream, level))
        moved = {**seen.beats, "y": seen.beats["y"] + seen.beats["q"]}
        m["stalls together"].hit(tuple(int(2 * held[s] > moved[s]) for s in "way"))


@functools.lru_cache(maxsize=16)
def _steps(data: bytes, hw: Hardware) -> NDArray[Any]:
    """Weights (steps, POUT) of a stream, read only: many a test plays the same stream often."""
    words = np.frombuffer(data, dtype="<u4").tolist()
    steps = (decode_bank_serial(words, hw.bits, hw.pin, hw.pout) if hw.wgt == "pot" else
             decode_bytes_serial(words, hw.pin, hw.pout))
    steps.flags.writeable = False
    return steps


def _counted(values: NDArray[Any], codes: bool, bits: int) -> tuple[NDArray[np.int64], list[Any]]:
    """((channels, names) counts, names) of codes, or of signed bytes by their classes."""
    if codes:
        return _by_channel(values, 1 << bits), list(range(1 << bits))
    return _by_channel(int8_class(values), len(INT8_BINS)), list(INT8_BINS)


def _by_channel(codes: NDArray[Any], size: int) -> NDArray[np.int64]:
    """(channels, n) small integers -> (channels, size) counts."""
    channels = len(codes)
    flat = codes.astype(np.int64) + size * np.arange(channels)[:, None]
    return np.bincount(flat.ravel(), minlength=size * channels).reshape(channels, size)


class ConvCoverage(uvm_subscriber):
    """Samples what the monitor saw in this test."""

    def build_phase(self) -> None:
        bfm: ConvBfm = ConfigDB().get(self, "", "BFM")
        self.sampler = Sampler(bfm.hw, bfm)

    @property
    def model(self) -> Model:
        return self.sampler.model

    def write(self, tt: Observed) -> None:
        try:
            self.sampler.sample(tt)
        except ShuffError:  # a bad stream that the device took for a good one: not covered,
            pass  # and the scoreboard's business
