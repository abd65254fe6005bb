# SPDX-License-Identifier: Apache-2.0
"""The training loop over all phases of a run, with a checkpoint after every epoch.

A run that is interrupted at any moment and started again with the same config goes on after its
last whole epoch and, on one thread of a CPU, ends with the same bits as one that was not: the
checkpoint holds weights, statistics, scales, momentum and the regulariser, rates are functions of
the step, and every epoch draws from a seed of its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from golden.data import Images
from golden.errors import PlutarchError
from golden.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from golden.training.config import Config, make_config, relevant
from golden.training.epoch import Score, evaluate, run_epoch
from golden.training.feeding import Feed
from golden.training.guard import DivergedError, bad_value
from golden.training.lifecycle import begin_epoch, enter, restored, tensors
from golden.training.logs import Row, row_of, write_logs
from golden.training.optim import make_optimizer, momentum_of, put_momentum
from golden.training.progress import Progress, Silent
from golden.training.regulariser import Regulariser
from golden.training.repeat import repeatable
from golden.training.stages import Phase, phases

CHECKPOINT, WEIGHTS = "checkpoint.pt", "weights.pt"


@dataclass
class Outcome:
    """A run's model as it now is, its log, and its score at the end of each stage done."""

    model: nn.Module
    rows: list[Row]
    scores: dict[str, Score]  # float, quant, frozen


@dataclass
class _State(Outcome):
    """Where a run stands: the phase begun last, and epochs done over all phases."""

    phase: int
    epochs: int
    regulariser: Regulariser
    momentum: dict[str, torch.Tensor]


def fit(model: nn.Module, training: Images, test: Images, config: Config,
        folder: Path | None = None, progress: Progress | None = None,
        device: torch.device | None = None, threads: int = 1, origin: str = "") -> Outcome:
    """Take a float model through all phases of config; it is changed or replaced.

    folder: where checkpoint, logs and the weights of the float stage go, and where a run with the
    same config and origin (says where the model's first weights are from) is taken up again; None
    keeps nothing. Raises PlutarchError for a checkpoint of another config, and DivergedError
    (naming epoch and layer, keeping the last good checkpoint) on NaN or infinity.
    """
    device = device or torch.device("cpu")
    with repeatable(config.seed, device, threads):
        feeds = Feed(training, device, threads), Feed(test, device, threads)
        return _Run(config, feeds, folder, progress or Silent(), device, origin).go(model)


