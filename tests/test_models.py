# SPDX-License-Identifier: Apache-2.0
"""The float networks: counts, names, graph, their two modules of our own, weights out of files."""

from __future__ import annotations

import operator
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import fx  # noqa: E402

from golden import data, models  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.models.layers import ChannelShuffle, OptionA  # noqa: E402
from golden.models.weights import load_weights, read_arrays  # noqa: E402
from golden.nodes import shortcut  # noqa: E402

# Parameters with batch norm. ResNet18, SqueezeNet 1.1, ShuffleNetV2: num_params in torchvision's
# own tables; ResNet20/56: conv and fc of reference/paper-facts.md 2.3 and 2 for each norm channel;
# the two CIFAR forms are our definition: a guard.
PARAMETERS = {"digits": 74_522 + 2 * 240, "resnet20": 268_346 + 2 * 688,
              "resnet56": 848_954 + 2 * 2032, "resnet18-cifar": 11_210_532 + 2 * 4800,
              "resnet18-imagenet": 11_689_512, "squeezenet": 778_180,
              "squeezenet-imagenet": 1_235_496, "shufflenetv2": 1_356_104,
              "shufflenetv2-imagenet": 2_278_604}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


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


# Weights out of files ----------------------------------------------------------------------------

def _checkpoint(name: str) -> Path:
    try:
        file = data.data_folder() / "checkpoints" / name
    except PlutarchError:
        file = Path("checkpoints") / name
    if not file.is_file():
        pytest.skip(f"no {file.name} in PLUTARCH_DATA/checkpoints")
    return file


@pytest.mark.parametrize("name, file", [("resnet20", "resnet20-12fca82f.th"),
                                        ("resnet56", "resnet56-4bfd9763.th")])
def test_akamasters_checkpoints_load_as_they_are(name: str, file: str) -> None:
    path = _checkpoint(file)
    model = models.build(name)
    load_weights(model, path)
    arrays = read_arrays(path)
    state = model.state_dict()
    assert set(state) == set(arrays) or set(state) - set(arrays) == {
        key for key in state if key.endswith("num_batches_tracked")}
    for key, value in arrays.items():
        assert (state[key].double().numpy() == value).all()


def test_the_loaded_resnet20_is_the_trained_one() -> None:
    """81.0 % of the JPEG test set is stated in the data's own note; a wrong wiring gives 10 %."""
    model = models.build("resnet20")
    load_weights(model, _checkpoint("resnet20-12fca82f.th"))
    if not (data.data_folder() / "cifar10_jpeg" / "test.npz").is_file():
        pytest.skip("no cifar10_jpeg/test.npz in PLUTARCH_DATA")
    images, labels = data.load_split("cifar10-jpeg", "test", count=400).batch(np.arange(400))
    with torch.no_grad():
        answers = model.eval()(torch.from_numpy(images).float() * 2.0 ** -5).argmax(1)
    assert 0.74 <= (answers.numpy() == labels).mean() <= 0.88


