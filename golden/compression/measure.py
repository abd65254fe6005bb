# SPDX-License-Identifier: Apache-2.0
"""Sizes of every layer in every column of design section 3, their totals, and plain verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from golden.compression.archive import PIN, POUT, stream
from golden.compression.codes import BYTE, LayerCodes
from golden.errors import PlutarchError
from golden.shuff import order_weights, sizes
from golden.shuff.report import SizeReport, SizeRow
from golden.shuff.squeeze import squeeze

RAW, ENTROPY, SHIPPED = "raw", "entropy of signed symbols", "S-Huff joint, as shipped"
SIGNED, PAPER, PAPER_FIXED = ("Huffman of signed symbols", "paper accounting",
                              "paper accounting, no Huffman")
FLOAT_BITS = 32  # a weight before quantisation
_NOTHING = 0.01  # LZMA that saves less than this share "adds nothing"


@dataclass(frozen=True)
class LayerSizes:
    """Sizes of one layer; its report has the rows of golden.shuff.sizes, or "raw" for 8 bits."""

    name: str
    shape: tuple[int, ...]
    grid: str
    report: SizeReport

    @property
    def coded(self) -> bool:
        """Whether it has codes that S-Huff takes (8-bit layers are stored as they are)."""
        return self.report.bits != BYTE

    @property
    def float_bytes(self) -> int:
        """Bytes of its weights in FP32."""
        return self.report.count * FLOAT_BITS // 8


@dataclass(frozen=True)
class Found:
    """All layers on one grid. archive_bits: their streams as shipped in one LZMA (None: left out).

    Totals are over coded layers; `network` has the 8-bit layers too.
    """

    grid: str
    layers: tuple[LayerSizes, ...]
    archive_bits: int | None

    @property
    def coded(self) -> list[LayerSizes]:
        """The layers that S-Huff codes, in order."""
        return [layer for layer in self.layers if layer.coded]

    @property
    def total(self) -> SizeReport:
        """Row by row the sum over the coded layers (LZMA: each layer by itself)."""
        reports = [layer.report for layer in self.coded]
        rows = []
        for row in reports[0].rows:
            same = [report.row(row.name) for report in reports]
            squeezed = [r.lzma_bits for r in same if r.lzma_bits is not None]
            rows.append(SizeRow(row.name, sum(r.bits for r in same),
                                sum(squeezed) if len(squeezed) == len(same) else None,
                                row.decodable))
        return SizeReport(reports[0].bits, sum(r.count for r in reports),
                          sum(r.zeros for r in reports), tuple(rows))

    def network(self, row: str = SHIPPED, lzma: bool = False) -> float:
        """Bits of all layers: coded ones by `row`, 8-bit ones as bytes; after LZMA if `lzma`.

        Raises PlutarchError if LZMA was left out, or the row has no byte string.
        """
        bits = 0.0
        for layer in self.layers:
            found = layer.report.row(row if layer.coded else RAW)
            if lzma and found.lzma_bits is None:
                raise PlutarchError(f"{layer.name}: {found.name}: no size after LZMA")
            bits += (found.lzma_bits or 0) if lzma else found.bits
        return bits

    @property
    def float_bytes(self) -> int:
        """Bytes of all layers' weights in FP32, 8-bit layers included."""
        return sum(layer.float_bytes for layer in self.layers)


def measure(layers: Sequence[LayerCodes], lzma: bool = True, pin: int = PIN, pout: int = POUT,
            jobs: int = 1, done: Callable[[str], None] | None = None) -> Found:
    """Sizes of layers that share a grid, `jobs` at a time; done(name) is called after each.

    pin, pout: target of the weight order. lzma=False leaves stage two out (it takes most of the
    time). Raises PlutarchError if no layer is coded.
    """
    coded = [layer for layer in layers if layer.bits != BYTE]
    if not coded:
        raise PlutarchError("no layer with PoT or APoT codes: nothing for S-Huff to code")

    def one(layer: LayerCodes) -> LayerSizes:
        if layer.bits == BYTE:
            data = stream(layer)
            report = SizeReport(BYTE, layer.codes.size, int((layer.codes == 0).sum()), (
                SizeRow(RAW, 8 * len(data), 8 * len(squeeze(data)) if lzma else None),))
        else:
            report = sizes(order_weights(layer.codes, pin, pout), layer.bits, pin, pout, lzma)
        if done is not None:
            done(layer.name)
        return LayerSizes(layer.name, layer.codes.shape, layer.grid, report)

    with ThreadPoolExecutor(max(1, jobs)) as pool:  # lzma and numpy let other threads run
        found = tuple(pool.map(one, layers))
    archive = b"".join(stream(layer, "joint", pin, pout) for layer in coded)
    return Found(coded[0].grid, found, 8 * len(squeeze(archive)) if lzma else None)


def verdicts(found: Found) -> list[str]:
    """Plain sentences: whether S-Huff beats raw bits, and whether LZMA adds anything to it."""
    total = found.total
    raw, shipped = total.row(RAW), total.row(SHIPPED)
    signed, paper = total.row(SIGNED), total.row(PAPER)
    lines = []
    if shipped.bits < raw.bits:
        lines.append(f"S-Huff joint as shipped: {1 - shipped.bits / raw.bits:.1%} smaller than raw "
                     f"bits, {shipped.bits / signed.bits - 1:.1%} larger than joint Huffman over "
                     "signed symbols without its table.")
    else:
        lines.append(f"S-Huff joint LOSES to raw bits: {shipped.bits:.0f} against {raw.bits:.0f}.")
    lines += _losers(found.coded)
    if shipped.lzma_bits is not None:
        saved = 1 - shipped.lzma_bits / shipped.bits
        lines.append(f"LZMA after S-Huff {'adds nothing' if saved < _NOTHING else 'saves'}: "
                     f"{shipped.bits / 8000:.2f} kB become {shipped.lzma_bits / 8000:.2f} kB "
                     f"({-saved:+.2%}).")
        if raw.lzma_bits is not None and raw.lzma_bits <= shipped.lzma_bits:
            lines.append("LZMA on raw bits, without S-Huff, is no larger than both stages: "
                         f"{raw.lzma_bits / 8000:.2f} kB.")
    if paper.bits < total.row(ENTROPY).bits:
        lines.append(f"The paper's accounting ({paper.bits / total.count:.3f} bits a weight) is "
                     f"below the entropy ({total.row(ENTROPY).bits / total.count:.3f}): no code "
                     "can reach it, it cannot be decoded.")
    return lines


def _losers(layers: Iterable[LayerSizes]) -> list[str]:
    """One line naming the layers whose stream is not smaller than their raw bits."""
    names = [layer.name for layer in layers
             if layer.report.row(SHIPPED).bits >= layer.report.row(RAW).bits]
    return [f"S-Huff joint does not beat raw bits in {len(names)} layer"
            f"{'s' * (len(names) > 1)}: {', '.join(names)}."] if names else []
