# SPDX-License-Identifier: Apache-2.0
"""A run's folder opened again: its config, its float weights, its frozen model, its images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from golden.data import Images
from golden.errors import PlutarchError
from golden.qat import QuantModel, load
from golden.training.config import Config, make_config
from golden.training.fit import WEIGHTS
from golden.training.logs import JSON_NAME, Row, read_log
from golden.training.runs import MODEL, Result, first_model, images, read_result


@dataclass(frozen=True)
class Opened:
    """What a folder holds. data: folder of the data sets, None for the usual one."""

    folder: Path
    config: Config
    result: Result
    data: Path | None

    def images(self) -> tuple[Images, Images]:
        """(training, test) as in the run. Raises PlutarchError."""
        return images(self.config.data, self.data)

    def rows(self) -> list[Row]:
        """The log. Raises PlutarchError; a run without epochs has none."""
        return read_log(self.folder)[1] if (self.folder / JSON_NAME).is_file() else []

    def float_model(self) -> nn.Module:
        """The network as the float stage left it. Raises PlutarchError."""
        return first_model(self.config, self.images()[0], self.folder / WEIGHTS)

    def model(self) -> QuantModel:
        """The frozen model. Raises PlutarchError for a float run or a damaged file."""
        if not self.config.quantised:
            raise PlutarchError(f"{self.folder}: a float run; it has no quantised model")
        return load(self.folder / MODEL)


def open_run(folder: Path, data: Path | None = None) -> Opened:
    """A finished run's folder. Raises PlutarchError naming the file that is missing or damaged."""
    if not folder.is_dir():
        raise PlutarchError(f"{folder}: no such folder of a run")
    result = read_result(folder)
    return Opened(folder, make_config(result.config, str(folder / "result.json")), result, data)
