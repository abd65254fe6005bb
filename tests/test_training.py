# SPDX-License-Identifier: Apache-2.0
"""Training: quantisers against the core, scale rounding, conversion, and a real training run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from golden.codes import max_value, project_real, to_int  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.layer import residual_word  # noqa: E402
from golden.package import ROOT, SHIPPED, load_package, read_manifest  # noqa: E402
from golden.training import data, digits  # noqa: E402
from golden.training.convert import to_network  # noqa: E402
from golden.training.fake_quant import (  # noqa: E402
    best_int8_exponent,
    best_pot_exponent,
    int8,
    int8_values,
    pot,
    pot_values,
)
from golden.training.loop import correct, real_input, repeatable, shifted  # noqa: E402
from golden.training.models import ResNet, option_a  # noqa: E402
from golden.training.scales import round_scales  # noqa: E402

TINY = digits.Recipe(float_steps=12, quant_steps=8, frozen_steps=4, calibration=64)


@pytest.mark.parametrize("bits", range(2, 7))
def test_pot_values_are_the_projection_of_the_core(bits: int) -> None:
    rng = np.random.default_rng(bits)
    cuts = 1.5 * 2.0 ** np.arange(-3, max_value(bits).bit_length() + 2)
    x = np.concatenate([rng.normal(0, 3, 5000), 2.0 ** rng.uniform(-8, 33, 5000), cuts, cuts / 1.5,
                        cuts / 3, [0.0, -0.0, 1e-40, 3e38]]).astype(np.float32)
    near = np.concatenate([x, np.nextafter(x, np.float32(np.inf)), np.nextafter(x, np.float32(0))])
    near = np.concatenate([near, -near])
    for exp in (0, -6, 5):
        want = np.ldexp(to_int(project_real(near, bits, exp), bits).astype(float), exp)
        assert (pot_values(torch.tensor(near), bits, exp).double().numpy() == want).all()


def test_pot_values_of_another_dtype_are_refused() -> None:
    with pytest.raises(TypeError, match="float32"):
        pot_values(torch.ones(2, dtype=torch.float64), 4, 0)


def test_int8_values_are_the_residual_words_of_the_core() -> None:
    t = np.arange(-70000, 70000, 7)
    words = residual_word(t, 9).astype(float) * 2.0 ** (9 - 12)
    assert (int8_values(torch.tensor(t * 2.0 ** -12), -3).numpy() == words).all()


def test_gradients_pass_inside_the_range_only() -> None:
    x = torch.tensor([-9.0, -7.9, -0.1, 0.3, 7.9, 9.0], requires_grad=True)
    pot(x, 4, -3).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None and x.grad.tolist() == [0, 1, 1, 1, 1, 0]
    y = torch.tensor([-130.0, -127.0, 0.2, 126.5, 127.5], requires_grad=True)
    (int8(y, 0) * torch.arange(1.0, 6.0)).sum().backward()
    assert y.grad is not None and y.grad.tolist() == [0, 2, 3, 4, 0]


def test_best_exponents_lose_least() -> None:
    x = torch.tensor(np.random.default_rng(0).normal(0, 0.2, 4000), dtype=torch.float32)

    def loss(values: Any) -> float:
        return float(((values - x).double() ** 2).sum())

    for bits in (3, 4, 5):
        every = {e: loss(pot_values(x, bits, e)) for e in range(-30, 5)}
        assert best_pot_exponent(x, bits) == min(every, key=lambda e: every[e])
    every = {e: loss(int8_values(x, e)) for e in range(-20, 5)}
    assert best_int8_exponent(x) == min(every, key=lambda e: every[e])
    assert best_int8_exponent(torch.zeros(3)) == -7


def test_scales_of_two_terms() -> None:
    reals = np.array([1.0, 0.75, -3.0, 5.1, 0.0, 1e-9, -0.37, 0.6, 7.0])
    terms = round_scales(reals)
    assert terms.sign.tolist() == [1, 1, -1, 1, 0, 1, -1, 1, 1]
    values = terms.values()
    assert values[:5].tolist() == [1.0, 0.75, -3.0, 5.0, 0.0]
    low, high = terms.span()
    assert high - low <= 15 and values[8] == 7.0 and values[5] == 2.0 ** -12 == 2.0 ** (3 - 15)
    every = [2.0 ** p + t * 2.0 ** q for p in range(-12, 4) for q in range(-12, p) for t in
             (-1, 0, 1)] + [2.0 ** -12]
    for real, value in zip(reals, values, strict=True):
        if real:
            assert abs(abs(real) - abs(value)) == min(abs(abs(real) - x) for x in every)
    one = round_scales(reals, terms=1)
    assert not one.term2.any() and np.abs(one.values())[[1, 3, 7]].tolist() == [0.5, 4.0, 0.5]
    with pytest.raises(PlutarchError, match="finite"):
        round_scales([np.nan])
    with pytest.raises(PlutarchError, match="terms = 3"):
        round_scales([1.0], 3)


def test_shifts_and_mirrors_move_pixels() -> None:
    x = torch.arange(2 * 1 * 4 * 5, dtype=torch.float32).reshape(2, 1, 4, 5) + 1
    generator = torch.Generator().manual_seed(1)
    seen = set()
    for _ in range(300):
        image = shifted(x, generator, reach=1, flip=True)[1, 0]
        options = {}
        for mirrored in (False, True):
            source = torch.nn.functional.pad(x, (1, 1, 1, 1))[1, 0]
            for dy in range(3):
                for dx in range(3):
                    part = source[dy:dy + 4, dx:dx + 5]
                    options[dy, dx, mirrored] = part.flip(1) if mirrored else part
        seen |= {key for key, value in options.items() if torch.equal(value, image)}
    assert len(seen) == 18


def test_digits_split() -> None:
    training, test = data.digits()
    assert (len(training), len(test), training.images.shape[1:]) == (1437, 360, (1, 8, 8))
    assert (int(training.images.min()), int(training.images.max())) == (0, 16)
    both = np.concatenate([training.images, test.images]).reshape(1797, 64)
    from sklearn.datasets import load_digits

    assert sorted(map(tuple, both.tolist())) == sorted(map(tuple, load_digits().data.tolist()))


def _tuned(bits: int, seed: int, recipe: digits.Recipe = TINY) -> tuple[ResNet, Any]:
    """A frozen model after next to no training, with one negative and one zero scale."""
    with repeatable(seed):
        training, test = data.digits()
        model = ResNet(1, 1, bits)
        sample = real_input(torch.from_numpy(training.images[:64]), data.DIGITS_EXP)
        model.train()
        for _ in range(3):
            model(sample)
        for unit in model.units():
            unit.bn.weight.data[0] *= -0.7
            unit.bn.weight.data[1] = 0.0
            unit.bn.bias.data.uniform_(-0.3, 0.3)
        model.fit(sample)
        model.quantise()
        model.freeze(recipe.terms)
        model.eval()
    return model, test


def _unit(unit: Any, exp_t: int, a: Any, residual: Any) -> tuple[Any, Any]:
    """One unit in float64, which holds all its sums exactly; bias rounded to 2^exp_t."""
    w = torch.tensor(unit.int_weights()).double() * 2.0 ** unit.exp_w
    y = torch.nn.functional.conv2d(a, w, stride=unit.stride, padding=1)
    bias = torch.floor(unit.bias.detach().double() * 2.0 ** -exp_t + 0.5) * 2.0 ** exp_t
    y = y * torch.tensor(unit.terms.values())[:, None, None] + bias[:, None, None]
    y = torch.relu(y if residual is None else y + residual)
    codes = project_real(y.numpy(), unit.bits, unit.exp_out)
    real = np.ldexp(to_int(codes, unit.bits).astype(float), unit.exp_out)
    return torch.tensor(real), int8_values(y, unit.exp_res)


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_integer_network_is_the_quantised_model(bits: int) -> None:
    """Every code and residual word, as the real value it stands for, equals the frozen model's."""
    model, test = _tuned(bits, bits)
    net = to_network(model, "digits", data.DIGITS_EXP, test.images[:8], test.labels[:8], {})
    outputs = net.run(net.images)
    grids = {node.layer.name: node.exp_t for node in net.nodes}
    codes, words = _unit(model.first, grids["conv1"],
                         real_input(torch.from_numpy(net.images), data.DIGITS_EXP).double(), None)
    want = {"conv1": (codes, words)}
    for one, two in model.pairs:
        inner, _ = _unit(one, grids[one.name], codes, None)
        codes, words = _unit(two, grids[two.name], inner, option_a(words, inner.shape))
        want |= {one.name: (inner, words), two.name: (codes, words)}
    for unit, node in zip(model.units(), net.nodes, strict=True):
        off = np.ldexp(node.layer.bias.astype(float), node.exp_t) - unit.bias.detach().numpy()
        assert np.abs(off).max() <= 2.0 ** (node.exp_t - 1)
        out = outputs[node.layer.name]
        if out.codes is not None:
            got = np.ldexp(to_int(out.codes, bits).astype(float), node.exp_out)
            assert (got == want[node.layer.name][0].numpy()).all(), node.layer.name
        if out.res is not None:
            got = np.ldexp(out.res.astype(float), node.exp_res)
            assert (got == want[node.layer.name][1].numpy()).all(), node.layer.name
    exp = net.fc.exp_w + net.nodes[-1].exp_res - 2  # mean of 2 x 2 pixels
    weight = int8_values(model.linear.weight, model.exp_fc).double()
    logits = words.mean(dim=(2, 3)) @ weight.T + model.linear.bias.detach().double()
    assert np.abs(np.ldexp(outputs["fc"].t.astype(float), exp) - logits.numpy()).max() <= (
        2.0 ** (exp - 1))  # only the bias is rounded
    with torch.no_grad():  # and the float32 model that was trained agrees but for its rounding
        trained = model(real_input(torch.from_numpy(net.images), data.DIGITS_EXP))
    assert (trained.argmax(1).numpy() == outputs["fc"].t.argmax(axis=1)).mean() >= 0.8


