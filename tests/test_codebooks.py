# SPDX-License-Identifier: Apache-2.0
"""Integer codebooks, and the tables of lane P3 with their load beats."""

from __future__ import annotations

import numpy as np
import pytest

from golden import codebooks, codes
from golden.errors import PlutarchError
from golden.product_ram import ProductRam

# NF4 as its authors publish it (bitsandbytes), to four digits
NF4 = [-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0,
       0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0]  # fmt: skip


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
def test_apot_levels_are_those_of_the_quantiser(bits: int) -> None:
    apot = pytest.importorskip("golden.quantizers.apot")
    book = codebooks.apot(bits)
    assert tuple(sorted(set(np.abs(book).tolist()))) == apot.magnitudes(bits - 1)
    half = 1 << (bits - 1)
    assert book.shape == (2 * half,) and book[0] == 0
    np.testing.assert_array_equal(book[half:], -book[:half])


def test_apot_of_three_bits_is_the_power_of_two_code() -> None:
    np.testing.assert_array_equal(codebooks.apot(3), codebooks.pot(3))


def test_normal_float_matches_the_published_levels() -> None:
    book = codebooks.normal_float(4, 10_000)
    np.testing.assert_allclose(book / 10_000, NF4, atol=1e-4)
    assert len(codebooks.normal_float(3, 4)) == 8


def test_two_complement_reads_every_code() -> None:
    np.testing.assert_array_equal(codebooks.two_complement(3), [0, 1, 2, 3, -4, -3, -2, -1])
    with pytest.raises(PlutarchError, match="1 bits"):
        codebooks.two_complement(1)


def test_kmeans_finds_separate_groups() -> None:
    values = np.repeat([-3.0, -1.0, 1.0, 2.0], 50) + np.tile([-0.01, 0.01], 100)
    np.testing.assert_array_equal(codebooks.kmeans(values, 2, 3), [-3, -1, 1, 2])
    for bad in (np.zeros(3), np.array([0.0, 1.0, np.nan, 2.0])):
        with pytest.raises(PlutarchError, match="finite"):
            codebooks.kmeans(bad, 2, 3)
    with pytest.raises(PlutarchError, match="cannot put"):
        codebooks.integers([0.0, 0.0], 5)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_a_table_holds_every_sum_of_its_products(bits: int) -> None:
    ram = ProductRam.default(bits)
    rng = np.random.default_rng(bits)
    pot = codebooks.pot(bits)
    weights = codes.to_int(rng.integers(0, 1 << bits, 5), bits)
    tables = ram.tables(weights, pot)
    acts = rng.integers(0, 1 << bits, 6)
    acts[5] = 0  # beyond the last weight
    address = [sum(int(acts[t * ram.group + k]) << (bits * k) for k in range(ram.group))
               for t in range(len(tables))]  # fmt: skip
    total = sum(int(tables[t, at]) for t, at in enumerate(address))
    assert total == int((weights * pot[acts[:5]]).sum())
    assert int(np.abs(tables).max()) < 1 << (ram.entry_bits - 1)


def test_beats_walk_through_the_tables() -> None:
    ram = ProductRam.default(4)
    entries = ram.tables(np.array([1, -64, 8]), codebooks.pot(4))
    beats = ram.beats(entries, context=1, select=0)
    assert len(beats) == 3 * 16 + 1
    place = ram.entry_bits + ram.address_bits
    steps = [at for at, beat in enumerate(beats) if beat >> place & 1]
    firsts = [at for at, beat in enumerate(beats) if beat >> (place + 1) & 1]
    assert steps == [0, 16, 32, 48] and firsts == [0]
    assert all(beat >> (place + 2) & 1 for beat in beats)
    assert [beat >> (place + 3) & 1 for beat in beats] == [0] * 48 + [1]
    low = beats[16 + 7] & ((1 << ram.entry_bits) - 1)
    assert low - (1 << ram.entry_bits) == -64 * 64  # code 7 is 64


def test_products_beyond_the_memory_are_refused() -> None:
    ram = ProductRam.default(4)
    with pytest.raises(PlutarchError, match="4160 is beyond the 4096"):
        ram.tables(np.array([65]), codebooks.pot(4))
    with pytest.raises(PlutarchError, match="codebook of activations"):
        ram.tables(np.array([1]), codebooks.pot(3))
