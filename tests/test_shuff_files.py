# SPDX-License-Identifier: Apache-2.0
"""Weight order, streams in files, the size report and the bench command."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.errors import PlutarchError, ShuffError
from golden.shuff import encode, order_weights, read_stream, restore_weights, sizes, write_stream
from golden.shuff.bench import laplace_codes
from golden.shuff.bench import main as bench_main
from golden.shuff.huffman import code_lengths
from tests.shuff_forge import random_codes, untimed

dimension = st.integers(1, 9)


@given(dimension, dimension, st.sampled_from([1, 3]), dimension, dimension)
@untimed
def test_weight_order_is_the_loop_of_the_page(
    cout: int, cin: int, kernel: int, pin: int, pout: int
) -> None:
    weights = np.random.default_rng(0).integers(0, 256, (cout, cin, kernel, kernel), np.uint8)
    expected = [
        int(weights[o, i, y, x])
        for o0 in range(0, cout, pout)
        for i0 in range(0, cin, pin)
        for o in range(o0, min(o0 + pout, cout))
        for i in range(i0, min(i0 + pin, cin))
        for y in range(kernel)
        for x in range(kernel)
    ]
    flat = order_weights(weights, pin, pout)
    assert flat.tolist() == expected
    assert np.array_equal(restore_weights(flat, weights.shape, pin, pout), weights)


def test_weight_order_refuses() -> None:
    flat = np.zeros(12, dtype=np.uint8)
    with pytest.raises(PlutarchError, match="do not make a layer of shape"):
        restore_weights(flat, (2, 7, 1, 1), 8, 8)
    with pytest.raises(PlutarchError, match="need \\(O, I"):
        order_weights(flat, 8, 8)
    with pytest.raises(PlutarchError, match="PIN=0"):
        order_weights(flat.reshape(3, 4), 0, 8)
    assert order_weights(np.zeros((0, 4, 3, 3), np.uint8), 8, 8).shape == (0,)


def test_a_stream_in_a_file(tmp_path: Path) -> None:
    codes = random_codes(np.random.default_rng(0), 4, 100, 1.0)
    path = tmp_path / "w.shuff"
    assert write_stream(path, codes, 4, 8, 8) == path.stat().st_size
    assert path.read_bytes() == encode(codes, 4, 8, 8)
    assert np.array_equal(read_stream(path, 4, 8, 8), codes)
    assert [p.name for p in tmp_path.iterdir()] == ["w.shuff"]


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "w.shuff"
    codes = random_codes(np.random.default_rng(0), 4, 100, 1.0)
    write_stream(path, codes, 4, 8, 8)
    with pytest.raises(ShuffError) as caught:
        read_stream(path, 4, 8, 16)
    assert str(caught.value) == f"{path}: S-Huff TARGET (5) at byte 9: made for POUT=8, not 16"
    with pytest.raises(PlutarchError, match=r"absent.shuff: cannot read: No such file"):
        read_stream(tmp_path / "absent.shuff")
    before = path.read_bytes()
    with pytest.raises(PlutarchError, match=r"w.shuff: weight 99: 8 is no 4-bit code"):
        write_stream(path, np.append(codes[:99], np.uint8(8)), 4, 8, 8)
    assert path.read_bytes() == before


def test_size_report_against_its_definitions() -> None:
    codes = random_codes(np.random.default_rng(2), 4, 30_000, 1.0)
    report = sizes(codes, 4, 8, 8)
    counts = np.bincount(codes, minlength=16).tolist()
    index_counts = np.bincount(codes % 8, minlength=8).tolist()
    zeros = counts[0]
    nonzero = 30_000 - zeros

    def cost(of: list[int]) -> int:
        return sum(c * n for c, n in zip(of, code_lengths(of, 40), strict=True))

    def row(name: str) -> float:
        return report.row(name).bits

    assert (report.count, report.zeros) == (30_000, zeros)
    assert row("raw") == 120_000
    assert row("entropy of signed symbols") == pytest.approx(
        sum(c * math.log2(30_000 / c) for c in counts if c)
    )
    assert row("S-Huff joint, as shipped") == 8 * len(encode(codes, 4, 8, 8))
    assert row("S-Huff flag, as shipped") == 8 * len(encode(codes, 4, 8, 8, "flag"))
    assert row("S-Huff raw, as shipped") == 8 * len(encode(codes, 4, 8, 8, "raw"))
    assert row("Huffman of signed symbols") == cost(counts)
    assert row("paper accounting") == 30_000 + cost([0, *index_counts[1:]])
    assert row("paper accounting, no Huffman") == 30_000 + 3 * nonzero
    payload = nonzero + sum(
        c * n for c, n in zip(index_counts, code_lengths(index_counts, 6), strict=True)
    )
    assert row("S-Huff joint, payload") == payload
    assert 8 * 4 * 8 <= row("S-Huff joint, as shipped") - payload < 8 * 4 * 8 + 32
    assert row("entropy of signed symbols") <= row("Huffman of signed symbols") <= payload
    assert [r.name for r in report.rows if not r.decodable] == [
        "paper accounting", "paper accounting, no Huffman"]
    assert [r.name for r in report.rows if r.lzma_bits is None] == ["entropy of signed symbols"]
    assert "not decodable" in str(report) and "LOSES" not in str(report)


def test_size_report_says_when_shuff_loses() -> None:
    few = np.repeat(np.arange(1, 8, dtype=np.uint8), 20)  # 3.9 bits each, but there is a header
    assert "S-Huff joint LOSES to raw bits here" in str(sizes(few, 4, 8, 8))
    assert "LOSES" in str(sizes(np.zeros(0, np.uint8), 4, 8, 8))


def test_lzma_sees_structure() -> None:
    rows = sizes(np.resize(np.array([1, 9, 0, 3], np.uint8), 8000), 4, 8, 8)
    for row in rows.rows:
        assert row.lzma_bits is None or row.lzma_bits < row.bits / 10


def test_bench_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench.json"
    assert bench_main(["--symbols", "3000", "--repeat", "2", "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert [row["bits"] for row in result["rows"]] == [3, 4, 5]
    for row in result["rows"]:
        assert row["symbols"] == 3000
        assert row["encode_msym_per_s"] > 0 and row["decode_msym_per_s"] > 0
    assert result["versions"]["numpy"] == np.__version__
    assert "bits/symbol" in capsys.readouterr().out
    assert bench_main(["--symbols", "10", "--bits", "9", "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_bench_weights_are_laplace_and_repeatable() -> None:
    codes = laplace_codes(20_000, 4, 7)
    assert np.array_equal(codes, laplace_codes(20_000, 4, 7))
    assert np.mean(codes % 8 == 5) == pytest.approx(np.exp(-0.75) - np.exp(-1.5), abs=0.02)
