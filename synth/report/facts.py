# SPDX-License-Identifier: Apache-2.0
"""Reads facts.toml: the device, the paper's claims, our aims, and figures of others."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from synth.errors import SynthError

TABLE: Final = Path(__file__).with_name("facts.toml")
T = TypeVar("T")


@dataclass(frozen=True)
class Device:
    """How much of each resource the part has; names are those of Record's fields."""

    part: str
    board: str
    lut: int
    lutram: int
    ff: int
    carry8: int
    bram36: int
    uram: int
    dsp: int
    source: str


@dataclass(frozen=True)
class Claim:
    """One ratio that the paper states, and what is not known of it."""

    id: str
    says: str
    ratio: float
    at_least: bool
    metric: str
    source: str
    unknown: str


@dataclass(frozen=True)
class Aim:
    """A figure that the project wants: of a lane (over another one) or of an accelerator.

    metric: name of a Metric. module: an accelerator, "*" for the worst of all. pin: its channels.
    """

    says: str
    metric: str
    lane: str | None = None
    over: str | None = None
    module: str | None = None
    pin: int | None = None
    b: int | None = None
    n: int | None = None
    at_most: float | None = None
    at_least: float | None = None

    def met(self, found: float) -> bool:
        """Whether a figure is good enough."""
        return ((self.at_most is None or found <= self.at_most)
                and (self.at_least is None or found >= self.at_least))  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A figure measured or estimated by others; None where they give none."""

    who: str
    what: str
    tool: str
    source: str
    macs: int | None = None
    lut: int | None = None
    ff: int | None = None
    carry8: int | None = None
    bram36: float | None = None
    uram: int | None = None
    dsp: int | None = None
    mhz_asked: float | None = None
    wns_ns: float | None = None
    mhz_met: float | None = None
    gops: float | None = None
    lut_per_mac: float | None = None
    lut_per_mac_most: float | None = None

    @property
    def mhz(self) -> float | None:
        """The clock that was met, or what the slack says could be: 1 / (period - slack)."""
        if self.mhz_met is not None:
            return self.mhz_met
        if self.mhz_asked is None or self.wns_ns is None:
            return None
        return 1000 / (1000 / self.mhz_asked - self.wns_ns)

    @property
    def each(self) -> float | None:
        """LUT per product a cycle."""
        if self.lut_per_mac is not None:
            return self.lut_per_mac
        return self.lut / self.macs if self.lut is not None and self.macs else None


@dataclass(frozen=True)
class Facts:
    """All of the file."""

    device: Device
    claims: tuple[Claim, ...]
    aims: tuple[Aim, ...]
    published: tuple[Published, ...]

    def claim(self, name: str) -> Claim:
        """The claim with that id."""
        return next(one for one in self.claims if one.id == name)


def _made(kind: type[T], raw: Mapping[str, Any], where: str) -> T:
    """A dataclass of a TOML table; SynthError for keys that are unknown, missing or empty."""
    fields = {one.name: one for one in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if wrong := sorted(set(raw) - set(fields)):
        raise SynthError(f"{where}: unknown key {wrong[0]!r}")
    for name, one in fields.items():
        if one.default is dataclasses.MISSING and raw.get(name) in (None, ""):
            raise SynthError(f"{where}: no {name}")
    return kind(**raw)


def read(path: Path = TABLE) -> Facts:
    """Read the file. Raises SynthError naming the file, the entry and the key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SynthError(f"{path.name}: {error}") from None
    claims = tuple(_made(Claim, one, f"{path.name}: claim[{i}]")
                   for i, one in enumerate(raw.get("claim", ())))
    published = tuple(_made(Published, one, f"{path.name}: published[{i}]")
                      for i, one in enumerate(raw.get("published", ())))
    aims = tuple(_made(Aim, one, f"{path.name}: aim[{i}]")
                 for i, one in enumerate(raw.get("aim", ())))
    for i, one in enumerate(aims):
        if one.at_most is None and one.at_least is None:
            raise SynthError(f"{path.name}: aim[{i}]: neither at_most nor at_least")
    device = _made(Device, raw.get("device", {}), f"{path.name}: device")
    return Facts(device, claims, aims, published)
