# SPDX-License-Identifier: Apache-2.0
"""axil_regs: the rules of AXI4-Lite, first cycle by cycle, then under random traffic."""

from __future__ import annotations

import itertools
import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

from host import registers
from tb.axil_regs.bench import OKAY, SLVERR, STATE, Bench
from tb.common import results, settings

TABLE = registers.table()
MAP = registers.register("MAP")
HELD = [r for r in TABLE.values() if r.access == "rw" and not r.name.startswith("CHANNEL")]


async def send(bench: Bench, channel: str, delay: int, **payload: int) -> int:
    """Offer one transfer on AW, W or AR after `delay` cycles; return the cycles until taken."""
    dut = bench.dut
    await bench.cycles(delay)
    for name, value in payload.items():
        getattr(dut, f"s_axil_{name}").value = value
    getattr(dut, f"s_axil_{channel}valid").value = 1
    waited = 0
    while not bench.pin(f"s_axil_{channel}ready"):
        await bench.edge
        waited += 1
        assert waited < 20, f"{channel}ready never comes"
    await bench.edge
    getattr(dut, f"s_axil_{channel}valid").value = 0
    for name in payload:  # what lies on an idle channel must not matter
        handle = getattr(dut, f"s_axil_{name}")
        handle.value = random.getrandbits(len(handle))
    return waited


