# SPDX-License-Identifier: Apache-2.0
"""The log of a run: a row an epoch, as CSV for plots and as JSON with the config for programs.

Rows travel in the checkpoint and the files are written whole from them, so that a run that was
killed and resumed leaves the log of one that was not.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from golden.errors import PlutarchError
from golden.files import write_atomic

CSV_NAME, JSON_NAME = "log.csv", "log.json"


@dataclass(frozen=True)
class Row:
    """One epoch. Means over its steps, but for what is measured at its end."""

    epoch: int  # 1 is the first of the run, all stages counted
    stage: str  # float, quant or frozen
    bits: int  # of weight codes; 32 in the float stage
    rate: float  # of weights, in the last step
    loss: float
    cross_entropy: float
    distance: float  # D of the regulariser; 0 in the float stage
    coefficient: float  # lambda at the end; 0 without a regulariser
    train_accuracy: float  # share of 0..1, on the moved images, while the weights change
    test_accuracy: float | None  # share of 0..1 at the end; None if it was not measured
    seconds: float  # the only column that differs between two equal runs


def row_of(table: Mapping[str, Any]) -> Row:
    """A row that was read back. Raises PlutarchError if it is none."""
    try:
        return Row(**table)
    except TypeError as error:
        raise PlutarchError(f"log row: {error}") from error


def write_logs(folder: Path, rows: Sequence[Row], about: Mapping[str, Any]) -> None:
    """Write log.csv and log.json into the folder, each at once. Raises PlutarchError (disk)."""
    write_atomic(folder / CSV_NAME, csv_text(rows).encode())
    whole = {**about, "epochs": [asdict(row) for row in rows]}
    write_atomic(folder / JSON_NAME, (json.dumps(whole, indent=1) + "\n").encode())


def csv_text(rows: Sequence[Row]) -> str:
    """The rows as CSV with a header; floats in full precision, None empty."""
    out = io.StringIO()
    names = [field.name for field in fields(Row)]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue()


def read_log(folder: Path) -> tuple[dict[str, Any], list[Row]]:
    """(about, rows) of a folder's log.json. Raises PlutarchError naming the file."""
    file = folder / JSON_NAME
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
        rows = [row_of(row) for row in whole.pop("epochs")]
    except FileNotFoundError as error:
        raise PlutarchError(f"{file}: missing; is this the folder of a run?") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, PlutarchError) as error:
        raise PlutarchError(f"{file}: not a sound training log: {error}") from error
    return whole, rows
