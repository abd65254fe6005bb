# SPDX-License-Identifier: Apache-2.0
"""The bench of fast inference: figures, comparison with golden.network, one line for a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden.errors import PlutarchError
from golden.fast import FastNetwork
from golden.fast.__main__ import main
from golden.fast.bench import compare
from golden.package import find, load_package, save_package
from tests.nets import small_network


def test_bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = str(find("digits", 4))
    out = tmp_path / "fast.json"
    assert main(["--package", package, "--runs", "3", "--threads", "1", "--batch", "1", "4",
                 "--data", "digits", "--count", "120", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [row["batch"] for row in found["batches"]] == [1, 4]
    assert all(0 < row["min_ms"] <= row["median_ms"] for row in found["batches"])
    net = load_package(package)
    assert [row["acc_bound"] for row in found["layers"]] == [
        node.layer.bounds()[0] for node in net.nodes]
    assert found["values_compared"] == sum(
        part.size for step in net.run(net.images[:2]).values() for part in step if part is not None)
    assert found["count"]["correct"] == net.correct(net.images[:120], net.labels[:120])
    shown = capsys.readouterr().out
    assert "layer3.0.conv2" in shown and "batch 4: min" in shown and "120 right" in shown


@pytest.mark.parametrize(("options", "message"), [
    (["--package", "absent"], "absent/manifest.json: missing"),
    (["--runs", "0"], "--runs, --batch and --count are at least 1"),
    (["--data", "digit"], "no data set 'digit': did you mean digits?"),
])
def test_bench_says_what_is_wrong(options: list[str], message: str,
                                  capsys: pytest.CaptureFixture[str]) -> None:
    package = [] if "--package" in options else ["--package", str(find("digits", 3))]
    assert main([*package, "--runs", "1", "--batch", "1", "--threads", "1", *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


def test_bench_notices_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    net = small_network()
    fast = FastNetwork(net, 1)
    monkeypatch.setattr(fast._convs["b"], "bias", fast._convs["b"].bias + 1)
    with pytest.raises(PlutarchError, match=r"layer b: t is not what golden\.network gives"):
        compare(fast, net.images)


def test_bench_refuses_other_images(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save_package(small_network(), tmp_path / "small-b4")
    assert main(["--package", str(tmp_path / "small-b4"), "--runs", "1", "--threads", "1",
                 "--batch", "1", "--data", "digits", "--count", "5"]) == 2
    assert "digits: images (1, 8, 8) with exponent -4 are not what small" in capsys.readouterr().err
