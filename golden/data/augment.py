# SPDX-License-Identifier: Apache-2.0
"""Shifts and mirror images of a batch, drawn for each image; one gather, no loop."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def shifted(x: Tensor, generator: torch.Generator, reach: int = 1, flip: bool = False) -> Tensor:
    """The batch moved by up to `reach` pixels each way (zeros enter); flip: half of it mirrored.

    x: (N, C, H, W) -> same shape, dtype and device. generator: one of the CPU, so that a run draws
    the same on every device. Exact.
    """
    n, _, height, width = x.shape
    moves = torch.randint(0, 2 * reach + 1, (n, 2), generator=generator)
    rows = moves[:, :1] + torch.arange(height)  # (N, H)
    columns = moves[:, 1:] + torch.arange(width)  # (N, W)
    if flip:
        columns = torch.where(_half(n, generator), columns.flip(1), columns)
    return _gather(functional.pad(x, (reach, reach, reach, reach)), rows, columns)


def mirrored(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each image of x (N, C, H, W) mirrored left to right with probability 1/2; as shifted()."""
    columns = torch.arange(x.shape[3])[None]  # (1, W)
    columns = torch.where(_half(len(x), generator), columns.flip(1), columns)
    return _gather(x, torch.arange(x.shape[2])[None].expand(len(x), -1), columns)


def _half(n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n, 1, generator=generator) < 0.5  # (N, 1) bool


def _gather(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Pixels of x (N, C, H, W) at rows (N, h) and columns (N, w): (N, C, h, w)."""
    rows, columns = rows.to(x.device), columns.to(x.device)
    place = (torch.arange(len(x), device=x.device)[:, None, None], rows[:, :, None],
             columns[:, None, :])
    return x.permute(0, 2, 3, 1)[place].permute(0, 3, 1, 2)  # (N, C, h, w)
