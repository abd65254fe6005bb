# SPDX-License-Identifier: Apache-2.0
"""The delay table of the part, read once."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from synth.errors import SynthError

TABLE: Final = Path(__file__).with_name("delays_xck26.toml")


@dataclass(frozen=True)
class Delays:
    """All times in ns; see the table for what each is."""

    part: str
    arc: Mapping[str, float]
    span: Mapping[str, tuple[float, float]]
    net_fanout: tuple[int, ...]
    net_delay: tuple[float, ...]
    slice_net: float
    uncertainty: float
    min_period: Mapping[str, float]

    def net(self, fanout: int) -> float:
        """A routed net with that many loads."""
        for limit, delay in zip(self.net_fanout, self.net_delay, strict=True):
            if fanout <= limit:
                return delay
        return self.net_delay[-1]

    def along(self, name: str, place: int) -> float:
        """A carry arc that depends on the bit: its first value at place 0, its last at place 7."""
        low, high = self.span[name]
        return low + (high - low) * min(max(place, 0), 7) / 7


@functools.cache
def load(path: Path = TABLE) -> Delays:
    """Read a delay table; SynthError naming the file and the entry."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        arcs = raw["arc"]
        return Delays(
            part=raw["part"],
            arc={name: float(value) for name, value in arcs.items() if type(value) is float},
            span={name: (float(value[0]), float(value[1])) for name, value in arcs.items()
                  if isinstance(value, list)},
            net_fanout=tuple(raw["net"]["fanout"]), net_delay=tuple(raw["net"]["delay"]),
            slice_net=raw["net"]["slice"], uncertainty=raw["clock"]["uncertainty"],
            min_period=raw["min_period"],
        )  # fmt: skip
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SynthError(f"{path.name}: {error}") from None
    except (KeyError, IndexError, TypeError) as error:
        raise SynthError(f"{path.name}: entry {error} is missing or has the wrong form") from None
