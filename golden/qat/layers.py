# SPDX-License-Identifier: Apache-2.0
"""Quantised layers: weights through a quantiser, batch norm or its frozen form, values emitted.

Everything is real-valued (float32 or float64). In mode "frozen" every number is an integer times
a power of two, so that golden.layer does the same in integers (docs/qat.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.qat.plan import Form
from golden.quantizers import Fixed, Quantizer
from golden.scales import TwoTerm, round_scales

Mode = Literal["float", "quant", "frozen"]


class Value(NamedTuple):
    """What a step hands on, in the forms that are read; None for a form that nobody reads."""

    code: Tensor | None
    word: Tensor | None
    raw: Tensor | None

    def take(self, form: Form) -> Tensor:
        """The tensor of a form that the plan has asked for."""
        found: Tensor | None = getattr(self, form)
        assert found is not None, f"nobody asked for {form}"
        return found


class Emit(nn.Module):
    """The quantisers of a step's output: one for codes, one for words, as far as they are read."""

    def __init__(self, forms: set[Form], code: Quantizer | None, word: Quantizer | None) -> None:
        super().__init__()
        self.forms = forms
        self.code, self.word = code, word
        self.quantised = False
        self.fitting: Literal["no", "fixed", "all"] = "no"

    def forward(self, y: Tensor) -> Value:
        """y: any shape. In float mode every form is y itself."""
        if not self.quantised:
            return Value(y, y, y)
        for quantizer in (self.code, self.word):
            if quantizer is not None and (self.fitting == "all" or (
                    self.fitting == "fixed" and isinstance(quantizer, Fixed))):
                quantizer.fit(y)
        code = y if self.code is None else self.code(y)
        word = y if self.word is None else self.word(y)
        return Value(code if "code" in self.forms else None, word if "word" in self.forms else None,
                     y if "raw" in self.forms else None)


class Layer(nn.Module):
    """Convolution or linear layer with quantised weights; what both have in common.

    weight_quantizer: None leaves the weights as they are. normalised: (W - mean) / std over the
    layer before the quantiser (1909.13144, section 2.3; mean and std carry no gradient).
    """

    def __init__(self, name: str, shape: tuple[int, ...], settings: Mapping[str, Any], emit: Emit,
                 weight_quantizer: Quantizer | None, normalised: bool) -> None:
        super().__init__()
        self.name, self.settings, self.emit = name, settings, emit
        self.weight = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(shape[0])) if settings["bias"] else None
        self.weight_quantizer, self.normalised = weight_quantizer, normalised
        self.mode: Mode = "float"
        self.grid: int | None = None  # exponent of t: frozen offsets are multiples of 2^grid
        self.grid_factor = 1  # and of 1 / grid_factor (pixels of the average before a linear layer)
        self.weight_centre: Tensor
        self.weight_spread: Tensor
        self.register_buffer("weight_centre", torch.zeros(()))  # both: as frozen
        self.register_buffer("weight_spread", torch.ones(()))
        # the integer layer's bias in real values, trained when frozen
        self.offset = nn.Parameter(torch.zeros(shape[0]), requires_grad=False)

    def plain_weight(self) -> Tensor:
        """The weights that the quantiser reads, same shape, with gradient."""
        w: Tensor = self.weight
        if not self.normalised or self.mode == "float":
            return w
        if self.mode == "frozen":  # in float64, so that float32 and float64 models agree to the bit
            wide = (w.double() - self.weight_centre.double()) / self.weight_spread.double()
            return wide.float().to(w.dtype)
        centre, spread = self._moments()
        return (w - centre) / spread

    def _moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of all weights, without gradient; 1 for a zero deviation."""
        w = self.weight.detach()
        if w.numel() < 2:
            return w.new_zeros(()), w.new_ones(())
        spread, centre = torch.std_mean(w)
        return centre, torch.where(spread > 0, spread, torch.ones_like(spread))

    def used_weight(self) -> Tensor:
        """The weights as this mode uses them, with gradient."""
        w = self.plain_weight()
        if self.mode == "float" or self.weight_quantizer is None:
            return w
        if self.emit.fitting == "all" or (self.emit.fitting == "fixed"
                                          and isinstance(self.weight_quantizer, Fixed)):
            self.weight_quantizer.fit(w)
        quantised: Tensor = self.weight_quantizer(w)
        return quantised

    def freeze_weights(self) -> None:
        """Keep mean and deviation of the weights as they are now, rounded to float32."""
        if self.normalised:
            wide = self.weight.detach().double()
            spread, centre = torch.std_mean(wide)
            self.weight_centre.copy_(centre.float())
            self.weight_spread.copy_(torch.where(spread > 0, spread, 1.0).float())

    def rounded_offset(self) -> Tensor:
        """The frozen offset (O,) on the grid of the integer bias; the gradient passes."""
        if self.grid is None:
            return self.offset
        near = self.integer_offset() * (2.0 ** self.grid / self.grid_factor)
        return near.to(self.offset.dtype) + (self.offset - self.offset.detach())

    def integer_offset(self) -> Tensor:
        """The integer bias (O,), float64: the frozen offset on its grid, ties up."""
        assert self.grid is not None, "a layer without integers"
        scaled = self.offset.detach().double() * self.grid_factor * 2.0 ** -self.grid
        return scaled.add_(0.5).floor_()

    def integer_weights(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Quantised weights in units of 2^exponent of the quantiser; for exact quantisers."""
        assert self.weight_quantizer is not None
        with torch.no_grad():
            values = self.used_weight().double() * 2.0 ** -self.weight_quantizer.exponent
        return np.asarray(values.round().long().cpu().numpy())


