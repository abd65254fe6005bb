# SPDX-License-Identifier: Apache-2.0
"""What makes a run repeat itself: seeds, threads, deterministic kernels; and the device."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator

import torch

from golden.errors import PlutarchError

_SEEDS = 1_000_003  # distance between the seeds of two runs; epochs lie in between


@contextlib.contextmanager
def repeatable(seed: int, device: torch.device, threads: int = 1) -> Iterator[None]:
    """Seeded torch on `threads` threads; what was set before is restored.

    On a CPU kernels are deterministic, and one thread repeats to the bit on one machine; more may
    round sums in another order. CUDA uses deterministic kernels where torch has them, and some
    (adaptive pooling backwards) it has not: there equal runs agree but for rounding.
    """
    cuda = device.type == "cuda"
    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(),
              torch.is_deterministic_algorithms_warn_only_enabled())
    if cuda:  # read when cuBLAS starts
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with torch.random.fork_rng(), warnings.catch_warnings():
        if cuda:
            warnings.filterwarnings("ignore", message=".*deterministic.*", category=UserWarning)
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=cuda)
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.use_deterministic_algorithms(before[1], warn_only=before[2])


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """The generator of one epoch's order and augmentation; seeds torch's own (dropout) as well.

    Every epoch draws from a seed of its own, so a resumed run needs no generator state.
    """
    mixed = seed * _SEEDS + epoch
    torch.manual_seed(mixed)
    return torch.Generator().manual_seed(mixed)


def find_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA where there is one. Raises PlutarchError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PlutarchError(f"device {name!r}: use auto, cpu, cuda or cuda:<n>") from error
    if device.type not in ("cpu", "cuda"):
        raise PlutarchError(f"device {name!r}: use auto, cpu, cuda or cuda:<n>")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise PlutarchError(f"device {name!r}: this torch sees {torch.cuda.device_count()} CUDA "
                            "devices")
    return device
