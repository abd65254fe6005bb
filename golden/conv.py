# SPDX-License-Identifier: Apache-2.0
"""Exact integer convolution with its width bound, and the literal P-LUT gather that defines it.

conv2d_plut is the definition (table look-up, sign XOR, add); conv2d_int is the fast path, checked
against it. Nothing here ever wraps: the bound sum|w| * max|a| picks the arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from golden.codes import BigInts, Codes, Ints, check_bits, max_value
from golden.errors import PlutarchError
from golden.plut import product_table

# Every integer of magnitude <= 2^53 is a float64 (2^24: a float32), so sums below it are exact in
# any order, with or without fused multiply-add.
FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53
INT64_EXACT = 1 << 63
_CHUNK_ELEMENTS = 4 << 20  # im2col columns held at a time: at most 32 MiB


def out_size(size: int, kernel: int, stride: int, pad: int) -> int:
    """Output length of one axis; PlutarchError if the padded input is smaller than the kernel."""
    if stride < 1 or pad < 0 or kernel < 1:
        raise PlutarchError(f"no convolution with kernel {kernel}, stride {stride}, pad {pad}")
    if size + 2 * pad < kernel:
        raise PlutarchError(f"input of {size} with padding {pad} is smaller than kernel {kernel}")
    return (size + 2 * pad - kernel) // stride + 1


def channel_bounds(w_int: BigInts, max_abs_a: int) -> list[int]:
    """Bound of |sum w*a| for each output channel: sum|w| * max|a|, Python integers, exact.

    w_int: (O, ...) integers.
    """
    rows = np.asarray(w_int).reshape(len(w_int), -1)  # (O, C*K*K)
    if rows.size and max(int(rows.max()), -int(rows.min())) * rows.shape[1] >= INT64_EXACT:
        rows = rows.astype(object)
    return [int(total) * int(max_abs_a) for total in np.abs(rows).sum(axis=1)]


def accumulator_bound(w_int: BigInts, max_abs_a: int) -> int:
    """The largest channel_bounds(): no partial sum in any order exceeds it in magnitude."""
    return max(channel_bounds(w_int, max_abs_a), default=0)


def conv2d_int(a: npt.NDArray[Any], w: npt.NDArray[Any], stride: int = 1, pad: int = 0) -> BigInts:
    """Exact integer convolution (no kernel flip), zero padding.

    a: (N, C, H, W), w: (O, C, K, K), integers. Returns (N, O, OH, OW): int64 while the bound
    sum|w| * max|a| is below 2^63 (float BLAS up to 2^24 and 2^53), else Python integers (object).
    Raises PlutarchError for shapes that do not match.
    """
    n, channels, height, width, out, k = _shapes(a, w)
    oh, ow = out_size(height, k, stride, pad), out_size(width, k, stride, pad)
    largest = max(int(a.max()), -int(a.min()), 0) if a.size else 0
    bound = accumulator_bound(w, largest)
    dtype: Any = next((kind for limit, kind in ((FLOAT32_EXACT, np.float32),
                                                (FLOAT64_EXACT, np.float64),
                                                (INT64_EXACT - 1, np.int64)) if bound <= limit),
                      object)
    kernel = w.reshape(out, -1).astype(dtype).T  # (C*K*K, O)
    result = np.empty((n, out, oh, ow), dtype=object if dtype is object else np.int64)
    step = max(1, _CHUNK_ELEMENTS // max(1, oh * ow * channels * k * k))
    for first in range(0, n, step):
        part = _pad(a[first:first + step], pad).astype(dtype)
        windows = sliding_window_view(part, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
        columns = windows.transpose(0, 2, 3, 1, 4, 5)  # (n, OH, OW, C, K, K)
        sums = columns.reshape(-1, channels * k * k) @ kernel  # (n*OH*OW, O)
        sums = sums.reshape(-1, oh, ow, out).transpose(0, 3, 1, 2)  # (n, O, OH, OW)
        result[first:first + step] = sums
    return result


def conv2d_plut(a_codes: Codes, w_codes: Codes, bits: int, stride: int = 1, pad: int = 0,
                table: Ints | None = None) -> BigInts:
    """The definition: every product is one table entry, its sign the XOR of the two signs.

    a_codes: (N, C, H, W), w_codes: (O, C, K, K), uint8 codes. table: (2^m, 2^m) magnitudes,
    default product_table(bits). Returns (N, O, OH, OW), int64 or object as in conv2d_int; exact.
    Padding is code 0. Slow (one gather per kernel tap): for small tensors.
    """
    check_bits(bits)
    n, channels, height, width, out, k = _shapes(a_codes, w_codes)
    oh, ow = out_size(height, k, stride, pad), out_size(width, k, stride, pad)
    magnitudes = product_table(bits) if table is None else table
    wide = int(magnitudes.max()) * channels * k * k >= INT64_EXACT
    padded = _pad(a_codes, pad)
    mask = (1 << (bits - 1)) - 1
    total: BigInts = np.zeros((n, out, oh, ow), dtype=object if wide else np.int64)
    for ky in range(k):
        for kx in range(k):
            tap = padded[:, :, ky:ky + stride * (oh - 1) + 1:stride,
                         kx:kx + stride * (ow - 1) + 1:stride][:, None]  # (N, 1, C, OH, OW)
            weight = w_codes[None, :, :, ky, kx, None, None]  # (1, O, C, 1, 1)
            product = magnitudes[weight & mask, tap & mask]  # (N, O, C, OH, OW)
            signed = np.where((weight ^ tap) >> (bits - 1), -product, product)
            total += (signed.astype(object) if wide else signed).sum(axis=2)
    return total


def pot_bound(w_int: Ints, bits: int) -> int:
    """accumulator_bound for activations that are b-bit PoT codes."""
    return accumulator_bound(w_int, max_value(bits))


def _pad(a: npt.NDArray[Any], pad: int) -> npt.NDArray[Any]:
    return np.pad(a, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def _shapes(a: npt.NDArray[Any], w: npt.NDArray[Any]) -> tuple[int, int, int, int, int, int]:
    if a.ndim != 4 or w.ndim != 4 or w.shape[2] != w.shape[3] or a.shape[1] != w.shape[1]:
        raise PlutarchError(f"convolution of input {a.shape} with weights {w.shape}: want "
                            "(N, C, H, W) and (O, C, K, K)")
    return a.shape[0], a.shape[1], a.shape[2], a.shape[3], w.shape[0], w.shape[2]