def test_freezing_keeps_what_batch_norm_gave() -> None:
    """With scales that are sums of two powers of two, folding changes nothing."""
    torch.manual_seed(0)
    unit = ResNet(1, 1, 4).units()[1]
    unit.bn.running_mean.normal_()  # type: ignore[union-attr]
    unit.bn.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    scales = torch.tensor([0.75, -1.5, 5.0, -0.5] * 4)
    unit.bn.weight.data = scales * torch.sqrt(unit.bn.running_var + unit.bn.eps)  # type: ignore[operator]
    unit.bn.bias.data.normal_()
    unit.eval()
    unit.fit_weights()
    unit.mode, unit.observe = "quant", True
    x = torch.rand(2, 16, 6, 6)
    unit(x)
    before = unit.seen
    unit.freeze(2)
    unit(x)
    assert before is not None and unit.seen is not None and float(before.max()) > 1
    assert float((unit.seen - before).abs().max()) < 1e-4


def test_sign_and_zero_of_a_scale_move_into_the_weights() -> None:
    model, test = _tuned(4, 0)
    net = to_network(model, "digits", data.DIGITS_EXP, test.images[:2], test.labels[:2], {})
    for unit, node in zip(model.units(), net.nodes, strict=True):
        ints = node.layer.weights_int
        assert (ints[0] == -unit.int_weights()[0]).all() and ints[0].any()
        assert not ints[1].any()
        assert (ints[2:] == unit.int_weights()[2:]).all()


