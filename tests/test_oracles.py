# SPDX-License-Identifier: Apache-2.0
"""The PoT projection against outside implementations; how to install: docs/quantizers.md."""

from __future__ import annotations

import json
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")

from golden.errors import PlutarchError  # noqa: E402
from golden.quantizers import oracle  # noqa: E402
from golden.quantizers.pot import pot_values  # noqa: E402


def installed(package: str) -> bool:
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not installed(package), reason=f"{package} is not installed "
                              f"(extra `oracle`: {oracle.INSTALL})")


BITS = [3, 4, 5, 6]


def all_agree(score: dict[str, tuple[int, int]]) -> bool:
    return all(agree == of for agree, of in score.values())


@needs("qonnx")
@pytest.mark.parametrize("bits", BITS)
def test_qonnx_float_quant_is_our_rule(bits: int) -> None:
    score = oracle.compare(oracle.qonnx_values, bits)
    assert score["random"][1] == 400_000
    # five exponents, both signs: every cut between two levels, and half the smallest level
    assert score["cuts"][1] == 10 * (2 ** (bits - 1) - 2) and score["half"][1] == 10
    assert all_agree(score)
    wide = oracle.cases(bits, -3, 40_000, 1)["random"].astype(np.float64) * (1 + 2.0 ** -40)
    np.testing.assert_array_equal(oracle.qonnx_values(wide, bits, -3),
                                  oracle.golden_values(wide, bits, -3))


@needs("qonnx")
def test_rounding_half_up_differs_at_half_the_smallest_level_only() -> None:
    score = oracle.compare(lambda x, b, e: oracle.qonnx_values(x, b, e, "HALF_UP"), 4, 20_000)
    assert score["half"] == (0, 10)
    assert score["cuts"] == (60, 60) and score["random"] == (20_000, 20_000)
    # beside: its own sum |x| + 1/2 rounds up just below the tie; in float64 it does not
    assert score["beside"] == (130, 140)


@needs("brevitas")
@pytest.mark.parametrize("bits", BITS)
def test_brevitas_float_quant_is_our_rule(bits: int) -> None:
    score = oracle.compare(oracle.brevitas_values, bits)
    assert score["random"][1] == 400_000 and all_agree(score)


@needs("qonnx")
@needs("brevitas")
def test_the_command_counts_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "oracle.json"
    assert oracle.main(["--count", "1000", "--out", str(out)]) == 0
    rows = json.loads(out.read_text())
    assert len(rows) == 12 and {row["bits"] for row in rows} == set(BITS)
    assert rows[0]["version"] == metadata.version("qonnx")
    assert rows[0]["random"] == {"agree": 1000, "of": 1000}
    assert capsys.readouterr().out.count("1000/1000") == 12


@pytest.mark.parametrize("bits", BITS)
def test_the_cases_hold_every_tie(bits: int) -> None:
    size = [0.0] + [2.0 ** (k - 3) for k in range(2 ** (bits - 1) - 1)]
    ties = {s * (a + b) / 2 for a, b in pairwise(size) for s in (-1, 1)}
    found = oracle.cases(bits, -3, 10, 0)
    assert {*found["cuts"].tolist(), *found["half"].tolist()} == ties
    assert len(found["random"]) == 10 and len(found["beside"]) == 2 * len(ties)
    assert not ties & set(found["beside"].tolist())


@pytest.mark.parametrize("bits", BITS)
def test_the_training_quantiser_on_the_same_cases(bits: int) -> None:
    mine = oracle.compare(lambda x, b, e: pot_values(torch.from_numpy(x), b, e).numpy(), bits,
                          20_000)
    assert all_agree(mine)


def test_a_rule_with_other_ties_is_seen() -> None:
    def upward(x: np.ndarray, bits: int, exp: int) -> np.ndarray:
        away = np.where(x < 0, -np.inf, np.inf).astype(x.dtype)
        return oracle.golden_values(np.nextafter(x, away), bits, exp)

    score = oracle.compare(upward, 4, 1000)
    assert score["half"] == (0, 10) and score["cuts"] == (60, 60)


@pytest.mark.skipif(installed("qonnx"), reason="qonnx is installed")
def test_without_the_packages_one_line_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PlutarchError, match=r"qonnx.*pip install -e '\.\[train,oracle\]'"):
        oracle.main([])
    assert capsys.readouterr().out == ""