class ConvLayer(Layer):
    """Convolution [+ batch norm] [+ residual] [+ ReLU] [+ max pool], then the quantised outputs."""

    def __init__(self, name: str, settings: Mapping[str, Any], emit: Emit,
                 weight_quantizer: Quantizer | None, normalised: bool) -> None:
        out = settings["out"]
        super().__init__(name, (out, settings["in"] // settings["groups"], *settings["kernel"]),
                         settings, emit, weight_quantizer, normalised)
        norm = settings.get("norm")
        self.norm = nn.BatchNorm2d(out, norm["eps"], norm["momentum"], norm["affine"]) if norm \
            else None
        self.relu, self.pool = bool(settings.get("relu")), settings.get("pool")
        self.terms: Tensor
        self.scale: Tensor
        # sign, power1, power2, term2 of each channel's frozen scale, and its value
        self.register_buffer("terms", torch.zeros((4, out), dtype=torch.int64))
        self.register_buffer("scale", torch.ones(out))

    def forward(self, a: Tensor, residual: Tensor | None = None) -> Value:
        """a: (N, I, H, W), residual: (N, O, OH, OW). Emits (N, O, OH, OW), smaller with a pool."""
        s = self.settings
        frozen = self.mode == "frozen"
        y = functional.conv2d(a, self.used_weight(), None if frozen else self.bias, s["stride"],
                              s["pad"], s["dilation"], s["groups"])
        if frozen:  # what is new here may be changed in place
            y = (y * self.scale[:, None, None]).add_(self.rounded_offset()[:, None, None])
        elif self.norm is not None:
            y = self.norm(y)
        if residual is not None:
            y = y.add_(residual)
        if self.relu:
            y = functional.relu(y, inplace=True)
        if self.pool:
            y = max_pool(y, self.pool)
        emitted: Value = self.emit(y)
        return emitted

    def freeze(self, terms: int) -> None:
        """Fold running statistics: scale to `terms` powers of two, the rest to the offset.

        The mean of every channel stays where it was: the offset goes with the rounded scale.
        """
        self.freeze_weights()
        out = self.weight.shape[0]
        scale = torch.ones(out, dtype=torch.float64)
        mean, shift = torch.zeros_like(scale), torch.zeros_like(scale)
        if self.norm is not None:
            running, variance = self.norm.running_mean, self.norm.running_var
            assert running is not None and variance is not None  # tracing refuses norms without
            mean = running.double().cpu()
            scale = 1.0 / torch.sqrt(variance.double().cpu() + self.norm.eps)
            if self.norm.affine:
                scale = scale * self.norm.weight.detach().double().cpu()
                shift = self.norm.bias.detach().double().cpu()
        if self.bias is not None:
            mean = mean - self.bias.detach().double().cpu()
        rounded = round_scales(scale.numpy(), terms)
        values = torch.from_numpy(rounded.values())
        self.terms.copy_(torch.from_numpy(np.stack(
            [rounded.sign, rounded.power1, rounded.power2, rounded.term2])))
        self.scale.copy_(values)  # at most 16 significant bits: exact in float32
        with torch.no_grad():
            self.offset.copy_(shift - mean * values)

    def used_weight(self) -> Tensor:
        """As every layer's. Frozen, a channel of a negative scale has no fixed-point word -2^(b-1):
        the sign goes into its weights (golden.fold), and 2^(b-1) is no word.
        """
        w = super().used_weight()
        if self.mode != "frozen" or not isinstance(self.weight_quantizer, Fixed):
            return w
        lowest = (1.0 - 2.0 ** (self.weight_quantizer.bits - 1)) * 2.0 ** \
            self.weight_quantizer.exponent
        return torch.where(self.terms[0, :, None, None, None] < 0, w.clamp(min=lowest), w)

    def two_term(self) -> TwoTerm:
        """The frozen scale of each channel."""
        sign, power1, power2, term2 = self.terms.cpu().numpy()
        return TwoTerm(sign, power1, power2, term2)


class LinearLayer(Layer):
    """Linear layer [+ ReLU]: (N, I) to (N, O), then the quantised outputs."""

    def __init__(self, name: str, settings: Mapping[str, Any], emit: Emit,
                 weight_quantizer: Quantizer | None) -> None:
        super().__init__(name, (settings["out"], settings["in"]), settings, emit,
                         weight_quantizer, normalised=False)
        self.relu = bool(settings.get("relu"))

    def forward(self, a: Tensor) -> Value:
        """a: (N, I)."""
        bias = self.rounded_offset() if self.mode == "frozen" else self.bias
        y = functional.linear(a, self.used_weight(), bias)
        emitted: Value = self.emit(functional.relu(y) if self.relu else y)
        return emitted

    def freeze(self) -> None:
        """The bias becomes the offset."""
        with torch.no_grad():
            self.offset.zero_()
            if self.bias is not None:
                self.offset.copy_(self.bias)


def max_pool(x: Tensor, settings: Mapping[str, Any]) -> Tensor:
    """Max pooling by a step's settings."""
    return functional.max_pool2d(x, settings["kernel"], settings["stride"], settings["pad"],
                                 settings["dilation"], settings["ceil"])


def quantizers_of(module: nn.Module) -> list[Quantizer]:
    """All quantisers in a module, each once."""
    found = itertools.chain.from_iterable([m] for m in module.modules()
                                          if isinstance(m, Quantizer))
    return list(dict.fromkeys(found))
