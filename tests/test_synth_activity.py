# SPDX-License-Identifier: Apache-2.0
"""Operands of real layers: whose they are, in which order, the same ones for every lane."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from golden import package
from golden.errors import PlutarchError
from sim.paths import ROOT
from synth import activity
from synth.errors import SynthError
from synth.yosys import energy, stimulus
from synth.yosys.netlist import Netlist
from tests.test_synth_records import made


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Only the packages of the repository, whatever was built here."""
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "packages").symlink_to(ROOT / package.SHIPPED)
    monkeypatch.setattr(activity, "find", lambda net, bits: package.find(net, bits, tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("lane", "bits", "name"),
    [("P1", 3, "resnet20-b3"), ("S1", 4, "resnet20-b4"), ("P1", 5, "digits-b5"),
     ("M8", 8, "resnet20-b4")],
)  # fmt: skip
def test_resnet20_unless_there_is_none(shipped, lane, bits, name):
    assert activity.package_of(lane, bits).name == name
    real = activity.layer_activity(lane, bits, 2, 4, 2)
    assert real.package == name and real.about.startswith(f"{name}, ")


def test_a_network_asked_for_is_taken_or_named(shipped):
    assert activity.package_of("P1", 4, "digits").name == "digits-b4"
    with pytest.raises(PlutarchError, match="no package of resnet20 for B=5"):
        activity.package_of("P1", 5, "resnet20")
    with pytest.raises(PlutarchError, match="unknown NET 'resnet2'"):
        activity.package_of("P1", 4, "resnet2")
    with pytest.raises(SynthError, match="no package holds operands of lane Z1"):
        activity.package_of("Z1", 4)


def test_activations_are_real_codes_in_scan_order():
    real = activity.layer_activity("P1", 4, 9, 32, 6)
    assert real.weights.shape == (16, 9, 6)
    assert real.activations.shape == (32, 9, 6)
    assert real.activations.max() < 16
    # A window that moves on by one pixel keeps two of its three columns.
    kept = real.activations[1:, [0, 1, 3, 4, 6, 7]] == real.activations[:-1, [1, 2, 4, 5, 7, 8]]
    assert kept.all(axis=1).mean(axis=0).max() > 0.8  # but for the ends of rows
    wide = activity.layer_activity("S1", 4, 9, 32, 6)
    assert wide.activations.max() > 15


def test_streams_are_spread_over_all_images():
    """The tap in the middle of the windows of a layer, read again from the network itself."""
    folder = activity.package_of("P1", 4)
    patches, kernels = activity._layers(folder, False)[0]
    real = activity.layer_activity("P1", 4, 9, 16, 36)  # 18 layers, two streams each
    half = len(patches) // 2
    want = patches[half : half + 16].reshape(16, -1)[:, 9:18]  # stream 18: the next channel
    np.testing.assert_array_equal(real.activations[:, :, 18], want)
    np.testing.assert_array_equal(real.weights[0, :, 18], kernels[18 % len(kernels)].ravel()[9:18])


def unit(bits_w, bits_a):
    """What stimulus.real reads of a netlist: the ports of the measured unit."""
    widths = {"clk": 1, "w_we": 1, "w": bits_w, "a": bits_a}
    ports = {name: ("input", tuple(range(width))) for name, width in widths.items()}
    return Netlist("dot_product", ports, ())


def test_all_lanes_of_codes_see_the_same_activations():
    flat = stimulus.real(unit(36, 36), made(lane="P1", b=4, n=9), "", 16, 20)
    ram = stimulus.real(unit(14, 36), made(lane="P3", b=4, n=9), "", 16, 20)
    np.testing.assert_array_equal(ram.held["a"][ram.load_cycles :], flat.held["a"])
    assert flat.package == ram.package and ram.load_cycles == 16 * 9 + 1


def test_energy_of_another_package_is_not_taken_from_the_cache(tmp_path, monkeypatch):
    """Two networks of one name differ in their manifests, and so do the cached folders."""
    name = "resnet20-b4"
    asked = []

    def folder(kind, key, make):
        asked.append((kind, key))
        (tmp_path / "energy.json").write_text('{"figures": {}, "reasons": {}, "extra": {}}')
        return tmp_path

    class Mapped:
        folder = tmp_path

    record = made(lane="P1", b=4, n=9, energy_fj_per_mac_held=None,
                  energy_fj_per_mac_changing=None, options={"nodsp": 1},
                  reasons=made().reasons | dict.fromkeys(energy._FIELDS, "none"))  # fmt: skip
    monkeypatch.setattr(energy.copies, "synthesise", lambda *_, **__: Mapped)
    monkeypatch.setattr(energy.cache, "folder", folder)
    for change in (0, 1):
        copy = tmp_path / str(change) / name
        copy.mkdir(parents=True)
        shutil.copy(ROOT / package.SHIPPED / name / package.MANIFEST, copy)
        manifest = json.loads((copy / package.MANIFEST).read_text())
        (copy / package.MANIFEST).write_text(json.dumps(manifest | {"version": change}))
        monkeypatch.setattr(activity, "package_of", lambda *_, copy=copy: copy)
        with pytest.raises(Exception, match="energy_fj_per_mac"):  # nothing was measured
            energy.with_energy(None, record)
    assert len(set(asked)) == 2
