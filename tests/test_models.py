# SPDX-License-Identifier: Apache-2.0
"""The float networks: counts, names, graph and the two modules of our own."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import fx  # noqa: E402

from golden import models  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.models.layers import ChannelShuffle, OptionA  # noqa: E402
from golden.nodes import shortcut  # noqa: E402

# Parameters with batch norm. ResNet18, SqueezeNet 1.1, ShuffleNetV2: num_params in torchvision's
# own tables; ResNet20/56: conv and fc of reference/paper-facts.md 2.3 and 2 for each norm channel;
# the two CIFAR forms are our definition: a guard.
PARAMETERS = {"digits": 74_522 + 2 * 240, "resnet20": 268_346 + 2 * 688,
              "resnet56": 848_954 + 2 * 2032, "resnet18-cifar": 11_210_532 + 2 * 4800,
              "resnet18-imagenet": 11_689_512, "squeezenet": 778_180,
              "squeezenet-imagenet": 1_235_496, "shufflenetv2": 1_356_104,
              "shufflenetv2-imagenet": 2_278_604}


@pytest.mark.parametrize("name", models.NAMES)
def test_parameters_and_outputs(name: str) -> None:
    net, model = models.find(name), models.build(name)
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]
    small = (*net.image[:1], 64, 64) if net.image[1] == 224 else net.image
    with torch.no_grad():
        assert model.eval()(torch.zeros(2, *small)).shape == (2, net.classes)


class OursAreLeaves(fx.Tracer):
    """As golden.qat does it: our two modules stay whole."""

    def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
        return (isinstance(m, (OptionA, ChannelShuffle))
                or super().is_leaf_module(m, module_qualified_name))


@pytest.mark.parametrize("name", models.NAMES)
def test_the_graph_is_of_plain_modules(name: str) -> None:
    """torch.fx sees through every network, and no module (no ReLU either) is used twice."""
    model = models.build(name, classes=3).eval()
    graph = OursAreLeaves().trace(model)
    calls = [str(node.target) for node in graph.nodes if node.op == "call_module"]
    assert len(calls) == len(set(calls))
    kinds = {type(model.get_submodule(call)).__name__ for call in calls}
    assert kinds <= {"Conv2d", "BatchNorm2d", "ReLU", "Linear", "MaxPool2d", "AdaptiveAvgPool2d",
                     "OptionA", "ChannelShuffle"}
    assert {node.target for node in graph.nodes if node.op == "call_function"} <= {
        operator.add, operator.getitem, torch.cat, torch.flatten}
    assert {node.target for node in graph.nodes if node.op == "call_method"} <= {"chunk"}
    x = torch.randn(1, models.find(name).image[0], 32, 32)
    assert torch.equal(fx.GraphModule(model, graph)(x), model(x))


@pytest.mark.parametrize("name, kind, count", [("digits", OptionA, 2), ("resnet20", OptionA, 2),
                                               ("shufflenetv2", ChannelShuffle, 16)])
def test_our_modules_are_in_the_graph(name: str, kind: type, count: int) -> None:
    model = models.build(name)
    found = [model.get_submodule(str(node.target)) for node in OursAreLeaves().trace(model).nodes
             if node.op == "call_module"]
    assert sum(isinstance(module, kind) for module in found) == count


def test_names_that_are_not_there() -> None:
    with pytest.raises(PlutarchError, match="no network 'resnet-20': did you mean resnet20"):
        models.build("resnet-20")
    with pytest.raises(PlutarchError, match="no network '': there are digits, resnet20"):
        models.build("")
    with pytest.raises(PlutarchError, match="network resnet20: classes = 0, want 1 or more"):
        models.build("resnet20", classes=0)
    with pytest.raises(PlutarchError, match="network digits: channels = -1"):
        models.build("digits", channels=-1)


def test_classes_and_channels() -> None:
    for name in models.NAMES:
        model = models.build(name, classes=7, channels=2).eval()
        with torch.no_grad():
            assert model(torch.zeros(1, 2, 48, 48)).shape == (1, 7)


def test_the_seed_gives_the_weights() -> None:
    states = []
    for seed in (3, 3, 4):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            states.append(models.build("digits").state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["conv1.weight"], states[2]["conv1.weight"])


@pytest.mark.parametrize("step, channels, before, after", [(2, 4, 2, 2), (1, 3, 0, 1),
                                                           (2, 5, 1, 2)])
def test_option_a_is_the_shortcut_of_the_core(step: int, channels: int, before: int,
                                              after: int) -> None:
    words = np.random.default_rng(0).integers(-128, 128, (2, channels, 7, 6), dtype=np.int8)
    made = OptionA(step, before, after)(torch.from_numpy(words))
    want = shortcut(words, (before + channels + after, -(-7 // step), -(-6 // step)))
    assert made.dtype == torch.int8 and (made.numpy() == want).all()


def test_shortcuts_of_the_resnets_are_halved_as_in_the_core() -> None:
    made = [module for module in models.build("resnet56").modules() if isinstance(module, OptionA)]
    assert [(m.step, m.before, m.after) for m in made] == [(2, 8, 8), (2, 16, 16)]


def test_channel_shuffle_takes_turns() -> None:
    x = torch.arange(12.0).reshape(1, 12, 1, 1)
    assert ChannelShuffle(3)(x).flatten().tolist() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    both = torch.randn(2, 6, 3, 4)
    assert torch.equal(ChannelShuffle(2)(both), torch.nn.functional.channel_shuffle(both, 2))


def test_shufflenet_passes_half_of_its_channels_on() -> None:
    unit = models.build("shufflenetv2").eval().get_submodule("stage2.1")
    x = torch.randn(1, 116, 4, 4)
    with torch.no_grad():
        y = unit(x)
    assert torch.equal(y[:, 0::2], x[:, :58]) and not torch.equal(y[:, 1::2], x[:, 58:])
