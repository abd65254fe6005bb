# SPDX-License-Identifier: Apache-2.0
"""Layer arithmetic against design section 2 written out one pixel at a time in Python integers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.codes import max_value, to_int
from golden.conv import conv2d_plut
from golden.errors import PlutarchError
from golden.layer import ConvLayer, residual_word
from tests.test_codes import nearest_code


def make_layer(seed: int, **changes: Any) -> ConvLayer:
    """A random 4-bit 3x3 layer, 3 -> 5 channels, emitting codes and residual words."""
    rng = np.random.default_rng(seed)
    bits = changes.get("bits", 4)
    fields: dict[str, Any] = {
        "name": f"random{seed}", "bits": bits, "stride": 1, "pad": 1,
        "weights": rng.integers(0, 2 ** bits, (5, 3, 3, 3)).astype(np.uint8),
        "shift1": rng.integers(0, 16, 5), "shift2": rng.integers(0, 16, 5),
        "term2": rng.integers(-1, 2, 5), "bias": rng.integers(-5000, 5000, 5), "relu": False,
        "proj_shift": 9, "res_in": True, "res_shift": 5, "emit_res": True, "res_out_shift": 12}
    return ConvLayer(**{**fields, **changes})


def inputs(layer: ConvLayer, seed: int, n: int = 2, h: int = 5, w: int = 4) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    shape = (n, layer.in_channels, h, w)
    a = (rng.integers(0, 2 ** layer.bits, shape).astype(np.uint8) if layer.act == "pot"
         else rng.integers(-128, 128, shape).astype(np.int8))
    out = (n, layer.out_channels, *layer.out_shape(h, w))
    return a, rng.integers(-128, 128, out).astype(np.int8) if layer.res_in else None


@given(st.integers(0, 10 ** 6), st.integers(3, 6), st.booleans(), st.booleans(), st.integers(0, 40),
       st.integers(0, 50), st.integers(0, 70), st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_arithmetic_one_pixel_at_a_time(seed: int, bits: int, relu: bool, res_in: bool,
                                        res_shift: int, res_out: int, proj: int,
                                        stride: int) -> None:
    layer = make_layer(seed, bits=bits, relu=relu, res_in=res_in, res_shift=res_shift,
                       res_out_shift=res_out, proj_shift=proj, stride=stride)
    a, residual = inputs(layer, seed + 1)
    out = layer.run(a, residual)
    acc = conv2d_plut(a, layer.weights, bits, stride, 1)
    assert out.acc.tolist() == acc.tolist() and out.codes is not None and out.res is not None
    for place in np.ndindex(*acc.shape):
        c = place[1]
        x = int(acc[place])
        t = x * 2 ** int(layer.shift1[c]) + int(layer.term2[c]) * x * 2 ** int(layer.shift2[c])
        t += int(layer.bias[c])
        if residual is not None:
            t += int(residual[place]) * 2 ** res_shift
        t = 0 if relu and t < 0 else t
        assert int(out.t[place]) == t
        assert int(out.codes[place]) == nearest_code(Fraction(t, 2 ** proj), bits)
        rounded = (Fraction(t) + (Fraction(2) ** (res_out - 1) if res_out else 0)) / 2 ** res_out
        assert int(out.res[place]) == max(-128, min(127, rounded.numerator // rounded.denominator))


def test_by_hand() -> None:
    one = np.ones(1, dtype=np.int64)
    layer = ConvLayer("hand", 4, np.array([[[[0b1011]]]], dtype=np.uint8), 1, 0, 3 * one, one, -one,
                      100 * one, relu=False, proj_shift=1, res_in=True, res_shift=2, emit_res=True,
                      res_out_shift=2)
    out = layer.run(np.array([[[[5]]]], dtype=np.uint8), np.array([[[[-7]]]], dtype=np.int8))
    # acc = -4 * 16; t = -64*8 + 64*2 + 100 - 28 = -312; -156 -> -64; (-312+2)>>2 = -78
    assert int(out.acc.item()) == -64 and int(out.t.item()) == -312
    assert out.codes is not None and out.codes.item() == 0b1111
    assert out.res is not None and out.res.item() == -78


def test_int64_and_python_integers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = make_layer(7)
    a, residual = inputs(layer, 8)
    narrow = layer.run(a, residual)
    monkeypatch.setattr(ConvLayer, "bounds", lambda self: (0, 1 << 62))
    wide = layer.run(a, residual)
    assert narrow.t.dtype == np.int64 and wide.t.dtype == object
    for x, y in zip(narrow, wide, strict=True):
        assert x is not None and y is not None and x.tolist() == y.tolist()


def test_bounds_are_reached() -> None:
    layer = make_layer(3, term2=np.ones(5, dtype=np.int64), pad=0)
    a = np.zeros((5, 3, 3, 3), dtype=np.uint8)
    for c in range(5):  # the input that makes channel c as large as it can get
        value = np.sign(to_int(layer.weights[c], 4)) * (1 if layer.bias[c] > 0 else -1)
        a[c] = np.where(value < 0, 15, np.where(value > 0, 7, 0))
    sign = np.where(layer.bias > 0, 1, -1)
    residual = np.broadcast_to(np.where(sign > 0, 127, -128)[None, :, None, None], (5, 5, 1, 1))
    out = layer.run(a, residual.astype(np.int8))
    acc, t = layer.bounds()
    own = [abs(int(out.t[c, c, 0, 0])) for c in range(5)]
    assert max(abs(int(out.acc[c, c, 0, 0])) for c in range(5)) == acc
    assert t - (1 << layer.res_shift) <= max(own) <= t  # 127 instead of 128 where it is positive


def test_residual_word_rounding_and_saturation() -> None:
    t = np.array([-9, -8, -6, -5, -4, -2, -1, 0, 1, 2, 3, 5, 6, 507, 509, 510, 514, -512, -515])
    expected = [-2, -2, -1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 2, 127, 127, 127, 127, -128, -128]
    assert residual_word(t, 2).tolist() == expected
    assert residual_word(t.astype(object), 2).tolist() == expected
    assert residual_word(np.array([127, 128, -129]), 0).tolist() == [127, 127, -128]
    assert residual_word(np.array([(1 << 62) - 1]), 100).tolist() == [0]


def test_int8_activations_and_int8_weights() -> None:
    layer = make_layer(5, act="int8")
    a, residual = inputs(layer, 6)
    w = to_int(layer.weights, 4)
    padded = np.pad(a.astype(np.int64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    acc = layer.run(a, residual).acc
    assert int(acc[1, 2, 3, 1]) == int((padded[1, :, 3:6, 1:4] * w[2]).sum())
    first = make_layer(5, act="int8", wgt="int8", weights=w.astype(np.int8))
    assert (first.run(a, residual).acc == acc).all()
    assert layer.bounds()[0] == int(np.abs(w).sum(axis=(1, 2, 3)).max()) * 128


def test_raw_emits_accumulators_only() -> None:
    layer = make_layer(1, raw=True, emit_code=False, emit_res=False)
    out = layer.run(*inputs(layer, 2))
    assert out.codes is None and out.res is None and out.acc.any()


def test_check_fits() -> None:
    layer = make_layer(2, weights=np.full((5, 3, 3, 3), 7, dtype=np.uint8))
    need = (27 * max_value(4) ** 2).bit_length() + 1
    layer.check_fits(need)
    with pytest.raises(PlutarchError, match=f"random2: accumulator: needs {need} bits"):
        layer.check_fits(need - 1)
    with pytest.raises(PlutarchError, match="bias: needs"):
        replace(layer, bias=np.full(5, 1 << 60)).check_fits(30)
    with pytest.raises(PlutarchError, match="res_shift: 39 is beyond 38"):
        replace(layer, res_shift=39).check_fits(30)
    with pytest.raises(PlutarchError, match="proj_shift: 128"):
        replace(layer, proj_shift=128).check_fits(30)
    replace(layer, bias=np.full(5, -(1 << 44)), res_shift=38).check_fits(30)


@pytest.mark.parametrize(("change", "message"), [
    ({"shift1": np.array([0, 1, 2, 3, 16])}, "shift1: beyond 0..15"),
    ({"shift2": np.array([0, 1, 2, 3, -1])}, "shift2: beyond"),
    ({"term2": np.array([0, 1, 2, 0, 0])}, "term2: beyond -1..1"),
    ({"bias": np.zeros(4, dtype=np.int64)}, r"bias: int64 \(4,\)"),
    ({"proj_shift": -1}, "proj_shift: -1 is no integer"),
    ({"stride": 0}, "stride: 0 is no integer from 1"), ({"pad": "1"}, "pad: '1' is no integer"),
    ({"act": "int4"}, "act: no such activations: 'int4'"),
    ({"weights": np.zeros((5, 3, 3), dtype=np.uint8)}, "weights: shape"),
    ({"weights": np.zeros((5, 3, 3, 3), dtype=np.int64)}, "weights: int64 where uint8"),
    ({"raw": True}, "either raw"), ({"emit_code": False, "emit_res": False}, "either raw"),
    ({"bits": 9}, "bits = 9")])
def test_bad_fields_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PlutarchError, match=message):
        replace(make_layer(0), **change)


def test_inputs_that_do_not_belong() -> None:
    layer = make_layer(0)
    a, residual = inputs(layer, 1)
    with pytest.raises(PlutarchError, match="residual: missing"):
        layer.run(a)
    with pytest.raises(PlutarchError, match="given, but"):
        replace(layer, res_in=False).run(a, residual)
    with pytest.raises(PlutarchError, match="residual: int8"):
        layer.run(a, residual[:1])
    with pytest.raises(PlutarchError, match="activations: int64"):
        layer.run(a.astype(np.int64), residual)
    with pytest.raises(PlutarchError, match=r"\(N, 3, H, W\)"):
        layer.run(a[:, :2], residual)
