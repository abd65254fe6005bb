# SPDX-License-Identifier: Apache-2.0
"""What a lane really sees: weights and activations of a trained network's layers, in scan order.

A stream is one output channel of one layer while the window moves over the images, row by row.
Its N operands are N of the window's taps, channel by channel from a channel of its own on.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from golden.codebooks import apot, pot
from golden.codes import max_value, to_int
from golden.errors import PlutarchError
from golden.int8_acts import with_int8_activations
from golden.jobs import ConvJob
from golden.network import Network
from golden.package import find, load_package
from golden.product_ram import ProductRam
from synth.errors import SynthError
from synth.identity import OWN_BITS

Ints = npt.NDArray[np.int64]
CODES: Final = ("P1", "P2", "P3", "S0")
SHIFT8: Final = ("S1", "S2", "A1")
NETS: Final = ("resnet20", "digits")
"""Whose layers are taken when no network is named: the first that has a package of the bits."""
_IMAGES: Final = 4
_ROTATION: Final = 16  # weight sets of a stream, one after the other when weights change


@dataclass(frozen=True)
class Activity:
    """weights: (sets, N, streams); activations: (cycles, N, streams); raw bits, >= 0.

    about: where they are from, for people. package: the folder's name, "resnet20-b4".
    """

    weights: Ints
    activations: Ints
    about: str
    package: str


def package_of(lane: str, bits: int, net: str = "") -> Path:
    """The package that a lane's operands are from; without a net the first of NETS that has one.

    SynthError for a lane whose operands no package has, PlutarchError when there is no package.
    """
    if lane not in (*CODES, *SHIFT8, *OWN_BITS):
        raise SynthError(f"no package holds operands of lane {lane}")
    package_bits = bits if lane not in OWN_BITS else 4
    for other in () if net else NETS[:-1]:
        try:
            return find(other, package_bits)
        except PlutarchError:  # not trained at these bits
            continue
    return find(net or NETS[-1], package_bits)


def layer_activity(lane: str, bits: int, n: int, cycles: int, streams: int,
                   net: str = "") -> Activity:  # fmt: skip
    """Real operands of a lane, streams spread over all images. Errors as `package_of`."""
    package = package_of(lane, bits, net)
    package_bits = bits if lane not in OWN_BITS else 4
    layers = _layers(package, lane not in CODES)
    weights, activations = [], []
    for stream in range(streams):
        patches, kernels = layers[stream % len(layers)]
        # patches (windows, channels, taps), kernels (outputs, channels, taps)
        channel = stream // len(layers)
        pick = (channel * patches.shape[2] + np.arange(n)) % (patches.shape[1] * patches.shape[2])
        start = stream * len(patches) // streams
        which = (start + np.arange(cycles)) % len(patches)
        activations.append(patches.reshape(len(patches), -1)[which][:, pick])
        order = (stream + np.arange(_ROTATION)) % len(kernels)
        weights.append(kernels.reshape(len(kernels), -1)[order][:, pick])
    w, a = np.stack(weights, axis=2), np.stack(activations, axis=2)
    about = f"{package.name}, {len(layers)} layers with 3x3 kernels"
    if lane in OWN_BITS:
        width = OWN_BITS[lane]
        w, a = _integers(to_int(w, package_bits), max_value(package_bits), width), \
            _integers(a, 127, width)  # fmt: skip
        about += f", both operands requantised to {width}-bit integers"
    elif lane in SHIFT8:
        a = a & 0xFF
        about += ", 8-bit activations"
        if lane == "A1":
            w = _nearest_apot(to_int(w, bits), bits)
            about += ", weights requantised to the nearest APoT level"
    return Activity(np.asarray(w, np.int64), np.asarray(a, np.int64), about, package.name)


def load_beats(codes: Ints, bits: int) -> Ints:
    """Weight codes (N, streams) -> (beats, streams) words of lane P3's load bus."""
    ram = ProductRam.default(bits)
    book = pot(bits)
    return np.array([ram.beats(ram.tables(book[column], book)) for column in codes.T], np.int64).T


def _integers(values: Any, largest: int, width: int) -> Any:
    """Integers of magnitude <= largest onto two's complement words of `width` bits."""
    top = (1 << (width - 1)) - 1
    scaled = np.clip(np.rint(np.asarray(values) * top / largest), -top, top).astype(np.int64)
    return scaled & ((1 << width) - 1)


def _nearest_apot(values: Any, bits: int) -> Any:
    """The APoT code nearest to each power-of-two weight, both scaled to the same largest level."""
    book = apot(bits)
    levels = book / np.abs(book).max()
    wanted = np.asarray(values) / max_value(bits)
    return np.abs(wanted[..., None] - levels).argmin(axis=-1)


@functools.cache
def _layers(package: Path, int8: bool) -> list[tuple[Ints, Ints]]:
    """(patches, kernels) of every 3x3 layer on PoT codes (or 8-bit words) of a package."""
    network: Network = load_package(package)
    images = network.images[:_IMAGES]
    if int8:
        network = with_int8_activations(network, images)
    found = []
    for job in network.jobs(images):
        if not isinstance(job, ConvJob):
            continue
        layer = job.layer
        if layer.weights.shape[2] != 3 or layer.wgt != "pot" or (layer.act == "int8") != int8:
            continue
        pad, stride = layer.pad, layer.stride
        given = np.pad(np.asarray(job.a, np.int64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = sliding_window_view(given, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
        # (N, C, OH, OW, 3, 3) -> (N * OH * OW, C, 9): pixels in the order in which they are scanned
        patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, given.shape[1], 9)
        found.append((patches, np.asarray(layer.weights, np.int64).reshape(
            len(layer.weights), layer.weights.shape[1], 9)))  # fmt: skip
    if not found:
        raise SynthError(f"package {package.name} has no 3x3 layer to take activations from")
    return found
