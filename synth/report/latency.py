# SPDX-License-Identifier: Apache-2.0
"""ResNet18 at the estimated clock: cycles counted in the RTL, or the least its shapes allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from host.cycles import Shape, least_cycles, resnet18
from host.target import Target
from synth.records import Record
from synth.report.choose import MHZ, derived
from synth.report.fill import name
from synth.report.load import Loaded, origin
from synth.report.model import Cell, Section, Table, number, words

_NET: Final = "resnet18"
_DEVICE: Final = ("KMAX", "PIN", "POUT", "LINE_DEPTH", "PSUM_DEPTH", "COUT_MAX")
_ALIKE: Final = ("P1", "P2", "S0")
_OTHER: Final = "run on the integer companion (8-bit weights, KMAX = 7)"


def target(record: Record) -> Target | None:
    """The accelerator of a record as the host sees it; None when it runs no PoT layers."""
    if record.lane is None or record.b is None or record.module == "mac_conv":
        return None
    if any(type(record.params.get(key)) is not int for key in _DEVICE):
        return None
    kmax, pin, pout, lines, sums, outs = (int(record.params[key]) for key in _DEVICE)
    return Target(record.b, kmax, pin, pout, lines, sums, outs, record.lane)


def counted(record: Record, networks: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The run of ResNet18 on exactly this accelerator, or on the same engine with a lane alike.

    The engine and its streams are the same for lanes of one code that load nothing but weights;
    they differ in latency, a few cycles of filling a job.
    """
    found = None
    for run in networks:
        given = run["parameters"]
        same = all(given.get(key) == record.params.get(key)
                   for key in ("KMAX", "PIN", "POUT", "PSUM_DEPTH"))  # fmt: skip
        if run["net"] != _NET or not same or given.get("B") != record.b:
            continue
        lane = given.get("LANE")
        if run["toplevel"] == record.module and lane == record.lane:
            return run
        if {lane, record.lane} <= set(_ALIKE):
            found = run
    return found


def section(loaded: Loaded, part: str) -> Section:
    """One table of layers for each accelerator of the part that has a clock."""
    tables, absent, rows = [], [], []
    for record in loaded.records:
        device = target(record)
        if record.part != part or device is None or not record.macs:
            continue
        run = counted(record, loaded.networks)
        shapes = [one for one in resnet18() if one.kernel <= device.kmax]
        if any(one.ow > device.line_depth or one.outs > device.cout_max for one in shapes):
            continue  # a small one for place and route
        if run is None:
            absent.append(f"{name(record)}: no simulated run, cycles are the least that the shapes "
                          f"allow; `make network NET={_NET} TOPLEVEL={record.module} "
                          f"B={record.b} PIN={device.pin} POUT={device.pout}"
                          + (f" LANE={record.lane}`" if "LANE" in record.params else "`")
                          + " counts them.")  # fmt: skip
        cycles = _cycles(device, shapes, run)
        rows.append(_total(record, device, shapes, run, cycles))
        tables.append(_layers(record, device, shapes, run, cycles))
    if not rows:
        absent.append("No record of an accelerator that runs ResNet18: "
                      "`make bench PART=accelerators`.")
    head = (("accelerator", ""), ("cycles", "of the layers with codes, one image"),
            ("counted by", "simulated RTL, or the bound of host/cycles.py"),
            ("utilisation %", "products / (cycles x products a cycle)"),
            ("MHz est", "fmax_mhz_est"), ("ms", "cycles / MHz"), ("images/s", "1000 / ms"),
            ("clock by", "tool and stage"))
    totals = (Table("ResNet18, 224 x 224, one image", head, tuple(rows), (
        f"The 19 convolutions with PoT codes; the first convolution and the linear layer {_OTHER} "
        "and are not in. Clock: estimate; no transfers beyond what the simulated streams cost.",),
        docs=True),) if rows else ()  # fmt: skip
    return Section("latency", "Latency of ResNet18", (
        "Milliseconds are cycles over the estimated clock. `at least`: each pass takes the longer "
        "of its positions and its next tile's weights, without filling, draining and waits "
        "(`host/cycles.py`; the tables of the layers show both). The simulated run may be of "
        "another of the lanes P1, P2 and S0, or of other adders: the same engine, a few cycles of "
        "filling apart. "
        "For lane P3 that bound leaves out the writing of its tables, which takes longer than the "
        "weights; only a simulated run has it.",
    ), (*totals, *tables), absent=tuple(absent), docs=True)  # fmt: skip


