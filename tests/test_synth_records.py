# SPDX-License-Identifier: Apache-2.0
"""The record schema: what goes through unchanged, and what is refused, by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from synth import records
from synth.errors import RecordError
from synth.records import Power, Record, Resources, Source, Timing

WHY = "the open flow does not measure it"
REASONS = dict.fromkeys(("board", "resources", "timing", "power", "period_asked_ns"), WHY)
NO_TIMING = {name: why for name, why in REASONS.items() if name != "timing"}


def made(**changes):
    values = {
        "module": "dot_product", "tool": "yosys", "tool_version": "0.70", "stage": "synthesised",
        "part": "xck26-sfvc784-2LV-c", "flow": "yosys-xcup", "params": {"B": 4, "N": 9},
        "lane": "P1", "b": 4, "n": 9, "tree": 2, "macs": 9, "lut_cells": 300, "lut_packed": 240,
        "carry8": 20, "ff": 150, "lutram": 0, "bram36": 0.5, "dsp": 0,
        "levels": 3,
        "fmax_mhz_est": 401.5,
        "energy_fj_per_mac_held": 812.0, "energy_fj_per_mac_changing": 1500.25, "runtime_s": 2.5,
        "source": (Source("netlist.json", "0" * 64),),
        "reasons": REASONS,
    }
    return Record(**(values | changes))


def test_through_json_and_back(tmp_path):
    vivado = made(
        tool="vivado", flow="vivado-ooc", stage="routed", board="kv260", period_asked_ns=3.3,
        resources=Resources(lut=240, lut_logic=240, lut_mem=0, ff=150, available={"lut": 117120.0}),
        timing=Timing(wns_ns=-0.125, tns_ns=-3.0, met=False), power=Power(dynamic_w=0.05),
        reasons=dict.fromkeys(("resources", "timing", "power"), "not in the report"),
    )
    path = tmp_path / "bench.json"
    records.write(path, [made(), vivado])
    assert records.read(path) == [made(), vivado]
    assert json.loads(path.read_text())["schema"] == 1
    assert vivado.timing.wns_ns == -0.125


def test_lut_per_mac_counts_memories_and_knows_when_it_does_not_know():
    assert made(lut_packed=90, lutram=9).lut_per_mac == 11.0
    assert made(lutram=None, reasons=made().reasons | {"lutram": WHY}).lut_per_mac is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lut_cells": None}, "'lut_cells' is null and 'reasons' does not say why"),
        ({"reasons": {"board": WHY}}, "is null and 'reasons' does not say why"),
        ({"dsp": -1}, "'dsp': -1 is negative"),
        ({"flow": "magic"}, "'flow': 'magic' is none of"),
        ({"stage": "done"}, "'stage': 'done' is none of"),
        ({"tool_version": ""}, "'tool_version' is empty"),
        ({"reasons": {**REASONS, "power": ""}}, "'power' gives no reason"),
        ({"timing": Timing(met=True), "reasons": NO_TIMING},
         "'timing.fmax_est_mhz' is null"),
    ],
)
def test_a_record_that_breaks_the_rules(change, message):
    with pytest.raises(RecordError, match=message):
        made(**change)


def test_a_reason_at_a_figure_is_refused():
    with pytest.raises(RecordError, match="'dsp' has a value"):
        made(reasons=made().reasons | {"dsp": WHY})
    with pytest.raises(RecordError, match="'dps' is no field"):
        made(reasons=made().reasons | {"dps": WHY})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: r.pop("part"), r"f: records\[0\]: field 'part' is missing"),
        (lambda r: r.update(lutz=1), r"f: records\[0\]: unknown field 'lutz'"),
        (lambda r: r.update(ff="150"), r"f: records\[0\].ff: expected int, got str '150'"),
        (lambda r: r.update(ff=True), r"f: records\[0\].ff: expected int, got bool"),
        (lambda r: r.update(ff=1.5), r"f: records\[0\].ff: expected int, got float"),
        (lambda r: r.update(timing=3), r"f: records\[0\].timing: expected an object"),
        (lambda r: r["source"][0].update(sha256="x"), r"source\[0\]: sha256 of 'netlist.json'"),
        (lambda r: r.update(dsp=None), r"f: records\[0\]: field 'dsp' is null"),
    ],
)
def test_a_damaged_file_names_record_and_field(damage, message):
    raw = json.loads(records.to_json([made()]))
    damage(raw["records"][0])
    with pytest.raises(RecordError, match=message):
        records.from_json(json.dumps(raw), "f")


def test_other_damage(tmp_path):
    with pytest.raises(RecordError, match="f: not JSON"):
        records.from_json("{", "f")
    with pytest.raises(RecordError, match="schema 2, this program reads 1"):
        records.from_json('{"schema": 2, "records": []}', "f")
    with pytest.raises(RecordError, match="a list 'records'"):
        records.from_json("[]", "f")
    with pytest.raises(RecordError, match="cannot read"):
        records.read(tmp_path / "none.json")
    with pytest.raises(RecordError, match="absolute path"):
        Source("/home/x/a.rpt", "0" * 64)


def test_two_records_of_one_build_are_refused():
    with pytest.raises(RecordError, match=r"records\[0\] and \[1\] describe one build"):
        records.to_json([made(), replace(made(), lut_cells=1)])
