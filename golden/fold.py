# SPDX-License-Identifier: Apache-2.0
"""Real scales, offsets and exponents of one convolution folded into a layer of integers.

Signs go into the weights, scales to shifts, offsets to integer biases. numpy alone; used by
everything that makes a network.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from golden.codes import Codes, Ints, from_int, max_value, project_real, to_int
from golden.errors import PlutarchError
from golden.layer import MAX_CHANNEL_SHIFT, ConvLayer, Int8s
from golden.network import Node
from golden.scales import Reals, TwoTerm

ACCUMULATOR_BITS = {3: 22, 4: 30, 5: 46}  # of the RTL's PoT lanes (docs/formats.md)
INT8_ACCUMULATOR_BITS = 32  # of mac_conv
_GUARD = 3  # t is at least 2^3 times finer than what is made of it, so the bias keeps its place
_FITTED = 1 << 18  # values looked at when an exponent is chosen


def fold(name: str, bits: int, values: Ints, terms: TwoTerm, bias: Reals, *, stride: int,
         exp_w: int, exp_a: int, exp_out: int, exp_res: int, source: str,
         residual: tuple[str, int] | None = None, relu: bool = True, emit_code: bool = True,
         emit_res: bool = True, kind: Literal["pot", "int8"] = "pot") -> Node:
    """The layer that computes conv(values) * scale + bias, and where it stands in the network.

    values: (O, I, K, K) integers in units of 2^exp_w. terms: scale of each channel. bias: (O,)
    real. residual: name and exponent of the words it adds. kind: of weights and activations.
    int8 saturates, so -128 in a channel of negative scale becomes 127 (golden.qat has none there).
    Raises PlutarchError if no exponent of t serves scales and outputs.
    """
    exp_acc = exp_w + exp_a
    low, high = terms.span()
    ceiling = min(exp_acc + low, exp_out - _GUARD, exp_res - _GUARD)
    if residual is not None:
        ceiling = min(ceiling, residual[1])
    exp_t = max(ceiling, exp_acc + high - MAX_CHANNEL_SHIFT)
    outputs = [exp for exp, used in ((exp_out, emit_code), (exp_res, emit_res)) if used]
    if exp_t > min([exp_acc + low, *outputs, *([residual[1]] if residual else [])]):
        raise PlutarchError(f"layer {name}: no exponent for t: scales 2^{low}..2^{high} on "
                            f"2^{exp_acc}, outputs on 2^{exp_out} and 2^{exp_res}")
    signed = values * np.where(terms.sign < 0, -1, np.abs(terms.sign))[:, None, None, None]
    weights: Any = signed.clip(-128, 127).astype(np.int8) if kind == "int8" else from_int(
        signed, bits)
    layer = ConvLayer(
        name, bits, weights, stride, values.shape[2] // 2,
        shift1=terms.power1 + (exp_acc - exp_t),
        shift2=np.where(terms.term2 != 0, terms.power2 + (exp_acc - exp_t), 0),
        term2=terms.term2, bias=np.floor(np.ldexp(bias, -exp_t) + 0.5).astype(np.int64),
        relu=relu, proj_shift=exp_out - exp_t if emit_code else 0,
        res_in=residual is not None, res_shift=residual[1] - exp_t if residual else 0,
        emit_code=emit_code, emit_res=emit_res,
        res_out_shift=exp_res - exp_t if emit_res else 0, act=kind, wgt=kind)
    return Node(layer, source, residual[0] if residual else None, exp_w, exp_a, exp_t)


def words(x: npt.ArrayLike, exp: int) -> Int8s:
    """Nearest multiples of 2^exp as int8, ties up, saturated."""
    found: Int8s = np.clip(np.floor(np.ldexp(x, -exp) + 0.5), -128, 127).astype(np.int8)
    return found


def best_code_exponent(x: Reals, bits: int) -> int:
    """Exponent whose PoT levels lose least on x: smallest squared error, then exponent."""
    def loss(values: Reals, exp: int) -> float:
        codes: Codes = project_real(values, bits, exp)
        return float(((np.ldexp(to_int(codes, bits).astype(np.float64), exp) - values) ** 2).sum())

    return _best(x, max_value(bits).bit_length() - 1, loss)


def best_word_exponent(x: Reals) -> int:
    """Exponent whose 8-bit grid loses least on x: smallest squared error, then exponent."""
    def loss(values: Reals, exp: int) -> float:
        return float(((np.ldexp(words(values, exp).astype(np.float64), exp) - values) ** 2).sum())

    return _best(x, 7, loss)


def _best(x: Reals, reach: int, loss: Any) -> int:
    """Try the exponents whose largest level lies from 1/32 to twice the largest value."""
    values = x.reshape(-1)[::max(1, x.size // _FITTED)]
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return -reach
    top = int(np.frexp(largest)[1]) - reach
    return min(range(top - 5, top + 2), key=lambda exp: (loss(values, exp), exp))
