# SPDX-License-Identifier: Apache-2.0
"""A quantised model in its modes: levels, gradients, statistics, widths, freezing."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import Tensor, nn  # noqa: E402

from golden.errors import PlutarchError  # noqa: E402
from golden.qat import QuantModel, QuantSpec, quantise  # noqa: E402
from golden.scales import round_scales  # noqa: E402
from tests.qat_nets import (  # noqa: E402
    EXP,
    Odd,
    Tiny,
    digits,
    made,
    train,
    training_images,
    used,
)


def test_normalised_weights_are_absorbed_by_the_norm() -> None:
    """A layer that quantises (W - mean) / std gives the same for any gain and offset of W."""
    models = []
    for gain, offset in ((1.0, 0.0), (7.0, 0.25)):
        torch.manual_seed(0)
        model = used(Tiny())
        with torch.no_grad():
            for name, module in model.named_modules():
                if isinstance(module, nn.Conv2d) and name != "d":  # no norm behind d
                    module.weight.mul_(gain).add_(offset)
        found = quantise(model, training_images(2), QuantSpec(weight_norm=True), EXP)
        found.calibrate(training_images())
        models.append(found)
    for name, layer in models[0].layers():
        plain = layer.plain_weight()
        if name in ("d", "fc"):
            assert torch.equal(plain, layer.weight)
        else:
            assert abs(float(plain.detach().mean())) < 1e-5
            assert abs(float(plain.detach().std()) - 1) < 1e-5
    with torch.no_grad():
        one, two = (model(training_images()) for model in models)
    assert torch.allclose(one, two, rtol=1e-2, atol=1e-2) and float(one.std()) > 0.1
    assert not any(layer.normalised for _, layer in made(weight_norm=False).layers())
    assert not any(layer.normalised for _, layer in made(method="lsq").layers())


def test_normalisation_without_quantisers_changes_nothing() -> None:
    """Weights of mean zero, then (W - mean) / std behind a norm is the float model."""
    torch.manual_seed(3)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                        nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                        nn.Conv2d(8, 10, 3), nn.Flatten(), nn.Linear(20, 10))
    with torch.no_grad():
        net[3].weight -= net[3].weight.mean()
    x = torch.rand(64, 1, 8, 7)
    spec = QuantSpec(method="float", weight_norm=True, first_last="float")
    model = quantise(used_by(net, x), x[:2], spec, EXP)
    model.calibrate(x)
    net.train()
    with torch.no_grad():
        before = model.eval()(x)
        assert [layer.normalised for _, layer in model.layers()] == [False, True, False, False]
        assert not torch.equal(model.layers()[1][1].used_weight(), net[3].weight)
        assert torch.allclose(before, net(x), atol=1e-3)


def used_by(net: nn.Module, x: Tensor) -> nn.Module:
    """The net with statistics of x."""
    net.train()
    with torch.no_grad():
        for _ in range(5):
            net(x)
    return net.eval()


def test_calibration_is_layer_by_layer_and_sets_statistics() -> None:
    model = made()
    layers = dict(model.layers())
    a, stem = layers["a"], layers["stem"]
    with torch.no_grad():
        codes = dict(model.run(training_images(128), keep=True))["stem"].take("code")
        y = nn.functional.conv2d(codes, a.used_weight(), None, 2, 1)
    norm = a.norm
    assert torch.allclose(norm.running_mean, y.mean((0, 2, 3)), atol=0.05)  # type: ignore[attr-defined]
    assert int(norm.num_batches_tracked) == 1 and norm.momentum == 0.1  # type: ignore[attr-defined]
    best = copy.deepcopy(a.emit.code)
    assert best is not None
    best.fit(torch.relu(norm.eval()(y)))  # type: ignore[operator]
    assert best.exponent == a.emit.code.exponent and stem.emit.code is not None  # type: ignore[union-attr]


def test_statistics_are_plain_averages_over_the_batches() -> None:
    model = made()
    model.train()
    batches = [training_images(128)[i:i + 32] for i in range(0, 128, 32)]
    model.refresh_statistics(iter(batches))
    norm = dict(model.layers())["stem"].norm
    weight = dict(model.layers())["stem"].used_weight()
    means = [nn.functional.conv2d(x, weight, padding=1).mean((0, 2, 3)) for x in batches]
    assert torch.allclose(norm.running_mean, torch.stack(means).mean(0), atol=1e-5)  # type: ignore[attr-defined]
    assert norm.momentum == 0.1 and all(module.training for module in model.modules())  # type: ignore[attr-defined]
    with pytest.raises(PlutarchError, match="no images"):
        model.refresh_statistics([])


def test_fixed_point_alone_is_fitted_again() -> None:
    model = made()
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        dict(model.layers())["fc"].weight.mul_(64.0)
        dict(model.layers())["b"].weight.add_(5.0).mul_(9.0)
    state = copy.deepcopy(model.state_dict())
    model.calibrate(training_images() * 2, fixed_only=True)
    changed = {key for key, value in model.state_dict().items()
               if not torch.equal(value, state[key])}
    assert "net.fc.weight_quantizer.exp" in changed
    assert all(key.endswith(".exp") for key in changed)
    assert int(model.state_dict()["net.fc.weight_quantizer.exp"]) == 6 + int(
        before["net.fc.weight_quantizer.exp"])


def test_modes_in_their_order() -> None:
    model = quantise(used(Tiny()), training_images(2), QuantSpec(), EXP)
    with pytest.raises(PlutarchError, match="freeze: the model is in mode 'float'"):
        model.freeze()
    model.mode = "quant"
    for run in (lambda: model(training_images(2)), model.freeze):
        with pytest.raises(PlutarchError, match="calibrate"):
            run()
    with pytest.raises(PlutarchError, match=r"mode = 'frozen'.*freeze\(\) makes"):
        model.mode = "frozen"
    with pytest.raises(PlutarchError, match="mode = 'int'"):
        model.mode = "int"  # type: ignore[assignment]
    with pytest.raises(PlutarchError, match="NaN"):
        model.calibrate(training_images(4) * float("nan"))
    assert not model.calibrated
    model.calibrate(training_images())
    model.freeze()
    for run in (model.freeze, lambda: model.set_bits(3, 3),
                lambda: model.calibrate(training_images()),
                lambda: model.refresh_statistics([training_images()])):
        with pytest.raises(PlutarchError, match="frozen"):
            run()
    model.mode = "quant"
    model.set_bits(3, 3)


def test_groups_hold_what_the_mode_trains() -> None:
    model = made()
    for mode in ("float", "quant", "frozen"):
        if mode == "frozen":
            model.mode = "quant"
            model.freeze()
        else:
            model.mode = mode  # type: ignore[assignment]
        groups = {group["name"]: group for group in model.parameter_groups(0.5)}
        given = [p for group in groups.values() for p in group["params"]]
        assert len({id(p) for p in given}) == len(given)
        assert {id(p) for p in given} == {
            id(p) for name, p in model.named_parameters()
            if p.requires_grad and (mode != "float" or "log_scale" not in name)}
        assert groups["weights"]["weight_decay"] == 0.5
        assert groups["rest"]["weight_decay"] == groups["scales"]["weight_decay"] == 0.0
        assert all(p.ndim > 1 for p in groups["weights"]["params"])
        assert len(groups["weights"]["params"]) == 7
        assert len(groups["scales"]["params"]) == (9 if mode == "quant" else 0)
        assert len(groups["rest"]["params"]) == (7 if mode == "frozen" else 13)


def test_weight_pairs_for_a_distribution_loss() -> None:
    model = made()
    pairs = {name: (w, q) for name, w, q in model.weight_pairs()}
    assert list(pairs) == ["a", "down.0", "b", "c", "d"]
    layers = dict(model.layers())
    for name, (w, q) in pairs.items():
        assert torch.equal(q, layers[name].used_weight())
        assert torch.equal(w, layers[name].plain_weight())
    w, q = pairs["b"]
    ((w - q.detach()) ** 2).mean().backward()
    assert layers["b"].weight.grad is not None and layers["b"].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("terms", [1, 2])
def test_freezing_folds_statistics_and_keeps_means(terms: int) -> None:
    model = made(terms=terms)
    with torch.no_grad():
        model(training_images())
    norms = {name: copy.deepcopy(layer.norm) for name, layer in model.layers()
             if getattr(layer, "norm", None) is not None}
    weights = {name: layer.used_weight() for name, layer in model.layers()}
    model.freeze()
    for name, layer in model.layers():
        assert torch.equal(weights[name], layer.used_weight()), name
    for name, norm in norms.items():
        layer: Any = dict(model.layers())[name]
        spread = torch.sqrt(norm.running_var.double() + norm.eps)
        want = round_scales((norm.weight.detach().double() / spread).numpy(), terms)
        assert (layer.scale.double().numpy() == want.values()).all()
        assert layer.two_term().values().tolist() == want.values().tolist()
        bias = 0.0 if layer.bias is None else layer.bias.detach().double().numpy()
        middle = (norm.running_mean.double().numpy() - bias) * want.values()
        got = layer.rounded_offset().detach().double().numpy() + middle
        # a value at the mean of its channel gives the norm's bias, up to grid and float32
        assert np.abs(got - norm.bias.detach().double().numpy()).max() < 2.0 ** layer.grid + 1e-6
        assert want.values()[1] == 0 and (want.term2 != 0).any() == (terms == 2)
    d: Any = dict(model.layers())["d"]
    assert (d.scale == 1).all() and torch.allclose(d.rounded_offset(), d.bias, atol=2.0 ** d.grid)


def test_a_frozen_model_trains_on_weights_and_offsets_alone() -> None:
    torch.manual_seed(0)
    float_model = Tiny()
    train(float_model, 60)
    model = quantise(float_model, training_images(2), QuantSpec(), EXP)
    model.calibrate(training_images(256))
    model.freeze()
    before = copy.deepcopy(model.state_dict())
    labels = torch.from_numpy(digits()[0].labels[:256])

    def loss() -> float:
        with torch.no_grad():
            return float(nn.functional.cross_entropy(model.eval()(training_images(256)), labels))

    first = loss()
    train(model, 40, 0.002)
    assert loss() < 0.8 * first
    moved = {key for key, value in model.state_dict().items()
             if not torch.equal(value, before[key])}
    assert moved == {f"net.{name}.{part}" for name, _ in model.layers()
                     for part in ("weight", "offset")}


def test_odd_parts_go_through_all_modes() -> None:
    torch.manual_seed(0)
    model: QuantModel = quantise(used(Odd()), training_images(2), QuantSpec(), EXP)
    model.calibrate(training_images())
    train(model, 3)
    model.refresh_statistics([training_images()])
    model.freeze()
    train(model, 3)
    norm = model.step_module("own_norm").norm  # the one that stands alone
    before = norm.running_mean.clone()
    with torch.no_grad():
        values = [dict(model.train(flag).run(training_images(), keep=True))["own_norm"].take("word")
                  for flag in (True, False)]
    assert torch.equal(*values) and torch.equal(norm.running_mean, before)
    assert torch.isfinite(values[0]).all()
