# SPDX-License-Identifier: Apache-2.0
"""Convolution layers on torch tensors, exact wherever the plan says so.

Between layers a PoT code is the integer it stands for (0 or a power of two, signed) in float32, a
residual word an integer of 8 bits in float64. Tensors are (N, C, H, W), channels last in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from golden.codes import from_int, max_value, to_int
from golden.errors import PlutarchError
from golden.fast.plan import channel_scale, plan_layer
from golden.layer import ConvLayer, LayerOutput
from golden.nodes import shortcut

LAST = torch.channels_last
_EXPONENT = 0x7FF << 52  # field of a float64
_HALF_UP = 1 << 51  # half of the mantissa's range: carries into the exponent from 1.5 * 2^j on


class Values(NamedTuple):
    """What a step hands on: integers (N, C, H, W), None where it emits none."""

    codes: Tensor | None  # float32
    words: Tensor | None  # float64; the images, float32


class Workspace:
    """A float64 buffer that all layers share: fresh memory costs more than the arithmetic."""

    def __init__(self) -> None:
        self._flat = torch.empty(0, dtype=torch.float64)

    def take(self, like: Tensor) -> Tensor:
        """The buffer in the shape of `like` (N, C, H, W), contents undefined."""
        n, c, h, w = like.shape
        if self._flat.numel() < like.numel():
            self._flat = torch.empty(like.numel(), dtype=torch.float64)
        return self._flat[:like.numel()].view(n, h, w, c).permute(0, 3, 1, 2)


@dataclass
class Pass:
    """One run through the network: where to compute, what to keep, whether to check.

    trace: the exact output of each step by name, filled when it is a dictionary. check: compare
    each float32 convolution of the first image with the float64 one.
    """

    work: Workspace
    trace: dict[str, LayerOutput] | None = None
    check: bool = False


class FastConv:
    """One layer, its weights prepared. Exact for every input the layer accepts."""

    def __init__(self, layer: ConvLayer) -> None:
        self.layer = layer
        self.plan = plan_layer(layer)
        # From the accumulator on, numbers are in units of the smallest level that is emitted.
        self.unit = layer.proj_shift if layer.emit_code else 0
        if self.plan.conv != "integers":
            dtype = torch.float32 if self.plan.conv == "float32" else torch.float64
            weights = torch.from_numpy(layer.weights_int)  # (O, I, K, K)
            self.weights = weights.to(dtype).contiguous(memory_format=LAST)
            self.scale = self._by_channel(channel_scale(layer))
            self.bias = self._by_channel(layer.bias)

    def _by_channel(self, values: npt.NDArray[np.int64]) -> Tensor:
        """(O,) int64 as (1, O, 1, 1) float64 in units of the smallest level; exact by the plan."""
        return torch.from_numpy(values).double().view(1, -1, 1, 1) * 2.0 ** -self.unit

    def run(self, a: Tensor, residual: Tensor | None, run: Pass) -> Values:
        """The layer on values a (N, I, H, W) and residual words, which may need option A.

        Raises PlutarchError where the shapes do not fit, or where a check fails.
        """
        layer = self.layer
        if a.shape[1] != layer.in_channels:
            raise PlutarchError(f"layer {layer.name}: activations: {a.shape[1]} channels where "
                                f"{layer.in_channels} are due")
        layer.out_shape(a.shape[2], a.shape[3])  # refuses an input smaller than the kernel
        if self.plan.conv == "integers":
            return self._by_integers(a, residual, run)
        acc = self._convolve(a, self.weights)
        if run.check and self.plan.conv == "float32":
            self._check(a[:1], acc[:1])
        t = run.work.take(acc)  # (N, O, OH, OW)
        t.copy_(acc)
        torch.addcmul(self.bias, t, self.scale, out=t)
        if residual is not None:
            _add_shortcut(t, residual, 2.0 ** (layer.res_shift - self.unit))
        final = t * 2.0 ** self.unit if run.trace is not None else None
        words = self._words(t) if layer.emit_res else None
        out = Values(self._codes(t) if layer.emit_code else None, words)
        if run.trace is not None and final is not None:
            run.trace[layer.name] = LayerOutput(
                _ints(acc), _ints(final.clamp_(min=0) if layer.relu else final),
                *as_stored(out, layer.bits))
        return out

    def _convolve(self, a: Tensor, weights: Tensor) -> Tensor:
        return functional.conv2d(a.to(weights.dtype), weights, None, self.layer.stride,
                                 self.layer.pad)

    def _check(self, a: Tensor, acc: Tensor) -> None:
        if not torch.equal(self._convolve(a, self.weights.double()), acc.double()):
            raise PlutarchError(
                f"layer {self.layer.name}: torch {torch.__version__} does not convolve exactly in "
                "float32 on this machine; use golden.network instead of golden.fast")

    def _words(self, t: Tensor) -> Tensor:
        """saturate((t + half) >> r): t (N, O, OH, OW) in units of 2^unit.

        For r = 0, where half is 0, t is an integer and the 1/2 changes nothing.
        """
        words = (t * 2.0 ** (self.unit - self.layer.res_out_shift)).add_(0.5)
        return words.floor_().clamp_(0 if self.layer.relu else -128, 127)

    def _codes(self, t: Tensor) -> Tensor:
        """Values of the projected codes; t in units of the smallest level, overwritten.

        Up to 1/2: zero. Else the power of two at or below t, doubled from 1.5 times that power on;
        ceil lifts what that leaves at 1/2 to the smallest level, 1.
        """
        sign = None if self.layer.relu else t.float()
        if sign is not None:
            t.abs_()
        functional.threshold(t, 0.5, 0.0, inplace=True)  # zero unless above 1/2: ReLU too
        t.view(torch.int64).add_(_HALF_UP).bitwise_and_(_EXPONENT)
        values = t.float().ceil_().clamp_(max=float(max_value(self.layer.bits)))
        return values if sign is None else values.copysign_(sign)

    def _by_integers(self, a: Tensor, residual: Tensor | None, run: Pass) -> Values:
        """The layer by golden.layer: for bounds that no float holds."""
        layer = self.layer
        ints = _ints(a)
        words = None
        if residual is not None:
            shape = (layer.out_channels, *layer.out_shape(a.shape[2], a.shape[3]))
            words = shortcut(_ints(residual).astype(np.int8), shape)
        out = layer.run(from_int(ints, layer.bits) if layer.act == "pot" else ints.astype(np.int8),
                        words)
        if run.trace is not None:
            run.trace[layer.name] = out
        codes = None if out.codes is None else to_int(out.codes, layer.bits)
        return Values(None if codes is None else from_numpy(codes, torch.float32),
                      None if out.res is None else from_numpy(out.res, torch.float64))


def from_numpy(values: npt.NDArray[Any], dtype: torch.dtype) -> Tensor:
    """Integers (N, C, H, W), channels last; exact where the dtype holds them."""
    return torch.from_numpy(values).to(dtype).contiguous(memory_format=LAST)


def as_stored(out: Values, bits: int) -> tuple[npt.NDArray[np.uint8] | None,
                                              npt.NDArray[np.int8] | None]:
    """Codes uint8 and residual words int8 (N, C, H, W), as golden.layer has them."""
    return (None if out.codes is None else from_int(_ints(out.codes), bits),
            None if out.words is None else _ints(out.words).astype(np.int8))


def _ints(values: Tensor) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(values.to(torch.int64).numpy())


def _add_shortcut(t: Tensor, words: Tensor, factor: float) -> None:
    """Add factor * words to t (N, O, OH, OW) in place: as they are, or by option A.

    The rule and the refusals are those of golden.nodes.shortcut.
    """
    step = max(1, -(-words.shape[2] // t.shape[2]))
    taken = words[:, :, ::step, ::step]  # (N, C, OH, OW)
    extra = t.shape[1] - words.shape[1]
    if taken.shape[2:] != t.shape[2:] or extra < 0:
        raise PlutarchError(f"shortcut: cannot bring {tuple(words.shape)} to {tuple(t.shape[1:])}")
    t[:, extra // 2:extra // 2 + words.shape[1]].add_(taken, alpha=factor)
