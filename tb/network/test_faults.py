# SPDX-License-Identifier: Apache-2.0
"""What a host can do wrong, on the real RTL: a clear error with layer and tile, next job good."""

from __future__ import annotations

from typing import Any

import cocotb

from golden.errors import PlutarchError
from host import registers
from host.driver import AcceleratorError, Device
from host.transports.base import TransportError
from tb.common import results, settings
from tb.network.bench import NetworkBench, in_thread
from tb.network.faults import Mute, Work, for_target, small_job, spoiled


def register(name: str, **fields: int) -> Any:
    """A change of a register."""
    return lambda all_: {**all_, name: {**all_[name], **fields}}


def cases(work: Work) -> list[tuple[str, dict[str, Any], tuple[str, ...], tuple[int, int] | None]]:
    """(what, changes, names of the error that may come, tile or None)."""
    job, pin = work.job, work.job.target.pin
    passes = 3  # input tiles of the job

    def bits(data: bytes, at: int) -> bytes:
        return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]

    return [
        ("weights too short", {"w": lambda d: d[:-8]}, ("TLAST_EARLY", "SHORT"), None),
        ("weights too long", {"w": lambda d: d + bytes(8)}, ("TLAST_LATE",), None),
        ("no stream of weights", {"w": lambda d: bytes(len(d))}, ("MAGIC",), (0, 0)),
        ("weights of another PIN", {"w": lambda _: for_target(job, pin=pin + 1)}, ("TARGET",),
         (0, 0)),
        ("weights of another POUT",
         {"w": lambda _: for_target(job, pout=2 if job.target.pout == 4 else 4)}, ("TARGET",),
         (0, 0)),
        ("a bit of the payload", {"w": lambda d: bits(d, len(d) // 2)},
         ("CRC", "CODE", "SHORT", "LONG"), None),
        ("a bit of the header", {"w": lambda d: bits(d, 12)}, ("HEADER_CRC",), (0, 0)),
        ("weights of a smaller layer", {"registers": register("CHANNELS", cin=pin,
                                                              cout=work.job.layer.out_channels)},
         ("W_COUNT", "A_TLAST"), None),
        ("TLAST of a early", {"a": lambda d: d[:-1]}, ("A_TLAST",), (0, passes - 1)),
        ("TLAST of a much too early", {"a": lambda d: d[:3]}, ("A_TLAST",), (0, 0)),
        ("TLAST of a late", {"a": lambda d: d.repeat(2, axis=0)}, ("A_TLAST",), (0, passes - 1)),
        ("TLAST of r early", {"r": lambda parts: [part[:-1] for part in parts]}, ("R_TLAST",),
         None),
        ("kernel 7", {"registers": register("KERNEL", k=7)}, ("CFG_KERNEL",), None),
        ("kernel 2", {"registers": register("KERNEL", k=2)}, ("CFG_KERNEL",), None),
        ("stride 3", {"registers": register("KERNEL", stride=3)}, ("CFG_KERNEL",), None),
        ("no rows", {"registers": register("MAP", h=0)}, ("CFG_SHAPE",), None),
        ("no channels", {"registers": register("CHANNELS", cin=0)}, ("CFG_SHAPE",), None),
        ("map too large", {"registers": register("MAP", h=300)}, ("CFG_SHAPE",), None),
        ("no images", {"registers": register("IMAGES", count=0)}, ("CFG_SHAPE",), None),
        ("too many images", {"registers": register("IMAGES", count=60000)}, ("CFG_PSUM",), None),
        ("raw and codes", {"registers": register("MODE", raw=1)}, ("CFG_EMIT",), None),
        ("nothing to emit", {"registers": register("MODE", emit_code=0, emit_res=0)},
         ("CFG_EMIT",), None),
    ]


@cocotb.test
async def bad_jobs(dut: Any) -> None:
    """Every bad job raises what it must; the good job after it is bit-exact."""
    bench = NetworkBench(dut, settings.load())

    def host() -> None:
        bench.reset()
        device = bench.devices["main"]
        work = small_job(bench.targets["main"])
        work.check(device)
        seen = []
        for what, changes, names, tile in cases(work):
            seen.append(one(device, work, what, changes, names, tile))
            work.check(device)
        bench.check_rules()
        results.add_metric("bad jobs", cases=len(seen), errors="; ".join(seen))
        results.add_layer("good jobs", outputs=(len(seen) + 1) * work.expected.acc.size,
                          mismatches=0, cycles=0)

    await in_thread(host)


def one(device: Device, work: Work, what: str, changes: Any, names: tuple[str, ...],
        tile: tuple[int, int] | None) -> str:
    """Run a bad job; AssertionError unless the right error comes, with layer and tile."""
    try:
        device.run(spoiled(work.job, **changes), work.a, work.residual)
    except AcceleratorError as error:
        assert error.name in names, f"{what}: {error}"
        assert error.layer == "small" and "layer small" in str(error), f"{what}: {error}"
        assert tile in (None, (error.out_tile, error.in_tile)), f"{what}: {error}"
        return f"{what}: {error.name}"
    raise AssertionError(f"{what}: no error")


@cocotb.test
async def busy_start(dut: Any) -> None:
    """A second start, and configuration, while a job runs: refused, and the job ends well."""
    bench = NetworkBench(dut, settings.load())

    def host() -> None:
        bench.reset()
        device, other = bench.devices["main"], bench.targets["main"]
        work = small_job(other)
        job = work.job
        device._configure(job)  # by hand: start, and then somebody else wants the device
        transport = device.transport
        y = [transport.receive("y", job.y_bytes) for _ in range(job.tiles)]
        q = [transport.receive("q", job.q_bytes) for _ in range(job.tiles)]
        device.set("CONTROL", start=1)
        try:
            device.run(job, work.a, work.residual)
        except PlutarchError as error:
            assert "start refused, main is busy with another job" in str(error), str(error)
        else:
            raise AssertionError("a busy device took another job")
        device.set("CONTROL", start=1)
        device.set("MAP", h=1, w=1)
        status = device.fields("STATUS")
        assert status["refused_start"] and status["refused_write"] and status["busy"], str(status)
        transport.send("w", job.stream.data)
        for part in job.residuals(work.residual):
            transport.send("r", part)
        for _ in range(job.tiles):
            transport.send("a", job.activations(work.a))
        outputs = job.outputs([transport.wait(h) for h in y], [transport.wait(h) for h in q])
        assert (outputs.codes == work.expected.codes).all(), "the running job was disturbed"
        assert (outputs.words == work.expected.res).all(), "the running job was disturbed"
        device.recover()
        assert not any(device.fields("STATUS").values()), "clear leaves bits of STATUS"
        work.check(device)
        results.add_layer("busy start", outputs=2 * work.expected.acc.size, mismatches=0, cycles=0)

    await in_thread(host)


@cocotb.test
async def silence(dut: Any) -> None:
    """A stream that never comes: an error in bounded time, a reset, and the next job is good."""
    bench = NetworkBench(dut, settings.load())

    def host() -> None:
        bench.reset()
        work = small_job(bench.targets["main"])
        good = bench.devices["main"]
        for stream in ("w", "a", "r"):
            muted: Any = Mute(good.transport, stream)
            try:
                Device("main", good.target, muted).run(work.job, work.a, work.residual)
            except TransportError as error:
                assert "layer small" in str(error) and "nothing moves" in str(error), str(error)
            else:
                raise AssertionError(f"no {stream}: no error")
            work.check(good)
        results.add_layer("silence", outputs=3 * work.expected.acc.size, mismatches=0, cycles=0)

    await in_thread(host)


@cocotb.test
async def other_device(dut: Any) -> None:
    """A device with other parameters than compiled for is refused before anything runs."""
    bench = NetworkBench(dut, settings.load())

    def host() -> None:
        bench.reset()
        wrong = Device("main", bench.targets["mac"], bench.transports["main"])
        try:
            wrong.check()
        except PlutarchError as error:
            assert "BUILD" in str(error), str(error)
        else:
            raise AssertionError("the wrong device passes the check")
        results.add_layer("other device", outputs=1, mismatches=0, cycles=0)

    await in_thread(host)


@cocotb.test
async def bad_address(dut: Any) -> None:
    """A register that does not exist, and a write to one that is read only: told, not ignored."""
    bench = NetworkBench(dut, settings.load())

    def host() -> None:
        bench.reset()
        transport = bench.transports["main"]

        def read() -> None:
            transport.read(0xFF0)

        def write() -> None:
            transport.write(registers.register("ID").offset, 5)
            transport.read(registers.register("STATUS").offset)

        for access in (read, write):
            try:
                access()
            except TransportError as error:
                assert "register access was answered with an error" in str(error), str(error)
            else:
                raise AssertionError(f"{access.__name__}: no error")
        work = small_job(bench.targets["main"])
        work.check(bench.devices["main"])
        results.add_layer("bad address", outputs=work.expected.acc.size, mismatches=0, cycles=0)

    await in_thread(host)
