# SPDX-License-Identifier: Apache-2.0
"""The CIFAR-10 checkpoints (ResNet20, ResNet56) to integer packages.

Exponents that lose least, batch norm statistics measured again behind the quantisers, two-term
scales; optionally a short fine-tune. All accuracies are on CIFAR-10 (JPEG), and the integer one is
that of the integer network.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from golden.errors import PlutarchError
from golden.network import Network
from golden.package import save_package
from golden.training import data
from golden.training.convert import ACCUMULATOR_BITS, to_network
from golden.training.digits import Progress, versions
from golden.training.loop import correct, real_input, repeatable, shifted, train
from golden.training.models import ResNet
from golden.training.states import UNSOUND, read_state, refusal

LABEL = "CIFAR-10 (JPEG)"
BLOCKS = {"resnet20": 3, "resnet56": 9}  # basic blocks in each of the three stages


@dataclass(frozen=True)
class Recipe:
    """Settings of the conversion. quant_steps = 0 is plain post-training quantisation."""

    calibration: int = 256  # training images for exponents
    statistics: int = 2048  # training images for the batch norm statistics
    quant_steps: int = 0  # fine-tune with batch norm
    frozen_steps: int = 0  # then with frozen statistics and two-term scales
    training: int = 50000  # training images for the fine-tune
    batch: int = 64
    quant_rate: float = 0.02
    frozen_rate: float = 0.004
    terms: int = 2
    samples: int = 64  # test images that the package carries
    threads: int = 1


PLAIN = Recipe()
FINE_TUNED = Recipe(quant_steps=300, frozen_steps=100, training=20000)  # about two CPU minutes


def quantize_cifar(name: str, bits: int, data_dir: str | Path | None = None,
                   out_dir: str | Path = "build/packages", images: int = 1000,
                   progress: Progress | None = None, seed: int = 0,
                   recipe: Recipe = PLAIN) -> dict[str, Any]:
    """Convert a network of BLOCKS to W = A = bits, write <out_dir>/<name>-b<bits>, report.

    images: CIFAR-10 (JPEG) test images on which FP32 and integer Top-1 are measured. recipe: PLAIN
    (no training) or FINE_TUNED. Raises PlutarchError for missing or damaged data (naming the file)
    and bits other than 3, 4, 5 or another name.
    """
    if name not in BLOCKS:
        raise PlutarchError(f"quantize: NET={name}; there is {', '.join(BLOCKS)}")
    if bits not in ACCUMULATOR_BITS:
        raise PlutarchError(f"quantize: B={bits}; the hardware takes 3, 4 or 5")
    if not 1 <= images <= 10000:
        raise PlutarchError(f"quantize: {images} test images; CIFAR-10 has 1 to 10000")
    say = progress or (lambda _: None)
    folder = data.data_folder(data_dir)
    started = time.monotonic()
    with repeatable(seed, recipe.threads) as generator:
        model = ResNet(3, BLOCKS[name], bits)
        load_checkpoint(model, folder, name)
        tuned = recipe.quant_steps + recipe.frozen_steps > 0
        needed = recipe.training if tuned else max(recipe.calibration, recipe.statistics)
        say(f"{name} b={bits}: reading {needed} + {images} images of {LABEL}")
        training = data.cifar(folder, "train", needed)
        test = data.cifar(folder, "test", images)
        fp32 = correct(model, test, data.CIFAR_EXP)
        say(f"{name} b={bits}: FP32 {fp32} of {images} right on {LABEL}")
        quantise(model, training, recipe, generator, lambda line: say(f"{name} {line}"))
    about: dict[str, Any] = {
        "command": f"make quantize NET={name} B={bits} SEED={seed} IMAGES={images}"
                   + (" TUNE=1" if recipe == FINE_TUNED else ""), "seed": seed,
        "data": f"{LABEL}, checkpoint of akamaster/pytorch_resnet_cifar10", "versions": versions(),
        "settings": {name: str(value) for name, value in asdict(recipe).items()}}
    keep = min(recipe.samples, images)
    net = to_network(model, name, data.CIFAR_EXP, test.images[:keep], test.labels[:keep],
                     about)
    say(f"{name} b={bits}: integer network on {images} test images")
    count = _count(net, test, say)
    about["accuracy"] = {"data": LABEL, "test_images": images, "test_correct": count,
                         "fp32_correct": fp32, "samples": keep,
                         "samples_correct": net.correct(net.images, net.labels)}
    path = save_package(net, Path(out_dir) / f"{name}-b{bits}")
    return {"net": name, "bits": bits, "seed": seed, "package": str(path), "data": LABEL,
            "test_images": images, "fp32_correct": fp32, "integer_correct": count,
            "fp32_percent": round(100 * fp32 / images, 2),
            "integer_percent": round(100 * count / images, 2), "fine_tuned": tuned,
            "seconds": round(time.monotonic() - started, 1)}


def quantise(model: ResNet, training: data.Split, recipe: Recipe, generator: torch.Generator,
             say: Progress) -> None:
    """A float model to a frozen one, by the recipe; in place."""
    sample = real_input(torch.from_numpy(training.images[:recipe.calibration]), data.CIFAR_EXP)
    model.fit(sample)
    model.quantise()
    measure_statistics(model, training, recipe.statistics)

    def told(step: int, loss: float) -> None:
        say(f"b={model.bits}: fine-tune step {step}, loss {loss:.3f}")

    if recipe.quant_steps:
        train(model, training, data.CIFAR_EXP, recipe.quant_steps, recipe.quant_rate, generator,
              mirrored, recipe.batch, progress=told)
        measure_statistics(model, training, recipe.statistics)
    model.freeze(recipe.terms)
    if recipe.frozen_steps:
        train(model, training, data.CIFAR_EXP, recipe.frozen_steps, recipe.frozen_rate, generator,
              mirrored, recipe.batch, progress=told)


def mirrored(x: Tensor, generator: torch.Generator) -> Tensor:
    """The usual CIFAR augmentation: shifts of up to 4 pixels, mirrored half of the time."""
    return shifted(x, generator, reach=4, flip=True)


@torch.no_grad()
def measure_statistics(model: ResNet, training: data.Split, count: int, batch: int = 256) -> None:
    """Batch norm means and variances anew, over `count` training images as they now are."""
    norms = [unit.bn for unit in model.units()]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # plain average over the batches
    model.train()
    for i in range(0, min(count, len(training)), batch):
        model(real_input(torch.from_numpy(training.images[i:i + batch]), data.CIFAR_EXP))
    model.eval()
    for norm in norms:
        norm.momentum = 0.1


def load_checkpoint(model: ResNet, folder: Path, name: str = "resnet20") -> Path:
    """Fill model from checkpoints/<name>-*.th (state dict under a `module.` prefix).

    Raises PlutarchError naming the file if it is missing, damaged or of another network.
    """
    files = sorted((folder / "checkpoints").glob(f"{name}-*.th"))
    if not files:
        raise PlutarchError(f"{folder / 'checkpoints'}/{name}-*.th: missing; quantize needs it")
    try:
        state = read_state(files[0])
        more = {key for key in state if key.endswith("conv1.weight")} - {
            f"{unit.name}.weight" for unit in model.units()}
        if more:
            raise KeyError(f"{min(more)} is not in {name}")
        for unit in model.units():
            # conv1 -> bn1, layer2.0.conv2 -> layer2.0.bn2
            head, _, tail = unit.name.rpartition("conv")
            unit.conv.load_state_dict({"weight": state[f"{unit.name}.weight"]})
            norm = f"{head}bn{tail}."
            unit.bn.load_state_dict({key.removeprefix(norm): value for key, value in state.items()
                                     if key.startswith(norm)}, strict=False)
            if not {f"{norm}{x}" for x in ("weight", "bias", "running_mean", "running_var")
                    } <= set(state):
                raise KeyError(norm)
        model.linear.load_state_dict({x: state[f"linear.{x}"] for x in ("weight", "bias")})
    except UNSOUND as error:
        raise refusal(files[0], f"{name} checkpoint", error) from error
    return files[0]


def _count(net: Network, test: data.Split, say: Callable[[str], None], chunk: int = 500) -> int:
    """Correct answers of the integer network, with progress."""
    right = 0
    for i in range(0, len(test), chunk):
        right += net.correct(test.images[i:i + chunk], test.labels[i:i + chunk])
        say(f"{net.name} b={net.bits}: {right} of {min(i + chunk, len(test))} right")
    return right
