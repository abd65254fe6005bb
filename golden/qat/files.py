# SPDX-License-Identifier: Apache-2.0
"""Quantised models on disk: one torch file of tensors and one JSON text, readable without code.

The file needs no class of the original model: the plan in it is the model.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.qat.model import QuantModel
from golden.qat.plan import Plan
from golden.qat.spec import QuantSpec

FORMAT, VERSION = "plutarch-qat", 1
_UNSOUND = (OSError, EOFError, RuntimeError, KeyError, TypeError, AttributeError, ValueError,
            pickle.UnpicklingError, zipfile.BadZipFile)


def save(model: QuantModel, path: str | os.PathLike[str],
         about: Mapping[str, Any] | None = None) -> None:
    """Write the model with mode and scales; about: plain JSON values (name of the net, seed ...).

    Loaded in a new process on the same machine it gives the same logits to the bit. The file is
    written under another name and renamed. Raises PlutarchError naming a file that cannot be
    written.
    """
    text = {"spec": model.spec.to_json(), "plan": model.plan.to_json(), "mode": model.mode,
            "input_exp": model.input_exp, "calibrated": model.calibrated,
            "dtype": _dtype(model), "about": dict(about or {})}
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, "text": json.dumps(text, sort_keys=True),
                "state": {key: value.cpu() for key, value in model.state_dict().items()}}, buffer)
    write_atomic(path, buffer.getvalue())


def _dtype(model: QuantModel) -> str:
    return str(next(model.parameters()).dtype).removeprefix("torch.")


def load(path: str | os.PathLike[str]) -> QuantModel:
    """The model of a file that save() wrote, on the CPU, in eval mode; `about` as an attribute.

    Raises PlutarchError naming the file if it is missing, damaged, or of another kind or version.
    """
    file = Path(path)
    if not file.is_file():
        raise PlutarchError(f"{file}: missing; a quantised model is due")
    try:
        data = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise PlutarchError(f"not a file of {FORMAT}")
        if data["version"] != VERSION:
            raise PlutarchError(f"version {data['version']!r}, this program reads {VERSION}")
        return _restored(data)
    except PlutarchError as error:
        raise PlutarchError(f"{file}: {error}") from error
    except _UNSOUND as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise PlutarchError(f"{file}: not a sound quantised model: {line}") from error


def _restored(data: Mapping[str, Any]) -> QuantModel:
    text = json.loads(data["text"])
    model = QuantModel(Plan.from_json(text["plan"]), QuantSpec.from_json(text["spec"]),
                       int(text["input_exp"]))
    model.to({"float32": torch.float32, "float64": torch.float64}[text["dtype"]])
    model.load_state_dict(data["state"])
    model.calibrated = bool(text["calibrated"])
    model.about = dict(text["about"])
    if text["mode"] == "frozen":
        model.settle()
    else:
        model.mode = text["mode"]
    return model.eval()
