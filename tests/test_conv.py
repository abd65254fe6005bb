# SPDX-License-Identifier: Apache-2.0
"""Exact convolution against the P-LUT definition, a plain loop and torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden import conv
from golden.codes import max_value, to_int
from golden.conv import accumulator_bound, channel_bounds, conv2d_int, conv2d_plut, out_size
from golden.errors import PlutarchError


def loop_conv(a: npt.NDArray[Any], w: npt.NDArray[Any], stride: int, pad: int) -> list[Any]:
    """Seven nested loops over Python integers."""
    n, c, h, width = a.shape
    o, _, k, _ = w.shape
    oh, ow = (h + 2 * pad - k) // stride + 1, (width + 2 * pad - k) // stride + 1

    def pixel(image: int, channel: int, y: int, x: int) -> int:
        return int(a[image, channel, y, x]) if 0 <= y < h and 0 <= x < width else 0

    return [[[[sum(pixel(image, ch, y * stride + ky - pad, x * stride + kx - pad)
                   * int(w[out, ch, ky, kx]) for ch in range(c) for ky in range(k)
                   for kx in range(k)) for x in range(ow)] for y in range(oh)]
             for out in range(o)] for image in range(n)]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_all_three_agree(data: st.DataObject) -> None:
    bits, k = data.draw(st.integers(2, 6)), data.draw(st.sampled_from([1, 3, 5, 7]))
    stride, pad = data.draw(st.integers(1, 2)), data.draw(st.integers(0, (k - 1) // 2))
    low = max(1, k - 2 * pad)
    h, w = data.draw(st.integers(low, low + 4)), data.draw(st.integers(low, low + 5))
    n, c, o = (data.draw(st.integers(1, top)) for top in (2, 3, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    a = rng.integers(0, 2 ** bits, (n, c, h, w)).astype(np.uint8)
    wgt = rng.integers(0, 2 ** bits, (o, c, k, k)).astype(np.uint8)
    fast = conv2d_int(to_int(a, bits), to_int(wgt, bits), stride, pad)
    assert fast.tolist() == conv2d_plut(a, wgt, bits, stride, pad).tolist()
    assert fast.tolist() == loop_conv(to_int(a, bits), to_int(wgt, bits), stride, pad)


@pytest.mark.parametrize(("bits", "fan_in", "width"), [(3, 4608, 18), (4, 4608, 26), (4, 576, 23),
                                                       (5, 4608, 42), (6, 4608, 74)])
def test_bound_gives_the_known_accumulator_widths(bits: int, fan_in: int, width: int) -> None:
    w = np.full((1, fan_in), max_value(bits), dtype=np.int64)
    assert accumulator_bound(w, max_value(bits)).bit_length() + 1 == width


def test_bound_is_reached_and_per_channel() -> None:
    w = np.array([[[[3, -4], [0, 2]]], [[[1, 1], [1, 1]]]])
    a = np.sign(w[:1]) * 16
    assert channel_bounds(w, 16) == [144, 64]
    assert int(conv2d_int(a, w)[0, 0, 0, 0]) == 144 == accumulator_bound(w, 16)


@pytest.mark.parametrize(("bits", "kind"), [(5, "int64"), (6, "object")])
def test_path_beyond_float64_is_exact(bits: int, kind: str) -> None:
    big = max_value(bits)
    w = np.full((2, 40, 3, 3), big, dtype=np.int64)
    w[:, 0, 0, 0] = 1
    a = np.full((1, 40, 4, 4), big * (1 << 17 if bits == 5 else 1) - 1, dtype=np.int64)
    out = conv2d_int(a, w, 1, 0)
    expected = int(a[0, 0, 0, 0]) * (big * 359 + 1)
    assert str(out.dtype) == kind and expected > conv.FLOAT64_EXACT
    assert {int(x) for x in out.reshape(-1)} == {expected}
    assert int(float(expected)) != expected  # a float64 sum would have been wrong here


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    a, w = rng.integers(-64, 65, (7, 3, 6, 5)), rng.integers(-64, 65, (4, 3, 3, 3))
    whole = conv2d_int(a, w, 2, 1)
    monkeypatch.setattr(conv, "_CHUNK_ELEMENTS", 2 * 3 * 9 * 9)
    assert (conv2d_int(a, w, 2, 1) == whole).all()


def test_against_torch_where_float64_is_exact() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    for stride, pad, k in ((1, 1, 3), (2, 1, 3), (2, 3, 7), (1, 0, 1), (2, 2, 5)):
        a = to_int(rng.integers(0, 32, (2, 16, 9, 11)), 5)
        w = to_int(rng.integers(0, 32, (8, 16, k, k)), 5)
        assert accumulator_bound(w, max_value(5)) < 1 << 53
        expected = torch.nn.functional.conv2d(torch.tensor(a, dtype=torch.float64),
                                              torch.tensor(w, dtype=torch.float64),
                                              stride=stride, padding=pad)
        assert (conv2d_int(a, w, stride, pad) == expected.numpy()).all()


def test_any_table_can_be_gathered() -> None:
    table = np.array([[0, 0], [0, 5]], dtype=np.int64)
    a, w = np.array([[[[1, 3]]]], dtype=np.uint8), np.array([[[[1]]]], dtype=np.uint8)
    assert conv2d_plut(a, w, 2, table=table).tolist() == [[[[5, -5]]]]


def test_shapes_that_do_not_match() -> None:
    a, w = np.zeros((1, 2, 3, 3), np.int64), np.zeros((1, 3, 3, 3), np.int64)
    with pytest.raises(PlutarchError, match="convolution of input"):
        conv2d_int(a, w)
    with pytest.raises(PlutarchError, match="smaller than kernel 5"):
        out_size(3, 5, 1, 0)
    with pytest.raises(PlutarchError, match="stride 0"):
        out_size(3, 3, 0, 0)
