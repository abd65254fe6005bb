# SPDX-License-Identifier: Apache-2.0
"""Both stages of the compression, there and back, and the sizes against their definitions."""

from __future__ import annotations

import lzma
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.codes import num_levels, project_real
from golden.compression import LayerCodes, codes_of, compress, decompress, from_package, measure
from golden.compression.archive import stream
from golden.compression.measure import PAPER, RAW, SHIPPED, SIGNED, Found, verdicts
from golden.errors import PlutarchError
from golden.package import find, save_package
from golden.shuff import order_weights, sizes
from golden.shuff.squeeze import expand, squeeze
from tests.nets import small_network

ROOT = Path(__file__).resolve().parent.parent


def random_layer(rng: np.random.Generator, bits: int, shape: tuple[int, ...], name: str = "x",
                 spread: float = 1.0) -> LayerCodes:
    """Normal weights of deviation `spread`, largest level 2."""
    if bits == 8:
        return LayerCodes(name, 8, rng.integers(-128, 128, shape).astype(np.int8), "int8")
    x = spread * rng.standard_normal(shape)
    return LayerCodes(name, bits, project_real(x, bits, 1 - (num_levels(bits) - 1)))


@pytest.mark.parametrize(("bits", "zero", "a", "c", "d"), [
    (3, 0.197, 2.257, 2.785, 2.762), (4, 0.012, 3.443, 3.526, 3.514)])
def test_normal_weights_cost_what_the_facts_say(bits: int, zero: float, a: float, c: float,
                                                d: float) -> None:
    """Our own check in paper-facts E10: N(0, 1), largest level at two deviations."""
    layer = random_layer(np.random.default_rng(11), bits, (256, 116, 3, 3))  # 267,264 weights
    total = measure([layer], lzma=False).total
    found = [total.row(name).bits / total.count
             for name in (PAPER, "S-Huff joint, payload", SIGNED)]
    assert total.zeros / total.count == pytest.approx(zero, abs=0.002)
    assert found == pytest.approx([a, c, d], abs=0.006)
    # headers, table and padding of the shipped stream are next to nothing at this size
    assert total.row(SHIPPED).bits / total.count == pytest.approx(c, abs=0.007)


@pytest.mark.parametrize("mode", ["joint", "flag", "raw"])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
def test_both_stages_lose_nothing(bits: int, mode: str) -> None:
    rng = np.random.default_rng(bits)
    for shape in ((13, 5, 3, 3), (1, 1, 1, 1), (9, 30), (4, 3, 2)):
        for spread in (0.2, 1.0):
            layer = random_layer(rng, bits, shape, spread=spread)
            data = compress(layer, mode, pin=4, pout=2)
            back = decompress(data, shape, bits, pin=4, pout=2)
            assert back.dtype == np.uint8 and (back == layer.codes).all()
            assert expand(data) == stream(layer, mode, 4, 2)


def test_eight_bit_layers_are_bytes() -> None:
    layer = random_layer(np.random.default_rng(0), 8, (6, 5, 3, 3))
    back = decompress(compress(layer), (6, 5, 3, 3), 8)
    assert back.dtype == np.int8 and (back == layer.codes).all()
    with pytest.raises(PlutarchError, match=r"270 bytes do not make a layer of shape \(6, 5\)"):
        decompress(compress(layer), (6, 5), 8)


def test_squeezed_strings_of_any_size() -> None:
    rng = np.random.default_rng(5)
    for size in (0, 1, 4095, 4096, 4097, 6145, 100_000):
        data = rng.integers(0, 3, size).astype(np.uint8).tobytes()
        assert expand(squeeze(data)) == data
        assert squeeze(data) == squeeze(data)
    assert len(squeeze(bytes(100_000))) < 100
    # the first byte is that of the .xz format: 4, 6, 8, 12 ... KiB
    assert [squeeze(bytes(n))[0] for n in (4096, 4097, 6145, 8193, 12_289)] == [0, 1, 2, 3, 4]
    pairs = rng.integers(0, 8, 6000) + np.resize([0, 224], 6000)  # a byte tells of the next one
    bell = 128 + 30 * rng.standard_normal(3000)  # a byte tells nothing
    better = []
    for data in (pairs.astype(np.uint8).tobytes(), bell.astype(np.uint8).tobytes()):
        lengths = [len(lzma.compress(data, lzma.FORMAT_RAW, filters=[{
            "id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": context, "lp": 0,
            "pb": 0, "dict_size": 1 << 13}])) for context in (0, 3)]
        assert len(squeeze(data)) == 1 + min(lengths)
        better.append(lengths[0] < lengths[1])
    assert better == [False, True]
    far = rng.integers(0, 256, 60_000).astype(np.uint8).tobytes()
    assert len(squeeze(far + far)) < 62_000  # the dictionary reaches back over all of it


