# SPDX-License-Identifier: Apache-2.0
"""Every method of golden.quantizers on the same graph: levels, gradients, widths, settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import Tensor, nn  # noqa: E402

from golden.errors import PlutarchError  # noqa: E402
from golden.qat import QuantSpec, quantise  # noqa: E402
from golden.quantizers import METHODS, Fixed  # noqa: E402
from tests.qat_nets import (  # noqa: E402
    EXP,
    Odd,
    Tiny,
    digits,
    made,
    real,
    train,
    training_images,
    used,
)

RIVALS = [name for name in METHODS if name != "float"]


def _on(levels: Tensor, x: Tensor) -> bool:
    """Whether every value of x is one of the levels, up to float32 rounding of real scales."""
    flat = x.detach().double().reshape(-1)
    at = torch.searchsorted(levels, flat).clamp(1, len(levels) - 1)
    gap = torch.minimum((levels[at] - flat).abs(), (levels[at - 1] - flat).abs())
    return bool((gap <= 1e-5 * levels.abs().max()).all())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [Tiny, Odd])
def test_every_value_lies_on_the_levels_of_its_method(make: Any, method: str) -> None:
    torch.manual_seed(0)
    model = quantise(used(make()), training_images(2), QuantSpec(method=method), EXP)
    model.calibrate(training_images())
    layers = dict(model.layers())
    with torch.no_grad():
        values = dict(model.run(training_images(), keep=True))
    for name, layer in layers.items():
        assert layer.weight_quantizer is not None
        inner = model.role(name) == "inner"
        assert isinstance(layer.weight_quantizer, Fixed) != inner
        if method != "float" or not inner:
            assert _on(layer.weight_quantizer.levels(), layer.used_weight()), name
        for form, quantizer in (("code", layer.emit.code), ("word", layer.emit.word)):
            found = getattr(values[name], form)
            if quantizer is not None and not (method == "float" and form == "code"):
                assert _on(quantizer.levels(), found), (name, form)
                assert len(found.unique()) > 2  # it is no constant
    assert len(layers) == (7 if make is Tiny else 6)
    if make is Odd:  # no ReLU behind the depthwise convolution: both signs
        assert layers["depthwise"].emit.code.signed  # type: ignore[union-attr]
        assert (values["depthwise"].take("code") < 0).any()


@pytest.mark.parametrize("method", RIVALS)
@pytest.mark.parametrize("make", [Tiny, Odd])
def test_gradients_reach_every_weight_and_scale(make: Any, method: str) -> None:
    torch.manual_seed(0)
    model = quantise(used(make()), training_images(2), QuantSpec(method=method), EXP)
    model.calibrate(training_images())
    model.train()
    labels = torch.from_numpy(digits()[0].labels[:64])
    loss = nn.functional.cross_entropy(model(training_images()), labels)
    loss.backward()  # type: ignore[no-untyped-call]
    silent = [name for name, p in model.named_parameters()
              if p.requires_grad and (p.grad is None or not p.grad.abs().sum())]
    assert not [name for name in silent if not name.endswith("bias")], silent
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_ends_can_stay_as_they_are() -> None:
    model = made(first_last="float")
    layers = dict(model.layers())
    for name in ("stem", "fc"):
        assert layers[name].weight_quantizer is None
        assert torch.equal(layers[name].used_weight(), layers[name].weight)
    assert layers["d"].emit.word is None  # the last layer reads the average of raw values
    with torch.no_grad():
        values = dict(model.run(training_images(), keep=True))
    assert len(values["d"].take("raw").unique()) > 256


def test_residual_words_have_the_bits_that_are_asked_for() -> None:
    model = made(residual_bits=5)
    with torch.no_grad():
        values = dict(model.run(training_images(), keep=True))
    for name in ("b", "c", "d"):
        words = values[name].take("word")
        assert 8 < len(words.unique()) <= 16, name  # no negative ones behind a ReLU


def test_overrides_of_single_layers() -> None:
    model = made(4, overrides={"b": (6, 5), "d": (2, 4)})
    layers = dict(model.layers())
    bits = {name: layer.weight_quantizer.bits for name, layer in layers.items()
            if layer.weight_quantizer is not None}
    assert bits == {"stem": 8, "a": 4, "down.0": 4, "b": 6, "c": 4, "d": 2, "fc": 8}
    codes = {name: layer.emit.code.bits for name, layer in layers.items()
             if layer.emit.code is not None}
    assert codes == {"stem": 4, "a": 5, "b": 4, "c": 4}  # b reads what a emits
    assert len(layers["d"].used_weight().unique()) == 3
    model.set_bits(3, 3)
    assert (layers["b"].weight_quantizer.bits, layers["a"].emit.code.bits,  # type: ignore[union-attr]
            layers["c"].weight_quantizer.bits) == (6, 5, 3)  # type: ignore[union-attr]
    for given, message in (
            ({"bb": (4, 4)}, "overrides: no layer 'bb', did you mean 'b'?"),
            ({"stem": (4, 4)}, "overrides: stem: is the first layer"),
            ({"fc": (4, 4)}, "overrides: fc: is the last layer"),
            ({"a": (4, 5)}, "a and down.0 read the codes of stem, but with 5 and 4 bits")):
        with pytest.raises(PlutarchError, match=message.replace("?", r"\?")):
            made(4, overrides=given)


@pytest.mark.parametrize(("given", "message"), [
    ({"method": "iospott"}, "did you mean 'iospot'"), ({"weight_bits": 7}, "weight_bits: bits = 7"),
    ({"act_bits": 1}, "act_bits: bits = 1"), ({"first_last": "int4"}, "first_last = 'int4'"),
    ({"residual_bits": 1}, "residual_bits = 1"), ({"terms": 3}, "terms = 3"),
    ({"overrides": {"a": 4}}, "overrides: a: 4 is no pair"),
    ({"overrides": {"a": (4, 9)}}, "overrides: a: bits = 9")])
def test_settings_out_of_range_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(PlutarchError, match=message):
        QuantSpec(**given)


@pytest.mark.parametrize("method", RIVALS)
def test_progressive_widths(method: str) -> None:
    model = made(5, method=method)
    layer = dict(model.layers())["b"]
    assert layer.weight_quantizer is not None
    tops = []
    for bits in (6, 5, 4, 3, 2):
        model.set_bits(bits, bits)
        assert (model.spec.weight_bits, model.spec.act_bits) == (bits, bits)
        levels = layer.weight_quantizer.levels()
        assert _on(levels, layer.used_weight())
        assert len(levels) <= 2 ** bits
        tops.append(float(levels[-1]))
        assert train(model, 2) < 1e3
        model.calibrate(training_images(), fixed_only=True)
    if method == "iospot":
        assert len(set(tops)) == 1  # the largest level stays
    with pytest.raises(PlutarchError, match="7"):
        model.set_bits(7, 4)

    def refuse(bits: int) -> int:
        raise PlutarchError(f"no {bits}")

    dict(model.layers())["d"].weight_quantizer.check = refuse  # type: ignore[union-attr, method-assign]
    with pytest.raises(PlutarchError, match="no 5"):  # the last of all: nothing has changed yet
        model.set_bits(5, 5)
    assert model.spec.weight_bits == 2 and layer.weight_quantizer.bits == 2


def test_every_width_learns_the_digits() -> None:
    test = digits()[1]
    images, labels = real(test.images), torch.from_numpy(test.labels)
    torch.manual_seed(0)
    float_model = Tiny()
    train(float_model, 120)
    model = quantise(float_model, training_images(2), QuantSpec(weight_bits=6, act_bits=6), EXP)
    right = {}
    for bits in (6, 4, 2):
        model.set_bits(bits, bits)
        model.calibrate(training_images(256))
        train(model, 40, 0.02)
        model.refresh_statistics([training_images(512)])
        with torch.no_grad():
            right[bits] = int((model(images).argmax(1) == labels).sum())
    assert right[6] > 300 and right[4] > 300 and right[2] > 150, right  # of 360; guessing: 36


def test_rivals_can_be_frozen_too() -> None:
    for method in RIVALS:
        model = made(method=method)
        with torch.no_grad():
            one = model(training_images())
            model.freeze()
            two = model(training_images())
        assert torch.isfinite(two).all()
        correlation = np.corrcoef(one.flatten().numpy(), two.flatten().numpy())[0, 1]
        assert correlation > 0.9, (method, correlation)
