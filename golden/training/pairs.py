# SPDX-License-Identifier: Apache-2.0
"""Weights of a model with their quantised values, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn


def weight_pairs(model: nn.Module) -> Iterator[tuple[str, Tensor, Tensor]]:
    """(layer, W, Q(W)) of every quantised layer, with gradients; nothing for a float model.

    W is what enters the quantiser: normalised where the layer normalises.
    """
    found = getattr(model, "weight_pairs", None)
    if callable(found):
        yield from found()
