# SPDX-License-Identifier: Apache-2.0
"""The command on packages and state dicts: figures, files, picture, one line for a mistake."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from golden import models
from golden.cli.main import main as golden_main
from golden.codes import project_real
from golden.compression import measure, tables
from golden.compression.command import run
from golden.compression.files import COLUMNS
from golden.compression.measure import SHIPPED
from golden.compression.state import from_state
from golden.errors import PlutarchError
from golden.package import find
from golden.quantizers import Apot, Pot
from tests.test_compression import random_layer


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two stages of convolutions, one of them 1x1, a batch norm and a linear layer."""
    torch.manual_seed(0)
    tensors = {"stem.weight": torch.randn(8, 3, 3, 3), "bn.weight": torch.ones(8),
               "a.weight": 0.1 * torch.randn(16, 8, 3, 3) + 0.02, "a.bias": torch.zeros(16),
               "down.weight": torch.randn(16, 8, 1, 1), "b.weight": torch.randn(32, 16, 3, 3),
               "fc.weight": torch.randn(10, 32), "fc.bias": torch.zeros(10)}
    file = tmp_path / "net.pth"
    torch.save({"state_dict": {f"module.{key}": value for key, value in tensors.items()}}, file)
    return file


def weights(file: Path, name: str) -> Any:
    return torch.load(file, weights_only=True)["state_dict"][f"module.{name}.weight"].double()


def test_state_dict_on_both_grids(state: Path) -> None:
    found = from_state(state, 4)
    assert list(found) == ["pot", "apot"]
    for grid, layers in found.items():
        assert [(x.name, x.bits) for x in layers] == [
            ("stem", 8), ("a", 4), ("down", 4), ("b", 4), ("fc", 8)]
        assert [x.grid for x in layers] == ["int8", grid, grid, grid, "int8"]
    w = weights(state, "a")
    x = (w - w.mean()) / w.std()
    pot, apot = Pot(4), Apot(4)
    for quantizer in (pot, apot):
        quantizer.fit(x)
    assert (found["pot"][1].codes == project_real(x.numpy(), 4, pot.exponent)).all()
    levels = apot.levels().numpy()[7:]  # zero and up: the index of a code is the place in it
    codes = found["apot"][1].codes
    values = np.where(codes & 8, -1, 1) * levels[codes & 7]
    assert np.abs(values - apot(x).detach().numpy()).max() < 1e-6
    stem = found["pot"][0].codes.astype(np.float64)
    scale = float((weights(state, "stem").numpy() * stem).sum() / (stem ** 2).sum())
    assert np.abs(weights(state, "stem").numpy() - scale * stem).max() < scale


def test_options_of_the_projection(state: Path) -> None:
    plain = from_state(state, 3, alpha=0.2, normalise=False)
    w = weights(state, "a").numpy()
    assert (plain["pot"][1].codes == project_real(w, 3, -4)).all()  # 2^-2 is nearest to 0.2
    both = from_state(state, 3, alpha=2.0)
    for one, other in zip(both["pot"], both["apot"], strict=True):
        assert (one.codes == other.codes).all()  # at 3 bits the grids are the same set
    everything = from_state(state, 3, everything=True)["pot"]
    assert [x.bits for x in everything] == [3] * 5
    torch.save({"a.weight": torch.ones(2, 2, 3, 3), "b.weight": torch.full((2, 2, 1, 1), 0.7)},
               state)
    assert not from_state(state, 3)["pot"][1].codes.any()  # equal weights: only the mean goes


