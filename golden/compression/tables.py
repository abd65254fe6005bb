# SPDX-License-Identifier: Apache-2.0
"""What the command prints: totals, layers, Table 2 of the paper. kB are 1000 bytes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import pairwise

from rich import box
from rich.table import Table

from golden.compression.measure import (
    FLOAT_BITS,
    PAPER,
    PAPER_FIXED,
    RAW,
    SHIPPED,
    SIGNED,
    Found,
    LayerSizes,
)
from golden.errors import PlutarchError
from golden.shuff.report import SizeReport

_KERNEL = 3  # Table 2 is of ordinary convolutions where there are any


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _kb(bits: float | None) -> str:
    return "-" if bits is None else f"{bits / 8000:.2f}"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _per(bits: float | None, count: int) -> str:
    return "-" if bits is None or not count else f"{bits / count:.3f}"


def _ratio(count: int, bits: float | None) -> str:
    """FP32 size over compressed size (paper-facts E7)."""
    return f"{FLOAT_BITS * count / bits:.2f}" if bits else "-"


def widths(found: Found) -> str:
    """The widths of the codes: "3", or "3, 4" where layers differ."""
    return ", ".join(str(b) for b in sorted({layer.report.bits for layer in found.coded}))


def totals(found: Found, source: str) -> Table:
    """Every column of design section 3, summed over the coded layers."""
    total = found.total
    table = _table(f"{source}, {found.grid} codes of {widths(found)} bits: {len(found.coded)} "
                   f"layers, {total.count:,} weights, {_share(total.zeros, total.count)} zero",
                   ["stored as"], ["kB", "bits/weight", "FP32 /", "kB + LZMA", "bits/weight",
                                   "FP32 /"])
    for row in total.rows:
        name = row.name if row.decodable else f"{row.name}, not decodable"
        table.add_row(name, _kb(row.bits), _per(row.bits, total.count),
                      _ratio(total.count, row.bits), _kb(row.lzma_bits),
                      _per(row.lzma_bits, total.count), _ratio(total.count, row.lzma_bits))
    if found.archive_bits is not None:
        table.add_row(f"{SHIPPED}, one LZMA for all", "", "", "", _kb(found.archive_bits),
                      _per(found.archive_bits, total.count),
                      _ratio(total.count, found.archive_bits))
    return table


def per_layer(found: Found) -> Table:
    """A row for each layer, 8-bit ones too, and the sums."""
    table = _table(f"{found.grid}: layers; kB, then bits a weight", ["layer", "shape"],
                   ["b", "weights", "zero", "share", "FP32", "raw", "S-Huff", "+ LZMA",
                    "S-Huff", "Huffman", "paper*"])
    for layer in found.layers:
        table.add_row(layer.name, "x".join(map(str, layer.shape)), str(layer.report.bits),
                      *_sizes(layer.report))
    table.add_section()
    table.add_row("coded layers", "", "", *_sizes(found.total))
    lzma = found.archive_bits is not None
    table.add_row("with 8-bit layers", "", "", f"{found.float_bytes * 8 // FLOAT_BITS:,}", "", "",
                  f"{found.float_bytes / 1000:.2f}", _kb(found.network(RAW)),
                  _kb(found.network()), _kb(found.network(lzma=True) if lzma else None))
    table.caption = "* paper accounting, not decodable. 8-bit layers are bytes as they are"
    table.caption_justify = "left"
    return table


def _sizes(report: SizeReport) -> list[str]:
    raw = report.row(RAW)
    names = {row.name for row in report.rows}
    shipped = report.row(SHIPPED) if SHIPPED in names else raw
    return [f"{report.count:,}", f"{report.zeros:,}", _share(report.zeros, report.count),
            _kb(FLOAT_BITS * report.count), _kb(raw.bits), _kb(shipped.bits),
            _kb(shipped.lzma_bits),
            *(_per(report.row(name).bits, report.count) if name in names else "-"
              for name in (SHIPPED, SIGNED, PAPER))]


def chosen(found: Found, names: Sequence[str] | None) -> list[LayerSizes]:
    """The layers of Table 2: those named, else the first of the smallest, middle and largest size.

    The paper does not say which three it took. Raises PlutarchError with the nearest name.
    """
    layers = {layer.name: layer for layer in found.coded}
    if names is not None:
        for name in names:
            if name not in layers:
                near = difflib.get_close_matches(name, layers, 1, 0.0)[0]
                raise PlutarchError(f"--layers: no coded layer {name!r}, did you mean {near!r}?")
        return [layers[name] for name in names]
    convs = [x for x in found.coded if x.shape[2:] == (_KERNEL, _KERNEL)] or found.coded
    counts = sorted({layer.report.count for layer in convs})
    wanted = sorted({counts[0], counts[len(counts) // 2], counts[-1]})
    return [next(x for x in convs if x.report.count == count) for count in wanted]


def table2(found: Found, names: Sequence[str] | None = None) -> Table:
    """Table 2: weights, zero weights, FP32 and compressed size of three layers."""
    lzma = found.archive_bits is not None
    layers = chosen(found, names)
    table = _table(f"Table 2, {found.grid} codes of {widths(found)} bits", ["layer", "shape"],
                   ["weights", "zero weights", "share", "FP32 kB", "S-Huff kB", "+ LZMA kB",
                    "FP32 /", "paper kB*", "+ LZMA kB*"])
    for layer in layers:
        report = layer.report
        shipped, paper = report.row(SHIPPED), report.row(PAPER)
        table.add_row(layer.name, "x".join(map(str, layer.shape)), f"{report.count:,}",
                      f"{report.zeros:,}", _share(report.zeros, report.count),
                      _kb(FLOAT_BITS * report.count), _kb(shipped.bits), _kb(shipped.lzma_bits),
                      _ratio(report.count, shipped.lzma_bits if lzma else shipped.bits),
                      _kb(paper.bits), _kb(paper.lzma_bits))
    table.caption = "* paper accounting, not decodable"
    table.caption_justify = "left"
    return table


def fig6(grids: Sequence[Found]) -> Table:
    """Fig. 6 in numbers: kB with and without Huffman and sign separation, a column a grid."""
    table = _table("Fig. 6: kB of the coded layers", ["Huffman", "sign", "what"],
                   [heading for grid in grids for heading in (grid.grid, "+ LZMA")])
    zeros = [(f"{grid.total.zeros:,}", _share(grid.total.zeros, grid.total.count))
             for grid in grids]
    table.add_row("", "", "zero weights", *(cell for pair in zeros for cell in pair))
    for huffman, sign, name, what in (
            ("no", "in the code", RAW, "raw bits"),
            ("no", "apart", PAPER_FIXED, "paper accounting, not decodable"),
            ("yes", "in the code", SIGNED, "table not counted"),
            ("yes", "apart", SHIPPED, "S-Huff joint, as shipped"),
            ("yes", "apart", PAPER, "paper accounting, not decodable")):
        rows = [grid.total.row(name) for grid in grids]
        table.add_row(huffman, sign, what,
                      *(_kb(bits) for row in rows for bits in (row.bits, row.lzma_bits)))
    return table


def zeros_sentence(found: Found) -> str:
    """Whether the paper's "zero weights rise with layer size" holds here, and of what."""
    sizes: dict[int, list[int]] = {}
    for layer in found.coded:
        sizes.setdefault(layer.report.count, []).append(layer.report.zeros)
    counts = sorted(sizes)
    rising = all(max(sizes[a]) <= min(sizes[b]) for a, b in pairwise(counts))
    low, high = (sum(sizes[n]) / (n * len(sizes[n])) if n else 0.0
                 for n in (counts[0], counts[-1]))
    return (f"The number of zero weights {'rises' if rising else 'does not always rise'} with the "
            f"size of the layer; their share is {low:.1%} in the smallest layers ({counts[0]:,} "
            f"weights) and {high:.1%} in the largest ({counts[-1]:,}).")
