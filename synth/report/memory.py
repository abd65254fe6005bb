# SPDX-License-Identifier: Apache-2.0
"""Memory: the P-LUT's table, weights as they are stored and sent, memories on chip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from golden.compression import from_package, measure
from golden.compression.measure import PAPER, RAW, SHIPPED
from golden.cost import plut_memory
from host.memory import on_chip_bits
from host.target import Target
from sim.targets import find
from synth.report.facts import Claim
from synth.report.fill import name
from synth.report.latency import target
from synth.report.load import Loaded, origin
from synth.report.model import Cell, Section, Table, number, words

_BITS: Final = (3, 4, 5)
_SIZE: Final = 8  # PIN and POUT
_NEAR: Final = 0.05
"""A ratio this close to the claim, or beyond it, explains it."""


@dataclass(frozen=True)
class Ratio:
    """One way to get a ratio of memories. real: whether both sides hold the same network."""

    what: str
    basis: str
    before: float
    after: float
    unit: str
    real: bool = True

    @property
    def ratio(self) -> float:
        """How many times less."""
        return self.before / self.after


def packages(folders: Iterable[Path]) -> list[Ratio]:
    """Weights of shipped packages: raw codes over S-Huff, with LZMA, and the paper's accounting."""
    found = []
    for folder in folders:
        total = measure(from_package(folder, None)).total
        raw, shipped, paper = (total.row(key) for key in (RAW, SHIPPED, PAPER))
        source = f"golden.compression on package {folder.name}"
        bits = total.bits

        def one(what: str, before: float, after: float, real: bool, source: str = source) -> Ratio:
            return Ratio(what, source, before / 8, after / 8, "bytes", real)

        found.append(one(f"{folder.name}: raw {bits}-bit codes / S-Huff as shipped",
                         raw.bits, shipped.bits, True))
        if shipped.lzma_bits is not None:
            found.append(one(f"{folder.name}: raw {bits}-bit codes / S-Huff + LZMA",
                             raw.bits, shipped.lzma_bits, True))
        found += [
            one(f"{folder.name}: raw {bits}-bit codes / paper accounting, not decodable",
                raw.bits, paper.bits, False),
            one(f"{folder.name}: 8-bit weights / raw {bits}-bit codes", 8 * total.count, raw.bits,
                True),
        ]  # fmt: skip
    return found


def runs(networks: Sequence[Mapping[str, Any]]) -> list[Ratio]:
    """Weight streams as the simulated accelerators were really sent them."""
    found = []
    for run in networks:
        weights = run.get("weights")
        if isinstance(weights, Mapping) and weights.get("stream_bytes"):
            b = run["parameters"].get("B")
            found.append(Ratio(
                f"{run['net']}, b = {b}: raw codes / S-Huff stream as sent",
                f"`make network NET={run['net']}`, {run['toplevel']}",
                weights["raw_bytes"], weights["stream_bytes"], "bytes"))  # fmt: skip
    return found


def chips() -> list[Ratio]:
    """On-chip memories of shift accelerators over P-LUT's of the same size, as RTL declares."""
    found = []
    for bits in _BITS:
        ours = _device("plut_conv", "P1", bits)
        for lane in ("S0", "S1"):
            its = _device("shift_conv", lane, bits)
            found.append(Ratio(
                f"b = {bits}, {_SIZE}x{_SIZE}: shift_conv {lane} / plut_conv, on chip",
                "host.memory, default depths", _bytes(its), _bytes(ours), "bytes"))  # fmt: skip
    return found


def blocks(loaded: Loaded, part: str) -> list[Ratio]:
    """BRAM36 of shift accelerators over P-LUT's of the same size, out of the records."""
    devices = [(one, made) for one in loaded.records
               if one.part == part and one.macs and (made := target(one)) is not None]
    found = []
    for other, its in devices:
        for mine, made in devices:
            alike = ((origin(mine), mine.b, made.pin, made.pout, made.kmax, made.psum_depth)
                     == (origin(other), other.b, its.pin, its.pout, its.kmax, its.psum_depth))
            if (alike and mine.module == "plut_conv" != other.module
                    and other.bram36 and mine.bram36):  # fmt: skip
                found.append(Ratio(f"{name(other)} / {name(mine)}, BRAM36", origin(mine).words,
                                   other.bram36, mine.bram36, "BRAM36"))  # fmt: skip
    return found


def _device(module: str, lane: str, bits: int) -> Target:
    """An accelerator with the depths of the table of TOPLEVELs."""
    given = find(module).resolve({"B": bits, "PIN": _SIZE, "POUT": _SIZE})
    kmax, lines, sums, outs = (int(given[key]) for key in
                               ("KMAX", "LINE_DEPTH", "PSUM_DEPTH", "COUT_MAX"))
    return Target(bits, kmax, _SIZE, _SIZE, lines, sums, outs, lane)


def _bytes(device: Target) -> float:
    return sum(on_chip_bits(device, 64).values()) / 8


def explains(ratio: Ratio, claim: Claim) -> bool:
    """Whether the ratio is the claimed one, within five per cent."""
    return abs(ratio.ratio / claim.ratio - 1) <= _NEAR


def ratios(loaded: Loaded, folders: Iterable[Path], part: str) -> list[Ratio]:
    """All of them."""
    return [*packages(folders), *runs(loaded.networks), *chips(), *blocks(loaded, part)]


def section(found: Sequence[Ratio], claim: Claim) -> Section:
    """The table's own size, then every ratio of memories beside the claim."""
    sizes = [plut_memory(bits) for bits in _BITS]
    table = Table("The P-LUT's table", (
        ("b", "bits of a code"), ("indices", "of each side"), ("entries", "of the full table"),
        ("half", "entries on and below the diagonal"), ("products", "distinct, beside zero"),
        ("bits each", "of the largest product"), ("bytes", "full table, as the hardware holds it"),
        ("half, bytes", "as the paper stores it")), tuple(
            (number(one.bits), number(one.rows), number(one.full), number(one.half),
             number(one.products), number(one.width), number(one.full_bytes, 1),
             number(one.half_bytes, 2)) for one in sizes),
        ("Counted in the table that golden.plut makes (golden.cost.plut_memory). One table serves "
         "all layers: beside the weights its size is nothing.",), docs=True)  # fmt: skip
    rows = tuple(_row(one, claim) for one in sorted(found, key=lambda one: -one.ratio))
    head = (("what over what", ""), ("before", ""), ("after", ""), ("unit", ""),
            ("times less", "before / after"), ("the claim?", f"within {_NEAR:.0%} of it"),
            ("from", "what was computed or measured"))  # fmt: skip
    absent = [] if any("make network" in one.basis for one in found) else [
        "No weight stream of a simulated network: `make network NET=resnet20`."]
    return Section("memory", "Memory", (
        f"The paper: {claim.says}; {claim.unknown}. Below is what our networks and accelerators "
        "give, whatever the ratio could have meant.",
    ), (table, Table("Ratios of memories", head, rows)), absent=tuple(absent),
        docs=True)  # fmt: skip


def _row(one: Ratio, claim: Claim) -> tuple[Cell, ...]:
    said = "no"
    if explains(one, claim):
        said = "yes" if one.real else "yes, but no decoder can exist"
    return (words(one.what), number(one.before, 0, one.basis), number(one.after, 0, one.basis),
            words(one.unit), number(one.ratio, 2, "before / after"), words(said, loud=explains(
                one, claim)), words(one.basis))  # fmt: skip
