# SPDX-License-Identifier: Apache-2.0
"""P-LUT contents: every code pair, other codebooks, and the text the RTL reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from golden.codes import to_int
from golden.errors import PlutarchError
from golden.plut import hex_text, product_bits, product_table, write_hex


@pytest.mark.parametrize("bits", range(2, 7))
def test_every_code_pair_is_the_product(bits: int) -> None:
    codes = np.arange(2 ** bits, dtype=np.uint8)
    values = [int(v) for v in to_int(codes, bits)]
    table, mask = product_table(bits), 2 ** (bits - 1) - 1
    for w in codes:
        for a in codes:
            magnitude = int(table[w & mask, a & mask])
            negative = (int(w) ^ int(a)) >> (bits - 1)
            assert (-magnitude if negative else magnitude) == values[w] * values[a]


def test_table_by_hand() -> None:
    assert product_table(3).tolist() == [[0, 0, 0, 0], [0, 1, 2, 4], [0, 2, 4, 8], [0, 4, 8, 16]]
    assert [product_bits(b) for b in (3, 4, 5)] == [5, 13, 29]


def test_other_codebooks_and_address_order() -> None:
    table = product_table(3, codebook_w=[0, 1, 2, 3], codebook_a=[0, 3, 5, 6])
    assert table.tolist() == [[0, 0, 0, 0], [0, 3, 5, 6], [0, 6, 10, 12], [0, 9, 15, 18]]
    words = [int(x, 16) for x in hex_text(3, [0, 1, 2, 3], [0, 3, 5, 6]).splitlines()[1:]]
    assert words[2 * 4 + 1] == 6 and words[1 * 4 + 2] == 5  # address = {index_w, index_a}


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_hex_file(bits: int, tmp_path: Path) -> None:
    path = tmp_path / "new" / "plut.hex"
    write_hex(path, bits)
    lines = path.read_text().splitlines()
    assert lines[0].startswith("//") and [p.name for p in path.parent.iterdir()] == ["plut.hex"]
    assert [int(x, 16) for x in lines[1:]] == product_table(bits).reshape(-1).tolist()
    assert {len(x) for x in lines[1:]} == {(product_bits(bits) + 3) // 4}


@pytest.mark.parametrize(("book", "message"), [
    ([0, 1, 2], "3 entries"), ([1, 2, 4, 8], "index 0 must be 0"), ([0, -1, 2, 4], "negative"),
    ([0, 1, 2, 1 << 31], "beyond 31 bits")])
def test_bad_codebooks(book: list[int], message: str) -> None:
    with pytest.raises(PlutarchError, match=message):
        product_table(3, codebook_w=book)


def test_product_too_wide_for_the_lanes() -> None:
    with pytest.raises(PlutarchError, match="5 bits"):
        hex_text(3, [0, 1, 2, 9], [0, 1, 2, 4])


def test_unwritable_path_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlutarchError, match="cannot write"):
        write_hex(tmp_path / "file" / "plut.hex", 4)
