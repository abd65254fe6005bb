# SPDX-License-Identifier: Apache-2.0
"""How many cycles a job takes when nothing outside holds it up, to the cycle.

Written from what rtl/engine promises (conv_engine, layer_config, scan_control): one shift a cycle
from the first element to the last position, through all passes. Only the waits for weights are
bounded and not exact: they are the decoder bank's business and have a bench of their own.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from tb.common import lane_bench
from tb.common.table_timing import load_cycles
from tb.conv_engine.work import LayerWork

# Cycles of fixed pipelines.
ISSUE_TO_SUM = 3  # element, window and taps registers before the lanes
SUM_TO_STORED = 2  # psum_buffer
POST_PROCESS, RAW_SUMS = 9, 1  # raw sums leave after the first stage
OUT_TO_TAKEN = 4  # output FIFO and its register, then the room count, then the look at it
TINY_GAP = 4  # cycles from a tiny pass's last position to the next one's first
SWAP = 2  # from a pass's first step to the swap of its weights; a step taken to its write too
BANK_TO_FULL = 1  # from the bank's w_settled until the pass sees it
HEADER_CYCLES = 290  # at most, before the first step of weights


class Prediction(NamedTuple):
    """What a job without stalls takes: base cycles and those that it waits for weights.

    least: what is left of base when stalls hide every emptying of a pipeline.
    stall_w: (least, most) cycles of waiting for weights.
    """

    base: int
    stall_w: tuple[int, int]
    least: int


def leads(work: LayerWork) -> tuple[int, int]:
    """(rows, elements) by which the anchor walk is behind the input walk."""
    layer = work.layer
    below, right = layer.kernel - 1 - work.pads[0], layer.kernel - 1 - layer.pad
    if layer.stride == 2 and layer.kernel > 1:
        below, right = below // 2, right // 2
    return below, below * grid(work)[1] + right


def grid(work: LayerWork) -> tuple[int, int]:
    """Elements of a map (rows, columns)."""
    layer = work.layer
    height, width = work.a.shape[2:]
    if layer.kernel == 1:
        return work.out_shape
    return (height, width) if layer.stride == 1 else ((height + 1) // 2, (width + 1) // 2)


def check_cycles(work: LayerWork) -> int:
    """Cycles after `start` until the scan runs (layer_config; its first two steps are empty)."""
    tiled = work.hw.tiles(work.layer)[1] > 1
    counting = work.out_shape[0] + 1 + len(work.a) + 1 if tiled else 0
    return leads(work)[0] + 7 + counting


def shifts(work: LayerWork) -> tuple[int, int]:
    """(shifts of the job, the one in which the last position is issued, counted from 1)."""
    out_tiles, in_tiles = work.hw.tiles(work.layer)
    rows, columns = grid(work)
    size = len(work.a) * rows * columns
    oh, ow = work.out_shape
    anchor = ((len(work.a) - 1) * rows + oh - 1) * columns + ow - 1
    before = (out_tiles * in_tiles - 1) * size
    issued = before + anchor + leads(work)[1] + 1
    return max(before + size, issued), issued


def tiny_gaps(work: LayerWork) -> int:
    """Cycles in which tiny passes wait for the sums of the pass before."""
    oh, ow = work.out_shape
    if oh > 2 or ow > 2 or len(work.a) > 2:
        return 0
    rows, columns = grid(work)
    behind = len(work.a) * rows * columns - (  # shifts from a pass's last position to its end
        ((len(work.a) - 1) * rows + oh - 1) * columns + ow - 1) - 1
    out_tiles, in_tiles = work.hw.tiles(work.layer)
    return (out_tiles * in_tiles - 1) * max(0, TINY_GAP - 1 - behind)


def lane_latency(work: LayerWork) -> int:
    """Cycles from a window to its sum, see lane_bank."""
    steps = lane_bench.Mac().steps if work.hw.lane == "M8" else 0
    return steps + lane_bench.latency(work.hw.kmax**2 * work.hw.pin, work.hw.tree)


def tile_channels(work: LayerWork) -> list[int]:
    """Input channels of each pass in the order of the passes."""
    layer, hw = work.layer, work.hw
    out_tiles, in_tiles = hw.tiles(layer)
    size = hw.in_tile_size(layer.kernel)
    return [min(size, layer.in_channels - i * size) for i in range(in_tiles)] * out_tiles


def tile_taps(work: LayerWork, channels: int) -> list[int]:
    """Where the weights of a tile go, in the order in which they come (weight_loader)."""
    kernel, hw = work.layer.kernel, work.hw
    if kernel == 1:
        return list(range(channels))
    side = range(hw.kmax - kernel, hw.kmax)
    return [(y * hw.kmax + x) * hw.pin + i for i in range(channels) for y in side for x in side]


def tile_loads(work: LayerWork) -> list[int]:
    """Cycles in which the weights of each pass are written, if each step is there in time.

    From the first position of the pass before (first pass: from the first step) until the pass may
    begin. With lane P3 the makers of its tables need theirs: these cycles are exact.
    """
    hw, every = work.hw, tile_channels(work)
    if hw.lane != "P3":
        return [channels * work.layer.kernel**2 for channels in every]
    shape = hw.bits, hw.pin, hw.buses
    first = BANK_TO_FULL + load_cycles(*shape, tile_taps(work, every[0]), swap=False)
    return [first, *(SWAP + BANK_TO_FULL + load_cycles(*shape, tile_taps(work, channels))
                     for channels in every[1:])]  # fmt: skip


def weight_waits(work: LayerWork) -> tuple[int, int]:
    """(least, most) cycles of waiting for weights.

    Least: a step a cycle from the start on. Most: what the stream's words allow, one a cycle, and
    the header and the table before the first step. A tile that is complete in the very cycle in
    which its pass wants it is claimed a cycle late (weight_loader), so the next one comes a cycle
    late, is awaited, and the third is on time again. With lane P3 the least is exact but for the
    first pass, as long as the stream keeps up with the makers.
    """
    rows, columns = grid(work)
    positions = len(work.a) * rows * columns  # from the first one of a pass to that of the next
    loads = tile_loads(work)
    steps = [channels * work.layer.kernel**2 for channels in tile_channels(work)]
    words = 8 * len(work.weight_bytes) / work.hw.w_bits / sum(steps)  # a step
    lead = leads(work)[1]
    least = max(0, loads[0] - lead) + sum(max(0, n - positions) for n in loads[1:])
    least = max(0, least - tiny_gaps(work))
    tail = 0  # from the last step on
    if work.hw.lane == "P3":
        tail = (1 << work.hw.bits) + 2
    else:
        least = int(least * 0.9)
    slow = [max(load, max(1.0, words) * n + tail) for load, n in zip(loads, steps, strict=True)]
    most = HEADER_CYCLES + 1.02 * sum(max(0.0, n - positions) for n in slow)
    most += (sum(n == positions for n in loads[1:]) + 1) / 2  # claimed a cycle late
    if words > 0.8:  # the bus is about full: here and there a step waits for its words
        most += 0.1 * sum(steps)
    return least, int(most) + 1


@functools.lru_cache(maxsize=256)
def predict(work: LayerWork) -> Prediction:
    """The cycles of a job whose streams never stall."""
    total, issued = shifts(work)
    checked, gaps = check_cycles(work), tiny_gaps(work)
    pipe = ISSUE_TO_SUM + lane_latency(work) + SUM_TO_STORED
    pipe += RAW_SUMS if work.layer.raw else POST_PROCESS
    ended = max(total + 2, issued + pipe + OUT_TO_TAKEN)  # at least one look whether all is taken
    return Prediction(checked + gaps + ended, weight_waits(work), checked + total + 1)
