# SPDX-License-Identifier: Apache-2.0
"""Fast inference equals the integer network to the bit, and refuses where it could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from golden import resnet18
from golden.codes import max_value, to_int
from golden.conv import FLOAT32_EXACT, FLOAT64_EXACT
from golden.errors import PlutarchError
from golden.fast import FastNetwork, network, plan_layer, steps
from golden.fast.steps import FastConv, Pass, Workspace, from_numpy
from golden.int8_acts import with_int8_activations
from golden.int8_values import with_int8_values
from golden.layer import ConvLayer, LayerOutput
from golden.network import Network
from golden.package import find, load_package
from tests.nets import pooled_network, small_network


def same(got: LayerOutput, want: LayerOutput) -> None:
    for part, wanted in zip(want._fields, want, strict=True):
        given = getattr(got, part)
        assert (given is None) == (wanted is None), part
        if wanted is not None:
            assert given.dtype == wanted.dtype and given.shape == wanted.shape, part
            assert (given == wanted).all(), part


def same_everywhere(net: Network, images: Any) -> FastNetwork:
    fast = FastNetwork(net, threads=1)
    got, want = fast.layers(images), net.run(images)
    assert list(got) == list(want)
    for name in want:
        same(got[name], want[name])
    assert (fast.logits(images) == want["fc"].t).all()
    return fast


@pytest.mark.parametrize("seed", range(4))
def test_random_networks(seed: int) -> None:
    for net in (small_network(seed), pooled_network(seed), with_int8_values(pooled_network(seed))):
        same_everywhere(net, net.images)


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_shipped_networks(bits: int) -> None:
    net = load_package(find("digits", bits))
    fast = same_everywhere(net, net.images[:20])
    inner = {plan.conv for plan in fast.plans[1:]}
    assert inner == ({"float64"} if bits == 5 else {"float32"})
    assert fast.plans[0].conv == "float32"  # the 8-bit layer
    assert fast.correct(net.images, net.labels) == net.correct(net.images, net.labels)
    same_everywhere(with_int8_activations(net, net.images[:16]), net.images[:20])


@pytest.mark.parametrize("bits", [3, 4])
def test_residual_network_with_projections(bits: int) -> None:
    widths = (4, 6, 8, 10)
    net = resnet18.build(bits, resnet18.random_state(0, widths, 12),
                         resnet18.random_images(2, 0, 64), widths=widths)
    same_everywhere(net, net.images)


def layer_of(weights: Any, bits: int, **more: Any) -> ConvLayer:
    out = len(weights)
    fields: dict[str, Any] = {
        "weights": weights, "stride": 1, "pad": 0, "shift1": np.zeros(out, np.int64),
        "shift2": np.zeros(out, np.int64), "term2": np.zeros(out, np.int64),
        "bias": np.zeros(out, np.int64), **more}
    return ConvLayer("x", bits, **fields)


def run_fast(layer: ConvLayer, a: Any, residual: Any = None) -> LayerOutput:
    values = to_int(a, layer.bits) if layer.act == "pot" else a
    work = Pass(Workspace(), {}, check=True)
    words = None if residual is None else from_numpy(residual, torch.float64)
    with torch.inference_mode():
        FastConv(layer).run(from_numpy(values, torch.float32), words, work)
    assert work.trace is not None
    return work.trace["x"]


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
def test_every_value_around_every_cut(bits: int, relu: bool) -> None:
    """t takes every integer from -130 to 130 (and beyond), so ties of codes and words are hit."""
    a = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 1, 256)
    for shift in (0, 1, 2, 5):
        for bias in (-2, -1, 0, 1, 2):
            layer = layer_of(np.ones((1, 1, 1, 1), np.int8), bits, act="int8", wgt="int8",
                             relu=relu, proj_shift=shift, emit_res=True, res_out_shift=shift,
                             bias=np.array([bias]))
            same(run_fast(layer, a), layer.run(a))


@pytest.mark.parametrize("seed", range(30))
def test_random_layers(seed: int) -> None:
    """Any bits, shifts, signs, residuals of any shape, codes and words or one of them."""
    rng = np.random.default_rng(seed)
    bits = int(rng.integers(2, 7))
    out, inner, kernel = int(rng.integers(1, 9)), int(rng.integers(1, 6)), int(rng.choice([1, 3]))
    codes = np.delete(np.arange(1 << bits), 1 << (bits - 1))
    emit = int(rng.integers(1, 4))
    res_in = bool(rng.integers(2))
    spread = 2 * max_value(bits).bit_length()
    layer = layer_of(
        rng.choice(codes, (out, inner, kernel, kernel)).astype(np.uint8), bits,
        stride=int(rng.integers(1, 3)), pad=int(rng.integers(0, 3)), relu=bool(rng.integers(2)),
        shift1=rng.integers(0, 16, out), shift2=rng.integers(0, 16, out),
        term2=rng.integers(-1, 2, out), bias=rng.integers(-1 << 20, 1 << 20, out),
        proj_shift=int(rng.integers(0, spread + 10)), res_in=res_in,
        res_shift=int(rng.integers(0, 14)) if res_in else 0, emit_code=bool(emit & 1),
        emit_res=bool(emit & 2), res_out_shift=int(rng.integers(0, spread + 12)))
    a = rng.choice(codes, (2, inner, 5, 7)).astype(np.uint8)
    residual = None
    if res_in:
        oh, ow = layer.out_shape(5, 7)
        residual = rng.integers(-128, 128, (2, out, oh, ow)).astype(np.int8)
    same(run_fast(layer, a, residual), layer.run(a, residual))


def test_bounds_decide_the_arithmetic() -> None:
    """At 2^24 still float32; an odd sum beyond it, which float32 does not have, in float64."""
    weights = np.full((1, 1041, 1, 1), 126, np.int8)
    weights[0, -1] = 32  # 1040 * 126 + 32 = 2^17
    layer = layer_of(weights, 4, act="int8", wgt="int8", relu=False)
    assert (plan_layer(layer).acc_bound, plan_layer(layer).conv) == (FLOAT32_EXACT, "float32")
    a = np.full((1, 1041, 1, 1), -128, np.int8)
    assert layer.run(a).acc.item() == -FLOAT32_EXACT
    same(run_fast(layer, a), layer.run(a))
    weights = np.concatenate([weights, np.ones((1, 1, 1, 1), np.int8)], axis=1)
    layer = layer_of(weights, 4, act="int8", wgt="int8", relu=False)
    assert (plan_layer(layer).acc_bound, plan_layer(layer).conv) == (FLOAT32_EXACT + 128, "float64")
    a = np.concatenate([a, np.full((1, 1, 1, 1), -1, np.int8)], axis=1)
    assert layer.run(a).acc.item() == -FLOAT32_EXACT - 1
    same(run_fast(layer, a), layer.run(a))


@pytest.mark.parametrize(("more", "kind"), [
    ({}, "integers"),  # 2^30 * 2^30 beyond 2^53
    ({"weights": 23}, "float64"),  # 2^22 * 2^30 * 2 = 2^53
    ({"weights": 24}, "integers"),
    ({"weights": 20, "shift1": 3}, "float64"),  # t = 2^19 * 2^30 * 2 * 2^3 = 2^53
    ({"weights": 20, "shift1": 4}, "integers"),
    ({"weights": 20, "shift1": 3, "bias": 1}, "integers"),
    ({"weights": 20, "shift1": 3, "res_out_shift": 1}, "integers"),  # the rounding constant
    ({"weights": 1, "proj_shift": 501}, "integers"),
    ({"weights": 1, "proj_shift": 500}, "float64"),
])
def test_what_no_float_holds_is_computed_in_integers(more: dict[str, int], kind: str) -> None:
    weights = np.full((1, 2, 1, 1), more.get("weights", 31), np.uint8)
    fields = {"shift1": np.array([more.get("shift1", 0)]), "bias": np.array([more.get("bias", 0)])}
    layer = layer_of(weights, 6, **fields, emit_res=True, proj_shift=more.get("proj_shift", 0),
                     res_out_shift=more.get("res_out_shift", 0))
    assert plan_layer(layer).conv == kind
    assert plan_layer(layer).t_bound <= FLOAT64_EXACT or kind == "integers"
    a = np.array([[31, 31], [31, 1], [63, 33], [0, 5]], np.uint8)[:, :, None, None]
    same(run_fast(layer, a), layer.run(a))


@pytest.mark.parametrize("error", [0, 1])
def test_a_convolution_that_rounds_is_refused(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Winograd's algorithm adds before it multiplies; here float32 is off in one pixel."""
    exact = functional.conv2d
    checked: list[int] = []

    def rounding(a: Tensor, weights: Tensor, *rest: Any) -> Tensor:
        out = exact(a, weights, *rest)
        if a.dtype == torch.float64:
            checked.append(len(a))
        else:
            out[0, -1, -1, -1] += error
        return out

    net = small_network()
    fast = FastNetwork(net, threads=1)
    monkeypatch.setattr(steps.functional, "conv2d", rounding)
    if error:
        with pytest.raises(PlutarchError, match=r"layer conv1: torch .* does not convolve exactly"):
            fast.logits(net.images)
        return
    fast.logits(net.images)
    assert checked == [1, 1, 1]  # one image in each layer
    fast.logits(net.images)
    assert checked == [1, 1, 1]  # the shape is known
    fast.logits(net.images[:2])
    assert checked == [1] * 6


