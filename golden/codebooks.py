# SPDX-License-Identifier: Apache-2.0
"""Integer codebooks: what each code of b bits stands for, for tables that can hold any.

A codebook is a list of 2^b integers, entry c the value of code c; signs are inside, so it need not
be symmetric. Power-of-two and integer codebooks are exact; APoT follows Li et al., ICLR 2020
(1909.13144); NF4 (Dettmers et al., 2023, 2305.14314) and k-means levels are real numbers, rounded
to integers on a grid whose largest magnitude is given.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from golden.codes import Ints, check_bits, to_int
from golden.errors import PlutarchError

# quantile of the outermost level, as the authors chose it: mean of 1 - 1/32 and 1 - 1/30
_NF_OFFSET = 0.9677083


def pot(bits: int) -> Ints:
    """Power-of-two values of all codes, (2^bits,) int64; {1,0} is zero too."""
    return to_int(np.arange(1 << check_bits(bits)), bits)


def two_complement(bits: int) -> Ints:
    """Integers -2^(bits-1) .. 2^(bits-1)-1 by their two's complement code, (2^bits,) int64."""
    if not 2 <= bits <= 16:
        raise PlutarchError(f"two's complement of {bits} bits: 2..16 are supported")
    codes = np.arange(1 << bits, dtype=np.int64)
    return np.where(codes >> (bits - 1), codes - (1 << bits), codes)


def apot_terms(width: int) -> list[list[int]]:
    """What the fields of an APoT magnitude of `width` bits pick, first field first.

    Each field's list is ascending and starts with 0. The level set is that of the authors' code;
    which field value picks which power is this project's choice.
    """
    pairs, odd = divmod(width, 2)
    powers = itertools.count(1)
    terms: list[list[int]] = [[] for _ in range(pairs)]
    single: list[int] = []
    for turn in range(3):
        if turn == 2 and odd:  # the short term comes before the last round of the others
            single = [next(powers)]
        for term in terms:
            term.append(next(powers))
    used = [term for term in (*terms, single) if term]
    lowest = max(itertools.chain(*used))
    return [[0, *sorted(1 << (lowest - power) for power in term)] for term in used]


def apot(bits: int) -> Ints:
    """Integer values of all APoT codes {sign, first field, second field}, (2^bits,) int64."""
    sums = [sum(choice) for choice in itertools.product(*apot_terms(check_bits(bits) - 1))]
    magnitudes = np.array(sums, dtype=np.int64)
    return np.concatenate([magnitudes, -magnitudes])


def normal_float(bits: int, largest: int) -> Ints:
    """NF levels of `bits` bits (NF4 for 4), rounded to integers up to `largest`; ascending.

    Quantiles of the normal distribution, one more above zero than below, zero exact.
    """
    check_bits(bits)
    half = 1 << (bits - 1)
    quantile = np.vectorize(NormalDist().inv_cdf)
    above = quantile(np.linspace(_NF_OFFSET, 0.5, half + 1)[:-1])
    below = -quantile(np.linspace(_NF_OFFSET, 0.5, half)[:-1])
    return integers(np.sort(np.concatenate([below, [0.0], above])), largest)


def kmeans(values: npt.NDArray[np.float64], bits: int, largest: int) -> Ints:
    """2^bits centres of `values` (Lloyd, from quantiles), integers up to `largest`; ascending."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    if flat.size < 1 << check_bits(bits) or not np.isfinite(flat).all():
        raise PlutarchError(f"k-means of {bits} bits needs {1 << bits} finite values or more")
    centres = np.quantile(flat, (np.arange(1 << bits) + 0.5) / (1 << bits))
    for _ in range(50):
        nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, flat)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.bincount(nearest, weights=flat, minlength=len(centres))
        centres = np.sort(np.where(counts > 0, sums / np.maximum(counts, 1), centres))
    return integers(centres, largest)


def integers(levels: npt.NDArray[np.float64] | Sequence[float], largest: int) -> Ints:
    """Scale real levels so that the largest magnitude becomes `largest`, and round; same order."""
    real = np.asarray(levels, dtype=np.float64)
    top = float(np.abs(real).max(initial=0.0))
    if largest < 1 or not 0 < top < np.inf:
        raise PlutarchError(f"cannot put levels up to {top} on integers up to {largest}")
    return np.rint(real * (largest / top)).astype(np.int64)
