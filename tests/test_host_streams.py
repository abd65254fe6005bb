# SPDX-License-Identifier: Apache-2.0
"""Stream layouts, bands and memory of the host, against definitions written out one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.layer import ConvLayer
from golden.shuff.order import bank_steps
from host.bands import split_rows
from host.memory import on_chip_bits
from host.packing import unpack_lanes
from host.streams import activation_quads, maps_of, position_lanes
from host.target import Target

TARGET = Target(bits=4, kmax=3, pin=2, pout=4, line_depth=16, psum_depth=64, cout_max=8, lane="P1")
RNG = np.random.default_rng(5)


def layer(kernel: int, stride: int, cin: int = 5, cout: int = 6) -> ConvLayer:
    zeros = np.zeros(cout, dtype=np.int64)
    return ConvLayer("x", 4, RNG.integers(0, 8, (cout, cin, kernel, kernel)).astype(np.uint8),
                     stride, kernel // 2, zeros, zeros, zeros, zeros)


def slots(a: np.ndarray, one: ConvLayer) -> np.ndarray:
    """(beats, 4, PIN) of a round."""
    beats = activation_quads(a, one, TARGET)
    return unpack_lanes(beats, 4, 8, signed=False).reshape(-1, 4, 2)


def test_stride_1_is_pixels_in_raster_order_each_pass_filled_up() -> None:
    a = RNG.integers(0, 8, (2, 5, 3, 3)).astype(np.uint8)
    beats = slots(a, layer(3, 1))
    assert beats.shape == (3 * 5, 4, 2)  # 18 pixels a pass
    for tile in range(3):
        pixels = beats[5 * tile : 5 * tile + 5].reshape(-1, 2)
        for at in range(18):
            image, y, x = at // 9, at % 9 // 3, at % 3
            want = [a[image, c, y, x] if c < 5 else 0 for c in (2 * tile, 2 * tile + 1)]
            assert list(pixels[at]) == want
        assert not pixels[18:].any()


def test_stride_2_is_blocks_and_zero_outside_the_map() -> None:
    a = RNG.integers(1, 8, (1, 2, 3, 5)).astype(np.uint8)
    beats = slots(a, layer(3, 2, cin=2))
    assert beats.shape == (2 * 3, 4, 2)
    for y in range(2):
        for x in range(3):
            for dy in range(2):
                for dx in range(2):
                    inside = 2 * y + dy < 3 and 2 * x + dx < 5
                    want = a[0, :, 2 * y + dy, 2 * x + dx] if inside else [0, 0]
                    assert list(beats[3 * y + x, 2 * dy + dx]) == list(want)


def test_kernel_1_is_four_groups_of_the_pixels_that_are_read() -> None:
    a = RNG.integers(0, 8, (1, 9, 3, 4)).astype(np.uint8)
    beats = slots(a, layer(1, 2, cin=9))
    assert beats.shape == (2 * 2 * 2, 4, 2)  # two tiles of 8 channels, 2 x 2 positions
    for at, (tile, y, x) in enumerate(np.ndindex(2, 2, 2)):
        for c in range(8):
            channel = 8 * tile + c
            want = a[0, channel, 2 * y, 2 * x] if channel < 9 else 0
            assert beats[at, c // 2, c % 2] == want


def test_weights_come_lane_by_lane_and_lanes_beyond_carry_zero() -> None:
    one = layer(3, 1)
    steps = bank_steps(one.weights, TARGET.pout)
    assert steps.shape == (2 * 5 * 9, 4) and steps.dtype == np.uint8
    at = 0
    for o in (0, 4):
        for c, ky, kx in np.ndindex(5, 3, 3):  # input tiles follow one another
            want = [one.weights[o + n, c, ky, kx] if o + n < 6 else 0 for n in range(4)]
            assert list(steps[at]) == want
            at += 1


def test_maps_survive_the_way_out_and_back() -> None:
    maps = RNG.integers(-9, 9, (2, 6, 3, 2))
    assert np.array_equal(maps_of(position_lanes(maps, 4), maps.shape), maps)


@pytest.mark.parametrize("kernel, stride", [(3, 1), (3, 2), (1, 1), (1, 2)])
def test_bands_give_the_rows_of_the_whole_map(kernel: int, stride: int) -> None:
    one = layer(kernel, stride)
    a = RNG.integers(0, 8, (1, 5, 11, 6)).astype(np.uint8)
    whole = one.run(a).acc
    parts = split_rows(one, 11, 6, 2 * whole.shape[3])
    assert len(parts) > 2 and max(p.out_stop - p.out_start for p in parts) <= 2
    for part in parts:
        cut = np.pad(a[:, :, part.in_start : part.in_stop],
                     ((0, 0), (0, 0), (part.pad_top, part.pad_bottom), (one.pad, one.pad)))
        got = replace(one, pad=0).run(cut).acc
        assert np.array_equal(got, whole[:, :, part.out_start : part.out_stop])
    assert split_rows(one, 11, 6, 1) == []


def test_memory_on_chip_is_what_the_rtl_declares() -> None:
    found = on_chip_bits(replace(TARGET, kmax=3, pin=8, pout=8, line_depth=256, psum_depth=4096,
                                 cout_max=512), 64)
    assert found["weights"] == 2 * 576 * 4
    assert found["weight stream"] == 128 * 8 + 8 * 64 * 6
    assert found["lines of pixels"] == 2 * 256 * 32 and found["lines of blocks"] == 128 * 128
    assert found["partial sums"] == 4096 * 8 * 30
    assert found["channel parameters"] == 512 * 56
