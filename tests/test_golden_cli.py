# SPDX-License-Identifier: Apache-2.0
"""`python -m golden`: commands end to end, and mistakes as one line and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from golden.cli.common import seeds_of  # noqa: E402
from golden.cli.main import COMMANDS, main  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.package import load_package  # noqa: E402
from golden.training.logs import Row  # noqa: E402
from golden.training.progress import Screen  # noqa: E402
from tests.test_fit_quant import ROWS  # noqa: E402

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small config and a finished run of it."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "small.toml").write_text(ROWS)
    torch.set_num_threads(1)
    assert main(_words("train", folder, "--row", "none")) == 0
    return folder


def _words(command: str, folder: Path, *more: str) -> list[str]:
    return [command, "--config", str(folder / "small.toml"), "--out", str(folder / "runs"),
            "--device", "cpu", *more]


def test_help_lists_every_command() -> None:
    """In a process of its own, and without torch: `python -m golden` is quick to ask."""
    code = "import sys; sys.modules['torch'] = None; from golden.cli.main import main; main(['-h'])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                           check=False)
    assert found.returncode == 0 and not found.stderr
    assert all(f"    {name} " in found.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"usage: python -m golden {command}" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "line"), [
    (["trian"], "unknown command 'trian', did you mean 'train'?"),
    (["--bits"], "python -m golden: the following arguments are required: COMMAND; see --help"),
    (["train"], "python -m golden train: the following arguments are required: --config; see "
                "--help"),
    (["train", "--config", "digitz"], "unknown config 'digitz', did you mean 'digits'?"),
    (["train", "--config", "digits", "--row", "b44"], "unknown row 'b44', did you mean 'b4'?"),
    (["train", "--config", "digits", "--row", "b4", "--set", "quantizer.method=apott"],
     "unknown quantizer.method 'apott', did you mean 'apot'?"),
    (["train", "--config", "digits", "--row", "b4", "--seed", "-1"], "seed = -1 is out of range"),
    (["train", "--config", "digits", "--row", "b4", "--threads", "0"], "0 is not a number from 1"),
    (["train", "--config", "digits", "--row", "b4", "--device", "tpu"],
     "device 'tpu': use auto, cpu, cuda or cuda:<n>"),
    (["train", "--config", "table4", "--row", "resnet20-float", "--data", "/nowhere"],
     "/nowhere: no such folder"),
    (["quantize", "--bits", "7"], "weight_bits = 7 is out of range 2..6"),
    (["quantize", "--net", "resnet21"], "unknown net 'resnet21', did you mean 'resnet20'?"),
    (["quantize", "--data", str(ROOT / "docs")], "start = 'resnet20-*.th': no such file"),
    (["evaluate", "/nowhere"], "/nowhere: no such folder of a run"),
    (["export", str(ROOT / "docs")], "result.json: missing; no finished run is there"),
    (["plot", str(ROOT / "docs")], "result.json: missing; no finished run is there"),
    (["ablation", "--seeds", "4-x"], "--seeds 4-x: write 0-4 or 0,2,3"),
    (["table", "--config", "digits", "--rows", "b4,b44"], "unknown row 'b44', did you mean 'b4'?"),
    (["cost", "--net", "resnet200"], "no network 'resnet200': did you mean resnet20?"),
])
def test_mistakes_are_one_line_and_two(words: list[str], line: str, tmp_path: Path,
                                       capsys: pytest.CaptureFixture[str],
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if words[0] == "table":
        words = [*words, "--no-train"]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and line in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())  # and nothing was begun


def test_train_says_what_it_came_to(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_words("train", place, "--row", "none")) == 0
    out = capsys.readouterr().out
    result = json.loads((place / "runs/small/none/seed0/result.json").read_text())
    right = result["integers"]["correct"]
    assert f"integers               {right:6} of 100 right" in out and "(done before)" in out
    assert result["integers"]["manifest_sha256"][:16] in out
    assert main([*_words("train", place), "--rows"]) == 0
    assert capsys.readouterr().out.split() == ["float", "none", "fixed", "uniform", "six"]


def test_evaluate_and_export(place: Path, capsys: pytest.CaptureFixture[str],
                             tmp_path: Path) -> None:
    run = str(place / "runs/small/none/seed0")
    result = json.loads((Path(run) / "result.json").read_text())
    assert main(["evaluate", run, "--integers", "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    right = [int(line.split()[1]) for line in lines[1:4]]
    assert right == [result["scores"]["float"]["top1"], result["scores"]["frozen"]["top1"],
                     result["integers"]["correct"]]
    assert "equal on 64 of 64 images" in lines[4]
    assert main(["evaluate", run, "--images", "101"]) == 2
    assert "--images 101: the run has 100 test images" in capsys.readouterr().err
    assert main(["export", run, "--out", str(tmp_path)]) == 0
    assert result["integers"]["manifest_sha256"] in capsys.readouterr().out
    assert load_package(tmp_path / "digits-b4").bits == 4
    assert main(["export", str(place / "runs/small/float/seed0"), "--out", str(tmp_path)]) == 2
    assert "a float run; it has no quantised model" in capsys.readouterr().err


def test_plots(place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run, base = (str(place / f"runs/small/{row}/seed0") for row in ("none", "float"))
    assert main(["plot", run, "--out", str(tmp_path)]) == 0
    assert {file.name for file in tmp_path.glob("*.png")} == {"weights.png", "convergence.png"}
    before = (tmp_path / "weights.png").read_bytes()
    assert main(["plot", run, "--out", str(tmp_path), "--layers", "layer1.0.conv1"]) == 0
    assert (tmp_path / "weights.png").read_bytes() != before
    assert main(["plot", run, "--layers", "layer9.0.conv1"]) == 2
    assert "unknown layer 'layer9.0.conv1', did you mean 'layer" in capsys.readouterr().err
    assert main(["plot", run, base, "--out", str(tmp_path / "two")]) == 0
    assert {file.name for file in (tmp_path / "two").iterdir()} == {"weights-small-none-seed0.png",
                                                                   "convergence.png"}


def test_table_of_what_is_done(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_words("table", place, "--no-train")) == 0
    out = capsys.readouterr().out
    assert "small/fixed: not run yet, left out" in out and "iospot" in out
    lines = json.loads((place / "runs/small/table.json").read_text())
    assert [line["row"] for line in lines][:2] == ["float", "none"]
    text = (place / "runs/small/table.md").read_text()
    assert f"| iospot | {lines[1]['bits']} | {lines[1]['top1']:.2f} | " in text
    assert f"| `{lines[1]['command']}` | `{lines[1]['package_sha256']}` |" in text
    assert "--row none" in lines[1]["command"]
    assert all(line.count("|") in (0, 4, 12) for line in text.splitlines())


def test_quantize_takes_any_checkpoint(place: Path, capsys: pytest.CaptureFixture[str],
                                       tmp_path: Path) -> None:
    weights = place / "runs/small/float/seed0/weights.pt"
    words = ["quantize", "--net", "digits", "--checkpoint", str(weights), "--bits", "5", "--device",
             "cpu", "--set", "data.name=digits", "--out", str(tmp_path), "--images", "50"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "quantize/digits-iospot-5-plain: digits on digits, iospot W5A5, seed 0" in out
    package = tmp_path / "quantize/digits-iospot-5-plain/seed0/digits-b5"
    assert load_package(package).bits == 5 and "integers" in out
    torch.save({"weight": torch.zeros(3)}, tmp_path / "bad.th")
    words[words.index(str(weights))] = str(tmp_path / "bad.th")
    assert main([*words, "--fresh"]) == 2
    assert "bad.th: no conv1.weight: not of this network" in capsys.readouterr().err


def test_ctrl_c_and_the_same_command_again(place: Path, capsys: pytest.CaptureFixture[str],
                                           tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    words = _words("train", place, "--row", "none")
    words[words.index("--out") + 1] = str(tmp_path)
    steps = iter(range(10**6))

    def step(self: Screen, loss: float) -> None:
        if next(steps) == 34:  # 30 steps of the float row, then the second epoch of this one
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Screen, "step", step)
        assert main(words) == 130
    said = capsys.readouterr()
    assert "interrupted in epoch 2; the same command goes on from there" in said.out
    assert main(words) == 0
    assert "going on after epoch 1" in capsys.readouterr().out
    first, second = (json.loads((folder / "small/none/seed0/result.json").read_text())
                     for folder in (place / "runs", tmp_path))
    assert first["integers"]["manifest_sha256"] == second["integers"]["manifest_sha256"]


def test_seeds() -> None:
    assert seeds_of("0-2,7") == (0, 1, 2, 7)
    for text in ("", "1,1", "3-1", "a", "-2"):
        with pytest.raises(PlutarchError, match="--seeds"):
            seeds_of(text)


@pytest.mark.parametrize("live", [True, False])
def test_progress_tells_loss_accuracy_and_time_left(live: bool,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    row = Row(1, "quant", 4, 0.05, 1.25, 1.0, 0.3, 0.8, 0.5, 0.75, 2.0)
    with Screen(live) as screen:
        screen.begin("name", 3, 2)
        for _ in range(2):
            screen.step(0.125)
        screen.epoch(row)
        screen.line("a [line]")
    out = capsys.readouterr().out
    assert "a [line]" in out
    if live:
        assert "epoch 2/3  loss 0.125" in out and "accuracy 75.00 %" in out and "left" in out
    else:
        assert "epoch   1  quant 4 bit" in out and "test  75.00 %" in out and "left 0:00" in out
        assert "D 0.3  lambda 0.8" in out
