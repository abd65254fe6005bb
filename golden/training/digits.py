# SPDX-License-Identifier: Apache-2.0
"""The digits packages: an 8-layer ResNet trained on scikit-learn's digits in seconds.

float -> quantised with batch norm -> frozen statistics and two-term scales -> integers. The stated
accuracy is that of the integer network on the 360 test images, after the last step; no step is
chosen by looking at them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.package import MANIFEST, load_package, save_package
from golden.training import data
from golden.training.convert import ACCUMULATOR_BITS, to_network
from golden.training.loop import correct, real_input, repeatable, shifted, train
from golden.training.models import ResNet

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """Settings of the three stages; with bits and seed they name the result."""

    float_steps: int = 400
    quant_steps: int = 240
    frozen_steps: int = 120
    batch: int = 64
    float_rate: float = 0.2
    quant_rate: float = 0.1
    frozen_rate: float = 0.02
    decay: float = 2e-3
    calibration: int = 512
    terms: int = 2


def train_digits(bits: int, seed: int = 0, out_dir: str | Path = "build/packages",
                 progress: Progress | None = None, recipe: Recipe | None = None,
                 cached: bool = True) -> dict[str, Any]:
    """Train digits at W = A = bits and write package <out_dir>/digits-b<bits>; returns a report.

    Nothing is trained when the same settings, code and versions made the package that is there
    (cached = False trains and leaves no note of it). Raises PlutarchError if bits is not 3, 4, 5.
    """
    if bits not in ACCUMULATOR_BITS:
        raise PlutarchError(f"train: B={bits}; the hardware takes 3, 4 or 5")
    say = progress or (lambda _: None)
    recipe = recipe or Recipe()
    folder = Path(out_dir) / f"digits-b{bits}"
    note = Path(out_dir) / f".digits-b{bits}.cache.json"
    key = _key(bits, seed, recipe)
    if cached and (known := _known(note, folder, key)) is not None:
        say(f"digits b={bits}: unchanged, {known['package']}")
        return known
    started = time.monotonic()
    with repeatable(seed) as generator:
        net, fp32 = _train(bits, seed, recipe, generator, say)
    save_package(net, folder)
    count = int(net.about["accuracy"]["samples_correct"])
    report = {"net": "digits", "bits": bits, "seed": seed, "package": str(folder),
              "test_images": len(net.labels), "fp32_correct": fp32, "integer_correct": count,
              "integer_percent": round(100 * count / len(net.labels), 2),
              "seconds": round(time.monotonic() - started, 1), "cached": False}
    if cached:
        digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
        write_atomic(note, json.dumps({"key": key, "manifest": digest, "report": report}).encode())
    say(f"digits b={bits}: {count} of {len(net.labels)} test images right in integers")
    return report


def _train(bits: int, seed: int, recipe: Recipe, generator: torch.Generator,
           say: Progress) -> tuple[Any, int]:
    training, test = data.digits()
    model = ResNet(1, 1, bits)
    run = functools.partial(train, model, training, data.DIGITS_EXP, generator=generator,
                            augment=shifted, batch=recipe.batch, decay=recipe.decay)
    sample = real_input(torch.from_numpy(training.images[:recipe.calibration]), data.DIGITS_EXP)
    say(f"digits b={bits}: float, {recipe.float_steps} steps")
    run(steps=recipe.float_steps, rate=recipe.float_rate)
    fp32 = correct(model, test, data.DIGITS_EXP)
    say(f"digits b={bits}: quantised, {recipe.quant_steps} steps")
    model.fit(sample)
    model.quantise()
    run(steps=recipe.quant_steps // 2, rate=recipe.quant_rate)
    model.fit(sample)  # the values have moved since the float network
    run(steps=recipe.quant_steps - recipe.quant_steps // 2, rate=recipe.quant_rate / 2)
    say(f"digits b={bits}: frozen statistics, {recipe.terms}-term scales, "
        f"{recipe.frozen_steps} steps")
    model.freeze(recipe.terms)
    run(steps=recipe.frozen_steps, rate=recipe.frozen_rate)
    about = {"command": f"make train NET=digits B={bits} SEED={seed}", "seed": seed,
             "data": "scikit-learn digits, 360 of 1797 images held out", "versions": versions(),
             "settings": {name: str(value) for name, value in asdict(recipe).items()}}
    net = to_network(model, "digits", data.DIGITS_EXP, test.images, test.labels, about)
    about["accuracy"] = {"samples": len(test), "samples_correct": net.correct(
        test.images, test.labels), "fp32_correct": fp32}
    return net, fp32


def versions() -> dict[str, str]:
    """Versions of the tools whose arithmetic decides the trained weights."""
    found = {"python": platform.python_version(), "numpy": np.__version__,
             "torch": torch.__version__}
    try:
        import sklearn

        found["scikit-learn"] = sklearn.__version__
    except ImportError:
        pass
    return found


def _key(bits: int, seed: int, recipe: Recipe) -> str:
    """Hash of everything the package depends on: settings, versions and our own code."""
    digest = hashlib.sha256(json.dumps([bits, seed, asdict(recipe), versions()]).encode())
    here = Path(__file__).resolve().parent
    for file in sorted([*here.glob("*.py"), *here.parent.glob("*.py"),
                        *here.parent.glob("shuff/*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _known(note: Path, folder: Path, key: str) -> dict[str, Any] | None:
    """The report of an earlier run with this key whose package is still there and sound."""
    try:
        saved = json.loads(note.read_bytes())
        manifest = (folder / MANIFEST).read_bytes()
        load_package(folder)
    except (OSError, ValueError, PlutarchError):
        return None
    if not isinstance(saved, dict) or saved.get("key") != key:
        return None
    if saved.get("manifest") != hashlib.sha256(manifest).hexdigest():
        return None
    return {**saved.get("report", {}), "package": str(folder), "cached": True}
