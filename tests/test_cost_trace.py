# SPDX-License-Identifier: Apache-2.0
"""Layers found in torch models: the reference table, FlopCounterMode, and the integer networks."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import Tensor, nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import golden  # noqa: E402
from golden import models  # noqa: E402
from golden.cost import NetCost, with_bits  # noqa: E402
from golden.cost.trace import trace  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.package import load_package  # noqa: E402

TRACED: dict[str, NetCost] = {}


def _traced(name: str) -> NetCost:
    if name not in TRACED:
        TRACED[name] = trace(models.build(name), models.find(name).image, name)
    return TRACED[name]


# reference/paper-facts.md 2.3: MACs, parameters, FP32 FIXOPS, FIXOPS at 3/3, 4/4, 5/5 (millions),
# weight kB at 3, 4, 5 bits and FP32, each as many digits as the table gives
TABLE = {
    "resnet20": (40_551_040, 268_346, "648.8", ("6.08", "10.47", "16.11"),
                 ("101.3", "134.7", "168.1"), "1073.4"),
    "resnet56": (125_485_696, 848_954, "2007.8", ("18.03", "31.70", "49.29"),
                 ("319.0", "425.0", "531.0"), "3395.8"),
    "resnet18-cifar": (555_468_800, 11_210_532, "8887.5", ("79.68", "140.23", "218.09"),
                       ("4237", "5632", "7026"), "44842"),
    "resnet18-imagenet": (1_814_073_344, 11_679_912, "29025", ("356.96", "542.41", "780.85"),
                          ("4706", "6101", "7496"), "46720"),
}


def _as_printed(value: float, shown: str) -> str:
    return f"{value:.{len(shown.partition('.')[2])}f}"


@pytest.mark.parametrize("name", TABLE)
def test_the_reference_table(name: str) -> None:
    macs, parameters, fp32, counts, sizes, fp32_kb = TABLE[name]
    net = _traced(name)
    assert (net.macs, net.parameters) == (macs, parameters)
    assert _as_printed(net.fp32_fixops / 1e6, fp32) == fp32
    assert _as_printed(net.fp32_bytes / 1e3, fp32_kb) == fp32_kb
    for bits, count, size in zip((3, 4, 5), counts, sizes, strict=True):
        low = with_bits(net, bits)
        assert _as_printed(low.fixops / 1e6, count) == count
        assert _as_printed(low.weight_bytes / 1e3, size) == size


def test_rates_of_resnet18() -> None:
    """Same page: weights 9.93, 7.66, 6.23 and FIXOPS 81, 54, 37 at 3, 4, 5 bits."""
    rates = [(f"{net.weight_rate():.2f}", f"{net.fixops_rate:.0f}")
             for bits in (3, 4, 5) for net in [with_bits(_traced("resnet18-imagenet"), bits)]]
    assert rates == [("9.93", "81"), ("7.66", "54"), ("6.23", "37")]


@pytest.mark.parametrize("name", models.NAMES)
def test_torchs_own_counter_agrees(name: str) -> None:
    net, model = models.find(name), models.build(name).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, *net.image))
    assert counter.get_total_flops() == 2 * _traced(name).macs


def test_published_counts_of_the_small_networks() -> None:
    """torchvision's tables: 0.349 G and 0.145 G multiplications."""
    assert _as_printed(_traced("squeezenet-imagenet").macs / 1e9, "0.349") == "0.349"
    assert _as_printed(_traced("shufflenetv2-imagenet").macs / 1e9, "0.145") == "0.145"
    assert _traced("squeezenet-imagenet").parameters == 1_235_496


def test_an_integer_package_has_the_same_layers() -> None:
    package = Path(golden.__file__).parent / "packages" / "digits-b4"
    if not package.is_dir():
        pytest.skip("no package digits-b4")
    work = [step for step in load_package(package).work() if step.weights]
    net = _traced("digits")
    assert [step.macs for step in work] == [layer.macs for layer in net.layers]
    assert [step.weights for step in work] == [layer.weights for layer in net.layers]
    assert [step.name for step in work][:-1] == [layer.name for layer in net.layers][:-1]


def test_residual_words_of_digits_by_hand() -> None:
    """Blocks of 16x8x8, 32x4x4 and 64x2x2; a shortcut reads a quarter of the map before it."""
    path = {(item.name, item.kind): (item.written, item.read) for item in _traced("digits").path}
    assert path == {("layer1.0", "add"): (1024, 1024), ("layer2.0", "add"): (1024, 256),
                    ("layer3.0", "add"): (512, 128), ("pool", "pool"): (256, 256)}


