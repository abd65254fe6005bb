# SPDX-License-Identifier: Apache-2.0
"""Frozen models against their integer networks, to the bit; packages; ResNet20."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import nn  # noqa: E402

from golden import models  # noqa: E402
from golden.codes import to_int  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.package import load_package, save_package  # noqa: E402
from golden.qat import (  # noqa: E402
    QuantModel,
    QuantSpec,
    bounds,
    compare,
    export,
    logit_unit,
    quantise,
)
from golden.qat.__main__ import main  # noqa: E402
from golden.qat.grid import set_grids  # noqa: E402
from tests.qat_nets import (  # noqa: E402
    EXP,
    Tiny,
    digits,
    exported,
    frozen,
    real,
    train,
    used,
)


def _trained(bits: int, terms: int = 2) -> QuantModel:
    """A Tiny that has gone through all stages, with one negative and one zero gain per norm."""
    torch.manual_seed(bits)
    images = real(digits()[0].images[:256])
    model = quantise(used(Tiny()), images[:2],
                     QuantSpec(weight_bits=bits, act_bits=bits, terms=terms), EXP)
    model.calibrate(images)
    train(model, 25)
    model.refresh_statistics([images])
    model.freeze()
    train(model, 10, 0.002)
    return model


@pytest.mark.parametrize(("bits", "terms"), [(3, 2), (4, 2), (5, 2), (4, 1)])
def test_integers_equal_the_frozen_model(bits: int, terms: int, tmp_path: Path) -> None:
    model = _trained(bits, terms)
    net = exported(model)
    wide = copy.deepcopy(model).double()
    found = compare(wide, net, net.images)
    assert found.dtype == "float64" and found.images == 360
    assert found.same == found.classes == 360 and not found.first
    assert found.values == dict.fromkeys(["stem", "a", "down.0", "b", "c", "d"], 1.0)
    assert all(bound.float64 for bound in bounds(net))
    # the values themselves, without compare()
    x = real(net.images[:40]).double()
    outputs = net.run(net.images[:40])
    with torch.no_grad():
        values = dict(wide.run(x, keep=True))
    for node in net.nodes:
        name = node.layer.name
        output = outputs["maxpool" if name == "stem" else name]
        if node.layer.emit_code:
            want = np.ldexp(to_int(output.codes, bits).astype(float), node.exp_out)
            assert (values[name].take("code").numpy() == want).all(), name
            assert len(np.unique(want)) > 2
        if node.layer.emit_res:
            want = np.ldexp(output.res.astype(float), node.exp_res)  # type: ignore[union-attr]
            assert (values[name].take("word").numpy() == want).all(), name
    logits = values["fc"].take("raw").numpy()
    assert (logits == outputs["fc"].t * logit_unit(model)).all()  # 4 pixels: no rounding at all
    # and from the disk
    path = save_package(net, tmp_path / "tiny")
    assert (load_package(path).logits(net.images) == net.logits(net.images)).all()


def test_a_negative_scale_meets_the_lowest_word() -> None:
    """The sign of a scale goes into the weights, and 128 is no int8: the frozen model has -127."""
    model = frozen(used(Tiny()), QuantSpec())
    stem = dict(model.layers())["stem"]
    with torch.no_grad():
        stem.weight[:3, 0, 1, 1] = -100.0  # saturates; their gains are below, at and above zero
    assert stem.terms[0, :3].tolist() == [-1, 0, 1]
    assert stem.integer_weights()[:3, 0, 1, 1].tolist() == [-127, -128, -128]
    net = exported(model)
    found = compare(model.double(), net, net.images)
    assert found.same == 360 and not found.first


def _raw(model: QuantModel, images: Any, name: str) -> Any:
    """What layer `name` hands to its quantisers, float64."""
    layer = dict(model.layers())[name]
    layer.emit.forms.add("raw")
    with torch.no_grad():
        x = torch.from_numpy(images).to(layer.weight) * 2.0 ** EXP
        found = dict(model.run(x, keep=True))[name].take("raw").double()
    layer.emit.forms.discard("raw")
    return found


def _rounded_up(model: QuantModel, images: Any, name: str) -> Iterator[tuple[Any, Any, float]]:
    """(image, place, float32's value) wherever a layer without offset comes out a bit too large."""
    offset = dict(model.layers())[name].offset
    for at in range(len(images)):
        image = images[at:at + 1]  # alone, as compare() will run it: a batch may add otherwise
        with torch.no_grad():
            offset.zero_()
        near, true = _raw(model, image, name), _raw(copy.deepcopy(model).double(), image, name)
        assert float((near - true).abs().max()) < 2.0 ** -20 * float(true.max())
        little = (near > true) & (true > near * (1 - 2.0 ** -23))
        yield from ((image, place, float(near[place]))
                    for place in map(tuple, torch.nonzero(little).tolist()))


def test_float32_differs_by_rounding_across_a_cut_alone() -> None:
    """Five bits: t of layer a needs more than 24. Where float32 has rounded a sum times its scale
    up, an offset carries it exactly onto a cut, where ties go up, and the true one just below."""
    model = _trained(5)
    net = exported(model)
    found = compare(model, net, net.images)
    proven = {bound.name: bound.float32 for bound in bounds(net)}
    assert found.dtype == "float32" and found.same >= 324  # 90 % of 360
    assert not any(proven[name] for name in found.first.values()) and not proven["a"]
    layer = dict(model.layers())["a"]
    sign, power, second, term = layer.terms
    second[:] = power.max() - 14  # scales of 15 bits in the channels that are not zero
    term[:] = sign.abs()
    layer.scale.copy_(torch.from_numpy(layer.two_term().values()))
    set_grids(model)
    for image, place, near in _rounded_up(model, net.images, "a"):
        cut = 1.5 * 2.0 ** np.floor(np.log2(near))
        with torch.no_grad():
            layer.offset.zero_()
            layer.offset[place[1]] = cut - near  # exact: within a factor of two
        net = export(model, "tiny", image, digits()[1].labels[:1], {})
        found = compare(model, net, image)
        if found.first:
            break
    assert found.first == {0: "a"} and found.values["stem"] == 1.0
    wide = copy.deepcopy(model).double()
    assert compare(wide, net, image).values["a"] == 1.0
    one, two = _raw(model, image, "a")[place], _raw(wide, image, "a")[place]
    assert float(one) == cut > float(two) > cut * (1 - 2.0 ** -22)


def test_bounds_are_those_of_all_inputs() -> None:
    net = exported(_trained(3), 60)
    found = bounds(net)
    assert [bound.name for bound in found] == ["stem", "a", "down.0", "b", "c", "d", "fc"]
    outputs = net.run(net.images)
    for node, bound in zip(net.nodes, found, strict=False):
        w = np.abs(node.layer.weights_int).sum(axis=(1, 2, 3))
        assert bound.acc == w.max() * (128 if node.layer.act == "int8" else 4)
        assert np.abs(outputs[bound.name].acc).max() <= bound.acc
        assert np.abs(outputs[bound.name].t).max() <= bound.t
        assert bound.float32 == (max(bound.acc, bound.t) <= 2 ** 24)
    fc = found[-1]
    assert fc.acc == np.abs(net.fc.weights.astype(int)).sum(axis=1).max() * 128 * 4
    assert np.abs(outputs["fc"].t).max() <= fc.t


def test_compare_sees_what_differs() -> None:
    model = _trained(4)
    net = exported(model, 40)
    with torch.no_grad():
        dict(model.layers())["c"].offset[3] += 0.5
    found = compare(model, net, net.images)
    assert found.same < 40 and set(found.first.values()) == {"c"}
    assert found.values["b"] == 1.0 > found.values["c"] > 0.9
    model = _trained(4)
    with torch.no_grad():
        model.layers()[-1][1].offset[0] += 50.0
    found = compare(model, net, net.images)
    assert found.same == 0 and set(found.first.values()) == {"fc"} and found.classes < 40


def test_a_map_whose_pixels_are_no_power_of_two() -> None:
    """Nine pixels: the sum in integers is nine times the average, and so are bias and logits."""
    images = np.pad(digits()[1].images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    model = quantise(used(Tiny()), real(images[:2]), QuantSpec(), EXP)
    model.calibrate(real(images[:128]))
    model.freeze()
    model.double()
    net = export(model, "nine", images[:100], digits()[1].labels[:100], {})
    found = compare(model, net, net.images)
    assert found.same == found.classes == 100 and not found.first
    with torch.no_grad():
        logits = model(real(net.images).double()).numpy()
    want = net.logits(net.images) * logit_unit(model)
    assert np.abs(logits - want).max() <= 1e-12 * np.abs(want).max()
    assert model.layers()[-1][1].grid_factor == 9
    with pytest.raises(PlutarchError, match=r"images are int8 \(5, 1, 8, 8\); int8 \(N, 1, 12, 12"):
        export(model, "nine", digits()[1].images[:5], digits()[1].labels[:5], {})


def _resnet20() -> tuple[QuantModel, Any]:
    """ResNet20 from a state dict as akamaster's checkpoints have it, to a frozen model."""
    torch.manual_seed(0)
    x = torch.randint(-60, 60, (24, 3, 32, 32)).float() * 2.0 ** -5
    first = models.build("resnet20")
    first.train()
    with torch.no_grad():
        first(x)
    state = first.state_dict()
    model = models.build("resnet20")
    model.load_state_dict(state)
    found = quantise(model, x[:2], QuantSpec(weight_norm=False), -5)
    found.calibrate(x[:8])
    found.refresh_statistics([x[:12], x[12:]])
    found.freeze()
    return found, (x * 32).numpy().astype(np.int8)


def test_resnet20_of_a_checkpoint_is_the_network_that_runs_today() -> None:
    model, images = _resnet20()
    net = export(model, "resnet20", images[:4], np.zeros(4, dtype=np.int64), {})
    blocks = [f"layer{stage}.{block}" for stage in (1, 2, 3) for block in range(3)]
    assert [node.layer.name for node in net.nodes] == [
        "conv1", *(f"{block}.conv{i}" for block in blocks for i in (1, 2))]
    before = "conv1"
    for place, block in enumerate(blocks):
        one, two = net.nodes[1 + 2 * place:3 + 2 * place]
        assert (one.source, one.residual, two.source, two.residual) == (
            before, None, f"{block}.conv1", before)
        assert (one.layer.emit_code, one.layer.emit_res) == (True, False)
        assert (two.layer.emit_code, two.layer.emit_res) == (place < 8, True)
        assert one.layer.stride == (2 if block in ("layer2.0", "layer3.0") else 1)
        before = f"{block}.conv2"
    assert (net.pool_source, net.input_exp, net.bits) == ("layer3.2.conv2", -5, 4)
    assert net.nodes[0].layer.act == net.nodes[0].layer.wgt == "int8"
    assert all(node.layer.act == node.layer.wgt == "pot" and node.layer.relu
               for node in net.nodes[1:])
    work = net.work()
    assert sum(step.macs for step in work) == 40_551_040  # paper-facts 2.3
    assert sum(step.weights for step in work) + len(net.fc.bias) == 268_346
    found = compare(model.double(), net, net.images)
    assert found.same == 4 and not found.first and len(found.values) == 19


def test_names_that_the_integer_network_keeps_for_itself() -> None:
    net = nn.Sequential(OrderedDict([
        ("input", nn.Conv2d(1, 4, 3, padding=1)), ("relu", nn.ReLU()), ("pool", nn.MaxPool2d(2)),
        ("fc", nn.Conv2d(4, 8, 3, padding=1)), ("average", nn.AdaptiveAvgPool2d(1)),
        ("flat", nn.Flatten()), ("linear", nn.Linear(8, 3))]))
    model = frozen(net, QuantSpec()).double()
    made = exported(model)
    assert [node.layer.name for node in made.nodes] == ["input_", "fc_"]
    assert made.pools[0].name == "pool_" and made.nodes[1].source == "pool_"
    found = compare(model, made, digits()[1].images)
    assert found.same == 360 and found.values == {"input_": 1.0, "fc": 1.0}


def test_float32_and_float64_quantise_the_same_weights() -> None:
    model = _trained(4)
    wide = copy.deepcopy(model).double()
    for (name, one), (_, two) in zip(model.layers(), wide.layers(), strict=True):
        assert torch.equal(one.plain_weight().double(), two.plain_weight()), name
        assert torch.equal(one.used_weight().double(), two.used_weight()), name


def test_the_figures_have_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    digits_net = ["--net", "digits", "--data", "digits", "--images", "6", "--bits", "3"]
    assert main(["exact", *digits_net]) == 0
    said = capsys.readouterr().out
    assert "conv1 " in said and "float64: logits equal on 6 of 6 images, answers on 6" in said
    assert main(["answers", *digits_net, "--statistics", "64", "--no-weight-norm"]) == 0
    assert "b=3 iospot, weights not normalised: frozen " in capsys.readouterr().out
    assert main(["speed", "--net", "digits", "--batch", "4", "--rounds", "1"]) == 0
    assert "frozen" in capsys.readouterr().out
    with pytest.raises(PlutarchError, match="did you mean digits"):
        main(["exact", "--net", "digitss", "--data", "digits"])


def test_a_map_of_one_pixel_needs_no_average() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU(),
                        nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    model = frozen(net, QuantSpec()).double()
    found = compare(model, exported(model), digits()[1].images)
    assert found.same == 360 and len(found.values) == 3