def _cycles(device: Target, shapes: Sequence[Shape],
            run: Mapping[str, Any] | None) -> dict[str, int]:  # fmt: skip
    """Cycles of each layer for one image."""
    if run is None:
        return {one.name: least_cycles(device, one) for one in shapes}
    seen = {layer["name"]: layer for layer in run["layers"]}
    return {one.name: round(seen[one.name]["cycles"] / run["images"]) for one in shapes
            if one.name in seen}  # fmt: skip


def _how(run: Mapping[str, Any] | None) -> str:
    if run is None:
        return "at least, from shapes"
    what = f"{run['toplevel']} {run['parameters'].get('LANE', '')}".strip()
    return f"simulated RTL of {what}, {run['sim_version']}, {run['images']} image(s) a job"


def _share(macs: int, cycles: int, device: Target) -> Cell:
    """Utilisation in per cent."""
    return number(100 * macs / (cycles * device.lanes) if cycles else None, 1,
                  "products / (cycles x products a cycle)", "no cycles")  # fmt: skip


def _total(record: Record, device: Target, shapes: Sequence[Shape], run: Mapping[str, Any] | None,
           cycles: Mapping[str, int]) -> tuple[Cell, ...]:  # fmt: skip
    total, mhz = sum(cycles.values()), record.fmax_mhz_est
    macs = sum(one.macs for one in shapes if one.name in cycles)
    ms = total / mhz / 1000 if mhz else None
    why = record.reasons.get("fmax_mhz_est", "no clock")
    bound = "" if run else "at least "
    return (words(name(record)), number(total, 0, f"{bound}cycles; {_how(run)}"),
            words(_how(run)), _share(macs, total, device),
            MHZ.cell(record),
            number(ms, 2, derived(record, f"{bound}cycles / fmax_mhz_est"), why),
            number(None if not ms else 1000 / ms, 1, derived(record, "1000 / ms"), why),
            words(f"{record.tool} {record.tool_version}, {record.stage}"))  # fmt: skip


def _layers(record: Record, device: Target, shapes: Sequence[Shape], run: Mapping[str, Any] | None,
            cycles: Mapping[str, int]) -> Table:  # fmt: skip
    mhz = record.fmax_mhz_est
    why = record.reasons.get("fmax_mhz_est", "no clock")
    rows = []
    for one in shapes:
        if one.name not in cycles:
            continue
        count = cycles[one.name]
        rows.append((
            words(one.name), words(f"{one.ins} to {one.outs}, {one.kernel}x{one.kernel}/"
                                   f"{one.stride}, {one.oh}x{one.ow}"),
            number(one.macs / 1e6, 1, "products, millions"),
            number(count, 0, _how(run)), number(least_cycles(device, one), 0, "host/cycles.py"),
            _share(one.macs, count, device),
            number(count / mhz if mhz else None, 1,
                   derived(record, "cycles / fmax_mhz_est"), why)))  # fmt: skip
    return Table(f"Layers on {name(record)} ({origin(record).words})", (
        ("layer", ""), ("shape", "channels in to out, kernel / stride, output map"),
        ("MMAC", ""), ("cycles", _how(run)), ("at least", "the bound from its shape"),
        ("util %", ""), ("us", "at the estimated clock")), tuple(rows),
        (f"Cycles: {_how(run)}. Clock: estimate.",), long=True)  # fmt: skip
