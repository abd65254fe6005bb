# SPDX-License-Identifier: Apache-2.0
"""The paper's Table 1 and Fig. 5: kinds of the regulariser against each other, over seeds.

What is measured of a run (percentages of the test images):
  accuracy   of the frozen model, and before it with batch norm
  settled    epochs behind the quantisers until accuracy is, and stays to the end of the quant
             stage, within half a point of that stage's end; our reading of "retraining overhead"
  wobble     mean change of accuracy from one epoch to the next in the quant stage; our reading of
             the "large fluctuations" that the paper sees without a regulariser
  D, lambda  at the end of the quant stage, behind which the regulariser does not act
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from golden.cost.tables import grid
from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.training.config_files import read_config, row_names
from golden.training.experiments.statistics import Difference, Spread, paired, spread
from golden.training.logs import Row, read_log
from golden.training.plots import convergence
from golden.training.progress import Progress
from golden.training.runs import Options, Result, run_row

NEAR = 0.005  # half a point


@dataclass(frozen=True)
class Measured:
    """One run's figures; accuracies in percent."""

    seed: int
    accuracy: float
    quant_accuracy: float
    integer_accuracy: float | None
    settled: int
    wobble: float
    distance: float
    coefficient: float
    folder: str


@dataclass(frozen=True)
class Ablation:
    """Rows of a config file over seeds, with their logs in the same order."""

    name: str
    seeds: tuple[int, ...]
    arms: dict[str, list[Measured]]
    logs: dict[str, list[list[Row]]]

    def column(self, arm: str, figure: str) -> list[float]:
        """One figure of an arm, a value a seed."""
        return [float(getattr(run, figure)) for run in self.arms[arm]]

    def differences(self, figure: str) -> dict[tuple[str, str], Difference]:
        """Every arm less every arm before it."""
        return {(two, one): paired(self.column(two, figure), self.column(one, figure))
                for one, two in combinations(self.arms, 2)}


def ablate(file: Path, seeds: Sequence[int], changes: Iterable[str], options: Options,
           progress: Progress, rows: Sequence[str] | None = None) -> Ablation:
    """Run the quantised rows of a config file (or those named) with every seed.

    What is done already is not done again. Raises PlutarchError as run_row does, and for a file
    without two such rows.
    """
    changes = list(changes)
    every = list(rows) if rows else [name for name in row_names(file)
                                     if read_config(file, name, changes).quantised]
    if len(every) < 2:
        raise PlutarchError(f"{file}: an ablation compares two quantised rows or more; there is "
                            f"{', '.join(every) or 'none'}")
    arms: dict[str, list[Measured]] = {}
    logs: dict[str, list[list[Row]]] = {}
    for seed in seeds:
        for row in every:
            result = run_row(file, row, [*changes, f"seed={seed}"], options, progress)
            _, log = read_log(Path(result.folder))
            arms.setdefault(row, []).append(measure(seed, result, log))
            logs.setdefault(row, []).append(log)
    return Ablation(file.stem, tuple(seeds), arms, logs)


def measure(seed: int, result: Result, log: Sequence[Row]) -> Measured:
    """The figures of one run. Raises PlutarchError if its quant stage has no epochs."""
    curve = [(row.epoch, row.test_accuracy) for row in log
             if row.stage == "quant" and row.test_accuracy is not None]
    if not curve:
        raise PlutarchError(f"{result.folder}: no epoch of the quant stage was evaluated")
    first = next(row.epoch for row in log if row.stage == "quant")
    end = curve[-1][1]
    away = [epoch for epoch, accuracy in curve if accuracy < end - NEAR]
    settled = next(epoch for epoch, _ in curve if not away or epoch > away[-1]) - first + 1
    last = next(row for row in reversed(log) if row.stage == "quant")
    steps = [abs(b - a) for (_, a), (_, b) in pairwise(curve)]
    whole = result.integers
    return Measured(seed, 100 * result.final.accuracy, 100 * result.scores["quant"].accuracy,
                    100 * whole.accuracy if whole.package else None, settled,
                    100 * sum(steps) / len(steps) if steps else 0.0, last.distance,
                    last.coefficient, result.folder)


_FIGURES = (("accuracy", "Top-1 %", 2), ("quant_accuracy", "with batch norm %", 2),
            ("settled", "settled, epochs", 1), ("wobble", "wobble, points", 2),
            ("distance", "D", 4), ("coefficient", "lambda", 3))


def table(found: Ablation) -> str:
    """Mean and (lowest .. highest) of each figure, then what the seeds allow to be said."""
    rows = [("regulariser", *(label for _, label, _ in _FIGURES))]
    rows += [(arm, *(spread(found.column(arm, figure)).text(digits)
                     for figure, _, digits in _FIGURES)) for arm in found.arms]
    said = [gap.sentence(two, one, unit) for figure, unit in (
        ("accuracy", "points of Top-1"), ("settled", "epochs"), ("wobble", "points of wobble"))
        for (two, one), gap in found.differences(figure).items()]
    seeds = ", ".join(map(str, found.seeds))
    return "\n".join([f"{found.name}: mean (lowest .. highest) over seeds {seeds}", grid(rows), "",
                      *said])


def write(found: Ablation, folder: Path) -> list[Path]:
    """ablation.json and ablation.png (Fig. 5) in a folder. Raises PlutarchError (disk)."""
    def plain(value: Spread | Difference) -> dict[str, Any]:
        return {key: number if number != float("inf") else None
                for key, number in asdict(value).items()}

    content = {
        "config": found.name, "seeds": list(found.seeds),
        "arms": {arm: {"runs": [asdict(run) for run in runs],
                       **{figure: plain(spread(found.column(arm, figure)))
                          for figure, _, _ in _FIGURES}} for arm, runs in found.arms.items()},
        "differences": {figure: [{"of": f"{two} - {one}", **plain(gap)} for (two, one), gap
                                 in found.differences(figure).items()]
                        for figure in ("accuracy", "settled", "wobble")}}
    text = json.dumps(content, indent=1) + "\n"
    write_atomic(folder / "ablation.json", text.encode())
    picture = convergence(found.logs, folder / "ablation.png", found.name)
    return [folder / "ablation.json", picture]
