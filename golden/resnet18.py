# SPDX-License-Identifier: Apache-2.0
"""ResNet18 in ImageNet form (224 x 224, 1000 classes) as a network of integers, on numpy alone.

Weights come from a state dict in torchvision's naming or, without one, from a seed: then the
arithmetic and the sizes are real and the answers mean nothing. Exponents, scales and (for random
weights) the batch norm statistics are chosen layer by layer on calibration images, each layer
reading what the integer layers before it give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from golden.codes import Ints, project_real, to_int
from golden.conv import conv2d_int
from golden.errors import PlutarchError
from golden.fold import (
    ACCUMULATOR_BITS,
    INT8_ACCUMULATOR_BITS,
    best_code_exponent,
    best_word_exponent,
    fold,
    words,
)
from golden.layer import Int8s, LayerOutput
from golden.network import INPUT, FcLayer, MaxPool, Network, Node
from golden.scales import Reals, round_scales

State = Mapping[str, Reals]
NAME, SIZE, CLASSES, WIDTHS = "resnet18", 224, 1000, (64, 128, 256, 512)
INPUT_EXP = -5  # normalised colours in steps of 1/32 deviation, as for CIFAR
MAX_POOL = MaxPool("maxpool", "conv1", 3, 2, 1)
_EPSILON = 1e-5  # of torch's BatchNorm2d


@dataclass(frozen=True)
class Conv:
    """One convolution: its name in the package, its keys in the state dict, what it reads."""

    name: str
    key: str
    norm: str
    shape: tuple[int, int, int, int]  # O, I, K, K
    stride: int
    source: str
    residual: str | None = None
    relu: bool = True
    emit_code: bool = True
    emit_res: bool = True


def convs(widths: tuple[int, ...] = WIDTHS) -> Iterator[Conv]:
    """The 20 convolutions in order: stem, 16 of the blocks, 3 projections before their adders."""
    yield Conv("conv1", "conv1", "bn1", (widths[0], 3, 7, 7), 2, INPUT)
    source, channels = MAX_POOL.name, widths[0]
    for stage, out in enumerate(widths, start=1):
        for block in range(2):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            yield Conv(f"{name}.conv1", f"{name}.conv1", f"{name}.bn1", (out, channels, 3, 3),
                       stride, source, emit_res=False)
            residual = source
            if stride == 2:
                residual = f"{name}.downsample"
                yield Conv(residual, f"{residual}.0", f"{residual}.1", (out, channels, 1, 1),
                           stride, source, relu=False, emit_code=False)
            last = stage == len(widths) and block == 1
            # words are for the next block's adder; before a projection nobody reads them
            yield Conv(f"{name}.conv2", f"{name}.conv2", f"{name}.bn2", (out, out, 3, 3), 1,
                       f"{name}.conv1", residual, emit_code=not last,
                       emit_res=last or block == 0)
            source, channels = f"{name}.conv2", out


def random_state(seed: int, widths: tuple[int, ...] = WIDTHS, classes: int = CLASSES) -> State:
    """Seeded weights: He-normal convolutions, batch norm gains 0.5..1.5 and small offsets.

    No running statistics: build() then takes those of the calibration images.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    state: dict[str, Reals] = {}
    for conv in convs(widths):
        spread = np.sqrt(2 / np.prod(conv.shape[1:]))
        state[f"{conv.key}.weight"] = rng.normal(0, spread, conv.shape)
        state[f"{conv.norm}.weight"] = rng.uniform(0.5, 1.5, conv.shape[0])
        state[f"{conv.norm}.bias"] = rng.normal(0, 0.2, conv.shape[0])
    state["fc.weight"] = rng.normal(0, 0.05, (classes, widths[-1]))
    state["fc.bias"] = rng.normal(0, 0.05, classes)
    return state


