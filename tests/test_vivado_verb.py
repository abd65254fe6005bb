# SPDX-License-Identifier: Apache-2.0
"""`make synth` with Vivado: every variable reaches the build, or ends in one line before it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden.errors import PlutarchError
from sim import synth_verb, synth_vivado
from sim.synth_vivado import Request, request
from synth import boards, cache, records
from synth.design import design
from synth.records import Record
from synth.vivado import build
from synth.vivado.double.__main__ import install
from synth.vivado.double.world import World
from tests.test_vivado_saif import installation
from tests.vivado_runs import need_tcl

LANE = {"TOPLEVEL": "dot_product", "N": "9"}


@pytest.mark.parametrize("name", synth_vivado.VARIABLES)
def test_a_variable_of_vivado_without_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.delenv("VIVADO", raising=False)
    for board, flow in (("kv260", "yosys"), ("ulx3s", "nextpnr")):
        with pytest.raises(PlutarchError, match=f"{name}=1 needs Vivado and this is FLOW={flow}"):
            synth_verb.run({"BOARD": board, name: "1"})


@pytest.mark.parametrize(("choices", "top", "message"), [
    ({"SEARCH": "2"}, "dot_product", "SEARCH=2 must be 0 or 1"),
    ({"DSP": "yes"}, "dot_product", "DSP=yes must be 0 or 1"),
    ({"MHZ": "x"}, "dot_product", "MHZ=x is not a whole number"),
    ({"MHZ": "5"}, "dot_product", "MHZ=5: a clock from 10 to 1000 MHz"),
    ({"SYSTEM": "1", "SEARCH": "1"}, "plut_conv", "SEARCH=1 is for a module out of context"),
    ({"SYSTEM": "1"}, "dot_product", "SYSTEM=1 needs an accelerator"),
    ({"POWER": "1", "SPREAD": "1"}, "dot_product", "POWER=1 measures one build"),
    ({"POWER": "1"}, "plut_conv", "POWER=1: plut_conv has no workload"),
    ({"NET": "digits"}, "dot_product", "only POWER=1 reads a network"),
])  # fmt: skip
def test_what_cannot_be_asked(choices: dict[str, str], top: str, message: str) -> None:
    with pytest.raises(PlutarchError, match=message) as caught:
        request(choices, top)
    assert "\n" not in str(caught.value)


def test_what_is_asked() -> None:
    assert request({}, "plut_conv") == Request()
    got = request({"SEARCH": "1", "POWER": "1", "DSP": "0", "COMBINE": "0", "NET": "digits",
                   "MHZ": "250"}, "dot_product")  # fmt: skip
    assert got == Request(search=True, power=True, dsp=False, no_lc=True, mhz=250, net="digits")
    assert request({"DSP": "1", "COMBINE": "1"}, "x") == Request(dsp=True)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Record]:
    """`make synth` on the stand-in, whose reports are let through here; the last record."""
    need_tcl()
    monkeypatch.setattr(synth_verb, "RESULTS", tmp_path)
    monkeypatch.setattr(cache, "HOME", tmp_path)
    for name in ("build", "spread", "system_record"):
        real = getattr(build, name)
        monkeypatch.setattr(build, name, functools.partial(real, stand_in=True))

    installation(tmp_path)

    def run(choices: dict[str, str], **world: Any) -> Record:
        launcher = install(tmp_path / "bin", World(**world))
        lane = {} if "TOPLEVEL" in choices else LANE
        asked = {"BOARD": "kv260", **lane, **choices, "VIVADO": str(launcher)}
        assert synth_verb.run(asked) == 0
        return records.read(tmp_path / f"synth-{asked['TOPLEVEL']}.json")[-1]

    return run


def test_plain(make: Callable[..., Record]) -> None:
    found = make({})
    assert found.timing is not None and found.timing.runs is None
    assert found.options == {"max_dsp": 0, "flatten": "rebuilt", "no_lc": 0, "place": "Default"}
    assert found.period_asked_ns == 3.333


def test_size_options_and_clock(make: Callable[..., Record]) -> None:
    found = make({"DSP": "1", "COMBINE": "0", "MHZ": "200"})
    assert (found.options["max_dsp"], found.options["no_lc"], found.period_asked_ns) == (-1, 1, 5.0)


def test_search(make: Callable[..., Record], capsys: pytest.CaptureFixture[str]) -> None:
    found = make({"SEARCH": "1"}, delay_ns=3.7)
    assert found.timing is not None and found.timing.runs == 3
    assert found.timing.fmax_met_mhz == pytest.approx(1000 / 3.7, abs=0.01)
    assert "clock that was met, MHz" in capsys.readouterr().out


def test_spread(make: Callable[..., Record], capsys: pytest.CaptureFixture[str]) -> None:
    found = make({"SPREAD": "1"})
    assert set(found.extra["mhz_by_directive"]) == set(build.PLACES)
    assert "place_design -directive ExtraNetDelay_high" in capsys.readouterr().out


@pytest.mark.icarus
def test_power(make: Callable[..., Record]) -> None:
    found = make({"POWER": "1", "NET": "digits"})
    assert found.power is not None and found.energy_fj_per_mac_held is not None
    ram = make({"POWER": "1", "LANE": "P3"})
    assert ram.energy_fj_per_mac_held is not None and ram.energy_fj_per_mac_changing is None
    assert "many cycles to load" in ram.reasons["energy_fj_per_mac_changing"]


def test_no_cell_models_is_said_before_the_build(tmp_path: Path) -> None:
    launcher = install(tmp_path / "bin", World())
    said: list[str] = []
    with pytest.raises(PlutarchError, match="no unisims and glbl"):
        synth_vivado.run(design("dot_product", {"N": 9}), boards.find("kv260"), launcher,
                         Request(power=True), said.append)  # fmt: skip
    assert not any("stage" in line for line in said)


def test_system(make: Callable[..., Record], capsys: pytest.CaptureFixture[str]) -> None:
    small = {"TOPLEVEL": "plut_conv", "PIN": "2", "POUT": "2"}
    found = make({**small, "SYSTEM": "1", "MHZ": "150"}, figures={"lut_o6": 4000})
    assert (found.module, found.flow, found.stage) == ("plut_conv", "vivado-system", "routed")
    assert found.options["mhz_asked"] == 150
    assert "bitstream, .hwh and .xsa" in capsys.readouterr().out