class _Run:
    """The loop's fixed parts."""

    def __init__(self, config: Config, feeds: tuple[Feed, Feed], folder: Path | None,
                 progress: Progress, device: torch.device, origin: str) -> None:
        self.config, self.folder, self.progress, self.device = config, folder, progress, device
        self.about = {"config": asdict(config), "origin": origin}
        self.training, self.test = feeds
        self.phases = phases(config)

    def go(self, model: nn.Module) -> Outcome:
        """From the start, or from the checkpoint."""
        model = model.to(self.device)
        state = self._taken_up(model)
        fresh = state is None
        if state is None:
            state = _State(model, [], {}, 0, 0, Regulariser(self.config.regulariser), {})
        last = self.phases[-1]
        self.progress.begin(self.config.name, last.first + last.epochs - state.epochs,
                            self.training.steps(self.config.batch))
        for number in range(state.phase, len(self.phases)):
            if fresh or number > state.phase:
                state.model = enter(self.phases[number], state.model, self.training, self.config)
                state.phase, state.momentum = number, {}
            self._phase(self.phases[number], state)
        return Outcome(state.model, state.rows, state.scores)

    def _phase(self, phase: Phase, state: _State) -> None:
        """All epochs of a phase that are still due, and its score."""
        optimizer = make_optimizer(state.model, phase.settings)
        put_momentum(optimizer, state.momentum, str(self._file()))
        every, end = self.config.evaluate_every, phase.first + phase.epochs
        for index in range(state.epochs, end):
            row = self._epoch(phase, state, optimizer, index)
            if index + 1 == end or (every and (index + 1) % every == 0):
                score = evaluate(state.model, self.test)
                row = replace(row, test_accuracy=score.accuracy)
                state.scores[phase.stage] = score
            state.rows.append(row)
            state.epochs = index + 1
            state.momentum = momentum_of(optimizer)
            self._save(state)
            self.progress.epoch(row)
        if not phase.epochs:
            state.scores[phase.stage] = evaluate(state.model, self.test)
        if phase.stage == "float" and self.folder is not None:
            save_weights(self.folder / WEIGHTS, state.model)

    def _epoch(self, phase: Phase, state: _State, optimizer: torch.optim.SGD, index: int) -> Row:
        """One epoch; what goes wrong in it is told with its number."""
        try:
            begin_epoch(phase, index, state.model, self.training, self.config)
            return run_epoch(state.model, optimizer, state.regulariser, self.training, phase,
                             index, self.config, self.progress)
        except PlutarchError as error:
            where = bad_value(state.model)
            if not isinstance(error, DivergedError) and where is None:
                raise
            kept = (f"the last good checkpoint is {self._file()} (epoch {state.epochs})"
                    if self.folder and state.epochs else "there is no checkpoint yet")
            raise DivergedError(f"{self.config.name}: training diverged in epoch {index + 1} "
                                f"({phase.title}): {where or error}; {kept}") from error
        except KeyboardInterrupt:
            kept = "" if self.folder is None else "; the same command goes on from there"
            self.progress.line(f"interrupted in epoch {index + 1}{kept}")
            raise

    def _save(self, state: _State) -> None:
        """Checkpoint first, logs after it: they are made from the rows that it holds."""
        if self.folder is None:
            return
        scores = {stage: asdict(score) for stage, score in state.scores.items()}
        about = {**self.about, "phase": state.phase, "epochs": state.epochs, "scores": scores,
                 "rows": [asdict(row) for row in state.rows]}
        save_checkpoint(self.folder / CHECKPOINT, Checkpoint(
            {"model": tensors(state.model), "momentum": state.momentum,
             "regulariser": state.regulariser.state_dict()}, about))
        write_logs(self.folder, state.rows, {**self.about, "scores": scores})

    def _file(self) -> Path:
        return (self.folder or Path()) / CHECKPOINT

    def _taken_up(self, model: nn.Module) -> _State | None:
        """The state that the folder's checkpoint holds; None if there is none."""
        if self.folder is None or not self._file().exists():
            return None
        saved = load_checkpoint(self._file())
        about = saved.about
        differs = unlike(about.get("config"), self.config, str(self._file()))
        if not differs and about.get("origin") != self.about["origin"]:
            differs = ["start: its first weights were others"]
        if differs:
            raise PlutarchError(f"{self._file()}: of a run with another {differs[0]}; --fresh "
                                "starts anew, --out takes another folder")
        try:
            rows = [row_of(row) for row in about["rows"]]
            scores = {stage: Score(**score) for stage, score in about["scores"].items()}
            phase, epochs = int(about["phase"]), int(about["epochs"])
            regulariser = Regulariser(self.config.regulariser)
            regulariser.load_state_dict(dict(saved.groups["regulariser"]))
            found = restored(self.phases[phase], model, saved.groups["model"], self.training,
                             self.config)
            momentum = dict(saved.groups["momentum"])
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            line = " ".join(str(error).split())
            raise PlutarchError(f"{self._file()}: does not fit this run: {line}") from error
        self.progress.line(f"{self.config.name}: going on after epoch {epochs}")
        return _State(found, rows, scores, phase, epochs, regulariser, momentum)


def unlike(saved: Any, config: Config, where: str) -> list[str]:
    """Where a saved config (plain tables) differs from this one in what decides the result."""
    if not isinstance(saved, dict):
        return ["config: it holds none"]
    return differences(relevant(make_config(saved, where)), relevant(config))


def differences(one: Any, two: Any, name: str = "") -> list[str]:
    """Where two nested tables differ: `stages.quant.epochs (3, now 4)`, sorted by name."""
    if isinstance(one, dict) and isinstance(two, dict):
        return [text for key in sorted({*one, *two}) for text in differences(
            one.get(key), two.get(key), f"{name}.{key}" if name else key)]
    same = list(one) == list(two) if isinstance(one, (list, tuple)) and isinstance(
        two, (list, tuple)) else one == two
    return [] if same else [f"{name} ({one}, now {two})"]
