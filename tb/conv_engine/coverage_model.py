# SPDX-License-Identifier: Apache-2.0
"""The coverage model of the convolution bench: what the tests together must have shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb.common.bins import Group, Model
from tb.conv_engine.hardware import Hardware

ERRORS = {1: "MAGIC", 2: "VERSION", 3: "HEADER", 4: "HEADER_CRC", 5: "TARGET", 6: "TABLE",
          7: "CODE", 8: "SHORT", 9: "LONG", 10: "TLAST_EARLY", 11: "TLAST_LATE", 12: "CRC",
          16: "CFG_SHAPE", 17: "CFG_KERNEL", 18: "CFG_PSUM", 19: "CFG_EMIT", 20: "W_COUNT",
          21: "A_TLAST", 22: "R_TLAST"}
TABLE_ERRORS = (6, 7)  # a stream of bytes has no code table
SHIFTS = ("0", "1", "2..7", "8..15", "16+")
INT8_BINS = ("-128", "-", "0", "+", "127")
EMITS = ("code", "res", "code+res", "raw")
# What random layers alone must close; the rest needs the directed tests.
RANDOM_GROUPS = ("kernel", "map", "in channels", "out channels", "tiles", "images", "mode",
                 "proj_shift", "res_out_shift", "res_shift", "term2", "shift1", "shift2", "bias",
                 "weight", "activation", "out code", "out word", "raw sum", "stall cause",
                 "stalls together")


def build_model(hw: Hardware) -> Model:
    """All groups that this device can reach. What the parameters forbid is not in the model."""
    kernels = [k for k in (1, 3, 5, 7) if k <= hw.kmax]
    codes = legal_codes(hw.bits)
    weights = codes if hw.wgt == "pot" else INT8_BINS
    acts = codes if hw.act == "pot" else INT8_BINS
    errors = [name for code, name in ERRORS.items() if hw.wgt == "pot" or code not in TABLE_ERRORS]
    tiles = ("1", "2", "3+")
    return Model([
        Group("kernel", [(k, s, p) for k in kernels for s in (1, 2) for p in range(k // 2 + 1)]),
        Group("map", ["1x1", "one row", "one column", "odd", "even", "mixed", "line full",
                      "smaller than kernel"]),
        Group("in channels", channel_classes(hw.in_tile_size(1))),
        Group("out channels", channel_classes(hw.pout)),
        Group("tiles", [(o, i) for o in tiles for i in tiles]),
        Group("images", tiles),
        Group("mode", [(relu, res, emit) for relu in (0, 1) for res in (0, 1) for emit in EMITS]),
        Group("proj_shift", SHIFTS), Group("res_out_shift", SHIFTS), Group("res_shift", SHIFTS),
        Group("term2", [-1, 0, 1]),
        Group("shift1", ["0", "1..14", "15"]), Group("shift2", ["0", "1..14", "15"]),
        Group("bias", ["min", "-", "0", "+", "max"]),
        Group("bands", [(top, bottom) for top in (False, True) for bottom in (False, True)]),
        Group("weight", weights), Group("activation", acts),
        Group("weight x activation", [(w, a) for w in weights for a in acts]),
        Group("out code", codes),
        Group("out word", INT8_BINS), Group("raw sum", ["-", "0", "+"]),
        Group("partial sums", ["not used", "some", "full"]),
        Group("table mode", ["joint", "flag", "raw"] if hw.wgt == "pot" else ["bytes"]),
        Group("stall cause", ["w", "a", "r", "y"]),
        Group("back-pressure", [(s, kind) for s in "wary" for kind in ("none", "some", "most")]),
        Group("stalls together", [(w, a, y) for w in (0, 1) for a in (0, 1) for y in (0, 1)]),
        Group("before", ["reset", "good job", "error", "same channels"]),
        Group("error", errors),
    ])


def legal_codes(bits: int) -> list[int]:
    """All codes but negative zero."""
    return [c for c in range(1 << bits) if c != 1 << (bits - 1)]


def channel_classes(lanes: int) -> list[str]:
    """How a channel count meets the lanes; with one lane there is no remainder."""
    if lanes == 1:
        return ["1", "n*lanes"]
    return ["1", "lanes", "n*lanes", "n*lanes+r"] + (["below"] if lanes > 2 else [])


def channel_class(channels: int, lanes: int) -> str:
    """Name the bin of a channel count."""
    if channels == 1:
        return "1"
    if channels < lanes:
        return "below"
    if channels == lanes:
        return "lanes"
    return "n*lanes+r" if channels % lanes else "n*lanes"


def few(count: int) -> str:
    """Name the bin of a count of tiles or images."""
    return str(count) if count < 3 else "3+"


def shift_bin(shift: int) -> str:
    """Name the bin of a layer's shift."""
    return str(shift) if shift < 2 else "2..7" if shift < 8 else "8..15" if shift < 16 else "16+"


def field_bin(shift: int) -> str:
    """Name the bin of a channel's shift."""
    return "0" if shift == 0 else "15" if shift == 15 else "1..14"


def map_classes(hw: Hardware, cfg: dict[str, int]) -> list[str]:
    """Name the bins of a map: its shape, its parity, what it does to the buffers."""
    h, w, k = cfg["h"], cfg["w"], cfg["k"]
    found = []
    if h == w == 1:
        found.append("1x1")
    elif h == 1:
        found.append("one row")
    elif w == 1:
        found.append("one column")
    found.append("mixed" if (h ^ w) & 1 else "odd" if h & 1 else "even")
    if w == hw.line_depth:
        found.append("line full")
    if h < k or w < k:
        found.append("smaller than kernel")
    return found


def out_map(cfg: dict[str, int]) -> tuple[int, int]:
    """(OH, OW) of a configuration."""
    down = cfg["h"] + cfg["pad_top"] + cfg["pad_bottom"] - cfg["k"]
    across = cfg["w"] + 2 * cfg["pad"] - cfg["k"]
    return down // cfg["stride"] + 1, across // cfg["stride"] + 1


def emit_of(cfg: dict[str, int]) -> str:
    """Name what a layer emits."""
    if cfg["raw"]:
        return "raw"
    return "+".join(n for n, f in (("code", "emit_code"), ("res", "emit_res")) if cfg[f])


def int8_class(values: NDArray[Any]) -> NDArray[np.int64]:
    """Index into INT8_BINS."""
    return np.select([values == -128, values < 0, values == 0, values < 127], [0, 1, 2, 3], 4)
