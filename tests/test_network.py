# SPDX-License-Identifier: Apache-2.0
"""Networks of integers: data flow, shortcuts, jobs for the RTL, and structure checks."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from golden.codes import to_int
from golden.errors import PlutarchError
from golden.int8_acts import best_word_shift, with_int8_activations
from golden.layer import residual_word
from golden.network import Network, shortcut
from golden.package import find, load_package
from tests.nets import small_network


def test_data_flow_by_hand() -> None:
    net = small_network()
    first, inner, outer = (node.layer for node in net.nodes)
    one = first.run(net.images)
    two = inner.run(one.codes)  # type: ignore[arg-type]
    assert one.res is not None and two.codes is not None
    words = np.zeros((5, 6, 3, 4), dtype=np.int8)
    words[:, 1:4] = one.res[:, :, ::2, ::2]  # 3 channels into 6: one before, two after
    three = outer.run(two.codes, words)
    assert three.res is not None
    sums = np.array([[int(plane.sum(dtype=np.int64)) for plane in image] for image in three.res])
    logits = [[sum(int(w) * int(s) for w, s in zip(row, image, strict=True)) + int(b)
               for row, b in zip(net.fc.weights, net.fc.bias, strict=True)] for image in sums]
    outputs = net.run(net.images)
    assert list(outputs) == ["conv1", "a", "b", "pool", "fc"]
    assert outputs["pool"].t.tolist() == sums.tolist() and outputs["fc"].t.tolist() == logits
    assert net.logits(net.images).tolist() == logits
    assert net.correct(net.images, net.labels) == 5
    assert net.correct(net.images, (net.labels + 1) % 4) == 0


def test_logits_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    net = small_network()
    whole = net.logits(net.images)
    monkeypatch.setattr("golden.network._CHUNK_IMAGES", 2)
    assert (net.logits(net.images) == whole).all()


def test_conv_jobs_are_what_the_layers_see() -> None:
    net = small_network()
    jobs = net.conv_jobs(net.images)
    assert [job.layer.name for job in jobs] == ["a", "b"]  # conv1 has 8-bit weights
    outputs = net.run(net.images)
    assert (jobs[0].a == outputs["conv1"].codes).all() and jobs[0].residual is None
    assert jobs[1].residual is not None and jobs[1].residual.shape == (5, 6, 3, 4)
    for layer, a, residual, expected in jobs:
        again = layer.run(a, residual)
        assert (again.acc == expected.acc).all() and (again.t == outputs[layer.name].t).all()


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_shipped_network_has_real_jobs(bits: int) -> None:
    net = load_package(find("digits", bits))
    jobs = net.conv_jobs(net.images[:3])
    assert [job.layer.weights.shape[:2] for job in jobs] == [
        (16, 16), (16, 16), (32, 16), (32, 32), (64, 32), (64, 64)]
    assert [job.layer.stride for job in jobs] == [1, 1, 2, 1, 2, 1]
    assert [job.residual is not None for job in jobs] == [False, True] * 3
    for job in jobs:
        values = to_int(job.a, bits)
        assert values.min() >= 0 and len(np.unique(job.a)) > 2 ** (bits - 1) // 2
        out = job.expected.res if job.expected.codes is None else job.expected.codes
        assert out is not None and out.any() and len(np.unique(out)) > 2


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_int8_activations_keep_the_network_working(bits: int) -> None:
    net = load_package(find("digits", bits))
    finer = with_int8_activations(net, net.images[:16])
    assert finer.correct(net.images, net.labels) >= 353  # 98 %
    jobs = net.int8_activation_jobs(net.images[:2])
    assert [job.layer.act for job in jobs] == ["int8"] * 6
    for before, after in itertools.pairwise(jobs):
        assert (after.a == before.expected.res).all() and int(after.a.max()) > 40
    for job in jobs:
        job.layer.check_fits({3: 28, 4: 32, 5: 40}[bits])


def test_int8_activations_mean_the_same_reals() -> None:
    """With words that lose nothing against codes, t must agree as real values."""
    net = small_network()
    finer = with_int8_activations(net, net.images)
    for old, new in zip(net.nodes, finer.nodes, strict=True):
        reach = new.exp_t - old.exp_t - (new.exp_a - old.exp_a)
        assert (np.ldexp(1.0, new.layer.shift1) * 2.0 ** reach
                == np.ldexp(1.0, old.layer.shift1)).all()  # real scale unchanged
        error = np.abs(np.ldexp(new.layer.bias.astype(float), new.exp_t)
                       - np.ldexp(old.layer.bias.astype(float), old.exp_t))
        assert error.max() <= 2.0 ** (new.exp_t - 1)
        if old.residual:
            assert new.layer.res_shift + new.exp_t == finer.nodes[0].exp_res


def test_best_word_shift_loses_least() -> None:
    t = np.random.default_rng(0).integers(0, 4000, 1000)
    loss = [int(((residual_word(t, s).astype(np.int64) << s) - t).astype(object).__pow__(2).sum())
            for s in range(12)]
    assert best_word_shift(t) == loss.index(min(loss)) == 5
    rare = np.append(np.tile(np.arange(120), 2000), 500)  # one value is better cut off
    assert best_word_shift(rare) == 0 < (500).bit_length() - 7
    assert best_word_shift(np.zeros(3, dtype=np.int64)) == 0


def test_shortcut() -> None:
    words = np.arange(2 * 2 * 5 * 4, dtype=np.int8).reshape(2, 2, 5, 4)
    out = shortcut(words, (6, 3, 2))
    assert out.shape == (2, 6, 3, 2) and not out[:, [0, 1, 4, 5]].any()
    assert (out[:, 2:4] == words[:, :, ::2, ::2]).all()
    assert (shortcut(words, (2, 5, 4)) == words).all()
    for shape in ((1, 5, 4), (2, 4, 4)):
        with pytest.raises(PlutarchError, match="cannot bring"):
            shortcut(words, shape)
    with pytest.raises(PlutarchError, match="no residual words"):
        shortcut(None, (2, 5, 4))


def _changed(net: Network, index: int, **changes: Any) -> tuple[Any, ...]:
    nodes = list(net.nodes)
    layer_changes = changes.pop("layer", {})
    nodes[index] = replace(nodes[index], layer=replace(nodes[index].layer, **layer_changes),
                           **changes)
    return tuple(nodes)


@pytest.mark.parametrize(("index", "changes", "message"), [
    (1, {"exp_a": -6}, "layer a: exp_a -6, but its input has exponent -7"),
    (0, {"exp_a": -5}, "layer conv1: exp_a -5"),
    (1, {"source": "zzz"}, "layer a: reads 'zzz', no earlier layer"),
    (1, {"source": "b"}, "reads 'b', no earlier"),
    (2, {"residual": None}, "layer b: residual None with res_in True"),
    (2, {"layer": {"res_shift": 3}}, "res_shift 3 does not fit"),
    (1, {"layer": {"name": "conv1"}}, "'conv1' used twice"),
    (0, {"layer": {"emit_code": False}}, "conv1 does not emit"),
    (2, {"layer": {"emit_res": False, "emit_code": True}}, "nothing to pool in 'b'")])
def test_networks_that_do_not_fit_together(index: int, changes: dict[str, Any],
                                           message: str) -> None:
    net = small_network()
    with pytest.raises(PlutarchError, match=message):
        replace(net, nodes=_changed(net, index, **changes))


def test_images_of_another_type() -> None:
    net = small_network()
    with pytest.raises(PlutarchError, match="images are int64"):
        net.run(net.images.astype(np.int64))
    with pytest.raises(PlutarchError, match="layer conv1: activations"):
        net.run(net.images[:, :1])
