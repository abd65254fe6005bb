# SPDX-License-Identifier: Apache-2.0
"""The ResNets of the packages, in three modes: float, quantised with batch norm, and frozen.

ResNet for small images (He et al. 2015, section 4.2; option A shortcuts): one 3x3 convolution,
three stages of basic blocks with 16, 32 and 64 channels, average pool, linear layer.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.training.fake_quant import (
    best_int8_exponent,
    best_pot_exponent,
    int8,
    int8_values,
    pot,
    pot_values,
)
from golden.training.scales import TwoTerm, round_scales

Mode = Literal["float", "quant", "frozen"]


class ConvUnit(nn.Module):
    """Convolution, batch norm, optional residual, ReLU, and the two quantised outputs.

    Input and output are real values; in the quantised modes they lie on the grids that the integer
    network uses. first: 8-bit weights on the input image, else b-bit PoT weights on b-bit codes.
    """

    def __init__(self, name: str, cin: int, cout: int, stride: int, bits: int,
                 first: bool = False) -> None:
        super().__init__()
        self.name, self.bits, self.first, self.stride = name, bits, first, stride
        self.conv = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        nn.init.kaiming_normal_(self.conv.weight)
        self.bn = nn.BatchNorm2d(cout)
        self.bias = nn.Parameter(torch.zeros(cout), requires_grad=False)  # used when frozen
        self.mode: Mode = "float"
        self.exp_w = self.exp_out = self.exp_res = 0
        self.terms: TwoTerm | None = None
        self.emit_code = self.emit_words = True
        self.observe = False
        self.seen: Tensor | None = None  # last output before its quantisation, if observed

    def weight(self) -> Tensor:
        """The weights as this mode uses them, (O, I, 3, 3)."""
        w = self.conv.weight
        if self.mode == "float":
            return w
        return int8(w, self.exp_w) if self.first else pot(w, self.bits, self.exp_w)

    def forward(self, a: Tensor, residual: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(codes, residual words) as real values, both (N, O, OH, OW).

        What is not emitted (emit_code, emit_words) is handed out unquantised; nobody reads it.
        """
        y = functional.conv2d(a, self.weight(), stride=self.stride, padding=1)
        if self.mode == "frozen":
            assert self.terms is not None
            scale = torch.tensor(self.terms.values(), dtype=y.dtype)
            y = y * scale[:, None, None] + self.bias[:, None, None]
        else:
            y = self.bn(y)
        y = functional.relu(y if residual is None else y + residual)
        if self.observe:
            self.seen = y.detach()
        if self.mode == "float":
            return y, y
        return (pot(y, self.bits, self.exp_out) if self.emit_code else y,
                int8(y, self.exp_res) if self.emit_words else y)

    def fit_weights(self) -> None:
        """Choose the weight exponent that loses least."""
        w = self.conv.weight
        self.exp_w = best_int8_exponent(w) if self.first else best_pot_exponent(w, self.bits)

    def fit_outputs(self) -> None:
        """Choose the output exponents from the values seen last."""
        assert self.seen is not None, "observe first"
        self.exp_out = best_pot_exponent(self.seen, self.bits)
        self.exp_res = best_int8_exponent(self.seen)

    def freeze(self, terms: int) -> None:
        """Fold the running statistics: scale to `terms` powers of two, offset to the bias."""
        mean, variance = self.bn.running_mean, self.bn.running_var
        assert mean is not None and variance is not None  # BatchNorm2d tracks them by default
        spread = torch.sqrt(variance.double() + self.bn.eps)
        scale = self.bn.weight.detach().double() / spread
        self.terms = round_scales(scale.numpy(), terms)
        rounded = torch.tensor(self.terms.values(), dtype=torch.float64)
        # keep the mean of every channel where it was: the offset goes with the rounded scale
        self.bias.data = (self.bn.bias.detach().double() - mean.double() * rounded).float()
        self.bias.requires_grad_(True)
        self.mode = "frozen"

    def int_weights(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Integer values of the quantised weights, before the sign of the scale moves in."""
        w = self.conv.weight.detach()
        real = int8_values(w, self.exp_w) if self.first else pot_values(w, self.bits, self.exp_w)
        return np.asarray(torch.round(real.double() * 2.0 ** -self.exp_w).long().numpy())


class ResNet(nn.Module):
    """Three stages of `blocks` basic blocks on images of `channels` planes; FC on the pool.

    In the quantised modes the FC has 8-bit weights and reads the 8-bit words of the last block.
    """

    def __init__(self, channels: int, blocks: int, bits: int, classes: int = 10) -> None:
        super().__init__()
        self.bits = bits
        self.first = ConvUnit("conv1", channels, 16, 1, bits, first=True)
        blocks_made: list[tuple[ConvUnit, ConvUnit]] = []
        width = 16
        for stage, out in enumerate((16, 32, 64), start=1):
            for block in range(blocks):
                stride = 2 if block == 0 and stage > 1 else 1
                name = f"layer{stage}.{block}"
                blocks_made.append((ConvUnit(f"{name}.conv1", width, out, stride, bits),
                                    ConvUnit(f"{name}.conv2", out, out, 1, bits)))
                width = out
        self.pairs = blocks_made
        for one, _ in blocks_made:
            one.emit_words = False
        blocks_made[-1][1].emit_code = False
        self.registered = nn.ModuleList(unit for pair in blocks_made for unit in pair)
        self.linear = nn.Linear(width, classes)
        self.exp_fc = 0
        self.mode: Mode = "float"

    def units(self) -> list[ConvUnit]:
        """The convolution units in order."""
        return [self.first, *(unit for pair in self.pairs for unit in pair)]

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W) real input values. Returns logits (N, classes)."""
        codes, words = self.first(x)
        for one, two in self.pairs:
            inner, _ = one(codes)
            codes, words = two(inner, option_a(words, inner.shape))
        pooled = words.mean(dim=(2, 3))  # (N, C)
        w = self.linear.weight
        return functional.linear(pooled, w if self.mode == "float" else int8(w, self.exp_fc),
                        self.linear.bias)

    def fit(self, x: Tensor, outputs: bool = True) -> None:
        """Choose all weight exponents, and from inputs x (N, C, H, W) the output exponents."""
        for unit in self.units():
            unit.fit_weights()
            unit.observe = True
        self.exp_fc = best_int8_exponent(self.linear.weight)
        training = self.training
        self.eval()
        with torch.no_grad():
            self(x)
        self.train(training)
        for unit in self.units():
            if outputs:
                unit.fit_outputs()
            unit.observe, unit.seen = False, None

    def quantise(self) -> None:
        """Go to the quantised mode with batch norm."""
        self.mode = "quant"
        for unit in self.units():
            unit.mode = "quant"

    def freeze(self, terms: int = 2) -> None:
        """Go to the frozen mode: statistics folded into scales of `terms` powers of two."""
        self.mode = "frozen"
        for unit in self.units():
            unit.freeze(terms)


def option_a(words: Tensor, shape: torch.Size) -> Tensor:
    """Shortcut of the shape of the inner output: every stride-th pixel, zero channels around."""
    step = words.shape[2] // shape[2] if words.shape[2] != shape[2] else 1
    extra = shape[1] - words.shape[1]
    if step == 1 and not extra:
        return words
    return functional.pad(words[:, :, ::step, ::step], (0, 0, 0, 0, extra // 2, extra - extra // 2))
