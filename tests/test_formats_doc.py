# SPDX-License-Identifier: Apache-2.0
"""docs/formats.md says what the code does: its tables and its worked example are run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from golden.codes import from_int, to_int
from golden.errors import SHUFF_ERRORS
from golden.shuff import decode, decode_serial, encode, order_weights, restore_weights
from golden.shuff.header import Header, header_words, read_header
from golden.shuff.huffman import canonical_codes
from tests.shuff_forge import words_of

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


def table(text: str) -> list[list[str]]:
    """Cells of the first markdown table in `text`, without its head; back quotes removed."""
    rows = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert rows, "no table"
    lines = rows[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines]


def example(name: str) -> str:
    """What follows the comment that marks a part of the worked example."""
    return PAGE.split(f"<!-- example: {name} -->\n", 1)[1].split("<!--", 1)[0]


def block(name: str) -> str:
    return example(name).split("```")[1]


def section(title: str) -> str:
    return PAGE.split(f"### {title}\n", 1)[1].split("\n### ", 1)[0]


WEIGHTS = np.array(
    [[int(v) for v in line.split()] for line in block("weights").strip().split("\n")]
)
BYTES = bytes.fromhex(block("bytes"))
SYMBOLS = table(example("symbols"))
CODES = np.array([int(row[2]) for row in SYMBOLS], dtype=np.uint8)


def test_example_encodes_to_these_bytes() -> None:
    layer = from_int(WEIGHTS.reshape(3, 4, 1, 1), 4)
    assert order_weights(layer, pin=2, pout=3).tolist() == CODES.tolist()
    assert encode(CODES, 4, 2, 3, "joint") == BYTES


def test_example_decodes_to_these_weights() -> None:
    for codes in (decode_serial(words_of(BYTES), 4, 2, 3), decode(BYTES, 4, 2, 3)):
        assert codes.tolist() == CODES.tolist()
        assert to_int(restore_weights(codes, (3, 4), 2, 3), 4).tolist() == WEIGHTS.tolist()


def test_example_words_table() -> None:
    rows = table(example("words"))
    assert [int(row[0]) for row in rows] == list(range(len(BYTES) // 4))
    assert [int(row[1], 16) for row in rows] == words_of(BYTES)


def test_example_code_table_and_bits() -> None:
    lengths = read_header(words_of(BYTES), 4, 2, 3).lengths
    rows = table(example("code table"))
    book = [
        f"{c:0{n}b}" if n else "" for c, n in zip(canonical_codes(lengths), lengths, strict=True)
    ]
    assert [(int(i), int(n), code) for i, _, n, code in rows] == [
        (i, n, book[i]) for i, n in enumerate(lengths)
    ]
    assert [int(magnitude) for _, magnitude, _, _ in rows] == to_int(np.arange(8), 4).tolist()
    assert [int(row[0]) for row in SYMBOLS] == list(range(12))
    assert [int(row[1]) for row in SYMBOLS] == to_int(CODES, 4).tolist()
    bits = "".join(row[3] for row in SYMBOLS).replace(" ", "")
    payload = "".join(f"{word:032b}" for word in words_of(BYTES)[header_words(4) :])
    assert len(bits) == 42 and bits + "0" * 22 == payload


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
def test_header_table_is_the_header(bits: int) -> None:
    """Each field of the page's table, set to a value of its own, is found at its word and bits."""
    size = 1 << (bits - 1)
    header = Header(
        bits=bits,
        mode=1,
        pin=0xA1,
        pout=0xB2,
        limit=7,
        count=0x01234567,
        payload_words=0x089ABCDE,
        lengths=tuple(i % 7 for i in range(size)),
        payload_crc=0x13572468,
    )
    words = header.pack()
    length_words = -(-size * 4 // 32)
    assert len(words) == 7 + length_words
    found: dict[str, int] = {}
    for word, place, content in table(section("Header")):
        if place:
            at = eval(word, {"L": length_words})
            high, low = (int(number) for number in place.split(":"))
            found[content.split(",")[0].split(":")[0]] = words[at] >> low & (2 << high - low) - 1
    assert found == {
        "magic 0x46554853": 0x46554853,
        "version": 1,
        "b": bits,
        "mode": 1,
        "reserved": 0,
        "decoder lanes": 1,
        "PIN of the weight order": 0xA1,
        "POUT of the weight order": 0xB2,
        "bits of a word": 32,
        "Lmax": 7,
        "symbol count": 0x01234567,
        "payload words": 0x089ABCDE,
        "CRC-32 of the payload words": 0x13572468,
        "CRC-32 of the words 0 to 5+L": words[-1],
    }
    lengths = [words[5 + i // 8] >> (4 * (i % 8)) & 15 for i in range(size)]
    assert tuple(lengths) == header.lengths


def test_error_table_has_the_numbers_of_the_code() -> None:
    rows = table(section("Errors"))
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    assert {(int(row[3]), row[4]) for row in rows} | {(0, "OK")} == set(SHUFF_ERRORS.items())


def test_error_table_has_the_order_of_the_code() -> None:
    """The order in which tests/test_shuff_errors.py finds the checks to be made."""
    from tests.test_shuff_errors import DEFECTS

    on_page = [int(row[3]) for row in table(section("Errors"))]
    tested = [number for _, number, _ in DEFECTS]

    def runs(numbers: list[int]) -> list[int]:
        return [n for i, n in enumerate(numbers) if i == 0 or n != numbers[i - 1]]

    assert runs(on_page) == runs(tested)


def test_package_has_its_own_page() -> None:
    assert re.search(r"## Package on disk\n+See \[package\.md\]\(package\.md\)", PAGE)