def test_settings_hold_only_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[tuple[int, bool, bool]] = []
    exact = functional.conv2d

    def spy(*given: Any) -> Tensor:
        nnpack = torch._C._get_nnpack_enabled()
        inside.append((torch.get_num_threads(), nnpack, torch.is_inference_mode_enabled()))
        return exact(*given)

    monkeypatch.setattr(steps.functional, "conv2d", spy)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        net = small_network()
        FastNetwork(net, threads=2).logits(net.images)
        assert torch.get_num_threads() == 1 and torch._C._get_nnpack_enabled()
    finally:
        torch.set_num_threads(before)
    assert set(inside) == {(2, False, True)}


def test_logits_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    net = small_network(samples=7)
    fast = FastNetwork(net, threads=1)
    whole = fast.logits(net.images)
    monkeypatch.setattr(network, "_CHUNK_PIXELS", 2 * 48)
    assert (fast.logits(net.images) == whole).all() and len(whole) == 7
    assert fast.logits(net.images[:0]).shape == (0, 4)
    assert fast.correct(net.images, (net.labels + 1) % 4) == 0


def test_wide_linear_layer_is_left_to_integers() -> None:
    net = small_network()
    wide = replace(net, fc=replace(net.fc, bias=np.array([(1 << 60) + 1, -5, 0, 3])))
    assert (FastNetwork(wide, 1).logits(net.images) == wide.logits(net.images)).all()
    wide = replace(net, fc=replace(net.fc, bias=np.array([(1 << 63) - 1, -5, 0, 3])))
    with pytest.raises(PlutarchError, match="logits do not fit in 64 bits"):
        FastNetwork(wide, 1).logits(net.images)


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda x: x.astype(np.uint8), "images are uint8"),
    (lambda x: x[0], r"images are int8 \(2, 6, 8\), want int8"),
    (lambda x: x[:, :1], "layer conv1: activations: 1 channels where 2 are due"),
    (lambda x: np.zeros((1, 2, 1, 0), np.int8), "smaller than"),
])
def test_wrong_images_are_refused(spoil: Callable[[Any], Any], message: str) -> None:
    net = small_network()
    for call in (FastNetwork(net, 1).logits, FastNetwork(net, 1).layers):
        with pytest.raises(PlutarchError, match=message):
            call(spoil(net.images))


def test_wrong_shortcut_and_small_pool_are_refused() -> None:
    wide = torch.zeros((1, 3, 4, 4), dtype=torch.float64)
    with pytest.raises(PlutarchError, match="shortcut: cannot bring"):
        steps._add_shortcut(torch.zeros((1, 2, 4, 4), dtype=torch.float64), wide, 1.0)
    with pytest.raises(PlutarchError, match="shortcut: cannot bring"):
        steps._add_shortcut(torch.zeros((1, 4, 3, 3), dtype=torch.float64), wide, 1.0)
    with pytest.raises(PlutarchError, match="threads = 0"):
        FastNetwork(small_network(), 0)