def test_conversion_needs_a_frozen_model() -> None:
    _, test = data.digits()
    with pytest.raises(PlutarchError, match="freeze the model first"):
        to_network(ResNet(1, 1, 4), "x", -4, test.images, test.labels, {})


def test_a_scale_that_fits_nowhere_is_refused() -> None:
    model, test = _tuned(4, 0)
    model.first.exp_out = model.first.exp_w + data.DIGITS_EXP - 20
    with pytest.raises(PlutarchError, match="layer conv1: no exponent for t"):
        to_network(model, "x", data.DIGITS_EXP, test.images, test.labels, {})


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    reports = []
    for i in (0, 1):
        torch.manual_seed(100 + i)  # what was drawn before must not matter
        reports.append(digits.train_digits(4, 3, tmp_path / str(i), recipe=TINY, cached=False))
    files = [{p.relative_to(tmp_path / str(i)): p.read_bytes()
              for p in (tmp_path / str(i)).rglob("*") if p.is_file()} for i in (0, 1)]
    assert files[0] == files[1] and reports[0]["integer_correct"] == reports[1]["integer_correct"]
    digits.train_digits(4, 4, tmp_path / "2", recipe=TINY, cached=False)
    assert (tmp_path / "2/digits-b4/layers/conv1/layer.npz").read_bytes() != files[0][
        Path("digits-b4/layers/conv1/layer.npz")]


