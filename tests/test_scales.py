# SPDX-License-Identifier: Apache-2.0
"""Batch norm scales as one or two signed powers of two."""

from __future__ import annotations

import numpy as np
import pytest

from golden.errors import PlutarchError
from golden.scales import round_scales


def test_scales_of_two_terms() -> None:
    reals = np.array([1.0, 0.75, -3.0, 5.1, 0.0, 1e-9, -0.37, 0.6, 7.0])
    terms = round_scales(reals)
    assert terms.sign.tolist() == [1, 1, -1, 1, 0, 1, -1, 1, 1]
    values = terms.values()
    assert values[:5].tolist() == [1.0, 0.75, -3.0, 5.0, 0.0]
    low, high = terms.span()
    assert high - low <= 15 and values[8] == 7.0 and values[5] == 2.0 ** -12 == 2.0 ** (3 - 15)
    every = [2.0 ** p + t * 2.0 ** q for p in range(-12, 4) for q in range(-12, p) for t in
             (-1, 0, 1)] + [2.0 ** -12]
    for real, value in zip(reals, values, strict=True):
        if real:
            assert abs(abs(real) - abs(value)) == min(abs(abs(real) - x) for x in every)


def test_scales_of_one_term() -> None:
    reals = np.array([1.0, 0.75, -3.0, 5.1, 0.0, 1e-9, -0.37, 0.6, 7.0])
    one = round_scales(reals, terms=1)
    assert not one.term2.any() and np.abs(one.values())[[1, 3, 7]].tolist() == [0.5, 4.0, 0.5]


def test_scales_that_are_none() -> None:
    with pytest.raises(PlutarchError, match="finite"):
        round_scales([np.nan])
    with pytest.raises(PlutarchError, match="terms = 3"):
        round_scales([1.0], 3)
