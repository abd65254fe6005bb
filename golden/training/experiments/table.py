# SPDX-License-Identifier: Apache-2.0
"""The paper's Tables 4 to 8: rows of a config file, run (or found done) and put side by side.

Accuracy is that of the integers where there is a package, else of the frozen model; Delta is taken
against the float row that a row starts from. Sizes leave out biases and batch norm; rates are FP32
over compressed. FIXOPS count the first and last layer at their own width.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from golden import models
from golden.cost import NetCost, with_bits
from golden.cost.tables import grid
from golden.cost.trace import trace
from golden.data import Images
from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.quantizers import find_method
from golden.training.config import Config
from golden.training.config_files import read_config, row_names
from golden.training.experiments.sizes import Sizes, weight_sizes
from golden.training.opened import open_run
from golden.training.progress import Progress
from golden.training.runs import Options, Result, folder_of, run_row


@dataclass(frozen=True)
class Line:
    """One row of the table. Accuracies in percent, sizes in bytes; None where there is none."""

    row: str
    net: str
    method: str
    bits: str  # W/A
    seed: int
    images: int  # test images
    top1: float
    top5: float
    delta1: float | None  # against the float row
    delta5: float | None
    weight_bytes: float
    shuff_bytes: float | None
    lzma_bytes: float
    fixops: float
    weight_rate: float  # FP32 over raw codes
    stored_rate: float  # FP32 over the smallest of raw, S-Huff, with LZMA
    fixops_rate: float
    integers: bool  # whether top1 is the integer network's
    package_sha256: str
    seconds: float
    device: str
    command: str
    note: str


def run_table(file: Path, rows: Sequence[str], seed: int | None, changes: Iterable[str],
              options: Options, progress: Progress, train: bool = True) -> list[Line]:
    """Lines of the rows (all if none are named), in the file's order of names given.

    train=False: leave out rows that are not done. Raises PlutarchError as run_row does, for an
    unknown row, and if nothing is left.
    """
    changes = [*changes, *([] if seed is None else [f"seed={seed}"])]
    lines = []
    for row in rows or row_names(file):
        config = read_config(file, row, changes)
        if not train and not (folder_of(config, options) / "result.json").is_file():
            progress.line(f"{config.name}: not run yet, left out")
            continue
        result = run_row(file, row, changes, options, progress)
        lines.append(line_of(row, result, options))
    if not lines:
        raise PlutarchError(f"{file}: none of the rows is done")
    return lines


def line_of(row: str, result: Result, options: Options) -> Line:
    """What a finished run comes to. Raises PlutarchError if its files are not sound."""
    opened = open_run(Path(result.folder), options.data)
    config, float_score = opened.config, result.scores["float"]
    cost = cost_of(config, opened.images()[0])
    if config.quantised:
        sizes = weight_sizes(opened.model(), options.threads)
    else:
        bits = 32.0 * sum(layer.weights for layer in cost.layers)
        sizes = Sizes(int(bits) // 32, bits, None, bits)
    whole, score = result.integers, result.final
    integers = bool(whole.package) and whole.images == score.images
    top1 = 100 * (whole.accuracy if integers else score.accuracy)
    stored = min(size for size in (sizes.raw, sizes.shuff, sizes.lzma) if size is not None)
    fp32 = 100 * float_score.accuracy, 100 * float_score.accuracy5
    top5 = 100 * score.accuracy5
    return Line(
        row, config.net, config.quantizer.method, widths_of(config), config.seed, score.images,
        top1, top5, top1 - fp32[0] if config.quantised else None,
        top5 - fp32[1] if config.quantised else None, sizes.raw / 8,
        None if sizes.shuff is None else sizes.shuff / 8, sizes.lzma / 8, cost.fixops,
        sizes.float_bits / sizes.raw, sizes.float_bits / stored, cost.fp32_fixops / cost.fixops,
        integers, whole.manifest_sha256, result.seconds, result.device, result.command, config.note)


def widths_of(config: Config) -> str:
    """`4/4`, `4/8` for DeepShift, `32/32` for a float run."""
    return "/".join(map(str, _widths(config)))


def _widths(config: Config) -> tuple[int, int]:
    q = config.quantizer
    if not config.quantised:
        return 32, 32
    method = find_method(q.method)
    return method.weight(q.weight_bits).bits, method.act(q.act_bits).bits


def cost_of(config: Config, images: Images) -> NetCost:
    """FIXOPS of the network on such images at the config's widths. Raises PlutarchError."""
    with torch.random.fork_rng():
        plain = trace(models.build(config.net, images.classes, images.shape[0]), images.shape,
                      config.net)
    if not config.quantised:
        return plain
    q = config.quantizer
    return with_bits(plain, *_widths(config), q.first_last, dict(q.overrides), q.residual_bits)


def table(lines: Sequence[Line]) -> str:
    """The table as text."""
    heads = ("net", "method", "W/A", "Top-1", "Top-5", "D1", "D5", "kB", "S-Huff", "+LZMA",
             "FIXOPS", "rate", "stored", "FIXOPS rate")
    rows = [heads, *((line.net, line.method, line.bits, f"{line.top1:.2f}" + (
        "" if line.integers or line.method == "float" else "*"), f"{line.top5:.2f}",
        _signed(line.delta1), _signed(line.delta5), _kb(line.weight_bytes), _kb(line.shuff_bytes),
        _kb(line.lzma_bytes), f"{line.fixops / 1e6:.2f}M", f"{line.weight_rate:.2f}",
        f"{line.stored_rate:.2f}", f"{line.fixops_rate:.2f}") for line in lines)]
    notes = list(dict.fromkeys(line.note for line in lines if line.note))
    if any(not line.integers and line.method != "float" for line in lines):
        notes.append("* of the frozen model in floats: no package holds it")
    notes.append(f"{lines[0].images} test images; kB = 1000 bytes; rate: FP32 over raw codes; "
                 "stored: over the smallest of the three sizes")
    return "\n".join([grid(rows), *notes])


def write_table(lines: Sequence[Line], folder: Path) -> Path:
    """All figures as JSON, unrounded. Raises PlutarchError (disk)."""
    file = folder / "table.json"
    write_atomic(file, (json.dumps([asdict(line) for line in lines], indent=1) + "\n").encode())
    return file


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _kb(size: float | None) -> str:
    return "-" if size is None else f"{size / 1000:.1f}"
