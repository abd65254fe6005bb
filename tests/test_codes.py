# SPDX-License-Identifier: Apache-2.0
"""Codes and the two projections, against the rule written out with exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.codes import from_int, levels, max_value, num_levels, project_int, project_real, to_int
from golden.errors import PlutarchError

ALL_BITS = range(2, 7)


def nearest_code(x: Fraction, bits: int) -> int:
    """Design section 2 by exhaustive search: nearest level; ties up, half the smallest to zero."""
    sizes = [Fraction(0)] + [Fraction(2) ** k for k in range(2 ** (bits - 1) - 1)]
    gaps = [abs(abs(x) - size) for size in sizes]
    index = max(i for i, gap in enumerate(gaps) if gap == min(gaps))
    if abs(x) == Fraction(1, 2):
        index = 0
    return index + (2 ** (bits - 1) if x < 0 and index else 0)


@pytest.mark.parametrize(("bits", "count", "top"), [(2, 1, 1), (3, 3, 4), (4, 7, 64),
                                                    (5, 15, 16384), (6, 31, 1 << 30)])
def test_level_counts(bits: int, count: int, top: int) -> None:
    assert (num_levels(bits), max_value(bits)) == (count, top)
    assert levels(bits).tolist() == [0] + [2 ** k for k in range(count)]


def test_every_4_bit_code_by_hand() -> None:
    values = to_int(np.arange(16, dtype=np.uint8), 4)
    assert values.tolist() == [0, 1, 2, 4, 8, 16, 32, 64, 0, -1, -2, -4, -8, -16, -32, -64]


@pytest.mark.parametrize("bits", ALL_BITS)
def test_codes_round_trip(bits: int) -> None:
    codes = np.delete(np.arange(2 ** bits, dtype=np.uint8), 2 ** (bits - 1))  # no negative zero
    assert (from_int(to_int(codes, bits), bits) == codes).all()
    assert (project_real(np.ldexp(to_int(codes, bits).astype(float), -9), bits, -9) == codes).all()


def test_from_int_names_the_value_that_is_no_level() -> None:
    with pytest.raises(PlutarchError, match="value 3 at position 1"):
        from_int(np.array([4, 3]), 4)
    with pytest.raises(PlutarchError, match="value 128 at position 0"):
        from_int(np.array([128]), 4)


def test_codes_out_of_range_are_refused() -> None:
    with pytest.raises(PlutarchError, match="code 16"):
        to_int(np.array([16], dtype=np.uint8), 4)
    for bits in (1, 7):
        with pytest.raises(PlutarchError, match=f"bits = {bits}"):
            num_levels(bits)


@pytest.mark.parametrize("bits", ALL_BITS)
def test_projection_at_every_cut_and_tie(bits: int) -> None:
    cuts = [Fraction(1, 2)] + [Fraction(3, 2) * 2 ** k for k in range(num_levels(bits) + 1)]
    cuts += [Fraction(2) ** k for k in range(-2, num_levels(bits) + 2)]
    step = Fraction(1, 1 << 20)
    points = [sign * (cut + delta) for cut in cuts for delta in (-step, 0, step)
              for sign in (1, -1)]
    expected = [nearest_code(x, bits) for x in points]
    for exp in (0, -37, 11):
        x = np.array([float(point) for point in points]) * 2.0 ** exp
        assert project_real(x, bits, exp).tolist() == expected
    integers = np.array([int(point * (1 << 20)) for point in points])
    assert project_int(integers, bits, 20).tolist() == expected


@given(st.integers(-(1 << 70), 1 << 70), st.integers(0, 80), st.sampled_from(list(ALL_BITS)))
def test_project_int_any_size(t: int, shift: int, bits: int) -> None:
    expected = nearest_code(Fraction(t, 1 << shift), bits)
    assert project_int(np.array([t], dtype=object), bits, shift).tolist() == [expected]
    if abs(t) < 1 << 63:
        assert project_int(np.array([t]), bits, shift).tolist() == [expected]


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-60, 60),
       st.sampled_from(list(ALL_BITS)))
def test_project_real_any_float(x: float, exp: int, bits: int) -> None:
    expected = nearest_code(Fraction(x) / Fraction(2) ** exp, bits)
    assert int(project_real(x, bits, exp)) == expected


def test_projection_extremes() -> None:
    assert project_real([np.inf, -np.inf, 0.0, -0.0, 5e-324], 4, 0).tolist() == [7, 15, 0, 0, 0]
    assert project_int(np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max]), 5, 0).tolist() \
        == [31, 15]
    assert project_int(np.zeros((0, 3), dtype=np.int64), 4, 2).shape == (0, 3)
    assert project_int(np.array([-1, 1]), 4, 1).tolist() == [0, 0]  # never negative zero
    with pytest.raises(PlutarchError, match="NaN"):
        project_real([np.nan], 4, 0)
    with pytest.raises(PlutarchError, match="negative"):
        project_int(np.array([1]), 4, -1)
    with pytest.raises(PlutarchError, match="integers"):
        project_int(np.array([1.5]), 4, 0)