def test_damaged_archives_are_refused() -> None:
    layer = random_layer(np.random.default_rng(1), 4, (8, 8, 3, 3))
    data = compress(layer)
    for bad, message in ((b"", "first byte"), (b"\xff" + data[1:], "first byte"),
                         (data[:-1], "before its end mark"), (data[:20], "before its end mark"),
                         (data + b"x", "1 bytes behind its end mark"),
                         (data[:1] + b"\x03" + data[2:], "damaged")):
        with pytest.raises(PlutarchError, match=f"LZMA.*{message}"):
            decompress(bad, (8, 8, 3, 3), 4)
    with pytest.raises(PlutarchError, match=r"TARGET.*made for PIN=8, not 4"):
        decompress(data, (8, 8, 3, 3), 4, pin=4)
    with pytest.raises(PlutarchError, match=r"TARGET.*made for b=4, not b=5"):
        decompress(data, (8, 8, 3, 3), 5)
    with pytest.raises(PlutarchError, match="do not make a layer"):
        decompress(data, (8, 8, 3, 2), 4)
    found = bytearray(expand(data))
    found[40] ^= 4
    with pytest.raises(PlutarchError, match="S-Huff"):  # LZMA has no checksum, S-Huff has
        decompress(squeeze(bytes(found)), (8, 8, 3, 3), 4)


def test_codes_of_a_level_set() -> None:
    levels = np.array([-1.0, -0.6, -0.1, 0.0, 0.1, 0.6, 1.0])
    values = np.array([[0.6, -0.1], [0.0, -1.0], [0.1000001, -0.04]])
    assert codes_of(values, levels, 3).tolist() == [[2, 5], [0, 7], [1, 0]]
    assert codes_of(values, levels, 4).tolist() == [[2, 9], [0, 11], [1, 0]]
    assert codes_of([0.5, -1.5], [-2.0, -1.0, 0.0, 1.0, 2.0], 3).tolist() == [1, 6]  # ties
    x = np.random.default_rng(0).standard_normal(1000)
    pot = project_real(x, 4, -5)
    grid = np.array([0, *(2.0 ** np.arange(-5, 2))])
    assert (codes_of(x, np.concatenate([-grid[:0:-1], grid]), 4) == pot).all()
    for bad in ([-1.0, 0.0, 0.5], [-1.0, 1.0], [], [*-np.arange(4.0)[:0:-1], *np.arange(4.0)]):
        with pytest.raises(PlutarchError, match="2-bit codes hold zero and up to 1 magnitudes"):
            codes_of(values, bad, 2)
    with pytest.raises(PlutarchError, match="3-bit codes hold zero and up to 3 magnitudes of both"):
        codes_of(values, [-1.0, 0.0, 0.5], 3)
    with pytest.raises(PlutarchError, match="NaN has no code"):
        codes_of(np.array([np.nan]), levels, 3)


def test_package_sizes_are_those_of_its_files() -> None:
    folder = find("digits", 3)
    found = measure(from_package(folder), jobs=2)
    for layer in found.coded:
        file = folder / "layers" / layer.name / "weights.shuff"
        assert layer.report.row(SHIPPED).bits == 8 * file.stat().st_size
    assert [layer.name for layer in found.layers] == [
        "conv1", "layer1.0.conv1", "layer1.0.conv2", "layer2.0.conv1", "layer2.0.conv2",
        "layer3.0.conv1", "layer3.0.conv2", "fc"]
    assert [layer.coded for layer in found.layers] == [False] + 6 * [True] + [False]
    assert [layer.report.count for layer in found.layers] == [
        144, 2304, 2304, 4608, 9216, 18432, 36864, 640]
    assert found.float_bytes == 4 * 74512


