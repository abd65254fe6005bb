# SPDX-License-Identifier: Apache-2.0
"""`make train` and `make quantize`: thin faces of golden.training (the only users of torch)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from sim.cli import whole
from sim.errors import HarnessError, unknown
from sim.paths import BUILD, shown

_NETS = {"train": ("digits",), "quantize": ("resnet20",)}


def _make(verb: str, choices: Mapping[str, str]) -> int:
    nets = _NETS[verb]
    net = choices.get("NET", nets[0])
    if net not in nets:
        raise unknown(f"NET of make {verb}", net, nets)
    bits = whole(choices, "B", 4)
    if not 3 <= bits <= 5:
        raise HarnessError(f"B={bits} is out of range 3..5")
    maker = getattr(importlib.import_module("golden.training"), verb)
    path = BUILD / "packages" / f"{net}-b{bits}"
    maker(net, bits, path, seed=whole(choices, "SEED", 0))
    print(f"package: {shown(path)}")
    return 0


def train(choices: Mapping[str, str]) -> int:
    """Train a network from scratch into build/packages/."""
    return _make("train", choices)


def quantize(choices: Mapping[str, str]) -> int:
    """Convert a trained network into build/packages/."""
    return _make("quantize", choices)
