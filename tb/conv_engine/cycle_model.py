# SPDX-License-Identifier: Apache-2.0
"""How many cycles a job takes when nothing outside holds it up, to the cycle.

Written from what rtl/engine (conv_engine, layer_config, scan_control, tile_control) and rtl/shuff
promise: one shift a cycle in a pass, one weight a cycle once a tile is asked for, a header byte and
a table entry a cycle before the first one.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from golden.shuff.header import header_words, read_header
from tb.conv_engine.work import LayerWork

# Cycles of fixed pipelines.
ISSUE_TO_SUM = 2  # window and taps registers before the lanes
SUM_TO_STORED = 2  # psum_buffer
POST_PROCESS = 4
OUT_TO_TAKEN = 2  # output FIFO, then the room count
HEADER_WORD = 5  # a load, then a byte a cycle
TABLE_TO_WEIGHT = 6  # header verdict, two bytes into the bit buffer, the symbol's register
SWAP_TO_WEIGHT = 0


class Prediction(NamedTuple):
    """What a job without stalls takes: base + stall_w cycles, stall_w of them for weights.

    least: what is left of base when stalls hide every emptying of a pipeline.
    """

    base: int
    stall_w: int
    least: int


def check_cycles(work: LayerWork) -> int:
    """Cycles after `start` until the first tile is waited for (layer_config)."""
    layer = work.layer
    oh, _ = layer.out_shape(*work.a.shape[2:])
    lead_steps = layer.kernel - layer.pad  # K-1-pad additions, and one look
    counting = 0 if work.hw.tiles(layer)[1] == 1 else oh + 1 + len(work.a) + 1
    return 1 + lead_steps + counting + 1


def pass_shifts(work: LayerWork) -> tuple[int, int]:
    """(shifts of a pass, shift in which the last position is issued, counted from 1)."""
    layer = work.layer
    images, _, height, width = work.a.shape
    oh, ow = layer.out_shape(height, width)
    lead = (layer.kernel - 1 - layer.pad) * (width + 1)
    last_anchor = ((images - 1) * height * width + (oh - 1) * layer.stride * width
                   + (ow - 1) * layer.stride)
    issued = last_anchor + lead + 1
    return max(images * height * width, issued), issued


def lane_latency(work: LayerWork) -> int:
    """Cycles from a window to its sum, see lane_bank."""
    taps = work.hw.kmax**2 * work.hw.pin
    return 1 + ((taps - 1).bit_length() + 1) // 2


def tile_weights(work: LayerWork) -> list[int]:
    """Weights of each pass in the order of the passes."""
    layer, hw = work.layer, work.hw
    out_tiles, in_tiles = hw.tiles(layer)
    outs = [min(hw.pout, layer.out_channels - o * hw.pout) for o in range(out_tiles)]
    ins = [min(hw.pin, layer.in_channels - i * hw.pin) for i in range(in_tiles)]
    return [o * i * layer.kernel**2 for o in outs for i in ins]


def table_cycles(lengths: Sequence[int], limit: int) -> int:
    """Cycles in which the decoder's table fills: each an entry or a look at (length, symbol)."""
    looks = sum(1 << (limit - level) if length == level else 1
                for level in range(1, limit + 1) for length in lengths)
    used = sum(1 << (limit - length) for length in lengths if length)
    return looks + (1 << limit) - used + 1


@functools.lru_cache(maxsize=256)
def predict(work: LayerWork) -> Prediction:
    """The cycles of a job whose streams never stall."""
    bits = work.hw.bits
    words = header_words(bits)
    header = read_header(np.frombuffer(work.weight_bytes, "<u4")[:words].tolist(), bits,
                         work.hw.pin, work.hw.pout)
    shifts, issued = pass_shifts(work)
    in_tiles = work.hw.tiles(work.layer)[1]
    pipe = ISSUE_TO_SUM + lane_latency(work) + SUM_TO_STORED
    checked = check_cycles(work)
    now = empty = checked  # the last cycle that is over; the last in which the pipe is not empty
    full = (now + HEADER_WORD * words + table_cycles(header.lengths, header.limit)
            + TABLE_TO_WEIGHT)  # ... in which weights were missing
    stall_w = 0
    for index, weights in enumerate(tile_weights(work)):
        full += weights
        now = max(now, empty)
        if full > now:
            stall_w += full - now
            now = full
        swap = now + 1  # the cycle of pass_start
        now = swap + shifts
        full = swap + SWAP_TO_WEIGHT
        empty = swap + issued + pipe + (POST_PROCESS if (index + 1) % in_tiles == 0 else 0)
    least = checked + (1 + shifts) * (index + 1)
    ended = max(now + 1, empty + OUT_TO_TAKEN)  # at least one look whether all is taken
    return Prediction(ended - stall_w, stall_w, least)