def test_totals_are_sums() -> None:
    rng = np.random.default_rng(3)
    layers = [random_layer(rng, 3, (9, 6, 3, 3), "a"), random_layer(rng, 8, (4, 2, 3, 3), "b"),
              random_layer(rng, 3, (5, 9, 1, 1), "c")]
    names: list[str] = []
    found = measure(layers, pin=4, pout=2, done=names.append)
    assert sorted(names) == ["a", "b", "c"]
    one, byte, other = (layer.report for layer in found.layers)
    assert one == sizes(order_weights(layers[0].codes, 4, 2), 3, 4, 2)
    assert (byte.count, byte.zeros) == (72, int((layers[1].codes == 0).sum()))
    total = found.total
    assert (total.count, total.zeros) == (486 + 45, one.zeros + other.zeros)
    for row in total.rows:
        assert row.bits == one.row(row.name).bits + other.row(row.name).bits
        squeezed = [one.row(row.name).lzma_bits, other.row(row.name).lzma_bits]
        assert row.lzma_bits == (None if None in squeezed else sum(x or 0 for x in squeezed))
        assert row.decodable == one.row(row.name).decodable
    assert found.network() == total.row(SHIPPED).bits + 8 * 72
    assert found.network(RAW) == 3 * 531 + 8 * 72
    assert found.network(lzma=True) == (total.row(SHIPPED).lzma_bits or 0) + 8 * len(
        compress(layers[1]))
    joined = stream(layers[0], "joint", 4, 2) + stream(layers[2], "joint", 4, 2)
    assert found.archive_bits == 8 * len(squeeze(joined))
    with pytest.raises(PlutarchError, match="no size after LZMA"):
        measure(layers, lzma=False).network(lzma=True)


def test_verdicts_are_plain() -> None:
    rng = np.random.default_rng(4)
    normal = random_layer(rng, 4, (32, 32, 3, 3), "normal")
    lines = "\n".join(verdicts(measure([normal])))
    assert "smaller than raw bits" in lines and "LZMA after S-Huff adds nothing" in lines
    assert "LOSES" not in lines and "does not beat" not in lines
    even = rng.permutation(np.resize(np.delete(np.arange(16, dtype=np.uint8), [0, 8]), 9216))
    even[0] = 0  # eight magnitudes, so three bits and a sign each
    flat = LayerCodes("flat", 4, even.reshape(32, 32, 3, 3))
    lines = "\n".join(verdicts(measure([flat])))
    assert "S-Huff joint LOSES to raw bits: " in lines
    assert "S-Huff joint does not beat raw bits in 1 layer: flat." in lines
    assert "LZMA on raw bits, without S-Huff, is no larger than both stages" in lines
    lines = "\n".join(verdicts(measure([normal, flat, normal], lzma=False)))
    assert "1 layer: flat." in lines and "LZMA" not in lines
    repeated = LayerCodes("same", 4, np.resize(normal.codes[0, 0], (64, 32, 3, 3)))
    assert "LZMA after S-Huff saves: " in "\n".join(verdicts(measure([repeated])))
    little = measure([normal]).layers[0]
    rows = tuple(replace(row, lzma_bits=int(0.991 * row.bits)) for row in little.report.rows)
    little = replace(little, report=replace(little.report, rows=rows))
    assert "LZMA after S-Huff adds nothing: " in "\n".join(verdicts(Found("pot", (little,), 1)))
    sparse = random_layer(rng, 3, (32, 32, 3, 3), spread=0.6)
    assert "below the entropy" in "\n".join(verdicts(measure([sparse], lzma=False)))


@pytest.mark.parametrize(("bits", "codes", "message"), [
    (3, np.zeros((2, 2), np.int8), r"layer x: codes are int8 \(2, 2\), want uint8"),
    (8, np.zeros((2, 2), np.uint8), "want int8"),
    (3, np.zeros(4, np.uint8), r"codes are uint8 \(4,\)"),
    (7, np.zeros((2, 2), np.uint8), "bits = 7"),
])
def test_wrong_codes_are_refused(bits: int, codes: Any, message: str) -> None:
    with pytest.raises(PlutarchError, match=message):
        LayerCodes("x", bits, codes)


def test_wrong_packages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PlutarchError, match=r"absent/manifest\.json: missing"):
        from_package(tmp_path / "absent")
    save_package(small_network(), tmp_path / "small-b4")
    with pytest.raises(PlutarchError, match="small-b4: holds 4-bit codes, --bits says 3"):
        from_package(tmp_path / "small-b4", 3)
    assert len(from_package(tmp_path / "small-b4", 4)) == 4
    only = [layer for layer in from_package(tmp_path / "small-b4") if layer.bits == 8]
    with pytest.raises(PlutarchError, match="nothing for S-Huff to code"):
        measure(only)


def test_no_torch_for_packages() -> None:
    code = ("import sys; from golden.compression.command import run; "
            f"assert run(['--package', {str(find('digits', 3))!r}, '--no-lzma']) == 0; "
            "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "layer3.0.conv2" in done.stdout