async def take(bench: Bench, channel: str, delay: int) -> None:
    """Wait for B or R with ready low, hold it back `delay` cycles, take it."""
    waited = 0
    while not bench.pin(f"s_axil_{channel}valid"):
        await bench.edge
        waited += 1
        assert waited < 60, f"{channel}valid waits for ready, or never comes"
    await bench.cycles(delay)
    getattr(bench.dut, f"s_axil_{channel}ready").value = 1
    await bench.edge
    getattr(bench.dut, f"s_axil_{channel}ready").value = 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def any_order(dut: Any) -> None:
    """AW before, with and after W, B held back: the write is done once, with its own data."""
    bench = Bench(dut)
    await bench.reset(master=False)
    for number, (aw, w, b) in enumerate(itertools.product((0, 1, 2, 7), (0, 1, 2, 7), (0, 1, 9))):
        value = random.getrandbits(32)
        sending = [cocotb.start_soon(send(bench, "aw", aw, awaddr=MAP.offset)),
                   cocotb.start_soon(send(bench, "w", w, wdata=value, wstrb=15))]
        early = max(aw, w) - 1
        if early > 0:
            await bench.cycles(early)
            assert not bench.pin("s_axil_bvalid"), "an answer before the request is complete"
        await take(bench, "b", b)
        assert dut.s_axil_bresp.value == OKAY
        for one in sending:
            await one
        got = bench.pin("cfg_h") | bench.pin("cfg_w") << 16
        assert got == value & MAP.mask, f"AW after {aw}, W after {w}, B after {b}"
        assert bench.answers["b"] == number + 1, "not one answer for one write"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def strobes(dut: Any) -> None:
    """All 16 strobes: only 1111 writes."""
    bench = Bench(dut)
    await bench.reset(master=False)
    for strobe in (*range(15), 15):
        sending = [cocotb.start_soon(send(bench, "aw", 0, awaddr=MAP.offset)),
                   cocotb.start_soon(send(bench, "w", 0, wdata=0xFFFFFFFF, wstrb=strobe))]
        await take(bench, "b", 0)
        for one in sending:
            await one
        whole = strobe == 15
        assert int(dut.s_axil_bresp.value) == (OKAY if whole else SLVERR), f"WSTRB {strobe:04b}"
        assert bench.pin("cfg_h") == (511 if whole else 0), f"WSTRB {strobe:04b}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reads_and_writes_apart(dut: Any) -> None:
    """A stuck answer on one side does not stop the other; low address bits do not matter."""
    bench = Bench(dut)
    await bench.reset(master=False)
    dut.cnt_cycles.value = 1234
    cycles = registers.register("CYCLES").offset
    await send(bench, "ar", 0, araddr=cycles + 3)
    for value in (1, 2, 3):  # R is held back all the while
        sending = [cocotb.start_soon(send(bench, "aw", 0, awaddr=MAP.offset + value)),
                   cocotb.start_soon(send(bench, "w", 0, wdata=value, wstrb=15))]
        await take(bench, "b", 0)
        for one in sending:
            await one
        assert bench.pin("cfg_h") == value
    assert bench.pin("s_axil_rvalid") == 1 and bench.pin("s_axil_rdata") == 1234
    await take(bench, "r", 0)
    sending = [cocotb.start_soon(send(bench, "aw", 0, awaddr=MAP.offset)),
               cocotb.start_soon(send(bench, "w", 0, wdata=77, wstrb=15))]
    for one in sending:
        await one
    await bench.cycles(4)  # a read must see a write that has its answer, and no other
    assert bench.pin("s_axil_bvalid") == 1
    for _ in range(3):  # B is held back all the while
        await send(bench, "ar", 0, araddr=MAP.offset)
        await take(bench, "r", 1)
        assert bench.pin("s_axil_rdata") == 77
    assert bench.pin("s_axil_bvalid") == 1
    await take(bench, "b", 0)
    assert bench.answers == {"b": 4, "r": 4}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_combinational_path(dut: Any) -> None:
    """Within a cycle no output of the bus moves when its inputs do."""
    bench = Bench(dut)
    await bench.reset(master=False)
    outputs = [getattr(dut, f"s_axil_{n}") for n in (
        "awready", "wready", "arready", "bvalid", "bresp", "rvalid", "rresp", "rdata")]  # fmt: skip
    inputs = [getattr(dut, f"s_axil_{n}") for n in (
        "awvalid", "wvalid", "arvalid", "bready", "rready", "awaddr", "araddr", "wdata", "wstrb")]
    for _ in range(200):
        await bench.edge
        before = [str(handle.value) for handle in outputs]
        for _ in range(4):
            for handle in inputs:
                handle.value = random.getrandbits(len(handle))
            await Timer(1, unit="ns")
            assert [str(handle.value) for handle in outputs] == before
        dut.s_axil_awaddr.value = dut.s_axil_araddr.value = MAP.offset
    assert min(bench.answers.values()) > 10, "hardly anything moved"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_flight(dut: Any) -> None:
    """Reset of one cycle drops requests and answers; nothing is ready or valid in it."""
    bench = Bench(dut)
    await bench.reset(master=False)
    dut.s_axil_awaddr.value = dut.s_axil_araddr.value = MAP.offset
    dut.s_axil_wdata.value, dut.s_axil_wstrb.value = 0xFFFFFFFF, 15
    names = ("awready", "wready", "arready", "bvalid", "rvalid")
    for length, chosen in itertools.product((1, 2, 3, 5, 9), range(1, 8)):
        for bit, channel in enumerate(("aw", "w", "ar")):  # nobody takes the answers: they pile up
            getattr(dut, f"s_axil_{channel}valid").value = chosen >> bit & 1
        await bench.cycles(length)
        for channel in ("aw", "w", "ar"):
            getattr(dut, f"s_axil_{channel}valid").value = 0
        dut.rst.value = 1
        await bench.edge
        dut.rst.value = 0
        assert not any(bench.pin(f"s_axil_{n}") for n in names), "ready or valid in reset"
        await bench.cycles(8)
        where = f"{length} cycles of {chosen:03b}"
        assert all(bench.pin(f"s_axil_{n}") for n in names[:3]), f"{where}: not ready again"
        assert not bench.pin("s_axil_bvalid") and not bench.pin("s_axil_rvalid"), where
        assert bench.pin("cfg_h") == 0, where


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_traffic(dut: Any) -> None:
    """WRITES writes, a read beside each, five channels with pauses of their own; all compared."""
    bench = Bench(dut)
    await bench.reset()
    offsets = [register.offset for register in HELD]
    held = dict.fromkeys(offsets, 0)
    values = {}
    for key, port in STATE.items():
        register = registers.register(key.split(".")[0])
        if register.fields[0].width == 32:
            values[register.offset] = random.getrandbits(32)
            getattr(dut, port).value = values[register.offset]
    answers = {OKAY: 0, SLVERR: 0}
    total = settings.load().integer("WRITES")
    for rate in (0.0, 0.3, 0.7):
        bench.pause(rate)
        for _ in range(total // 30):
            batch, reads = [], []
            for _ in range(10):
                address = random.choice(offsets) if random.random() < 0.8 else random.choice(
                    (0x000, 0x024, 0x080, 0x01C, 0xFFC))  # fmt: skip
                value = random.getrandbits(32)
                good = address in held
                if good:
                    held[address] = value & next(r for r in HELD if r.offset == address).mask
                data = value.to_bytes(4, "little")
                batch.append((good, bench.master.init_write(address, data)))
                reads.append(bench.master.init_read(random.choice(list(values)), 4))
            for good, write in batch:
                await write.wait()
                answer = int(write.data.resp)
                assert answer == (OKAY if good else SLVERR)
                answers[answer] += 1
            for read in reads:
                await read.wait()
                got = int.from_bytes(read.data.data, "little")
                assert (got, int(read.data.resp)) == (values[read.data.address], OKAY)
        for address, want in held.items():
            got = await bench.read_at(address)
            assert got == (want, OKAY), f"{address:#x} reads {got[0]:#x}, not {want:#x}"
    assert min(answers.values()) > 0
    results.add_metric("random traffic", okay=answers[OKAY], slverr=answers[SLVERR],
                       reads=bench.answers["r"])
