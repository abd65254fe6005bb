# SPDX-License-Identifier: Apache-2.0
"""Power-of-two (PoT) codes: {sign, index} <-> integer values, and the two projections.

A code of b bits has a sign and an index of m = b-1 bits. Index 0 is zero, index k >= 1 has the
magnitude 2^(k-1); a tensor's exponent e turns the integer value v into the real v * 2^e.
Rule, ties and saturation: design section 2. The rule equals the minifloat E(b-1)M0 with a
power-of-two scale, as QONNX and Brevitas round it (half to even), ties included
(`python -m golden.quantizers.oracle` counts).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.errors import PlutarchError

Codes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
# int64, or Python integers in an object array where 64 bits are not enough
BigInts = npt.NDArray[Any]

MIN_BITS, MAX_BITS = 2, 6


def check_bits(bits: int) -> int:
    """Return bits; raise PlutarchError unless 2 <= bits <= 6."""
    if not isinstance(bits, (int, np.integer)) or not MIN_BITS <= bits <= MAX_BITS:
        raise PlutarchError(f"bits = {bits!r}: a PoT code has {MIN_BITS} to {MAX_BITS} bits")
    return int(bits)


def num_levels(bits: int) -> int:
    """K = 2^(bits-1) - 1, the number of non-zero magnitudes (1, 2, 4 ... 2^(K-1))."""
    return (1 << (check_bits(bits) - 1)) - 1


def max_value(bits: int) -> int:
    """The largest integer magnitude, 2^(K-1)."""
    return 1 << (num_levels(bits) - 1)


def levels(bits: int) -> Ints:
    """Integer magnitude of each index, (2^m,) int64: 0, 1, 2, 4 ... 2^(K-1)."""
    return np.array([0] + [1 << k for k in range(num_levels(bits))], dtype=np.int64)


def to_int(codes: npt.NDArray[Any], bits: int) -> Ints:
    """Integer values of codes, same shape, int64, exact. Negative zero {1,0} reads as 0.

    Raises PlutarchError if a code does not fit in `bits` bits.
    """
    check_bits(bits)
    codes = np.asarray(codes)
    if codes.size and (int(codes.max()) >> bits or int(codes.min()) < 0):
        worst = int(codes.max()) if int(codes.max()) >> bits else int(codes.min())
        raise PlutarchError(f"code {worst} does not fit in {bits} bits")
    magnitudes = levels(bits)
    return np.concatenate([magnitudes, -magnitudes])[codes.astype(np.intp)]


def from_int(values: npt.NDArray[Any], bits: int) -> Codes:
    """Codes of integer values that are exact levels, same shape, uint8.

    Raises PlutarchError naming the first value that is no level; to round, use project_int.
    """
    values = np.asarray(values)
    codes = project_int(values, bits, 0)
    wrong = np.flatnonzero(to_int(codes, bits) != values)
    if wrong.size:
        first = int(wrong[0])
        raise PlutarchError(f"value {values.reshape(-1)[first]} at position {first} "
                            f"is no level of a {bits}-bit code")
    return codes


def project_real(x: npt.ArrayLike, bits: int, exp: int) -> Codes:
    """Nearest level to x / 2^exp in the linear domain, same shape, uint8.

    Ties between two levels go away from zero, the tie at half the smallest level goes to zero,
    values beyond the largest level saturate. Exact: x is taken apart into mantissa and exponent,
    never rounded. Infinite values saturate. Raises PlutarchError on NaN.
    """
    top = num_levels(bits)
    x = np.asarray(x, dtype=np.float64)
    if np.isnan(x).any():
        raise PlutarchError("cannot project NaN onto a PoT code")
    mantissa, power = np.frexp(np.abs(x))
    power = np.where(np.isinf(x), 10000, power).astype(np.int64) - exp
    # |x| / 2^exp = mantissa * 2^power, mantissa in [0.5, 1): it lies in [2^(power-1), 2^power),
    # whose lower end is level index `power`; from 3/4 of the upper end on, the level above is it.
    index = power + (mantissa >= 0.75)
    index = np.where(power == 0, (mantissa > 0.5).astype(np.int64), index)  # (1/2, 1): to level 1
    index = np.where((mantissa == 0) | (power < 0), 0, np.minimum(index, top))
    return _with_sign(index, x < 0, bits)


def project_int(t: npt.ArrayLike, bits: int, shift: int) -> Codes:
    """Nearest level to t / 2^shift, integers only: the rule the hardware implements.

    t: any shape, an integer dtype or object (Python integers, any size). shift >= 0.
    Zero iff 2|t| <= 2^shift; index k+1 is reached iff 2|t| >= 3 * 2^(shift+k-1). Exact.
    """
    top = num_levels(bits)
    if shift < 0:
        raise PlutarchError(f"projection shift {shift} is negative")
    values = np.asarray(t)
    if values.dtype.kind not in "iuO" and values.size:
        raise PlutarchError(f"project_int wants integers, not {values.dtype}")
    if not values.size:
        return np.zeros(values.shape, dtype=np.uint8)
    largest = max(int(values.max()), -int(values.min()))
    wide = largest >= 1 << 62  # 2|t| would not fit in int64
    doubled: BigInts = 2 * np.abs(values.astype(object) if wide else values.astype(np.int64))
    index = (doubled > 1 << shift).astype(np.int64) if 1 << shift <= 2 * largest else np.zeros(
        values.shape, dtype=np.int64)
    for k in range(1, top):
        cut = 3 << (shift + k - 1)
        if cut > 2 * largest:  # nothing reaches it; also keeps cut within int64
            break
        index += doubled >= cut
    return _with_sign(index, np.asarray(values < 0), bits)


def _with_sign(index: Ints, negative: npt.NDArray[np.bool_], bits: int) -> Codes:
    """{sign, index} with negative zero made zero, uint8."""
    sign = (negative & (index > 0)).astype(np.int64) << (bits - 1)
    return (sign | index).astype(np.uint8)
