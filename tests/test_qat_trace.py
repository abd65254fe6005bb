# SPDX-License-Identifier: Apache-2.0
"""Models of torch to plans: the same logits to the bit, and the right units."""

from __future__ import annotations

import copy
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from golden import models  # noqa: E402
from golden.qat import QuantSpec, quantise  # noqa: E402
from golden.qat.plan import Plan  # noqa: E402
from golden.qat.trace import trace  # noqa: E402
from golden.qat.units import find_units  # noqa: E402
from tests.qat_nets import EXP, Odd, Tiny, digits, real, used  # noqa: E402


def _plan(model: nn.Module, x: Tensor) -> Plan:
    return find_units(trace(model.eval(), x))[0]


@pytest.mark.parametrize("name", models.NAMES)
def test_float_mode_is_the_model_to_the_bit(name: str) -> None:
    torch.manual_seed(0)
    channels, height, width = models.find(name).image
    x = torch.randn(2, channels, min(height, 64), min(width, 64))
    model = models.build(name).eval()
    found = quantise(model, x, QuantSpec(), EXP)
    with torch.no_grad():
        assert torch.equal(found(x), model(x)) and found.mode == "float"


@pytest.mark.parametrize("make", [Tiny, Odd])
def test_training_in_float_mode_is_that_of_the_model(make: Any) -> None:
    torch.manual_seed(1)
    x = real(digits()[0].images[:16])
    model = used(make())
    for module in model.modules():  # its random numbers are drawn in another order
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    original = nn.functional.dropout
    functional.dropout = lambda y, *_: y  # type: ignore[assignment]
    try:
        model.train()
        found = quantise(model, x[:2], QuantSpec(), EXP)
        assert found.training
        logits = [model(x), found(x)]
    finally:
        functional.dropout = original  # type: ignore[assignment]
    assert torch.equal(*logits)
    for each in logits:
        (each ** 2).mean().backward()
    layers = dict(found.layers())
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            assert module.weight.grad is not None and torch.equal(
                module.weight.grad, layers[name].weight.grad), name
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    after = [m for m in found.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == len(after)
    assert sorted(float(m.running_mean.sum()) for m in norms) == sorted(
        float(m.running_mean.sum()) for m in after)


def test_units_of_a_network_that_can_be_exported() -> None:
    plan = _plan(Tiny(), real(digits()[0].images[:2]))
    assert [(step.name, step.op, step.inputs) for step in plan.steps] == [
        ("stem", "conv", ("input",)), ("a", "conv", ("stem",)), ("down.0", "conv", ("stem",)),
        ("b", "conv", ("a", "down.0")), ("short", "option_a", ("b",)),
        ("c", "conv", ("b", "short")), ("d", "conv", ("c", "c")), ("pool", "avgpool", ("d",)),
        ("flatten", "flatten", ("pool",)), ("drop", "dropout", ("flatten",)),
        ("fc", "linear", ("drop",))]
    parts = {step.name: {key for key in ("norm", "add", "relu", "pool") if step.settings.get(key)}
             for step in plan.steps if step.op == "conv"}
    assert parts == {"stem": {"norm", "relu", "pool"}, "a": {"norm", "relu"}, "down.0": {"norm"},
                     "b": {"norm", "add", "relu"}, "c": {"norm", "add", "relu"},
                     "d": {"add", "relu"}}
    assert plan.named("stem").settings["pool"]["name"] == "maxpool"
    assert plan.roles() == {"stem": "first", "a": "inner", "down.0": "inner", "b": "inner",
                            "c": "inner", "d": "inner", "fc": "last"}
    forms = plan.forms()
    assert {name: forms[name] for name in ("stem", "a", "down.0", "b", "c", "d", "pool", "fc")} == {
        "stem": {"code"}, "a": {"code"}, "down.0": {"word"}, "b": {"code", "word"},
        "c": {"code", "word"}, "d": {"word"}, "pool": {"word"}, "fc": {"raw"}}
    assert plan.named("pool").shape == (24, 1, 1) and plan.image == (1, 8, 8)
    assert Plan.from_json(plan.to_json()) == plan


def test_steps_of_a_network_written_with_functions() -> None:
    plan = _plan(Odd(), real(digits()[0].images[:2]))
    ops = [step.op for step in plan.steps]
    assert ops == ["conv", "part", "part", "conv", "conv", "cat", "shuffle", "norm", "avgpool",
                   "option_a", "add", "maxpool", "conv", "flatten", "linear", "dropout", "linear"]
    forms, negative = plan.forms(), plan.may_be_negative()
    assert forms["stem"] == {"code", "word"} and negative["depthwise"] and not negative["stem"]
    assert forms["depthwise"] == {"code"} and forms["point"] == {"word"}
    assert plan.forms(float_ends=True)["hidden"] == {"raw"}
    assert plan.named("stem").settings["pad"] == [1, 1]


def test_resnets_of_akamaster_and_torchvision_are_recognised() -> None:
    """Shortcuts as slices and zero channels, += and one ReLU for all, average pool by its size."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 8, 3, 2, 1)
            self.bn = nn.BatchNorm2d(8)
            self.relu = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            out = self.bn(self.conv(x))
            out += functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2), "constant", 0)
            y: Tensor = self.relu(out)
            return y

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.block, self.fc = nn.Conv2d(1, 4, 1), Block(), nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            y = self.block(functional.relu(self.stem(x)))
            y = functional.avg_pool2d(y, y.size()[3])
            y = y.view(y.size(0), -1)
            logits: Tensor = self.fc(y)
            return logits

    x = real(digits()[0].images[:3])
    plan = _plan(Net(), x)
    assert [(step.name, step.op) for step in plan.steps] == [
        ("stem", "conv"), ("getitem", "option_a"), ("block.conv", "conv"),
        ("avg_pool2d", "avgpool"), ("view", "flatten"), ("fc", "linear")]
    assert dict(plan.named("getitem").settings) == {"step": 2, "before": 2, "after": 2}
    assert plan.named("avg_pool2d").shape == (8, 1, 1)
    with torch.no_grad():  # the batch of the example is not kept
        net = Net().eval()
        assert torch.equal(quantise(net, x, QuantSpec(), EXP)(x[:1]), net(x[:1]))


def test_of_two_branches_the_larger_kernel_takes_the_sum() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.three = nn.Conv2d(1, 4, 1), nn.Conv2d(1, 4, 3, padding=1)
            self.same = nn.Conv2d(4, 4, 3, padding=1)
            self.again = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            y = self.one(x) + self.three(x)
            return self.again(y) + self.same(y)

    plan = _plan(Net(), real(digits()[0].images[:2]))
    assert [(step.name, step.inputs) for step in plan.steps] == [
        ("one", ("input",)), ("three", ("input", "one")), ("same", ("three",)),
        ("again", ("three", "same"))]
    assert plan.roles() == {"one": "first", "three": "first", "same": "inner", "again": "last"}


def test_a_value_that_is_read_twice_stays_apart() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
            self.relu, self.max = nn.ReLU(), nn.MaxPool2d(1)

        def forward(self, x: Tensor) -> Tensor:
            y = self.norm(self.conv(x))
            z = self.relu(y)
            return self.max(z) + z + y

    x = real(digits()[0].images[:2])
    assert [step.op for step in _plan(Net(), x).steps] == ["conv", "relu", "maxpool", "add", "add"]
    with torch.no_grad():
        net = Net().eval()
        assert torch.equal(quantise(net, x, QuantSpec(), EXP)(x), net(x))


def test_the_model_itself_is_left_alone() -> None:
    model = Tiny()
    before = copy.deepcopy(model.state_dict())
    model.train()
    found = quantise(model, real(digits()[0].images[:2]), QuantSpec(), EXP)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.add_(1.0)
    assert model.training and all(torch.equal(value, before[key])
                                  for key, value in model.state_dict().items())


def test_a_sum_of_two_shapes_stays_a_step() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.pool = nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1)
            self.gate = nn.Conv2d(4, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            y = torch.relu(self.conv(x))
            return self.gate(self.pool(y)) + y

    x = real(digits()[0].images[:2])
    net = Net().eval()
    assert [step.op for step in _plan(net, x).steps] == ["conv", "avgpool", "conv", "add"]
    with torch.no_grad():
        assert torch.equal(quantise(net, x, QuantSpec(), EXP)(x), net(x))


def test_what_the_output_does_not_need_is_left_out() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 4, 3), nn.LSTM(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.conv(x)
            self.head(y[:, 0])
            return y

    x = real(digits()[0].images[:2])
    assert [step.name for step in _plan(Net(), x).steps] == ["conv"]


def test_names_that_torch_or_we_use_are_no_trouble() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.input = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
            self.add = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1))

        def forward(self, x: Tensor) -> Tensor:
            y = self.input(x)
            z = self.add(y)
            return z + y + z

    x = real(digits()[0].images[:2])
    net = Net().eval()
    found = quantise(net, x, QuantSpec(), EXP)
    with torch.no_grad():
        assert torch.equal(found(x), net(x))
    assert {"net.input.0.weight", "net.add.0.weight"} <= set(found.state_dict())
