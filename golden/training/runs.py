# SPDX-License-Identifier: Apache-2.0
"""One run from config to result: data, network, first weights, training, files.

A run's folder is <out>/<config name>/seed<seed>: checkpoint.pt, log.csv, log.json, weights.pt (the
float state dict), model.pt (the frozen model), a package where the hardware has one, result.json.
A run that is done is not done again while config and first weights are the same.
"""

from __future__ import annotations

import functools
import json
import shlex
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from golden.data import Images, data_folder, load
from golden.errors import PlutarchError
from golden.files import sha256, write_atomic
from golden.models import build
from golden.models.weights import load_weights
from golden.qat import QuantModel, save
from golden.training.config import Config, DataConfig
from golden.training.config_files import SHIPPED, read_config
from golden.training.epoch import Score
from golden.training.fit import CHECKPOINT, WEIGHTS, fit, unlike
from golden.training.logs import CSV_NAME, JSON_NAME
from golden.training.packaging import Integers, package, versions
from golden.training.progress import Progress, Silent
from golden.training.repeat import find_device

MODEL, RESULT = "model.pt", "result.json"
_FILES = (CHECKPOINT, CSV_NAME, JSON_NAME, WEIGHTS, MODEL, RESULT)
# Changes of a run that its float baseline ("@row") must not take over.
_OWN = ("quantizer", "regulariser", "stages.quant", "stages.frozen", "start", "name", "note")


@dataclass(frozen=True)
class Options:
    """What does not decide the result: places, threads, device. Threads may round differently."""

    out: Path = Path("build/runs")
    data: Path | None = None  # None: PLUTARCH_DATA or ../shared/data
    threads: int = 1
    device: str = "auto"
    fresh: bool = False  # forget what is in the run's folder


@dataclass(frozen=True)
class Result:
    """What a run came to. scores: at the end of each stage, over all test images."""

    config: dict[str, Any]
    start_sha256: str  # of the file of first weights; "" for random ones
    scores: dict[str, Score]
    integers: Integers
    folder: str
    device: str
    threads: int
    versions: dict[str, str]
    seconds: float
    command: str = ""
    reused: bool = field(default=False, compare=False)

    @property
    def final(self) -> Score:
        """The score of the last stage."""
        return next(self.scores[stage] for stage in ("frozen", "quant", "float")
                    if stage in self.scores)


def run_row(file: Path, row: str | None, changes: Iterable[str], options: Options,
            progress: Progress | None = None) -> Result:
    """Run a config file's row; the row it starts from ("@row") is run first if it is not done.

    Raises PlutarchError as read_config and run do.
    """
    told = progress or Silent()
    changes = list(changes)
    config = read_config(file, row, changes)
    start = None
    if config.start.startswith("@"):
        if config.start[1:] == row:
            raise PlutarchError(f"{file} [{row}]: starts from itself")
        kept = [text for text in changes if not text.strip().startswith(_OWN)]
        base = run_row(file, config.start[1:], kept, options, told)
        start = Path(base.folder) / WEIGHTS
        told.line(f"{config.name}: starts from {start} (float {_percent(base.scores['float'])})")
    return run(config, options, told, start, command_of(file, row, changes))


def command_of(file: Path, row: str | None, changes: Iterable[str]) -> str:
    """The command that makes this result anywhere, for manifests: no folder of this machine."""
    name = file.stem if file.resolve().parent == SHIPPED else file.name
    return shlex.join(["python", "-m", "golden", "train", "--config", name,
                       *(["--row", row] if row else []),
                       *(word for change in changes for word in ("--set", change))])


