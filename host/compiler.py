# SPDX-License-Identifier: Apache-2.0
"""A network and the devices that are there -> the jobs that run it, in order.

A layer goes to the first device that takes it. It is cut into groups of output channels where it
has more than COUT_MAX, into bands of rows where one image has more output positions than
PSUM_DEPTH, and the images into ranges as large as fit. What the engine does not do is left to the
host and named here: max pools, the sum over the pixels, shortcuts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from golden.errors import PlutarchError
from golden.layer import ConvLayer
from golden.network import FC, FcLayer, MaxPool, Network, Node
from host import layout
from host.bands import Band, split_rows
from host.jobs import LayerJob, WeightStream
from host.target import Target

MAX_TRANSFER = (1 << 26) - 1  # bytes; the length register of AXI DMA has at most 26 bits
_SIDE, _CHANNELS, _IMAGES = 256, 2048, 65535  # fields of the registers
_WHO = {("pot", "pot"): "plut_conv, or shift_conv with LANE=S0,",
        ("pot", "int8"): "shift_conv with LANE=S1", ("int8", "int8"): "mac_conv"}
Shape3 = tuple[int, int, int]


@dataclass(frozen=True)
class Step:
    """One step of the network.

    kind: conv and fc have jobs; maxpool and pool are the host's. in_shape, out_shape: of one image,
    (C, H, W); of fc as the device sees it, on the map that is not pooled yet.
    """

    name: str
    kind: Literal["conv", "maxpool", "pool", "fc"]
    op: Node | MaxPool | FcLayer | None
    in_shape: Shape3
    out_shape: Shape3
    jobs: tuple[LayerJob, ...] = ()

    @property
    def macs(self) -> int:
        """Useful multiply-accumulates of all jobs: of fc, those of one position for each image."""
        if self.kind == "fc":
            return sum(job.count * int(job.layer.weights.size) for job in self.jobs)
        return sum(job.macs for job in self.jobs)


def compile_network(net: Network, devices: Mapping[str, Target], images: int) -> list[Step]:
    """Every step of net on `images` images of the shape of its samples, in order.

    devices: name -> target, in order of preference. Raises PlutarchError naming the first layer
    that none of them can run, why, and what would run it.
    """
    steps = []
    pooled: Shape3 = (0, 0, 0)
    for work in net.work():
        jobs: tuple[LayerJob, ...] = ()
        shape, out = work.in_shape, work.out_shape
        if isinstance(work.op, Node):
            jobs = tuple(compile_layer(work.op.layer, shape[1:], devices, images))
        elif work.kind == "pool":
            pooled = shape
        elif isinstance(work.op, FcLayer):
            layer = fc_layer(work.op, net.bits)
            shape, out = pooled, (layer.out_channels, *pooled[1:])
            jobs = tuple(compile_layer(layer, shape[1:], devices, images))
        steps.append(Step(work.name, work.kind, work.op, shape, out, jobs))
    return steps


def fc_layer(fc: FcLayer, bits: int) -> ConvLayer:
    """The linear layer as a 1x1 convolution with raw sums; the host adds over pixels and the bias.

    It runs on the map before the sum pool: summing is linear, so the order does not matter.
    """
    zeros = np.zeros(len(fc.weights), dtype=np.int64)
    return ConvLayer(FC, bits, fc.weights[:, :, None, None], 1, 0, zeros, zeros, zeros, zeros,
                     relu=False, emit_code=False, raw=True, act="int8", wgt="int8")


def compile_layer(layer: ConvLayer, size: tuple[int, int], devices: Mapping[str, Target],
                  images: int) -> Iterator[LayerJob]:
    """The jobs of one layer on `images` maps of `size` (H, W), on the first device that fits.

    Raises PlutarchError naming the layer when none does.
    """
    if images < 1:
        raise PlutarchError(f"layer {layer.name}: {images} images")
    reasons = []
    for name, target in devices.items():
        reason = misfit(layer, *size, target)
        if reason is None:
            return _jobs(layer, size, name, target, images)
        reasons.append(f"{name}: {reason}" if len(devices) > 1 else reason)
    raise PlutarchError(f"layer {layer.name} cannot run here: {'; '.join(reasons)}. "
                        f"{_who(layer, size[1])} would run it")


def _who(layer: ConvLayer, width: int) -> str:
    kind = _WHO.get((layer.wgt, layer.act))
    if (kind is None or layer.kernel not in (1, 3, 5, 7) or layer.stride > 2
            or max(width, 1) > _SIDE or layer.in_channels > _CHANNELS):
        return "Only the golden model, no TOPLEVEL of this project,"
    return (f"{kind} built for it (K={max(3, layer.kernel)}, LINE_DEPTH={width} and PSUM_DEPTH="
            f"{width} or more)")


def misfit(layer: ConvLayer, height: int, width: int, target: Target) -> str | None:
    """Why a layer cannot run on a device even when it is cut into pieces, or None."""
    if layer.kernel not in (1, 3, 5, 7):
        return f"a {layer.kernel}x{layer.kernel} kernel, the engine has 1, 3, 5 and 7"
    if layer.stride not in (1, 2):
        return f"stride {layer.stride}, the engine has 1 and 2"
    if layer.pad > (layer.kernel - 1) // 2:
        return f"padding {layer.pad}, a {layer.kernel}x{layer.kernel} kernel has half of it at most"
    if max(height, width) > _SIDE:
        return f"maps of {height}x{width}, the engine takes {_SIDE}x{_SIDE}"
    if layer.in_channels > _CHANNELS:
        return f"{layer.in_channels} input channels, the engine takes {_CHANNELS}"
    if layer.wgt == "pot" and layer.bits != target.bits:
        return f"codes of {layer.bits} bits, the device has B={target.bits}"
    if layer.emit_code and layer.bits != target.bits:
        return f"emits codes of {layer.bits} bits, the device has B={target.bits}"
    oh, ow = layer.out_shape(height, width)
    group = next(_groups(layer, target))[1]
    roomy = replace(target, psum_depth=oh * ow)  # bands are judged below
    reason = roomy.misfit(group, height, width)
    if reason is None and not _bands(layer, height, width, target):
        reason = f"rows of {ow} outputs, the device has PSUM_DEPTH={target.psum_depth}"
    if reason is None:
        try:
            layer.check_fits(target.acc_bits)
        except PlutarchError as error:
            reason = str(error)
    return reason


def _groups(layer: ConvLayer, target: Target) -> Iterator[tuple[int, ConvLayer]]:
    """(first output channel, the layer cut to a group that COUT_MAX allows)."""
    size = target.cout_max
    if layer.out_channels > size:
        size = size // target.pout * target.pout or size
    for first in range(0, layer.out_channels, size):
        cut = slice(first, first + size)
        whole = layer.out_channels <= size
        yield first, layer if whole else replace(
            layer, weights=layer.weights[cut], shift1=layer.shift1[cut], shift2=layer.shift2[cut],
            term2=layer.term2[cut], bias=layer.bias[cut])


def _bands(layer: ConvLayer, height: int, width: int, target: Target) -> list[Band]:
    oh, _ = layer.out_shape(height, width)
    if target.max_images(layer, height, width):
        return [Band(0, oh, 0, height, layer.pad, layer.pad)]
    return split_rows(layer, height, width, target.psum_depth)


def _jobs(layer: ConvLayer, size: tuple[int, int], device: str, target: Target,
          images: int) -> Iterator[LayerJob]:
    height, width = size
    _, ow = layer.out_shape(height, width)
    bands = _bands(layer, height, width, target)
    for first, group in _groups(layer, target):
        stream = WeightStream(group, target)
        for band in bands:
            one = LayerJob(layer.name, group, device, target, first, band, (0, 1), width, ow,
                           stream)
            most = _images(one)
            pieces = -(-images // most)
            edges = [images * i // pieces for i in range(pieces + 1)]
            for a, b in itertools.pairwise(edges):
                yield replace(one, images=(a, b))


def _images(job: LayerJob) -> int:
    """How many images one start may take: partial sums, counter of images, length of transfers."""
    layer, target = job.layer, job.target
    rows = job.band.in_stop - job.band.in_start
    depth = target.tiles(layer)[1]
    most = _IMAGES if depth == 1 else target.psum_depth // job.positions
    blocks = -(-rows // 2) * -(-job.width // 2)  # of four pixels, at least as many as quads
    sent = (job.positions if layer.kernel == 1 else blocks) * depth * layout.a_bus_bytes(target)
    largest = max(sent, job.y_bytes, job.q_bytes)
    return max(1, min(most, _IMAGES, MAX_TRANSFER // largest))