# How many keys torchvision's own state dicts have, and some of them.
TORCHVISION = {
    "resnet18-imagenet": (122, {"conv1.weight": (64, 3, 7, 7), "bn1.running_mean": (64,),
                                "layer1.0.conv1.weight": (64, 64, 3, 3),
                                "layer1.1.bn2.num_batches_tracked": (),
                                "layer2.0.downsample.0.weight": (128, 64, 1, 1),
                                "layer2.0.downsample.1.running_var": (128,),
                                "layer4.1.conv2.weight": (512, 512, 3, 3),
                                "fc.weight": (1000, 512), "fc.bias": (1000,)}),
    "squeezenet-imagenet": (52, {"features.0.weight": (64, 3, 3, 3),
                                 "features.3.squeeze.weight": (16, 64, 1, 1),
                                 "features.7.expand3x3.bias": (128,),
                                 "features.12.expand1x1.weight": (256, 64, 1, 1),
                                 "classifier.1.weight": (1000, 512, 1, 1)}),
    "shufflenetv2-imagenet": (338, {"conv1.0.weight": (24, 3, 3, 3),
                                    "stage2.0.branch1.0.weight": (24, 1, 3, 3),
                                    "stage2.0.branch1.2.weight": (58, 24, 1, 1),
                                    "stage2.0.branch2.3.weight": (58, 1, 3, 3),
                                    "stage3.7.branch2.6.bias": (116,),
                                    "conv5.0.weight": (1024, 464, 1, 1),
                                    "fc.weight": (1000, 1024)}),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_keys_are_those_of_torchvision(name: str) -> None:
    count, some = TORCHVISION[name]
    state = models.build(name).state_dict()
    assert len(state) == count
    assert {key: tuple(state[key].shape) for key in some} == some


def _file(folder: Path, state: Any, name: str = "net.pth") -> Path:
    torch.save(state, folder / name)
    return folder / name


def test_files_with_a_prefix_a_wrapper_or_no_counters_load(tmp_path: Path) -> None:
    source = models.build("digits")
    for module in source.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.num_batches_tracked.fill_(5)
    state = source.state_dict()
    plain = {key: value for key, value in state.items() if not key.endswith("tracked")}
    for content in (state, plain, {"state_dict": state, "best_prec1": 9.0, "epoch": 3},
                    {f"module.{key}": value.double() if value.is_floating_point() else value
                     for key, value in state.items()}):
        model = models.build("digits")
        load_weights(model, _file(tmp_path, content))
        for key, value in model.state_dict().items():
            assert value.dtype == state[key].dtype
            if key.endswith("tracked"):
                assert int(value) == (0 if content is plain else 5)
            else:
                assert torch.equal(value, state[key])


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    model = models.build("digits")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = {key: value + 1 for key, value in before.items()}
    missing = {key: value for key, value in state.items() if key != "layer2.0.conv2.weight"}
    bad = {**state, "bn1.running_var": state["bn1.running_var"] * float("nan")}
    for content, line in (
        (missing, "no layer2.0.conv2.weight: not of this network"),
        ({**state, "layer9.weight": torch.zeros(1)}, "layer9.weight is not in this network"),
        ({**state, "linear.bias": torch.zeros(11)}, r"linear.bias is \(11,\), want \(10,\)"),
        (bad, "bn1.running_var holds NaN or infinity"),
        (models.build("resnet20").state_dict(), r"conv1.weight is \(16, 3, 3, 3\), want \(16, 1,"),
    ):
        with pytest.raises(PlutarchError, match=rf"net\.pth: {line}"):
            load_weights(model, _file(tmp_path, content))
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


class _Harmful:
    def __reduce__(self) -> Any:
        return (Path.write_text, (Path("harm.txt"), "done"))


def test_files_that_are_no_state_dict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = models.build("digits")
    with pytest.raises(PlutarchError, match=r"none\.pth: missing; a torch state dict is due"):
        load_weights(model, tmp_path / "none.pth")
    file = _file(tmp_path, model.state_dict(), "good.pth")
    whole = file.read_bytes()
    for number, content in enumerate((b"", b"hello", whole[:5000], whole[:-30])):
        bad = tmp_path / f"bad{number}.pth"
        bad.write_bytes(content)
        with pytest.raises(PlutarchError, match=rf"bad{number}\.pth: not a sound state ") as told:
            load_weights(model, bad)
        assert "\n" not in str(told.value)
    others: list[Any] = [{}, {"a": 1}, [1, 2], torch.zeros(3), {"x": _Harmful()}]
    for other in others:
        with pytest.raises(PlutarchError, match=r"net\.pth: not a sound state dict"):
            load_weights(model, _file(tmp_path, other))
    assert not (tmp_path / "harm.txt").exists()
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as archive:
        archive.writestr("readme.txt", "not torch")
    with pytest.raises(PlutarchError, match=r"other\.pth: not a sound state dict"):
        load_weights(model, tmp_path / "other.pth")
