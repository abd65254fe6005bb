# SPDX-License-Identifier: Apache-2.0
"""What one training run is: frozen dataclasses with their defaults, units and ranges.

A config says everything that decides the result, the seed included; where files lie, threads and
device are options of the run (`golden.training.runs.Options`). The TOML form has the same names:
`[stages.quant]` with `epochs = 10` is `config.stages.quant.epochs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from golden.codes import MAX_BITS, MIN_BITS
from golden.errors import PlutarchError
from golden.training.fields import build, choice, numbers, real, unknown, whole

SCHEDULES = ("one-cycle", "cosine", "multistep", "constant")
REGULARISERS = ("none", "fixed", "learnable")
_MANY = 100_000_000


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how training images are varied."""

    name: str = "digits"  # of golden.data.NAMES
    train_images: int = whole(0, 0, _MANY)  # 0: all there are
    test_images: int = whole(0, 0, _MANY)
    shift: int = whole(0, 0, 64)  # moved by up to so many pixels each way, zeros enter
    mirror: bool = False  # left and right swapped half of the time


@dataclass(frozen=True)
class QuantizerConfig:
    """How weights and activations become few bits (`golden.qat.QuantSpec`)."""

    method: str = "iospot"  # of golden.quantizers.METHODS; "float" leaves out the later stages
    weight_bits: int = whole(4, MIN_BITS, MAX_BITS)
    act_bits: int = whole(4, MIN_BITS, MAX_BITS)  # DeepShift's are 8-bit whatever this says
    first_last: str = choice("int8", ("int8", "float"))
    residual_bits: int = whole(8, 2, 16)
    terms: int = whole(2, 1, 2)  # powers of two in a frozen batch norm scale
    weight_norm: bool | None = None  # None: as the method has it
    overrides: Mapping[str, tuple[int, int]] = field(
        default_factory=dict, metadata={"low": MIN_BITS, "high": MAX_BITS})  # layer -> bits


@dataclass(frozen=True)
class StageConfig:
    """SGD for some epochs. Rates are those of weights; milestones count the stage's own epochs."""

    epochs: int = whole(0, 0, 100_000)
    rate: float = real(0.04, 0.0, 100.0)
    schedule: str = choice("one-cycle", SCHEDULES)
    milestones: tuple[int, ...] = numbers(1, 100_000)  # multistep: the rate falls here
    factor: float = real(0.1, 0.0, 1.0)  # multistep: by this
    warm: float = real(0.2, 0.0, 0.9)  # one-cycle: share of the steps in which the rate rises
    decay: float = real(4e-4, 0.0, 10.0)  # weight decay, on weights alone
    scale_rate: float = real(1.0, 0.0, 100.0)  # learned scales: their rate over that of weights


@dataclass(frozen=True)
class QuantStageConfig(StageConfig):
    """The stage behind the quantisers, batch norm as usual."""

    through: tuple[int, ...] = numbers(MIN_BITS, MAX_BITS)  # progressive: wider first
    through_epochs: int = whole(0, 0, 100_000)  # at each of them, before `epochs` at the last
    calibration: int = whole(512, 1, 1_000_000)  # training images that fit the scales
    statistics: int = whole(2048, 1, 10_000_000)  # that measure batch norm before freezing


@dataclass(frozen=True)
class Stages:
    """float -> quant -> frozen. A stage of 0 epochs still converts the model (post-training)."""

    float: StageConfig = field(default_factory=StageConfig)
    quant: QuantStageConfig = field(default_factory=QuantStageConfig)
    frozen: StageConfig = field(default_factory=StageConfig)


@dataclass(frozen=True)
class RegulariserConfig:
    """The distribution loss (`golden.training.regulariser`)."""

    kind: str = choice("none", REGULARISERS)
    coefficient: float = real(0.2, 1e-12, 1e12)  # fixed: lambda; learnable: lambda at the start
    kappa: float = real(0.05, 1e-12, 1e12)  # learnable: lambda is drawn to kappa / D
    rate: float = real(0.01, 0.0, 100.0)  # learnable: of omega = log lambda; plain SGD, constant
    frozen: bool = False  # whether it acts in the frozen stage too, which the paper has not


@dataclass(frozen=True)
class Config:
    """One run."""

    name: str = "run"  # file (and row); where results go
    net: str = "digits"  # of golden.models.NAMES
    start: str = ""  # weights to begin with: a file, a pattern in the data folder, or "@row"
    seed: int = whole(0, 0, 2**31 - 1)
    batch: int = whole(128, 1, 65536)
    evaluate_every: int = whole(1, 0, 100_000)  # epochs; 0: at the end of a stage alone
    note: str = ""  # shown before the run: what a short schedule leaves out, say
    data: DataConfig = field(default_factory=DataConfig)
    quantizer: QuantizerConfig = field(default_factory=QuantizerConfig)
    stages: Stages = field(default_factory=Stages)
    regulariser: RegulariserConfig = field(default_factory=RegulariserConfig)

    @property
    def quantised(self) -> bool:
        """Whether there is anything after the float stage."""
        return self.quantizer.method != "float"


def make_config(table: Mapping[str, Any], where: str) -> Config:
    """A checked Config from a table; `where` names the file for messages.

    Raises PlutarchError in one line: unknown keys, networks, methods and data (with the nearest
    known one), values out of range, and settings that contradict each other.
    """
    config = build(Config, table, where)
    check(config, where)
    return config


def relevant(config: Config) -> dict[str, Any]:
    """The settings that decide the result, as nested tables: the ground on which runs are equal.

    Left out: names and notes, where the first weights lie (their hash is compared instead), and
    what a float run or a run without a regulariser does not use.
    """
    table = asdict(config)
    for key in ("name", "note", "start"):
        del table[key]
    regulariser = config.regulariser.kind
    if not config.quantised:
        del table["stages"]["quant"], table["stages"]["frozen"], table["regulariser"]
        table["quantizer"] = {"method": config.quantizer.method}
    elif regulariser == "none":
        table["regulariser"] = {"kind": regulariser}
    return table


def check(config: Config, where: str) -> None:
    """What spans more than one field. Raises PlutarchError."""
    from golden.data import NAMES as DATA
    from golden.models import NAMES as NETS
    from golden.quantizers import METHODS

    for kind, given, names in (("net", config.net, NETS), ("data.name", config.data.name, DATA),
                               ("quantizer.method", config.quantizer.method, METHODS)):
        if given not in names:
            raise unknown(kind, given, names, where)
    for name in ("float", "quant", "frozen"):
        _check_stage(getattr(config.stages, name), f"{where}: stages.{name}")
    quant, bits = config.stages.quant, config.quantizer.weight_bits
    if any(a <= b for a, b in pairwise((*quant.through, bits))):
        raise PlutarchError(f"{where}: stages.quant: through = {list(quant.through)} must fall "
                            f"towards weight_bits = {bits}")
    if bool(quant.through) != bool(quant.through_epochs):
        raise PlutarchError(f"{where}: stages.quant: through and through_epochs go together")


def _check_stage(stage: StageConfig, where: str) -> None:
    """Milestones belong to the multistep schedule, rise, and lie within the stage."""
    if stage.milestones and stage.schedule != "multistep":
        raise PlutarchError(f"{where}: milestones are for schedule = \"multistep\", not "
                            f"{stage.schedule!r}")
    if list(stage.milestones) != sorted(set(stage.milestones)):
        raise PlutarchError(f"{where}: milestones = {list(stage.milestones)} must rise")
