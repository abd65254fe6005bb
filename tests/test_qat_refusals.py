# SPDX-License-Identifier: Apache-2.0
"""What cannot be converted is named: module or function, its place in the model, its type."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from golden.errors import PlutarchError  # noqa: E402
from golden.qat import QuantSpec, quantise  # noqa: E402
from tests.qat_nets import EXP, digits, real, used  # noqa: E402


def _with(module: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(module))


class _Function(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


class _Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class _TwoInputs(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


class _Held(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.gain


@pytest.mark.parametrize(("module", "message"), [
    (nn.Hardswish(), r"1\.0 \(Hardswish\): cannot be converted; what can: Conv2d, Linear"),
    (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"),
     r"1\.0 \(Conv2d\): padding_mode = 'circular'"),
    (nn.Conv2d(4, 4, 2, padding="same"), r"1\.0 \(Conv2d\): padding = 'same' with an even kernel"),
    (nn.BatchNorm2d(4, track_running_stats=False), r"\(BatchNorm2d\): track_running_stats"),
    (nn.Flatten(2), r"\(Flatten\): flatten from 2 to -1"),
    (nn.AvgPool2d(2, divisor_override=3), r"\(AvgPool2d\): divisor_override = 3"),
    (nn.LSTM(6, 6), r"1\.0 \(LSTM\): cannot be converted"),
    (_Function(torch.sigmoid), r"1\.0: function sigmoid: cannot be converted"),
    (_Function(lambda x: x * 2), r"1\.0: function mul: cannot be converted"),
    (_Function(lambda x: x + 1), r"1\.0: function add: argument 2 is 1; a tensor made from"),
    (_Function(lambda x: x.add(x, alpha=2)), r"method add: alpha = 2"),
    (_Function(lambda x: x.permute(0, 2, 3, 1)), r"method permute: cannot be converted"),
    (_Function(lambda x: x.reshape(-1, 6)), r"method reshape: gives shape \(48, 6\)"),
    (_Function(lambda x: x.mean(1)), r"method mean: mean over 1"),
    (_Function(lambda x: torch.cat([x, x], 2)), r"function cat: dim = 2"),
    (_Function(lambda x: x.chunk(2, 3)[0]), r"method chunk: dim = 3"),
    (_Function(lambda x: torch.cat(x.chunk(2, 1), 1)), r"method chunk: its pieces are not picked"),
    (_Function(lambda x: x[:, 1:]), r"function getitem: .*only x\[:, :, ::s, ::s\]"),
    (_Function(lambda x: functional.pad(x, (1, 1))), r"function pad: pad \[1, 1\]"),
    (_Function(lambda x: functional.max_pool2d(x, 2, return_indices=True)[0]),
     r"cannot be converted"),
    (_Held(), r"1\.0: tensor .*gain: cannot be converted"),
    (_Function(lambda x: (x, x)), r"output: a model that returns one tensor"),
    (_Branching(), r"Sequential: torch\.fx cannot trace it: "),
    (nn.Linear(5, 5), r"1\.0 \(Linear\): does not run on an example of shape \(2, 1, 8, 8\): "),
])
def test_what_cannot_be_converted_is_named(module: nn.Module, message: str) -> None:
    x = real(digits()[0].images[:2])
    warnings.simplefilter("ignore")  # torch on even kernels; pytest puts the filters back
    with pytest.raises(PlutarchError, match=message) as caught:
        quantise(_with(module), x, QuantSpec(), EXP)
    assert "\n" not in str(caught.value)


def test_whole_models_that_cannot_be_converted() -> None:
    x = real(digits()[0].images[:2])
    conv = nn.Conv2d(1, 1, 3, padding=1)
    for model, message in (
            (nn.Sequential(conv, nn.ReLU(), conv), r"0 \(Conv2d\): is used twice.*\(it is 0 too\)"),
            (_TwoInputs(), r"input 'y': a model of one input"),
            (nn.Identity(), "output: the model returns its input"),
            (nn.ReLU(), "ReLU: has no convolution and no linear layer")):
        with pytest.raises(PlutarchError, match=message):
            quantise(model, x, QuantSpec(), EXP)


def test_a_change_in_place_that_is_read_again_is_noticed() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Tensor:
            y = self.norm(self.conv(x))
            z = self.relu(y)
            return z + y  # y is z by now

    with pytest.raises(PlutarchError, match="Net: the converted model differs from it by up to"):
        quantise(used(Net()), real(digits()[0].images[:2]), QuantSpec(), EXP)