def test_cache_knows_what_it_depends_on(tmp_path: Path) -> None:
    first = digits.train_digits(3, 0, tmp_path, recipe=TINY)
    said: list[str] = []
    again = digits.train_digits(3, 0, tmp_path, said.append, TINY)
    assert again == {**first, "cached": True} and said == [
        f"digits b=3: unchanged, {tmp_path / 'digits-b3'}"]
    assert not digits.train_digits(3, 1, tmp_path, recipe=TINY)["cached"]  # another seed
    other = replace(TINY, frozen_steps=5)
    assert not digits.train_digits(3, 1, tmp_path, recipe=other)["cached"]
    (tmp_path / "digits-b3" / "fc.npz").write_bytes(b"damage")
    assert not digits.train_digits(3, 1, tmp_path, recipe=other)["cached"]
    assert digits.train_digits(3, 1, tmp_path, recipe=other)["cached"]
    (tmp_path / ".digits-b3.cache.json").write_text(json.dumps([1]))
    assert not digits.train_digits(3, 1, tmp_path, recipe=other)["cached"]


def test_training_leaves_torch_as_it_was(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(5)
    expected = torch.Generator().manual_seed(5)
    digits.train_digits(4, 3, tmp_path, recipe=TINY)
    assert torch.get_num_threads() == 2 and not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.rand(4), torch.rand(4, generator=expected))


def test_widths_the_hardware_lacks(tmp_path: Path) -> None:
    for bits in (2, 6):
        with pytest.raises(PlutarchError, match=f"B={bits}; the hardware takes 3, 4 or 5"):
            digits.train_digits(bits, 0, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [3, 4, 5])
def test_retraining_reaches_98_percent_in_integers(bits: int, tmp_path: Path) -> None:
    said: list[str] = []
    report = digits.train_digits(bits, 0, tmp_path, said.append, cached=False)
    net = load_package(report["package"])
    _, test = data.digits()
    assert net.correct(test.images, test.labels) == report["integer_correct"] >= 353  # 98 % of 360
    assert report["fp32_correct"] >= 353 and len(said) >= 4
    shipped = read_manifest(ROOT / SHIPPED / f"digits-b{bits}")
    made = read_manifest(tmp_path / f"digits-b{bits}")
    if shipped["about"]["versions"] != made["about"]["versions"]:
        pytest.skip("98 % reached; bytes not compared: the shipped package names other versions")
    if made != shipped:
        pytest.skip("98 % reached; this processor rounds float32 sums in another order than the "
                    "one that made the shipped package")


def test_float_accuracy_counts(tmp_path: Path) -> None:
    model, test = _tuned(4, 0)
    split = data.Split(test.images[:50], test.labels[:50])
    with torch.no_grad():
        answers = model(real_input(torch.from_numpy(split.images), data.DIGITS_EXP)).argmax(1)
    assert correct(model, split, data.DIGITS_EXP, batch=7) == int(
        (answers.numpy() == split.labels).sum())