def random_images(count: int, seed: int, size: int = SIZE) -> Int8s:
    """Seeded smooth images with some grain, (count, 3, size, size) int8; integers throughout.

    size: a multiple of 8. Corners of an 8 x 8 grid get random colours, pixels between them are
    interpolated, then each gets up to a quarter deviation of noise.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 18]))
    step = size // 8
    grid = rng.integers(-72, 73, (count, 3, 9, 9))
    corner, part = np.divmod(np.arange(size), step)
    ramp = np.zeros((size, 9), dtype=np.int64)  # weights of the two corners, in 1/step
    ramp[np.arange(size), corner] = step - part
    ramp[np.arange(size), corner + 1] = part
    smooth = (ramp @ grid @ ramp.T) // step ** 2
    grain = rng.integers(-8, 9, smooth.shape)
    return (smooth + grain).clip(-128, 127).astype(np.int8)


def check_state(state: Mapping[str, Any], where: str, widths: tuple[int, ...] = WIDTHS,
                classes: int = CLASSES) -> None:
    """Raise PlutarchError naming `where` and the first key that is missing or of another shape."""
    wanted: dict[str, tuple[int, ...]] = {"fc.weight": (classes, widths[-1]),
                                          "fc.bias": (classes,)}
    for conv in convs(widths):
        wanted[f"{conv.key}.weight"] = conv.shape
        wanted |= {f"{conv.norm}.{key}": conv.shape[:1]
                   for key in ("weight", "bias", "running_mean", "running_var")}
    for key, shape in wanted.items():
        if key not in state:
            raise PlutarchError(f"{where}: no {key}: not a ResNet18 in torchvision's naming")
        if tuple(state[key].shape) != shape:
            raise PlutarchError(f"{where}: {key} is {tuple(state[key].shape)}, want {shape}")
        if not np.isfinite(state[key]).all():
            raise PlutarchError(f"{where}: {key} holds NaN or infinity")


def build(bits: int, state: State, images: Int8s, labels: Ints | None = None,
          samples: int | None = None, about: Mapping[str, Any] | None = None,
          widths: tuple[int, ...] = WIDTHS,
          progress: Callable[[str], None] | None = None) -> Network:
    """The integer network of a state dict, calibrated on images (N, 3, H, W) int8.

    labels: (N,), or None for the network's own answers. The first `samples` images (default all)
    become the network's samples. Raises PlutarchError if a layer does not fit the hardware.
    """
    if bits not in ACCUMULATOR_BITS:
        raise PlutarchError(f"package: B={bits}; the hardware takes 3, 4 or 5")
    say = progress or (lambda _: None)
    outputs: dict[str, LayerOutput] = {}
    nodes: dict[str, Node] = {}
    for conv in convs(widths):
        node, outputs[conv.name] = _calibrated(conv, bits, state, images, nodes, outputs)
        wide = INT8_ACCUMULATOR_BITS if node.layer.wgt == "int8" else ACCUMULATOR_BITS[bits]
        node.layer.check_fits(wide)
        nodes[conv.name] = node
        if conv.name == MAX_POOL.source:
            nodes[MAX_POOL.name] = node
            outputs[MAX_POOL.name] = MAX_POOL.run(outputs[conv.name], bits)
        say(f"resnet18 b={bits}: {conv.name} calibrated")
    made = tuple(node for name, node in nodes.items() if name != MAX_POOL.name)
    last = made[-1]
    pixels = int(np.prod(outputs[last.layer.name].t.shape[2:]))
    fc = _linear(state, last.exp_res, pixels)
    kept = images[:samples]
    net = Network(NAME, bits, made, last.layer.name, fc, INPUT_EXP, kept,
                  np.zeros(len(kept), dtype=np.int64), pools=(MAX_POOL,))
    answers = net.logits(kept).argmax(axis=1).astype(np.int64)
    given = answers if labels is None else labels[:samples]
    return replace(net, labels=given, about={
        **(about or {}), "accuracy": {"samples": len(kept),
                                      "samples_correct": int((answers == given).sum())}})


def _calibrated(conv: Conv, bits: int, state: State, images: Int8s, nodes: Mapping[str, Node],
                outputs: Mapping[str, LayerOutput]) -> tuple[Node, LayerOutput]:
    """One layer fitted to its real input, and what it gives."""
    weight, first = state[f"{conv.key}.weight"], conv.source == INPUT
    a: Any = images if first else outputs[conv.source].codes
    exp_a = INPUT_EXP if first else nodes[conv.source].exp_out
    exp_w = best_word_exponent(weight) if first else best_code_exponent(weight, bits)
    values = (words(weight, exp_w).astype(np.int64) if first
              else to_int(project_real(weight, bits, exp_w), bits))
    acc = conv2d_int(a if first else to_int(a, bits), values, conv.stride, conv.shape[2] // 2)
    real = np.ldexp(acc.astype(np.float64), exp_w + exp_a)  # (N, O, OH, OW)
    mean = state.get(f"{conv.norm}.running_mean", real.mean(axis=(0, 2, 3)))
    variance = state.get(f"{conv.norm}.running_var", real.var(axis=(0, 2, 3)))
    terms = round_scales(state[f"{conv.norm}.weight"] / np.sqrt(variance + _EPSILON))
    scale = terms.values()
    bias = state[f"{conv.norm}.bias"] - mean * scale  # the mean stays where it was
    y = real * scale[:, None, None] + bias[:, None, None]
    added, residual = None, None
    if conv.residual is not None:
        added, residual = (conv.residual, nodes[conv.residual].exp_res), outputs[conv.residual].res
        assert residual is not None  # convs() lets it emit words
        y += np.ldexp(residual.astype(np.float64), added[1])
    if conv.relu:
        y = np.maximum(y, 0)
    node = fold(conv.name, bits, values, terms, bias, stride=conv.stride, exp_w=exp_w, exp_a=exp_a,
                exp_out=best_code_exponent(y, bits), exp_res=best_word_exponent(y),
                source=conv.source, residual=added, relu=conv.relu, emit_code=conv.emit_code,
                emit_res=conv.emit_res, kind="int8" if first else "pot")
    return node, node.layer.run(a, residual)


def _linear(state: State, exp_words: int, pixels: int) -> FcLayer:
    """FC on sums. Sums are `pixels` times the mean, so bias and logits are too."""
    weight, bias = state["fc.weight"], state["fc.bias"]
    exp = best_word_exponent(weight)
    return FcLayer(words(weight, exp), np.floor(
        np.ldexp(bias * pixels, -(exp + exp_words)) + 0.5).astype(np.int64), exp)