def run(config: Config, options: Options, progress: Progress | None = None,
        start: Path | None = None, command: str = "") -> Result:
    """Run a config, from the weights in `start` or those that it names.

    Raises PlutarchError: missing or damaged data, weights that do not fit, a network that cannot
    be quantised, a folder with another run, training that diverged.
    """
    began = time.monotonic()
    told = progress or Silent()
    folder = folder_of(config, options)
    device = find_device(options.device)
    start = start or _start_file(config, options)
    start_hash = "" if start is None else sha256(_read(start))
    if options.fresh:
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
    if (known := _known(folder, config, start_hash)) is not None:
        told.line(f"{config.name}: done before, {folder}")
        return known
    if config.note:
        told.line(f"{config.name}: {config.note}")
    training, test = images(config.data, options.data)
    model = first_model(config, training, start)
    outcome = fit(model, training, test, config, folder, told, device, options.threads,
                  start_hash)
    integers = Integers(refused="a float model has no integers")
    result = Result(asdict(config), start_hash, outcome.scores, integers, str(folder), str(device),
                    options.threads, versions(), 0.0, command)
    if isinstance(outcome.model, QuantModel):
        save(outcome.model, folder / MODEL, {
            "name": config.name, "net": config.net, "seed": config.seed,
            "data": asdict(config.data)})
        integers = package(outcome.model, config.net, test, folder, about_of(result),
                           options.threads)
    result = replace(result, integers=integers, seconds=round(time.monotonic() - began, 1))
    write_atomic(folder / RESULT, (json.dumps(asdict(result), indent=1) + "\n").encode())
    return result


def folder_of(config: Config, options: Options) -> Path:
    """Where the run of a config lives."""
    return options.out / config.name / f"seed{config.seed}"


def about_of(result: Result) -> dict[str, Any]:
    """What a package's manifest says of the run: all that its bytes depend on, and no folder."""
    data = result.config["data"]["name"]
    return {"command": result.command, "seed": result.config["seed"], "data": data,
            "versions": result.versions, "settings": _flat(result.config),
            "start_sha256": result.start_sha256, "threads": result.threads,
            "device": result.device.partition(":")[0],
            "accuracy": {"data": data, "fp32_correct": result.scores["float"].top1}}


def first_model(config: Config, training: Images, start: Path | None) -> nn.Module:
    """The float network with its first weights; random ones are the seed's alone."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = build(config.net, training.classes, training.shape[0])
    if start is not None:
        load_weights(model, start)
    return model


@functools.lru_cache(maxsize=2)
def images(config: DataConfig, folder: Path | None) -> tuple[Images, Images]:
    """(training, test) images; those of the last two asked for are kept. PlutarchError."""
    return load(config.name, folder, config.train_images or None, config.test_images or None)


def read_result(folder: Path) -> Result:
    """The result of a finished run. Raises PlutarchError naming the file."""
    file = folder / RESULT
    try:
        saved = json.loads(file.read_bytes())
        scores = {stage: Score(**score) for stage, score in saved.pop("scores").items()}
        integers = Integers(**saved.pop("integers"))
        return Result(**{**saved, "scores": scores, "integers": integers})
    except FileNotFoundError as error:
        raise PlutarchError(f"{file}: missing; no finished run is there") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlutarchError(f"{file}: not a sound result: {error}") from error


def _known(folder: Path, config: Config, start_hash: str) -> Result | None:
    """The result of a finished run of the same config whose files are still there."""
    try:
        found = read_result(folder)
        same = (not unlike(found.config, config, str(folder / RESULT))
                and found.start_sha256 == start_hash)
    except PlutarchError:
        return None
    needed = [folder / WEIGHTS] + ([folder / MODEL] if config.quantised else [])
    if not same or not all(file.is_file() for file in needed):
        return None
    return replace(found, reused=True, folder=str(folder))


def _start_file(config: Config, options: Options) -> Path | None:
    """The file that config.start names: a path, or a pattern in the data folder's checkpoints."""
    if not config.start:
        return None
    if (path := Path(config.start)).is_file():
        return path
    place = data_folder(options.data) / "checkpoints"
    found = sorted(place.glob(config.start)) if not path.is_absolute() else []
    if not found:
        raise PlutarchError(f"{config.name}: start = {config.start!r}: no such file, here or in "
                            f"{place}")
    return found[0]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PlutarchError(f"{file}: cannot read: {error.strerror or error}") from error


def _flat(table: dict[str, Any], before: str = "") -> dict[str, str]:
    """`stages.quant.epochs` -> text, for the manifest; the same after a trip through JSON."""
    found: dict[str, str] = {}
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            found |= _flat(value, f"{name}.")
        else:
            found[name] = str(list(value) if isinstance(value, tuple) else value)
    return found


def _percent(score: Score) -> str:
    return f"{100 * score.accuracy:.2f} %"
