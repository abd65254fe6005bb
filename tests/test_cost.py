# SPDX-License-Identifier: Apache-2.0
"""FIXOPS, rates, traffic and P-LUT memory, on numbers that were counted elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from golden.codes import levels
from golden.cost import (
    LayerCost,
    NetCost,
    PathCost,
    fixops,
    parse_overrides,
    plut_memory,
    ratio,
    with_bits,
)
from golden.cost.command import run
from golden.cost.tables import as_json, summary, traffic, widths
from golden.errors import PlutarchError
from sim.paths import ROOT

# Three layers by hand: a 3x3 conv on 1x4x4 to 2 channels, one on those, a linear layer.
SMALL = NetCost("small", (
    LayerCost("a", "conv", 288, 18, 0, 16, 32, 0), LayerCost("b", "conv", 576, 36, 0, 32, 32, 32),
    LayerCost("c", "linear", 20, 20, 10, 2, 10, 2)),
    (PathCost("add", "add", 32, 32), PathCost("pool", "pool", 32, 32)))


def test_fixops_by_the_papers_rule() -> None:
    assert fixops(1, 8, 8) == 1 and fixops(1, 32, 32) == 16 and fixops(64, 3, 5) == 15
    big = 29 * 10 ** 9 + 1
    assert fixops(big, 5, 3) * 64 == big * 15  # exact
    for bits in (0, -1, 33, 4.0, None):
        with pytest.raises(PlutarchError, match=r"weight bits = .*: want 1 to 32"):
            fixops(1, bits, 4)  # type: ignore[arg-type]
        with pytest.raises(PlutarchError, match=r"activation bits = .*: want 1 to 32"):
            fixops(1, 4, bits)  # type: ignore[arg-type]


def test_totals_of_three_layers() -> None:
    net = with_bits(SMALL, 3, 4)
    assert [(layer.w_bits, layer.a_bits) for layer in net.layers] == [(8, 8), (3, 4), (8, 8)]
    assert (net.macs, net.parameters) == (884, 84)
    assert net.fixops == 288 + 576 * 12 / 64 + 20 and net.fp32_fixops == 16 * 884
    assert net.weight_bytes == (18 * 8 + 36 * 3 + 30 * 8) / 8 and net.fp32_bytes == 84 * 4
    assert net.weight_rate() == 336 / 61.5 and net.weight_rate(42.0) == 8.0
    assert net.fixops_rate == 16 * 884 / 416
    assert net.activation_bytes == (16 * 8 + (32 + 32) * 4 + (2 + 2) * 8) / 8
    assert net.path_bytes == 128 and net.path_words == 32 and net.path_fixops == 4
    assert net.traffic_bytes == net.weight_bytes + net.activation_bytes + 128
    assert widths(net) == "3/4 (8/8)"


def test_ends_and_exceptions() -> None:
    def pairs(net: NetCost) -> list[tuple[int, int]]:
        return [(layer.w_bits, layer.a_bits) for layer in net.layers]

    assert pairs(with_bits(SMALL, 5, first_last="float")) == [(32, 32), (5, 5), (32, 32)]
    assert pairs(with_bits(SMALL, 5, first_last="same")) == [(5, 5)] * 3
    mixed = with_bits(SMALL, 5, 8, overrides={"b": (2, 3), "c": (6, 7)}, word_bits=6)
    assert pairs(mixed) == [(8, 8), (2, 3), (6, 7)]
    assert mixed.path_bytes == 96 and SMALL.layers[1].w_bits == 32
    with pytest.raises(PlutarchError, match="small: no layer 'bb': did you mean b"):
        with_bits(SMALL, 4, overrides={"bb": (3, 3)})
    with pytest.raises(PlutarchError, match="small: no layer 'xyz': there are a, b, c"):
        with_bits(SMALL, 4, overrides={"xyz": (3, 3)})
    with pytest.raises(PlutarchError, match="first_last = 'int4': want int8, float, same"):
        with_bits(SMALL, 4, first_last="int4")
    for w_bits, a_bits, word_bits in ((0, 4, 8), (4, 33, 8), (4, 4, 0)):
        with pytest.raises(PlutarchError, match="want 1 to 32"):
            with_bits(SMALL, w_bits, a_bits, word_bits=word_bits)
    with pytest.raises(PlutarchError, match="want 1 to 32"):
        with_bits(SMALL, 4, overrides={"a": (40, 4)})


def test_overrides_as_text() -> None:
    assert parse_overrides(["a=3,4", "layer1.0.conv1=5"]) == {"a": (3, 4),
                                                             "layer1.0.conv1": (5, 5)}
    for text in ("a", "=3", "a=", "a=3,4,5", "a=x", "a=-3"):
        with pytest.raises(PlutarchError, match=f"layer '{text}': want NAME=WEIGHTBITS"):
            parse_overrides([text])


def test_rates_of_nothing() -> None:
    for nothing in (0, -1.0, float("nan")):
        with pytest.raises(PlutarchError, match="compression rate"):
            ratio(1.0, nothing)


# b -> index matrix, entries, half with diagonal, half without zeros, products, their bits, bytes:
# reference/paper-facts.md E9
PLUT = {3: (4, 16, 10, 6, 5, 5), 4: (8, 64, 36, 28, 13, 13), 5: (16, 256, 136, 120, 29, 29)}


@pytest.mark.parametrize("bits", PLUT)
def test_plut_memory(bits: int) -> None:
    size = plut_memory(bits)
    assert (size.rows, size.full, size.half, size.nonzero_half, size.products,
            size.width) == PLUT[bits]
    assert size.full_bits == size.full * size.width and size.half_bits == size.half * size.width
    if bits == 4:
        assert (size.full_bits, size.full_bytes, size.half_bits, size.half_bytes) == (
            832, 104, 468, 58.5)


def test_plut_memory_of_other_codebooks_and_widths() -> None:
    ints = plut_memory(4, list(range(8)))  # 3-bit integers: 1..49 has 18 products
    assert (ints.products, ints.width, ints.nonzero_half) == (
        len({i * j for i in range(1, 8) for j in range(1, 8)}), 6, 28)
    assert plut_memory(4, levels(4)) == plut_memory(4)
    assert (plut_memory(2).full, plut_memory(2).products, plut_memory(2).width) == (4, 1, 1)
    assert plut_memory(6).products == 61
    for bits in (1, 7):
        with pytest.raises(PlutarchError, match="a PoT code has 2 to 6 bits"):
            plut_memory(bits)


def test_the_core_needs_no_torch() -> None:
    code = ("import sys\n"
            "class No:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name.split('.')[0] == 'torch': raise ImportError(name)\n"
            "sys.meta_path.insert(0, No())\n"
            "import argparse, golden.cost as cost\n"
            "net = cost.NetCost('n', (cost.LayerCost('a', 'conv', 64, 9, 0, 4, 4, 0),))\n"
            "assert cost.with_bits(net, 4).fixops == 64 and cost.plut_memory(4).full == 64\n"
            "parser = argparse.ArgumentParser(); cost.add_arguments(parser)\n"
            "try: cost.main(parser.parse_args(['--net', 'digits']))\n"
            "except Exception as error: print(type(error).__name__, error)\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PlutarchError cost: finding a network's layers needs torch")


def test_tables_say_what_was_counted() -> None:
    net = with_bits(SMALL, 3)
    row = summary([net]).splitlines()[1].split()
    assert row[:4] == ["small", "3/3", "(8/8)", "884"] and row[-1] == f"{net.weight_rate():.2f}"
    big = NetCost("big", (replace(SMALL.layers[1], macs=9 ** 9, weights=10 ** 6),),
                  (PathCost("x", "add", 10 ** 6, 64 * 10 ** 6),))
    row = traffic([with_bits(big, 8, 4, "same")]).splitlines()[1].split()
    assert row == ["big", "8/4", "1,000.0", "0.0", "65,000.0", "0.0", "66,000.0", "64,000,000",
                   "8.00M"]
    content = json.loads(json.dumps(as_json(net)))
    assert content["fixops"] == net.fixops and content["path_bytes"] == 128
    assert content["layers"][1]["fixops"] == 576 * 9 / 64 and len(content["path"]) == 2
    same = replace(net, layers=tuple(replace(layer, w_bits=4, a_bits=4) for layer in net.layers))
    assert widths(same) == "4/4"


def test_the_pages_show_what_their_commands_print(capsys: pytest.CaptureFixture[str]) -> None:
    """Every block of docs/cost.md and docs/models.md that opens with a command is its output."""
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    shown = 0
    for page in (ROOT / "docs" / "cost.md", ROOT / "docs" / "models.md"):
        for block in page.read_text().split("```\n$ python -m golden.cost ")[1:]:
            command, _, rest = block.partition("\n")
            assert run(command.split()) == 0
            assert capsys.readouterr().out == rest.partition("```")[0], f"{page.name}: {command}"
            shown += 1
    assert shown >= 3


def test_the_command_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    file = tmp_path / "cost.json"
    assert run(["--net", "digits", "--bits", "3", "--layer", "layer1.0.conv1=5,4", "--layers",
                "--act-bits", "6", "--word-bits", "7", "--plut", "--json", str(file)]) == 0
    assert "layer1.0.conv1" in capsys.readouterr().out
    content = json.loads(file.read_text())
    (net,) = content["nets"]
    found = {layer["name"]: (layer["w_bits"], layer["a_bits"]) for layer in net["layers"]}
    assert found["layer1.0.conv1"] == (5, 4) and found["layer2.0.conv1"] == (3, 6)
    assert {item["bits"] for item in net["path"]} == {7}
    assert found["conv1"] == found["linear"] == (8, 8)
    assert content["plut"][0]["full_bytes"] == 10


@pytest.mark.parametrize("args, line", [
    ("--net resnet21", "error: no network 'resnet21': did you mean "),
    ("--net digits --bits 0", "error: weight bits = 0: want 1 to 32"),
    ("--net digits --layer fc=3", "error: digits: no layer 'fc'"),
    ("--net digits --layer fc", "error: layer 'fc': want NAME="),
    ("--net digits --classes 0", "error: network digits: classes = 0"),
    ("--net digits --json /dev/null/x", "error: /dev/null/x: "),
])
def test_mistakes_are_one_line(args: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    assert run(args.split()) == 2
    told = capsys.readouterr().err
    assert told.startswith(line) and told.count("\n") == 1


def test_the_module_is_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "golden.cost", "--help"], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0 and "--first-last" in done.stdout
