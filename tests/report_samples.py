# SPDX-License-Identifier: Apache-2.0
"""Small made-up records for the tests of the report. No figure here was measured."""

from __future__ import annotations

import json
from dataclasses import replace

from synth import records
from synth.identity import OWN_BITS
from synth.records import Record, Source

WHY = "made up without it"


def made(lane="P1", b=4, n=9, lut=180, mhz=400.0, held=900.0, changing=1500.0, **changes):
    """A lane's record; None for a figure makes it null with the reason WHY."""
    b = OWN_BITS.get(lane, b)
    values = {
        "module": "dot_product", "tool": "yosys", "tool_version": "0.70", "stage": "synthesised",
        "part": "xck26-sfvc784-2LV-c", "flow": "yosys-xcup",
        "params": {"LANE": lane, "B": b, "N": n, "TREE": 2, "MAP": "xcup"},
        "lane": lane, "b": b, "n": n, "tree": 2, "macs": n, "lut_cells": 300, "lut_packed": lut,
        "carry8": 20, "ff": 150, "lutram": 0, "bram36": 0.0, "dsp": 0, "levels": 3,
        "fmax_mhz_est": mhz, "energy_fj_per_mac_held": held,
        "energy_fj_per_mac_changing": changing, "source": (Source("netlist.json", "0" * 64),),
    } | changes  # fmt: skip
    nulls = [key for key in Record.__dataclass_fields__
             if values.get(key) is None and key not in ("extra", "options", "reasons")]
    given = values.pop("reasons", {})
    return Record(reasons=dict.fromkeys(nulls, WHY) | given, **values)


def accelerator(module="plut_conv", lane="P1", b=4, pin=8, pout=8, **changes):
    """A whole accelerator's record."""
    params = {"LANE": lane, "B": b, "KMAX": 3, "PIN": pin, "POUT": pout, "LINE_DEPTH": 256,
              "PSUM_DEPTH": 4096, "COUT_MAX": 512, "FIFO_DEPTH": 64}  # fmt: skip
    values = {"module": module, "params": params, "tree": 2, "macs": 9 * pin * pout, "lut": 17_000,
              "ff": 25_000, "bram36": 30.0, "carry8": 900, "lutram": 1_000, "mhz": 200.0,
              "held": None, "changing": None}  # fmt: skip
    return made(lane, b, 9 * pin, **(values | changes))


def module(name, **changes):
    """The record of a module that is no lane."""
    plain = made(**changes)
    nothing = dict.fromkeys(("lane", "b", "n", "tree", "macs"))
    return replace(plain, module=name, params={"B": 4}, **nothing,
                   reasons={**plain.reasons, **dict.fromkeys(nothing, "no lane")})  # fmt: skip


def a_bench():
    """Lanes of three widths and two sizes, some figures null, and an accelerator."""
    found = []
    for b, scale in ((3, 1), (4, 2), (5, 5)):
        for n in (9, 64):
            for lane, each in (("P1", 10), ("P2", 8), ("P3", 7), ("S0", 9), ("S1", 14), ("S2", 21)):
                changing = None if lane == "P3" else 1500.0 * scale
                found.append(made(lane, b, n, each * scale * n, 400.1237 - 10 * scale,
                                  100.0 * each * scale, changing))  # fmt: skip
    found.append(made("M4", 4, 9, 9 * 18, 300.0, None, None))
    return [*found, accelerator()]


def write(folder, some, name="bench.json"):
    """Write records as a file of the results' folder; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    records.write(folder / name, some)
    return folder / name


def network(folder, **changes):
    """A result of `make network NET=resnet18` on the accelerator above, layers 200 cycles each."""
    from host.cycles import resnet18

    layers = [{"name": one.name, "cycles": 1000 + i, "device": "main"}
              for i, one in enumerate(resnet18())]
    raw = {"net": "resnet18", "images": 1, "toplevel": "plut_conv", "sim_version": "Verilator 5",
           "passed": True, "layers": layers, "parameters": {**accelerator().params},
           "weights": {"raw_bytes": 1450, "stream_bytes": 1000}} | changes  # fmt: skip
    (folder / "network-resnet18.json").write_text(json.dumps(raw))
