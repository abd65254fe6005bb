# SPDX-License-Identifier: Apache-2.0
"""The AXI4-Lite player on trial: a job's register traffic from a file, its answers in a file."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from host import registers
from tb.common import axil, clocking, results, settings
from tb.common.axil import OKAY, SLVERR, Answer, Script

PINS = ("go", "job", "seed", "stall_threshold", "stall_length")


class Bench:
    """axil_player_bench: play() as often as wanted."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.data = settings.load().data_dir
        self.job = 0

    async def start(self) -> None:
        for name in PINS:
            getattr(self.dut, name).value = 0
        self.edge = await clocking.start_and_reset(self.dut)

    async def play(self, script: Script | None, *, cut: int = 0, **pins: int) -> list[Answer]:
        """Play a script (None: no file; cut: bytes short); return the log."""
        dut, self.job = self.dut, self.job + 1
        path = self.data / f"x_{self.job}.bin"
        path.unlink(missing_ok=True)
        if script is not None:
            script.save(path)
            path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
        for name in PINS[2:]:
            getattr(dut, name).value = pins.get(name, 1 if name == "seed" else 0)
        dut.job.value = self.job
        dut.go.value = self.job & 1
        await self.edge
        await self.edge
        if not clocking.known(dut.idle, "idle"):
            await RisingEdge(dut.idle)
        await self.edge
        return axil.read_log(self.data / f"x_log_{self.job}.bin")


def job_script(rng: random.Random, channels: int) -> tuple[Script, list[Answer], int, int]:
    """A whole job, the answers it must get (polls by their bits), channels stored, their xor."""
    script, want, mixed = Script(), [], 0

    def put(name: str, **fields: int) -> None:
        script.write(name, **fields)
        register = registers.register(name)
        want.append(Answer(axil.WRITE, register.offset, register.pack(fields), OKAY))

    shape = {"h": rng.randrange(257), "w": rng.randrange(257)}
    put("MAP", **shape)
    put("IMAGES", count=rng.getrandbits(16))
    put("CHANNEL", addr=7)
    for channel in range(7, 7 + channels):
        words = [rng.getrandbits(32) for _ in range(3)]
        for i, word in enumerate(words):
            put(f"CHANNEL_DATA{i}", data=word)
        mixed ^= words[0] ^ channel
    put("CONTROL", start=1)
    script.poll("STATUS", done=1)
    want.append(Answer(axil.POLL, registers.register("STATUS").offset, 2, OKAY))
    for name, value in (("CYCLES", 50), ("MAP", registers.register("MAP").pack(shape)),
                        ("CHANNEL", 7 + channels)):
        script.read(name)
        want.append(Answer(axil.READ, registers.register(name).offset, value, OKAY))
    script.read("WEIGHTS").read("BEATS_Y")
    return script, want, channels, mixed


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def whole_jobs(dut: Any) -> None:
    """Configuration, channels, start, poll, counters: every answer as it must be, any stalls."""
    bench = Bench(dut)
    await bench.start()
    rng = random.Random(settings.load().seed)
    total = mixed = answers = 0
    for threshold, length in ((0, 0), (60, 0), (128, 3), (230, 1)):
        script, want, count, xor = job_script(rng, 5)
        total, mixed = total + count, mixed ^ xor
        log = await bench.play(script, stall_threshold=threshold, stall_length=length,
                               seed=rng.getrandbits(31))
        for i, (got, expected) in enumerate(zip(log, want, strict=False)):
            assert got == expected, f"stalls {threshold}: answer {i}: {got}, not {expected}"
        assert len(log) == len(script) == len(want) + 2
        assert [axil.fields(one)[1]["count"] for one in log[-2:]] == [total, mixed]
        assert not clocking.known(dut.refused, "refused")
        assert not clocking.known(dut.failed, "failed")
        answers += len(log)
        if not threshold:
            assert clocking.known(dut.accesses, "accesses") > len(log), "a poll that read once"
    for name in ("aw_first", "w_first", "together"):
        assert clocking.known(getattr(dut, name), name), f"never {name}"
    results.add_metric("player", answers=answers)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def pauses(dut: Any) -> None:
    """A pause lasts as long as it says."""
    bench = Bench(dut)
    await bench.start()
    for length in (1, 2, 100):
        script = Script().write("CONTROL", start=1).pause(length).read("CYCLES")
        first, last = await bench.play(script)
        assert first.response == OKAY
        script = Script().write("CONTROL", start=1).read("CYCLES")
        await bench.play(Script().poll("STATUS", busy=0))
        _, without = await bench.play(script)
        await bench.play(Script().poll("STATUS", busy=0))
        assert last.value == min(without.value + length + 1, 50), f"pause {length}"


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def mistakes_are_seen(dut: Any) -> None:
    """An error answer is logged and raises `refused`; a missing, cut or bad file `failed`."""
    bench = Bench(dut)
    await bench.start()
    for op, address in ((axil.WRITE, 0x000), (axil.READ, 0xF00), (axil.POLL, 0xF00)):
        log = await bench.play(Script().read("ID").access(op, address, 1, 1).read("VERSION"))
        assert [one.response for one in log] == [OKAY, SLVERR, OKAY]
        assert (log[0].value, log[2].value) == (0x504C5441, 0x10000)
        assert clocking.known(dut.refused, "refused"), "an error answer goes unnoticed"
        assert not clocking.known(dut.failed, "failed")
    good = Script().read("ID")
    assert len(await bench.play(good)) == 1 and not clocking.known(dut.refused, "refused")
    for name, script, cut in (("missing", None, 0), ("cut", good, 1),
                              ("bad", Script().access(9, 0), 0)):
        assert await bench.play(script, cut=cut) == []
        assert clocking.known(dut.failed, "failed"), f"a {name} file goes unnoticed"
    assert len(await bench.play(good)) == 1
    assert not clocking.known(dut.failed, "failed"), "a good file counts as failed"
    assert await bench.play(Script()) == []
