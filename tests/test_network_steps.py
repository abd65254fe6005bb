# SPDX-License-Identifier: Apache-2.0
"""Max pools, projection shortcuts, int8 values, and the list of a network's work."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.codes import project_int, to_int
from golden.errors import PlutarchError
from golden.files import sha256
from golden.int8_acts import with_int8_activations
from golden.int8_values import with_int8_values
from golden.layer import residual_word
from golden.network import ConvJob, FcJob, MaxPool, MaxPoolJob, Network, SumJob
from golden.package import (
    _text,
    find,
    load_package,
    read_manifest,
    save_package,
    verify_package,
)
from tests.nets import pooled_network, small_network


def _slow_pool(x: Any, kernel: int, stride: int, pad: int) -> list[Any]:
    """Window by window, pixels outside left out."""
    n, c, height, width = x.shape
    return [[[[max(int(x[i, j, yy, xx]) for yy in range(y - pad, y - pad + kernel)
                   for xx in range(z - pad, z - pad + kernel)
                   if 0 <= yy < height and 0 <= xx < width)
               for z in range(0, width + 2 * pad - kernel + 1, stride)]
              for y in range(0, height + 2 * pad - kernel + 1, stride)]
             for j in range(c)] for i in range(n)]


@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 2, 1), (2, 2, 0), (2, 1, 1), (5, 3, 2),
                                                       (1, 1, 0), (3, 1, 1)])
@pytest.mark.parametrize(("height", "width"), [(7, 8), (5, 5), (1, 6)])
def test_max_pool_is_the_largest_of_its_window(kernel: int, stride: int, pad: int, height: int,
                                               width: int) -> None:
    if min(height, width) + 2 * pad < kernel:
        pytest.skip("smaller than the window")
    pool = MaxPool("p", "x", kernel, stride, pad)
    rng = np.random.default_rng(kernel)
    words = rng.integers(-128, 0, (2, 3, height, width)).astype(np.int8)  # padding must not win
    assert pool.largest(words).tolist() == _slow_pool(words, kernel, stride, pad)
    wide = words.astype(object) * 10 ** 30
    assert pool.largest(wide).tolist() == (pool.largest(words).astype(object) * 10 ** 30).tolist()
    codes = rng.choice(np.delete(np.arange(16), 8), words.shape).astype(np.uint8)
    got = pool.largest_code(codes, 4)
    assert to_int(got, 4).tolist() == _slow_pool(to_int(codes, 4), kernel, stride, pad)
    assert not (got == 8).any()
    assert pool.out_shape(height, width) == got.shape[2:]


@pytest.mark.parametrize("fields", [(0, 1, 0), (3, 0, 1), (3, 2, 2), (3, 2, -1), (3, 2.0, 1)])
def test_pools_that_cannot_be(fields: Any) -> None:
    with pytest.raises(PlutarchError, match=r"max pool p: (kernel|stride|pad): .* no integer"):
        MaxPool("p", "x", *fields)


def test_pool_of_codes_is_the_code_of_the_pooled_sum() -> None:
    net = pooled_network()
    outputs = net.run(net.images)
    assert list(outputs) == ["stem", "pool1", "a", "down", "b", "c", "pool", "fc"]
    stem, pooled = net.nodes[0].layer, outputs["pool1"]
    assert pooled.codes is not None and pooled.res is not None
    assert pooled.t.tolist() == _slow_pool(outputs["stem"].t, 3, 2, 1)
    assert (pooled.codes == project_int(pooled.t, 4, stem.proj_shift)).all()
    assert (pooled.res == residual_word(pooled.t, stem.res_out_shift)).all()
    assert (pooled.codes >= 8).any() and (pooled.res < 0).any()  # negative ones too


def test_projection_shortcut_is_added_as_it_is() -> None:
    net = pooled_network()
    outputs = net.run(net.images)
    outer = net.nodes[3].layer
    assert (outputs["down"].res < 0).any()  # type: ignore[operator]
    again = outer.run(outputs["a"].codes, outputs["down"].res)  # type: ignore[arg-type]
    assert (again.t == outputs["b"].t).all() and (again.acc == outputs["b"].acc).all()


def test_jobs_are_every_step_in_order() -> None:
    net = pooled_network()
    outputs = net.run(net.images)
    jobs = list(net.jobs(net.images))
    assert [type(job) for job in jobs] == [ConvJob, MaxPoolJob, *[ConvJob] * 4, SumJob, FcJob]
    assert [job.name for job in jobs] == list(outputs)
    for job in jobs:
        want = outputs[job.name]
        if isinstance(job, ConvJob):
            got = job.layer.run(job.a, job.residual)
        elif isinstance(job, MaxPoolJob):
            assert job.codes is not None and job.words is not None
            got = want._replace(codes=job.pool.largest_code(job.codes, net.bits),
                                res=job.pool.largest(job.words))
        elif isinstance(job, SumJob):
            got = want._replace(t=job.words.sum(axis=(2, 3), dtype=np.int64))
        else:
            got = job.fc.run(job.sums)
        for x, y, z in zip(got, want, job.expected, strict=True):
            assert (x is None) == (y is None) == (z is None)
            assert x is None or ((x == y).all() and (x == z).all())
    assert [job.layer.name for job in net.conv_jobs(net.images)] == ["a", "down", "b", "c"]


def test_work_says_what_jobs_will_do() -> None:
    for net in (pooled_network(), small_network()):
        work, jobs = net.work(), list(net.jobs(net.images))
        assert [step.name for step in work] == [job.name for job in jobs]
        for step, job in zip(work, jobs, strict=True):
            assert step.out_shape[:len(job.expected.t.shape) - 1] == job.expected.t.shape[1:]
            if isinstance(job, ConvJob):
                assert step.kind == "conv" and step.in_shape == job.a.shape[1:]
                assert step.weights == job.layer.weights.size
                taps = np.prod(step.out_shape) * np.prod(job.layer.weights.shape[1:])
                assert step.macs == taps > 0
    assert [step.kind for step in work] == ["conv"] * 3 + ["pool", "fc"]
    assert work[-1].macs == work[-1].weights == 24
    assert small_network().work((2, 12, 16))[0].macs == 4 * work[0].macs


def test_pooled_package_round_trip(tmp_path: Path) -> None:
    net = pooled_network()
    folder = save_package(net, tmp_path / "pooled-b4")
    again = load_package(folder)
    assert again.pools == net.pools and verify_package(folder)["correct"] == 3
    assert [entry.get("op", "conv") for entry in read_manifest(folder)["layers"]] == [
        "conv", "maxpool", *["conv"] * 4]
    other = save_package(again, tmp_path / "again")
    assert (other / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()
    values = load_package(save_package(with_int8_values(net), tmp_path / "values"))
    assert [node.as_values for node in values.nodes] == [False, *[True] * 4]
    assert (values.logits(net.images) == net.logits(net.images)).all()


def test_shipped_packages_are_written_as_they_were(tmp_path: Path) -> None:
    for bits in (3, 4, 5):
        folder = find("digits", bits)
        again = save_package(load_package(folder), tmp_path / folder.name)
        for file in (f for f in folder.rglob("*") if f.is_file()):
            assert (again / file.relative_to(folder)).read_bytes() == file.read_bytes(), file


@pytest.mark.parametrize(("index", "change", "message"), [
    (1, {"op": "sigmoid"}, r"layer pool1: op 'sigmoid' is not supported; conv \(by the acc.* host"),
    (1, {"ceil_mode": True}, "layer pool1: 'ceil_mode' of a maxpool is not supported"),
    (2, {"dilation": 2}, "layer a: 'dilation' of a conv is not supported"),
    (2, {"act": "float"}, "layer a: act: no such activations: 'float'"),
    (1, {"pad": 2}, "max pool pool1: pad: 2"),
    (1, {"source": "zzz"}, "max pool pool1: reads 'zzz', no layer|'pool1', no earlier layer")])
def test_what_a_manifest_cannot_say(index: int, change: dict[str, Any], message: str,
                                    tmp_path: Path) -> None:
    folder = save_package(pooled_network(), tmp_path / "pooled-b4")
    manifest = read_manifest(folder)
    manifest["layers"][index] |= change
    manifest["manifest_sha256"] = sha256(_text(manifest))
    (folder / "manifest.json").write_bytes(_text(manifest))
    with pytest.raises(PlutarchError, match=message) as caught:
        load_package(folder)
    assert "\n" not in str(caught.value)
    assert json.loads((folder / "manifest.json").read_bytes())["version"] == 1


def test_another_last_pool_is_refused(tmp_path: Path) -> None:
    folder = save_package(pooled_network(), tmp_path / "pooled-b4")
    manifest = read_manifest(folder)
    manifest["pool"]["op"] = "largest"
    manifest["manifest_sha256"] = sha256(_text(manifest))
    (folder / "manifest.json").write_bytes(_text(manifest))
    with pytest.raises(PlutarchError, match=r"pool: \['op', 'source'\]: only the sum"):
        load_package(folder)


@pytest.mark.parametrize(("pools", "message"), [
    ([("pool1", "stem"), ("p2", "nowhere")], "max pool p2: reads 'nowhere', no layer"),
    ([("pool1", "stem"), ("a", "stem")], "'a' used twice"),
    ([("pool1", "stem"), ("pool1", "stem")], "'pool1' used twice"),
    ([("pool1", "stem"), ("fc", "stem")], "'fc' used twice"),
    ([("pool1", "p2"), ("p2", "pool1")], "layer a: reads 'pool1', no earlier layer"),
    ([("pool1", "b")], "layer a: reads 'pool1', no earlier layer")])
def test_pools_that_do_not_fit(pools: list[tuple[str, str]], message: str) -> None:
    net = pooled_network()
    with pytest.raises(PlutarchError, match=message):
        replace(net, pools=tuple(MaxPool(name, source, 3, 2, 1) for name, source in pools))


def test_a_pool_of_a_pool_and_of_the_last_layer() -> None:
    net = replace(pooled_network(), pool_source="p3", pools=(
        MaxPool("p3", "p2", 3, 1, 1), MaxPool("pool1", "stem", 3, 2, 1),
        MaxPool("p2", "c", 2, 1, 0)))
    outputs = net.run(net.images)
    assert list(outputs)[-5:] == ["c", "p2", "p3", "pool", "fc"]
    assert (outputs["pool"].t == outputs["p3"].res.sum(  # type: ignore[union-attr]
        axis=(2, 3), dtype=np.int64)).all()
    finer = with_int8_activations(net, net.images).run(net.images)
    assert (finer["pool"].t == finer["p3"].res.sum(  # type: ignore[union-attr]
        axis=(2, 3), dtype=np.int64)).all()


def test_a_layer_that_reads_what_the_pool_has_not() -> None:
    net = pooled_network()
    stem = replace(net.nodes[0], layer=replace(net.nodes[0].layer, emit_code=False))
    with pytest.raises(PlutarchError, match="layer a: pool1 does not emit what it reads"):
        replace(net, nodes=(stem, *net.nodes[1:]))


@pytest.mark.parametrize("make", [pooled_network, lambda: load_package(find("digits", 3)),
                                  lambda: load_package(find("digits", 4))])
def test_int8_values_change_nothing(make: Any) -> None:
    net: Network = make()
    images = net.images[:3]
    values = with_int8_values(net)
    for old, new in zip(net.jobs(images), values.jobs(images), strict=True):
        assert old.name == new.name
        for x, y in zip(old.expected, new.expected, strict=True):
            assert (x is None and y is None) or (x == y).all()  # type: ignore[union-attr]
        if isinstance(new, ConvJob):
            assert new.a.dtype == np.int8 and new.layer.weights.dtype == np.int8
            new.layer.check_fits(32)
    with pytest.raises(PlutarchError, match="B=5: values up to 16384 do not fit 8 bits"):
        with_int8_values(load_package(find("digits", 5)))


def test_values_are_read_from_codes_only() -> None:
    net = pooled_network()
    for index, text in ((0, "layer stem"), (1, "layer a")):
        nodes = list(net.nodes)
        nodes[index] = replace(nodes[index], as_values=True)
        with pytest.raises(PlutarchError, match=f"{text}: reads codes as values"):
            replace(net, nodes=tuple(nodes))


def test_int8_activations_through_pool_and_projection() -> None:
    net = pooled_network()
    finer = with_int8_activations(net, net.images)
    outputs = finer.run(net.images)
    for node in finer.nodes[1:]:
        assert node.layer.act == "int8" and not node.layer.emit_code and not node.as_values
    jobs = net.int8_activation_jobs(net.images)
    assert (jobs[0].a == outputs["pool1"].res).all() and outputs["pool1"].codes is None
    # on the finer grid every layer means the same reals: exact up to the rounding of words
    coarse, fine = net.run(net.images), outputs
    for node, new in zip(net.nodes[:3], finer.nodes[:3], strict=True):
        x = np.ldexp(coarse[node.layer.name].t.astype(float), node.exp_t).ravel()
        y = np.ldexp(fine[node.layer.name].t.astype(float), new.exp_t).ravel()
        assert np.corrcoef(x, y)[0, 1] > 0.9
    both = with_int8_values(finer)  # PoT weights as values on words: mac_conv
    assert (both.logits(net.images) == finer.logits(net.images)).all()
    swapped = with_int8_activations(with_int8_values(net), net.images)
    assert (swapped.logits(net.images) == finer.logits(net.images)).all()


def test_large_images_go_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    net = pooled_network()
    whole, seen = net.logits(net.images), []
    real = Network.run
    monkeypatch.setattr(Network, "run", lambda self, x: seen.append(len(x)) or real(self, x))
    monkeypatch.setattr("golden.network._CHUNK_PIXELS", 2 * 17 * 22)
    assert (net.logits(net.images) == whole).all() and seen == [2, 1]
