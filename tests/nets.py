# SPDX-License-Identifier: Apache-2.0
"""A small random network for tests that need a package but no training."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden.layer import ConvLayer
from golden.network import FcLayer, MaxPool, Network, Node


def _layer(rng: np.random.Generator, name: str, cin: int, cout: int, stride: int,
           **more: Any) -> ConvLayer:
    fields: dict[str, Any] = {
        "weights": rng.choice(np.delete(np.arange(16), 8), (cout, cin, 3, 3)).astype(np.uint8),
        "shift1": rng.integers(0, 4, cout), "shift2": rng.integers(0, 3, cout),
        "term2": rng.integers(-1, 2, cout), "bias": rng.integers(-500, 500, cout),
        "proj_shift": 5, **more}
    fields["pad"] = fields["weights"].shape[2] // 2
    return ConvLayer(name, 4, stride=stride, **fields)


def small_network(seed: int = 7, samples: int = 5) -> Network:
    """conv1 (8 bit) -> a -> b with a shortcut of stride 2 and more channels; random integers."""
    rng = np.random.default_rng(seed)
    first = _layer(rng, "conv1", 2, 3, 1, act="int8", wgt="int8", emit_res=True, res_out_shift=6,
                   weights=rng.integers(-128, 128, (3, 2, 3, 3)).astype(np.int8))
    inner = _layer(rng, "a", 3, 6, 2)
    outer = _layer(rng, "b", 6, 6, 1, res_in=True, res_shift=4, emit_code=False, emit_res=True,
                   proj_shift=0, res_out_shift=5)
    nodes = (Node(first, "input", None, -7, -4, -12),  # codes 2^-7, words 2^-6
             Node(inner, "conv1", None, -3, -7, -9),  # codes 2^-4
             Node(outer, "a", "conv1", -3, -4, -10))  # words 2^-5
    fc = FcLayer(rng.integers(-128, 128, (4, 6)).astype(np.int8), rng.integers(-99, 99, 4), -7)
    images = rng.integers(-128, 128, (samples, 2, 6, 8)).astype(np.int8)
    net = Network("small", 4, nodes, "b", fc, -4, images, np.zeros(samples, dtype=np.int64))
    labels = net.logits(images).argmax(axis=1)
    return Network("small", 4, nodes, "b", fc, -4, images, labels, {
        "seed": seed, "accuracy": {"samples": samples, "samples_correct": samples}})


def pooled_network(seed: int = 3, samples: int = 3) -> Network:
    """stem -> max pool -> a -> b with a projection shortcut "down", as ResNet18 has them.

    The stem has no ReLU, so that the pool meets negative codes and words.
    """
    rng = np.random.default_rng(seed)
    stem = _layer(rng, "stem", 2, 3, 2, act="int8", wgt="int8", relu=False, emit_res=True,
                  proj_shift=11, res_out_shift=10, bias=np.full(3, -60_000),
                  weights=rng.integers(-40, 40, (3, 2, 7, 7)).astype(np.int8))
    inner = _layer(rng, "a", 3, 6, 2, proj_shift=7)
    down = _layer(rng, "down", 3, 6, 2, relu=False, emit_code=False, emit_res=True, proj_shift=0,
                  res_out_shift=7, weights=rng.integers(1, 8, (6, 3, 1, 1)).astype(np.uint8))
    outer = _layer(rng, "b", 6, 6, 1, res_in=True, res_shift=6, proj_shift=8, emit_res=True,
                   res_out_shift=7)
    last = _layer(rng, "c", 6, 6, 1, res_in=True, res_shift=6, emit_code=False, emit_res=True,
                  proj_shift=0, res_out_shift=8)
    nodes = (Node(stem, "input", None, -7, -4, -12),  # codes 2^-1, words 2^-2
             Node(inner, "pool1", None, -3, -1, -3),  # codes 2^4
             Node(down, "pool1", None, -3, -1, -3),  # words 2^4
             Node(outer, "a", "down", -3, 4, -2),  # codes 2^6, words 2^5
             Node(last, "b", "b", -3, 6, -1))
    fc = FcLayer(rng.integers(-128, 128, (4, 6)).astype(np.int8), rng.integers(-99, 99, 4), -7)
    images = rng.integers(-128, 128, (samples, 2, 17, 22)).astype(np.int8)
    net = Network("pooled", 4, nodes, "c", fc, -4, images, np.zeros(samples, dtype=np.int64),
                  pools=(MaxPool("pool1", "stem", 3, 2, 1),))
    labels = net.logits(images).argmax(axis=1)
    return Network("pooled", 4, nodes, "c", fc, -4, images, labels, {
        "seed": seed, "accuracy": {"samples": samples, "samples_correct": samples}}, net.pools)
