# SPDX-License-Identifier: Apache-2.0
"""A whole network in integers: convolution layers in order, a sum pool and an 8-bit linear layer.

Residual ("option A") shortcuts are bookkeeping on the 8-bit residual words: take every stride-th
pixel and pad channels with zeros, so they cost no arithmetic. Nothing here is floating point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from golden.codes import BigInts, Ints
from golden.conv import INT64_EXACT, channel_bounds
from golden.errors import PlutarchError
from golden.layer import ConvLayer, Int8s, LayerOutput

INPUT, POOL, FC = "input", "pool", "fc"  # names a convolution layer may not have
_CHUNK_IMAGES = 64


class ConvJob(NamedTuple):
    """One layer with real inputs: what a testbench drives and what it must get back."""

    layer: ConvLayer
    a: npt.NDArray[Any]  # (N, I, H, W) uint8 codes, or int8 values when layer.act = "int8"
    residual: Int8s | None  # (N, O, OH, OW)
    expected: LayerOutput


@dataclass(frozen=True, eq=False)
class Node:
    """A layer, the layers it reads, and the exponents that give its integers a meaning.

    source: layer whose codes (act "pot") or residual words (act "int8") it reads, or "input".
    residual: layer whose residual words it adds, or None. Real value = integer * 2^exponent.
    """

    layer: ConvLayer
    source: str
    residual: str | None
    exp_w: int
    exp_a: int
    exp_t: int

    @property
    def exp_out(self) -> int:
        """Exponent of the emitted codes."""
        return self.exp_t + self.layer.proj_shift

    @property
    def exp_res(self) -> int:
        """Exponent of the emitted residual words."""
        return self.exp_t + self.layer.res_out_shift


@dataclass(frozen=True, eq=False)
class FcLayer:
    """Linear layer on the pooled sums: logits = weights @ sums + bias, exact."""

    weights: Int8s  # (classes, C)
    bias: Ints  # (classes,)
    exp_w: int

    def run(self, sums: Ints) -> LayerOutput:
        """sums: (N, C) int64. Returns acc = weights @ sums and t = logits, both (N, classes)."""
        w = self.weights.astype(np.int64)
        largest = int(np.abs(sums).max()) if sums.size else 0
        if max(channel_bounds(w, largest)) + int(np.abs(self.bias).max()) >= INT64_EXACT:
            raise PlutarchError("layer fc: logits do not fit in 64 bits")
        acc: BigInts = sums @ w.T  # (N, classes)
        return LayerOutput(acc, acc + self.bias, None, None)


@dataclass(frozen=True, eq=False)
class Network:
    """Name, layers in order, and the samples its accuracy is stated on.

    images: (N, C, H, W) int8, labels: (N,) int64: the test samples the package carries.
    about: provenance (command, seed, accuracy counts, versions), plain JSON values.
    Raises PlutarchError if the layers do not fit together (names, exponents).
    """

    name: str
    bits: int
    nodes: tuple[Node, ...]
    pool_source: str
    fc: FcLayer
    input_exp: int
    images: Int8s
    labels: Ints
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, Node] = {}
        for node in self.nodes:
            layer = node.layer
            if layer.name in seen or layer.name in (INPUT, POOL, FC):
                raise PlutarchError(f"network {self.name}: layer name {layer.name!r} used twice")
            if node.source == INPUT:
                given = self.input_exp
            else:
                source = self._earlier(seen, node.source, layer)
                given = source.exp_out if layer.act == "pot" else source.exp_res
                if not (source.layer.emit_code if layer.act == "pot" else source.layer.emit_res):
                    raise PlutarchError(f"layer {layer.name}: {node.source} does not emit "
                                        "what it reads")
            if given != node.exp_a:
                raise PlutarchError(f"layer {layer.name}: exp_a {node.exp_a}, but its input has "
                                    f"exponent {given}")
            if (node.residual is None) == layer.res_in:
                raise PlutarchError(f"layer {layer.name}: residual {node.residual!r} with res_in "
                                    f"{layer.res_in}")
            if node.residual is not None:
                residual = self._earlier(seen, node.residual, layer)
                if residual.exp_res != node.exp_t + layer.res_shift or not residual.layer.emit_res:
                    raise PlutarchError(f"layer {layer.name}: res_shift {layer.res_shift} does not "
                                        f"fit the exponents of {node.residual}")
            seen[layer.name] = node
        pooled = seen.get(self.pool_source)
        if pooled is None or not pooled.layer.emit_res:
            raise PlutarchError(f"network {self.name}: nothing to pool in {self.pool_source!r}")

    @staticmethod
    def _earlier(seen: dict[str, Node], name: str, layer: ConvLayer) -> Node:
        if name not in seen:
            raise PlutarchError(f"layer {layer.name}: reads {name!r}, no earlier layer")
        return seen[name]

    def run(self, images: Int8s) -> dict[str, LayerOutput]:
        """Every intermediate of images (N, C, H, W) int8, by layer name, in order; exact.

        Besides the convolution layers: "pool" (acc = t = sums, (N, C)) and "fc" (t = logits).
        """
        outputs: dict[str, LayerOutput] = {}
        for job in self._jobs(images):
            outputs[job.layer.name] = job.expected
        pooled = outputs[self.pool_source].res
        assert pooled is not None  # checked when the network was built
        sums = pooled.astype(np.int64).sum(axis=(2, 3))  # (N, C)
        outputs[POOL] = LayerOutput(sums, sums, None, None)
        outputs[FC] = self.fc.run(sums)
        return outputs

    def _jobs(self, images: Int8s) -> Iterator[ConvJob]:
        if images.dtype != np.int8 or images.ndim != 4:
            raise PlutarchError(f"network {self.name}: images are {images.dtype} {images.shape}, "
                                "want int8 (N, C, H, W)")
        outputs: dict[str, LayerOutput] = {}
        for node in self.nodes:
            layer = node.layer
            a: Any = images
            if node.source != INPUT:
                source = outputs[node.source]
                a = source.codes if layer.act == "pot" else source.res
            residual = None
            if node.residual is not None:
                shape = (layer.out_channels, *layer.out_shape(a.shape[2], a.shape[3]))
                residual = shortcut(outputs[node.residual].res, shape)
            outputs[layer.name] = layer.run(a, residual)
            yield ConvJob(layer, a, residual, outputs[layer.name])

    def conv_jobs(self, images: Int8s) -> list[ConvJob]:
        """The layers with PoT weights, their real inputs on these images and what comes out."""
        return [job for job in self._jobs(images) if job.layer.wgt == "pot"]

    def int8_activation_jobs(self, images: Int8s) -> list[ConvJob]:
        """conv_jobs with 8-bit fixed-point activations chained from layer to layer (lane S1)."""
        from golden.int8_acts import with_int8_activations

        return with_int8_activations(self, images).conv_jobs(images)

    def logits(self, images: Int8s) -> Ints:
        """(N, classes) int64, a few images at a time."""
        parts = [self.run(images[i:i + _CHUNK_IMAGES])[FC].t
                 for i in range(0, len(images), _CHUNK_IMAGES)]
        return np.concatenate(parts).astype(np.int64)

    def correct(self, images: Int8s, labels: Ints) -> int:
        """How many of the images get their label; of equal logits the lowest class counts."""
        return int((self.logits(images).argmax(axis=1) == labels).sum())


def shortcut(words: Int8s | None, shape: tuple[int, int, int]) -> Int8s:
    """Option A shortcut: (N, C, H, W) residual words brought to (N, *shape).

    Every (H/OH)-th pixel from the first, zero channels added half before and half after.
    Raises PlutarchError if the shapes do not allow it.
    """
    if words is None:
        raise PlutarchError("shortcut: the layer it reads emits no residual words")
    channels, oh, ow = shape
    step = max(1, -(-words.shape[2] // oh))
    taken = words[:, :, ::step, ::step]  # (N, C, OH, OW)
    extra = channels - words.shape[1]
    if taken.shape[2:] != (oh, ow) or extra < 0:
        raise PlutarchError(f"shortcut: cannot bring {words.shape} to {shape}")
    return np.pad(taken, ((0, 0), (extra // 2, extra - extra // 2), (0, 0), (0, 0)))
