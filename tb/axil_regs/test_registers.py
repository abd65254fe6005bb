# SPDX-License-Identifier: Apache-2.0
"""axil_regs: what every register does, read from the table that the hardware is made from."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

from host import registers
from host.registers import Register
from tb.axil_regs.bench import BUILT, CONFIG, LANES, OKAY, SLVERR, STATE, WORDS, Bench
from tb.common import settings

TABLE = registers.table()
HELD = [register for register in TABLE.values() if register.access == "rw"]
ACCW = settings.load().integer("ACCW")


def fixed(register: Register) -> int:
    """What the register reads while all inputs are 0 and nothing was written."""
    word = register.reset
    for key, parameter in BUILT.items():
        if key.split(".")[0] == register.name:
            word |= settings.load().integer(parameter) << register.field(key.split(".")[1]).low
    if register.name == "BUILD":
        lane = str(settings.load().parameters["LANE"])
        word |= LANES[lane] << register.field("lane").low
    return word


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_values(dut: Any) -> None:
    """Every register after reset, also after a reset that meets written registers."""
    bench = Bench(dut)
    await bench.reset()
    for again in range(2):
        for register in TABLE.values():
            got = await bench.read_at(register.offset)
            assert got == (fixed(register), OKAY), f"{register.name} reads {got[0]:#x}"
        for register in HELD:
            await bench.write_at(register.offset, 0xFFFFFFFF)
        if not again:
            await bench.edge
            dut.rst.value = 1
            await bench.cycles(2)
            dut.rst.value = 0
            await bench.cycles(2)
    assert bench.starts == bench.clears == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def access_rules(dut: Any) -> None:
    """Rw keeps its bits and no other register's; ro answers SLVERR; pulse reads 0."""
    bench = Bench(dut)
    await bench.reset()
    cocotb.start_soon(bench.run_engine())
    want = {name: fixed(register) for name, register in TABLE.items()}
    for register in TABLE.values():
        for value in (0xFFFFFFFF, 0, 0xAAAAAAAA, 0x55555555, random.getrandbits(32)):
            if register.access == "pulse":
                value &= ~1  # a start would lock the others
            answer = await bench.write_at(register.offset, value)
            assert answer == (SLVERR if register.access == "ro" else OKAY), register.name
            if register.access == "rw":
                want[register.name] = value & register.mask
            if register.commits:
                want[register.commits] = want[register.commits] + 1 & 0xFFF
            for name, other in TABLE.items():
                if other is register or value == 0xFFFFFFFF:
                    got, _ = await bench.read_at(other.offset)
                    assert got == want[name], (
                        f"{value:#x} to {register.name}: {name} reads {got:#x}, "
                        f"not {want[name]:#x}")
    assert bench.starts == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_address(dut: Any) -> None:
    """SLVERR exactly where no register is, for reads and writes; the two low bits play no part."""
    bench = Bench(dut)
    await bench.reset()
    there = {register.offset: register for register in TABLE.values()}
    for word in range(WORDS):
        register = there.get(4 * word)
        got, answer = await bench.read_at(4 * word)
        assert answer == (OKAY if register else SLVERR), f"read of {4 * word:#x}"
        assert register or got == 0, f"{4 * word:#x} reads {got:#x}"
        if register is None or register.access == "ro":
            assert await bench.write_at(4 * word, 0xFFFFFFFF) == SLVERR, f"write to {4 * word:#x}"
    for register in TABLE.values():
        got, answer = await bench.read_at(register.offset)
        assert (got, answer) == (fixed(register), OKAY), f"{register.name} changed"
    assert bench.starts == bench.clears == 0 and not bench.stored


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def partial_writes(dut: Any) -> None:
    """A write without all four bytes answers SLVERR and does nothing at all."""
    bench = Bench(dut)
    await bench.reset()
    for register in (r for r in TABLE.values() if r.access != "ro"):
        for first in range(4):
            for count in range(1, 5 - first):
                if count == 4:
                    continue
                data = b"\xff" * count
                answer = await bench.master.write(register.offset + first, data)
                assert int(answer.resp) == SLVERR, f"{register.name}: {count} bytes at {first}"
        got, _ = await bench.read_at(register.offset)
        assert got == register.reset, f"{register.name} took a partial write"
    assert bench.starts == bench.clears == 0 and not bench.stored


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def configuration_ports(dut: Any) -> None:
    """Every field shows on its own port, unchanged, and holds while the engine is busy."""
    bench = Bench(dut)
    await bench.reset()
    held = {f"{register.name}.{field.name}" for register in HELD for field in register.fields
            if not register.name.startswith("CHANNEL_")}
    assert held - {"CHANNEL.addr"} == set(CONFIG), "a field has no port in this bench"
    for _ in range(6):
        values = {}
        for register in HELD:
            if register.name.startswith("CHANNEL_"):
                continue
            fields = {f.name: random.getrandbits(f.width) for f in register.fields}
            values |= {f"{register.name}.{name}": value for name, value in fields.items()}
            await bench.write(register.name, **fields)
        for key, port in CONFIG.items():
            assert bench.pin(port) == values[key], f"{port} is not {key}"
        dut.busy.value = 1
        for register in HELD:
            assert await bench.write_at(register.offset, random.getrandbits(32)) == OKAY
        await bench.status(busy=1, refused_write=1)
        for key, port in CONFIG.items():
            assert bench.pin(port) == values[key], f"{port} changed while busy"
        assert (await bench.read("CHANNEL"))["addr"] == values["CHANNEL.addr"]
        assert not bench.stored, "a channel was stored while busy"
        dut.busy.value = 0
        await bench.write("CONTROL", clear=1)
        await bench.status()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def state_ports(dut: Any) -> None:
    """Counters, error code and tiles pass through, each from its own port."""
    bench = Bench(dut)
    await bench.reset()
    for _ in range(4):
        values = {}
        for key, port in STATE.items():
            name, field = key.split(".")
            values[key] = random.getrandbits(registers.register(name).field(field).width)
            getattr(dut, port).value = values[key]
        await bench.edge
        for key, value in values.items():
            name, field = key.split(".")
            assert (await bench.read(name))[field] == value, key


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def commands(dut: Any) -> None:
    """Start and clear are pulses of one cycle; what is refused says so; done stays."""
    bench = Bench(dut)
    await bench.reset()
    engine = cocotb.start_soon(bench.run_engine())
    await bench.write("CONTROL", start=1)
    await bench.cycles(3)
    assert (bench.starts, bench.clears) == (1, 0)
    await bench.status(busy=1)
    await bench.write("CONTROL", start=1)
    assert bench.starts == 1, "a start reached a busy engine"
    await bench.status(busy=1, refused_start=1)
    await bench.write("MAP", h=5, w=6)
    await bench.status(busy=1, refused_start=1, refused_write=1)
    await bench.finish()
    await bench.status(done=1, refused_start=1, refused_write=1)
    await bench.write("CONTROL", start=1)  # an accepted start clears all three
    await bench.edge  # of the cycle after the one that took the answer: the engine is busy in it
    await Timer(1, unit="ns")
    assert not bench.pin("irq"), "irq outlives the answer to the next start"
    await bench.status(busy=1)
    await bench.write("IMAGES", count=3)
    await bench.write("CONTROL", clear=1)  # also while busy
    assert (bench.starts, bench.clears) == (2, 1)
    await bench.status(busy=1)
    await bench.finish(err=18)
    await bench.status(done=1, err=18)
    await bench.write("CONTROL")
    assert (bench.starts, bench.clears) == (2, 1), "a write of 0 is a command"
    await bench.status(done=1, err=18)
    await bench.write("CONTROL", clear=1)
    await bench.status(err=18)  # the code is the engine's, cleared there
    dut.err.value = 0
    engine.cancel()  # from here on starts are not taken: the error state
    await bench.write("CONTROL", start=1)
    assert bench.starts == 3
    await bench.status(refused_start=1)
    await bench.write("CONTROL", clear=1)
    await bench.status()
    cocotb.start_soon(bench.run_engine())
    await bench.write("CONTROL", start=1, clear=1)
    assert (bench.starts, bench.clears) == (4, 4)
    await bench.status(busy=1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def done_meets_clear(dut: Any) -> None:
    """A job that ends in the very cycle of a clear, or after it, is not lost."""
    bench = Bench(dut)
    await bench.reset()
    orders = set()
    for delay in range(8):
        dut.busy.value = 1
        writing = cocotb.start_soon(bench.write("CONTROL", clear=1))
        await bench.cycles(delay)
        await bench.finish()
        await writing
        await bench.cycles(2)
        apart = bench.last["done"] - bench.last["clear"]
        orders.add((apart > 0) - (apart < 0))
        await bench.status(done=apart >= 0)
        await bench.write("CONTROL", clear=1)
        await bench.status()
    assert orders == {-1, 0, 1}, "the two never met"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def channels(dut: Any) -> None:
    """The last data word stores {DATA2, DATA1, DATA0} at CHANNEL and moves on, over the end too."""
    bench = Bench(dut)
    await bench.reset()
    want = []
    for first, count in ((0, 5), (4093, 5), (77, 1)):
        await bench.write("CHANNEL", addr=first)
        for i in range(count):
            words = [random.getrandbits(32) for _ in range(3)]
            for number, word in enumerate(words):
                await bench.write(f"CHANNEL_DATA{number}", data=word)
            whole = words[0] | words[1] << 32 | words[2] << 64
            want.append(((first + i) % 4096, whole & ((1 << (ACCW + 26)) - 1)))
        assert (await bench.read("CHANNEL"))["addr"] == (first + count) % 4096
    await bench.write("CHANNEL_DATA2", data=1)  # alone: the other two are kept
    await bench.cycles(2)
    whole = words[0] | words[1] << 32 | 1 << 64
    want.append((78, whole & ((1 << (ACCW + 26)) - 1)))
    assert bench.stored == want
    await bench.status()
