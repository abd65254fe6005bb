# SPDX-License-Identifier: Apache-2.0
"""The ResNet18 package: from a user's torch state dict, or with seeded random weights."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from golden import resnet18
from golden.codes import Ints
from golden.data.split import colour_words
from golden.errors import PlutarchError
from golden.files import read_npz, sha256
from golden.layer import Int8s
from golden.package import save_package

SAMPLES, MOST = 2, 16  # images a package carries, images a file may have
RANDOM = ("seeded random weights (He-normal), not a trained network: sizes and arithmetic are "
          "those of ResNet18, answers mean nothing")


def package_resnet18(bits: int, out_dir: str | Path = "build/packages", seed: int = 0,
                     checkpoint: str | Path | None = None, images: str | Path | None = None,
                     progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Write <out_dir>/resnet18-b<bits>; return a report.

    checkpoint: torch state dict in torchvision's naming; None: random weights from the seed.
    images: .npz with `images` uint8 (1 to 16, 224, 224, 3) and perhaps `labels`, to calibrate on;
    None: smooth random images from the seed. Raises PlutarchError naming the file that is wrong.
    """
    say = progress or (lambda _: None)
    started = time.monotonic()
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    command = f"make package NET=resnet18 B={bits} SEED={seed}"
    if checkpoint is None:
        state, weights = resnet18.random_state(seed), RANDOM
    else:
        file = Path(checkpoint)
        state = _state(file)
        weights = f"{file.name}, SHA-256 {sha256(file.read_bytes())}"
        command += f" CHECKPOINT={file.name}"
        versions["torch"] = _torch_version()
    labels: Ints | None = None
    if images is None:
        pixels, data = resnet18.random_images(SAMPLES, seed), "smooth random images from the seed"
    else:
        pixels, labels = read_images(Path(images))
        data = f"{Path(images).name}, SHA-256 {sha256(Path(images).read_bytes())}"
        command += f" IMAGES={Path(images).name}"
    if labels is None:
        data += "; labels are the network's own answers"
    say(f"resnet18 b={bits}: weights: {weights}")
    say(f"resnet18 b={bits}: calibrated on {len(pixels)} images: {data}")
    about = {"command": command, "seed": seed, "weights": weights, "data": data,
             "versions": versions, "labels_missing": labels is None}
    net = resnet18.build(bits, state, pixels, labels, SAMPLES, about, progress=progress)
    path = save_package(net, Path(out_dir) / f"{resnet18.NAME}-b{bits}")
    work = net.work()
    return {"net": net.name, "bits": bits, "seed": seed, "package": str(path), "weights": weights,
            "data": data, "samples": len(net.labels), "macs": sum(step.macs for step in work),
            "weight_count": sum(step.weights for step in work) + len(net.fc.bias),
            "seconds": round(time.monotonic() - started, 1)}


def _state(file: Path) -> resnet18.State:
    _bytes(file)  # a file that is not there is told before torch is asked for
    try:
        from golden.models.weights import read_arrays
    except ImportError as error:
        raise PlutarchError(f"{file}: reading it needs torch, which is not installed; `make setup` "
                            "installs it") from error
    state = read_arrays(file)
    resnet18.check_state(state, str(file))
    return state


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PlutarchError(f"{file}: cannot read: {error.strerror or error}") from error


def _torch_version() -> str:
    import torch

    return torch.__version__


def read_images(file: Path) -> tuple[Int8s, Ints | None]:
    """Images (N, 3, 224, 224) int8, normalised, and labels (N,) or None, of an .npz file.

    Raises PlutarchError naming the file and what is wrong with it.
    """
    arrays = read_npz(_bytes(file), str(file))
    size = resnet18.SIZE
    pixels = arrays.get("images")
    if (pixels is None or pixels.dtype != np.uint8 or pixels.shape[1:] != (size, size, 3)
            or not 1 <= len(pixels) <= MOST):
        found = "no `images`" if pixels is None else f"images {pixels.dtype} {pixels.shape}"
        raise PlutarchError(f"{file}: {found}, want uint8 (1 to {MOST}, {size}, {size}, 3)")
    labels = arrays.get("labels")
    if labels is not None and (labels.shape != pixels.shape[:1] or labels.dtype.kind not in "iu"
                               or not 0 <= int(labels.min()) <= int(labels.max())
                               < resnet18.CLASSES):
        raise PlutarchError(f"{file}: labels {labels.dtype} {labels.shape}, want {len(pixels)} "
                            f"integers from 0 to {resnet18.CLASSES - 1}")
    return colour_words(pixels), None if labels is None else labels.astype(np.int64)