@pytest.mark.parametrize("name, side", [("resnet18-cifar", 32), ("resnet18-imagenet", 56)])
def test_residual_words_of_resnet18(name: str, side: int) -> None:
    path = _traced(name).path
    maps = [width * (side * 64 // width) ** 2 for width in (64, 64, 128, 128, 256, 256, 512, 512,
                                                            512)]
    assert [item.read for item in path] == maps == [item.written for item in path]
    assert [item.kind for item in path] == ["add"] * 8 + ["pool"]


class Fleeting(nn.Module):
    """Reads tensors that come in a list and are gone at once: the next has the same id."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(60):
            x = x * self.conv((x + 1).chunk(1, 1)[0])
        return x


def test_every_tensor_is_counted_whatever_came_before_it() -> None:
    (layer,) = trace(Fleeting(), (1, 3, 3)).layers
    assert layer.written == layer.in_size == 60 * 9


class Shared(nn.Module):
    """One map in two additions, as the right and as the left operand."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(2, 2, 1) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        kept = self.a(x)
        y = self.b(kept) + kept
        out: Tensor = kept + self.c(y)
        return out


def test_the_earlier_map_of_an_addition_is_stored_and_stored_once() -> None:
    assert [(item.written, item.read) for item in trace(Shared(), (2, 5, 5)).path] == [
        (50, 50), (0, 50)]


def test_activations_are_stored_once_and_read_by_all() -> None:
    layers = {layer.name: layer for layer in _traced("resnet18-cifar").layers}
    assert (layers["conv1"].in_size, layers["conv1"].written) == (3 * 32 * 32, 0)
    assert layers["layer2.0.conv1"].written == layers["layer2.0.conv1"].in_size == 64 * 32 * 32
    projection = layers["layer2.0.downsample.0"]
    assert (projection.in_size, projection.written) == (64 * 32 * 32, 0)


class Odd(nn.Module):
    """Grouped, dilated and one-dimensional convolutions, a layer used twice, in-place addition."""

    def __init__(self) -> None:
        super().__init__()
        self.grouped = nn.Conv2d(4, 8, 3, 2, 1, groups=2)
        self.twice = nn.Conv2d(8, 8, 3, 1, 2, dilation=2, bias=False)
        self.line = nn.Conv1d(8, 3, 5)
        self.norm = nn.GroupNorm(2, 8)
        self.out = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.grouped(x))
        z = self.twice(self.twice(y))
        z += y
        out: Tensor = self.out(self.line(z.flatten(2)).mean(2))
        return out


def test_any_model() -> None:
    model = Odd()
    model.grouped.eval()
    net = trace(model, (4, 10, 10))
    found = {layer.name: (layer.macs, layer.weights, layer.biases) for layer in net.layers}
    assert found == {"grouped": (8 * 25 * 18, 144, 8), "twice": (2 * 8 * 25 * 72, 576, 0),
                     "line": (3 * 21 * 40, 120, 3), "out": (6, 6, 2)}
    assert [(item.name, item.kind, item.written, item.read) for item in net.path] == [
        ("(top)", "add", 200, 200)]
    assert model.training and not model.grouped.training and model.twice.training
    assert not model._forward_hooks and not model.out._forward_pre_hooks
    assert trace(model, torch.zeros(1, 4, 10, 10)) == net
    assert trace(model.double(), (4, 10, 10)) == net


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(4, 4)


class Hidden(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x).flatten(2)  # (1, 2, 4)
        return y @ y.transpose(1, 2)


class Bare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Parameter(torch.ones(3))


@pytest.mark.parametrize("model, line", [
    (Recurrent(), "net: cannot count module cell of type LSTM with parameter weight_ih_l0"),
    (Bare(), r"net: cannot count module \(itself\) of type Bare with parameter own"),
    (Hidden(), "net: 88 multiplications ran, 72 of them in modules"),
    (nn.Sequential(nn.ReLU()), "net: no convolution or linear layer ran"),
    (nn.Sequential(nn.Conv2d(3, 1, 1)), r"net: does not run on \(1, 1, 4, 4\): "),
])
def test_models_that_cannot_be_counted(model: nn.Module, line: str) -> None:
    with pytest.raises(PlutarchError, match=line) as told:
        trace(model, (1, 4, 4))
    assert "\n" not in str(told.value)
    assert all(not module._forward_hooks for module in model.modules())


def test_one_image_at_a_time() -> None:
    with pytest.raises(PlutarchError, match=r"example \(2, 1, 8, 8\): want a batch of one image"):
        trace(models.build("digits"), torch.zeros(2, 1, 8, 8))
