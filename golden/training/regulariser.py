# SPDX-License-Identifier: Apache-2.0
"""The distribution loss: weights are drawn towards their quantised values, by a coefficient.

The paper says that the coefficient is learned and compares with none and a fixed one; its formula,
the first value and the rate are lost (paper-facts E6). **Our definition**, not confirmed by the
paper; nearest precedent Choi, El-Khamy and Lee, 1809.00095:

    D = sum over layers l of 1/N_l * ||W_l - Q(W_l)||^2
    none       L = CE
    fixed      L = CE + lambda * D
    learnable  L = CE + lambda * D - kappa * log(lambda),   lambda = e^omega

Without the last term a learned lambda would go to 0. dL/domega = lambda * D - kappa, so lambda
goes to kappa / D and the pull grows as the error shrinks. Q(W_l) counts as a constant: dD/dW =
2 (W - Q(W)) / N, which is the derivative of D wherever there is one; scales learn from CE alone.
W is what enters the quantiser, hence the normalised weights where a layer normalises.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from golden.training.config import RegulariserConfig
from golden.training.guard import DivergedError

Pairs = Iterable[tuple[str, Tensor, Tensor]]


class Regulariser(nn.Module):
    """Adds the distribution loss to the cross entropy; holds omega where lambda is learned."""

    omega: Tensor

    def __init__(self, config: RegulariserConfig) -> None:
        super().__init__()
        self.config = config
        start = torch.tensor(math.log(config.coefficient), dtype=torch.float64)
        if config.kind == "learnable":
            self.omega = nn.Parameter(start)
        else:
            self.register_buffer("omega", start)

    def acts(self, stage: str) -> bool:
        """Whether D enters the loss of a stage; float has no quantisers. D is logged anyway."""
        return self.config.kind != "none" and (
            stage == "quant" or (stage == "frozen" and self.config.frozen))

    def coefficient(self, stage: str) -> float:
        """The coefficient (lambda) now; 0 in a stage where it does not act."""
        return math.exp(float(self.omega.detach())) if self.acts(stage) else 0.0

    def forward(self, entropy: Tensor, distance: Tensor) -> Tensor:
        """The loss, (): entropy and distance are CE and D, (), of any float dtype."""
        if self.config.kind == "none":
            return entropy
        loss = entropy + torch.exp(self.omega).to(distance) * distance
        if self.config.kind == "learnable":
            loss = loss - self.config.kappa * self.omega.to(distance)
        return loss

    @torch.no_grad()
    def step(self) -> None:
        """One plain SGD step of omega at its own constant rate; its gradient is used up.

        Raises DivergedError if omega is no longer finite or lambda would overflow.
        """
        if self.config.kind != "learnable" or self.omega.grad is None:
            return
        self.omega -= self.config.rate * self.omega.grad
        self.omega.grad = None
        if not abs(float(self.omega)) < 80.0:  # e^80 is the end of float32
            raise DivergedError(f"regulariser: omega = log lambda = {float(self.omega):.3g} ran "
                                "away; a smaller regulariser.rate or kappa holds it")


def distribution_loss(pairs: Pairs) -> Tensor:
    """D, (): sum over (name, W, Q(W)) of mean((W - Q(W))^2), Q(W) held constant; 0.0 of no pairs.

    W and Q(W): same shape, any float dtype; the mean is taken in that dtype.
    """
    parts = [(w - q.detach()).square().mean() for _, w, q in pairs]
    return torch.stack(parts).sum() if parts else torch.zeros(())
