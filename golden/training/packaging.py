# SPDX-License-Identifier: Apache-2.0
"""A trained model to a package of integers, and what the integers answer on the test images."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from golden.data import Images
from golden.errors import PlutarchError
from golden.files import sha256
from golden.package import MANIFEST, save_package
from golden.qat import QuantModel, compare, export

_SAMPLE_VALUES = 1 << 18  # of all images that a package carries
_MOST_SAMPLES = 360
_COMPARED = 64  # images on which model and integers are compared value by value
_CHUNK = 500


@dataclass(frozen=True)
class Integers:
    """What a package of this run is, or why there is none (refused: one line)."""

    package: str = ""
    manifest_sha256: str = ""
    images: int = 0  # test images that the integer network answered
    correct: int = 0
    compared: int = 0  # images on which the trained model was held against it
    same_logits: int = 0  # of those, all logits equal to the bit
    same_answers: int = 0
    refused: str = ""

    @property
    def accuracy(self) -> float:
        """Share of 0..1 right; 0 without a package."""
        return self.correct / self.images if self.images else 0.0


def package(model: QuantModel, name: str, test: Images, folder: Path, about: Mapping[str, Any],
            threads: int = 1) -> Integers:
    """Write folder/<name>-b<bits> and run its integers on all test images.

    name: of the network. about: what the manifest says of the run. A model that the hardware's
    format does not hold comes back as Integers with `refused`. The model moves to the CPU.
    Raises PlutarchError when the package cannot be written.
    """
    from golden.fast import FastNetwork

    model = model.cpu().eval()
    keep = min(len(test), max(2, _SAMPLE_VALUES // int(np.prod(test.shape))), _MOST_SAMPLES)
    images, labels = test.batch(np.arange(keep))
    described = dict(about)
    try:
        net = export(model, name, images, labels, described)
    except PlutarchError as error:
        return Integers(refused=str(error))
    fast = FastNetwork(net, threads)
    right = sum(fast.correct(*test.batch(np.arange(i, min(i + _CHUNK, len(test)))))
                for i in range(0, len(test), _CHUNK))
    described["accuracy"] = {
        **described.get("accuracy", {}), "test_images": len(test), "test_correct": right,
        "samples": keep, "samples_correct": fast.correct(images, labels)}
    net = export(model, name, images, labels, described)
    path = save_package(net, folder / f"{name}-b{net.bits}")
    found = compare(model, net, images[:_COMPARED])
    return Integers(str(path), sha256((path / MANIFEST).read_bytes()), len(test), right,
                    found.images, found.same, found.classes)


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
