# SPDX-License-Identifier: Apache-2.0
"""What the integer network does not have is refused, naming the layer or the setting."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import nn  # noqa: E402

from golden.errors import PlutarchError  # noqa: E402
from golden.qat import (  # noqa: E402
    QuantSpec,
    logit_unit,
)
from tests.qat_nets import (  # noqa: E402
    Odd,
    Tiny,
    exported,
    frozen,
    made,
    used,
)


def _ends(*middle: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), *middle,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


class _Shortcut(nn.Module):
    def __init__(self, after: int, into_conv: bool = False) -> None:
        super().__init__()
        from golden.models.layers import OptionA

        self.short = OptionA(2, 1, after)
        self.conv = nn.Conv2d(4, 5 + after, 3, 2, 1)
        self.next = nn.Conv2d(5 + after, 4, 1)
        self.into_conv = into_conv

    def forward(self, x: Any) -> Any:
        y = self.short(x)
        return self.next(torch.relu(y if self.into_conv else y + self.conv(x)))


@pytest.mark.parametrize(("middle", "message"), [
    ([nn.Conv2d(4, 4, 3, padding=1, groups=2)], r"2 \(conv\): 2 groups: the integer network"),
    ([nn.Conv2d(4, 4, 3)], r"2 \(conv\): padding \[0, 0\] at kernel 3"),
    ([nn.Conv2d(4, 4, (1, 3), padding=(0, 1))], r"2 \(conv\): not square"),
    ([nn.Conv2d(4, 4, 3, padding=2, dilation=2)], r"2 \(conv\): dilation \[2, 2\]"),
    ([nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Conv2d(4, 4, 1)], r"\(avgpool\): only an average over"),
    ([nn.Conv2d(4, 4, 1), nn.MaxPool2d(3, ceil_mode=True)], r"max pool of the image, with "),
    ([nn.Conv2d(4, 4, 1), nn.MaxPool2d((1, 2))], r"max pool with kernel \[1, 2\]"),
    ([nn.Conv2d(4, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)], r"\(norm\): the integer network has no"),
    ([_Shortcut(3)], r"short \(option_a\): step 2, 1 \+ 3 channels: the integer network halves"),
    ([_Shortcut(1, True)], r"next \(conv\): reads relu, which .* only as a shortcut"),
    ([nn.ChannelShuffle(2), nn.Conv2d(4, 4, 1)], r"\(shuffle\): the integer network has no such"),
])
def test_layers_that_are_not_exported_are_named(middle: list[nn.Module], message: str) -> None:
    model = frozen(_ends(*middle), QuantSpec())
    with pytest.raises(PlutarchError, match="^export: .*" + message) as caught:
        exported(model, 4)
    assert "\n" not in str(caught.value)


def test_ends_that_are_not_exported_are_named() -> None:
    conv = nn.Conv2d(1, 4, 3, padding=1)
    for model, message in (
            (nn.Sequential(conv, nn.ReLU(), nn.Conv2d(4, 4, 8), nn.Flatten()),
             r"3 \(flatten\): a package ends in a linear layer"),
            (nn.Sequential(nn.Conv2d(1, 4, 8), nn.Flatten(), nn.Linear(4, 3)),
             r"0 \(conv\): padding \[0, 0\]"),
            (nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(256, 4)),
             r"2 \(flatten\): a package has one linear layer, the last, behind an average"),
            (nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4), nn.ReLU(),
                           nn.Linear(4, 4)), r"\(avgpool\): only an average"),
            (nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4),
                           nn.ReLU()), r"3 \(linear\): a package has one linear layer, the last"),
            (nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
             r"3 \(flatten\): a package ends in a linear layer"),
            (_ends(nn.ChannelShuffle(2)), r"\(shuffle\)")):
        with pytest.raises(PlutarchError, match=message):
            exported(frozen(model, QuantSpec()), 4)


@pytest.mark.parametrize(("spec", "message"), [
    ({"method": "lsq"}, "method 'lsq'; packages are for iospot"),
    ({"method": "deepshift"}, "method 'deepshift'"),
    ({"weight_bits": 2, "act_bits": 2}, "2 bits; the hardware takes 3, 4 or 5"),
    ({"weight_bits": 6, "act_bits": 6}, "6 bits; the hardware"),
    ({"weight_bits": 4, "act_bits": 5}, "layers of 4, 5 bits; a package has one width"),
    ({"overrides": {"b": (3, 4)}}, "layers of 3, 4 bits"),
    ({"first_last": "float"}, "first_last = 'float'"), ({"residual_bits": 6}, "residual_bits = 6"),
])
def test_settings_that_are_not_exported_are_named(spec: dict[str, Any], message: str) -> None:
    model = frozen(used(Tiny()), QuantSpec(**spec))
    with pytest.raises(PlutarchError, match=message):
        exported(model, 4)


def test_only_frozen_models_are_exported() -> None:
    with pytest.raises(PlutarchError, match=r"in mode 'quant'; freeze\(\) it first"):
        exported(made(), 4)
    with pytest.raises(PlutarchError, match="logits: not a frozen model"):
        logit_unit(made())


def test_a_model_that_cannot_be_exported_still_runs_frozen() -> None:
    model = frozen(used(Odd()), QuantSpec())
    assert model.layers()[-1][1].grid is not None
    with pytest.raises(PlutarchError, match=r"\(part\): the integer network has no such step"):
        exported(model, 4)
