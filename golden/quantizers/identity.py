# SPDX-License-Identifier: Apache-2.0
"""No quantisation: the FP32 baseline on the quantised graph."""

from __future__ import annotations

import torch
from torch import Tensor

from golden.quantizers.base import Quantizer


class Identity(Quantizer):
    """Hands x on; its bits are 32 whatever is asked for."""

    def __init__(self, bits: int = 32, signed: bool = True) -> None:
        super().__init__(bits, signed)

    def check(self, bits: int) -> int:
        """32: a float's width."""
        return 32

    def forward(self, x: Tensor) -> Tensor:
        """Return x itself."""
        return x

    def fit(self, x: Tensor) -> None:
        """Nothing to fit."""

    def levels(self) -> Tensor:
        """Empty: every float is a level."""
        return torch.empty(0, dtype=torch.float64)
