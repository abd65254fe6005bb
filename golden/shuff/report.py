# SPDX-License-Identifier: Apache-2.0
"""What a layer's weights cost in bits: S-Huff as shipped, next to everything it could be held to.

Rows follow design section 3. A row is a real byte string wherever it can be one, and that string
is what LZMA is given (golden.shuff.squeeze, whose streams can be expanded again).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.shuff.encoder import encode, signed_book
from golden.shuff.header import MODES, header_words, read_header
from golden.shuff.huffman import canonical_codes, code_lengths
from golden.shuff.packer import count_symbols, pack_bits
from golden.shuff.squeeze import squeeze

_NO_LIMIT = 48  # a longer code needs Fibonacci counts that add up to more than 2^32 weights


@dataclass(frozen=True)
class SizeRow:
    """One way to store the weights: bits before and after LZMA (None: no byte string to squeeze).

    `decodable` is False where the bits do not hold the weights.
    """

    name: str
    bits: float
    lzma_bits: int | None
    decodable: bool = True


@dataclass(frozen=True)
class SizeReport:
    """Sizes of `count` weights of `bits` bits, `zeros` of them zero. str() is a printable table."""

    bits: int
    count: int
    zeros: int
    rows: tuple[SizeRow, ...]

    def row(self, name: str) -> SizeRow:
        """The row of that name; KeyError if there is none."""
        return {row.name: row for row in self.rows}[name]

    def __str__(self) -> str:
        raw = self.bits * self.count
        share = f"{self.zeros / self.count:.1%} zero" if self.count else "empty"
        lines = [
            f"{self.count} weights of {self.bits} bits, {share}; ratio = raw bits / bits",
            f"{'':44}{'bits':>12}{'bits/weight':>12}{'ratio':>7}{'with LZMA':>12}{'ratio':>7}",
        ]
        for row in self.rows:
            per = f"{row.bits / self.count:.3f}" if self.count else "-"
            squeezed = "-" if row.lzma_bits is None else str(row.lzma_bits)
            name = row.name if row.decodable else f"{row.name}, not decodable"
            lines.append(
                f"{name:44}{row.bits:12.0f}{per:>12}{_ratio(raw, row.bits):>7}"
                f"{squeezed:>12}{_ratio(raw, row.lzma_bits):>7}"
            )
        shipped = self.row("S-Huff joint, as shipped").bits
        if shipped > raw:
            lines.append(f"S-Huff joint LOSES to raw bits here: {shipped:.0f} against {raw}")
        return "\n".join(lines)


def sizes(
    codes: NDArray[np.uint8], bits: int, pin: int, pout: int, lzma: bool = True
) -> SizeReport:
    """Size report of weight codes (n,) uint8 in stream order for the target (pin, pout).

    The codes may stand for any table of 2^(bits-1) magnitudes. lzma=False leaves out what takes
    almost all of the time.

    `raw` is the yardstick: n * bits, without header or padding. The S-Huff rows "as shipped" are
    whole streams: header, code table and padding to words included; "payload" is code bits alone.
    The other rows are payloads without any table, as favourable to the rival as can be.
    """
    size = 1 << (bits - 1)
    streams = {mode: encode(codes, bits, pin, pout, mode) for mode in MODES}
    counts = count_symbols(codes)[: 2 * size]
    payload = streams["joint"][4 * header_words(bits) :]
    words = np.frombuffer(streams["joint"], dtype="<u4").tolist()
    lengths = read_header(words, bits, pin, pout).lengths
    _, widths = signed_book(lengths, MODES.index("joint"))

    everything = np.arange(2 * size, dtype=np.uint64)
    fixed = _pack(codes, everything, np.full(2 * size, bits, dtype=np.uint8))
    signed_lengths = code_lengths(counts.tolist(), _NO_LIMIT)
    signed = _pack(codes, np.array(canonical_codes(signed_lengths)), np.array(signed_lengths))
    paper = _pack(codes, *_paper_book(counts, size))
    apart = _pack(codes, *_unsigned_book(size))

    def after(data: bytes) -> int | None:  # stage two: a byte and an LZMA2 stream
        return 8 * len(squeeze(data)) if lzma else None

    rows = [
        SizeRow("raw", fixed[1], after(fixed[0])),
        SizeRow("entropy of signed symbols", _entropy_bits(counts), None),
        *(
            SizeRow(f"S-Huff {mode}, as shipped", 8 * len(stream), after(stream))
            for mode, stream in streams.items()
        ),
        SizeRow("S-Huff joint, payload", int(counts @ widths), after(payload)),
        SizeRow("Huffman of signed symbols", signed[1], after(signed[0])),
        SizeRow("paper accounting", paper[1], after(paper[0]), decodable=False),
        SizeRow("paper accounting, no Huffman", apart[1], after(apart[0]), decodable=False),
    ]
    return SizeReport(bits, len(codes), int(counts[0]), tuple(rows))


def _pack(
    codes: NDArray[np.uint8], values: NDArray[np.uint64], widths: NDArray[np.uint8]
) -> tuple[bytes, int]:
    payload, total = pack_bits(codes, values.astype(np.uint64), widths.astype(np.uint8))
    return np.frombuffer(payload, "<u4").astype(">u4").tobytes()[: (total + 7) // 8], total


def _paper_book(
    counts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The paper's words taken literally: a zero is one sign bit, the rest sign and Huffman code.

    The bit of a zero cannot be told from the sign of another weight, so this decodes to nothing.
    """
    lengths = code_lengths([0, *(counts[1:size] + counts[size + 1 :]).tolist()], _NO_LIMIT)
    codes = canonical_codes(lengths)
    values = [sign << lengths[i] | codes[i] for sign in (0, 1) for i in range(size)]
    widths = [1 + lengths[i] for _ in (0, 1) for i in range(size)]
    return np.array(values, dtype=np.uint64), np.array(widths, dtype=np.uint8)


def _unsigned_book(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The same words without Huffman: a zero is one sign bit, the rest sign and whole index."""
    values = np.arange(2 * size, dtype=np.uint64)
    widths = np.full(2 * size, size.bit_length(), dtype=np.uint8)  # sign and m bits
    widths[[0, size]] = 1
    return values, widths


def _entropy_bits(counts: NDArray[np.int64]) -> float:
    used = counts[counts > 0]
    return float(used @ np.log2(used.sum() / used)) if len(used) else 0.0


def _ratio(raw: int, bits: float | None) -> str:
    return f"{raw / bits:.3f}" if bits else "-"