@pytest.mark.parametrize(("content", "message"), [
    ({"fc.weight": torch.ones(3, 4)}, "no convolution weights in it"),
    ({"a.weight": torch.full((2, 2, 1, 1), float("nan"))}, "a.weight holds NaN or infinity"),
    ({}, "not a sound state dict"),
    (None, "not a sound state dict"),
])
def test_bad_state_dicts_are_one_line(content: Any, message: str, tmp_path: Path,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.pth"
    if content is None:
        file.write_bytes(b"not a torch file at all")
    else:
        torch.save(content, file)
    assert run(["--checkpoint", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}: ") and message in error and error.count("\n") == 1


@pytest.mark.parametrize(("words", "message"), [
    ([], "--package FOLDER or --checkpoint FILE is needed"),
    (["--package", "absent"], "absent/manifest.json: missing"),
    (["--package", "{digits}", "--bits", "4"], "digits-b3: holds 3-bit codes, --bits says 4"),
    (["--package", "{digits}", "--jobs", "0"], "--jobs 0: at least 1"),
    (["--package", "{digits}", "--no-lzma", "--layers", "layer1.0.conv3"],
     "no coded layer 'layer1.0.conv3', did you mean 'layer1.0.conv2'?"),
    (["--package", "{digits}", "--no-lzma", "--pin", "0"], "PIN=0 and POUT=8 must be at least 1"),
    (["--package", "{digits}", "--no-lzma", "--json", "/proc/no/x.json"], "cannot write"),
    (["--package", "{digits}", "--checkpoint", "{state}"], "are not those of"),
    (["--checkpoint", "absent.pth"], "absent.pth: missing; a torch state dict is due"),
    (["--checkpoint", "{state}", "--bits", "7"], "bits = 7"),
    (["--checkpoint", "{state}", "--alpha", "-1"], "alpha = -1.0: the largest level is a positive"),
])
def test_mistakes_are_one_line(words: list[str], message: str, state: Path,
                               capsys: pytest.CaptureFixture[str]) -> None:
    names = {"digits": str(find("digits", 3)), "state": str(state)}
    assert run([word.format(**names) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


def test_files_hold_all_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(1)
    torch.save(models.build("digits").state_dict(), tmp_path / "digits.pth")
    out = {kind: tmp_path / f"out.{kind}" for kind in ("json", "csv", "png")}
    package = find("digits", 3)
    assert golden_main([
        "compress", "--package", str(package), "--checkpoint", str(tmp_path / "digits.pth"),
        "--jobs", "2", "--json", str(out["json"]), "--csv", str(out["csv"]),
        "--plot", str(out["png"])]) == 0
    shown = capsys.readouterr().out
    assert "paper accounting, not decodable" in shown and "Table 2, apot codes of 3 bits" in shown
    assert "Fig. 6: kB of the coded layers" in shown and "with 8-bit layers" in shown
    found = json.loads(out["json"].read_text())
    assert [grid["grid"] for grid in found["grids"]] == ["pot (digits-b3)", "pot", "apot"]
    digits = found["grids"][0]
    assert digits["table2"] == ["layer1.0.conv1", "layer2.0.conv2", "layer3.0.conv2"]
    assert digits["network"]["fp32_bytes"] == 4 * 74512
    rows = {row["name"]: row for row in digits["total"]["rows"]}
    files = sum(file.stat().st_size for file in package.glob("layers/*/weights.shuff"))
    assert rows[SHIPPED]["bits"] == 8 * files
    assert digits["network"]["shipped_bits"] == 8 * (files + 144 + 640)
    lines = list(csv.DictReader(out["csv"].read_text().splitlines()))
    assert tuple(lines[0]) == COLUMNS
    for grid in found["grids"]:
        for layer in [*grid["layers"], {"name": "total", **grid["total"]}]:
            mine = [x for x in lines if (x["grid"], x["layer"]) == (grid["grid"], layer["name"])]
            assert [(x["stored_as"], float(x["size_bits"]), x["lzma_bits"]) for x in mine] == [
                (row["name"], row["bits"], "" if row["lzma_bits"] is None
                 else str(row["lzma_bits"])) for row in layer["rows"]]
    picture = out["png"].read_bytes()
    width, height = (int.from_bytes(picture[i:i + 4]) for i in (16, 20))
    assert picture.startswith(b"\x89PNG") and width > 800 and height > 800


def test_layers_of_table_2() -> None:
    rng = np.random.default_rng(0)
    layers = [random_layer(rng, 3, shape, name) for name, shape in (
        ("a", (4, 4, 3, 3)), ("p", (64, 64, 1, 1)), ("b", (8, 4, 3, 3)), ("c", (8, 4, 3, 3)),
        ("d", (8, 8, 3, 3)), ("e", (16, 16, 3, 3)))]
    found = measure(layers, lzma=False)
    assert [x.name for x in tables.chosen(found, None)] == ["a", "d", "e"]
    assert [x.name for x in tables.chosen(found, ["p", "a"])] == ["p", "a"]
    assert [x.name for x in tables.chosen(measure(layers[1:2], lzma=False), None)] == ["p"]
    with pytest.raises(PlutarchError, match="did you mean"):
        tables.chosen(found, ["a", "x"])
    assert "rises with" in tables.zeros_sentence(found)
    sparse = random_layer(rng, 3, (4, 4, 3, 3), "z", spread=0.01)
    few = measure([sparse, random_layer(rng, 5, (5, 4, 3, 3), "y")], lzma=False)
    assert "does not always rise" in tables.zeros_sentence(few)
    assert tables.widths(few) == "3, 5"
