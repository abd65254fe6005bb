# SPDX-License-Identifier: Apache-2.0
"""Gradients, against the published formulas written out element by element."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from golden import codes  # noqa: E402
from golden.quantizers import METHODS, DorefaWeights, Fixed, LqNets, Pot, grids  # noqa: E402

BITS = [2, 3, 4, 6]
RCF = ["apot", "uniform"]


def inputs(seed, shape=(6, 50)):
    """Values on both sides of the clip at 1, and what comes down from the loss; float64."""
    make = torch.Generator().manual_seed(seed)
    x = torch.randn(*shape, generator=make, dtype=torch.float64)
    return x, torch.randn(*shape, generator=make, dtype=torch.float64)


def gradients(quantizer, x, g):
    """(values, dL/dx, dL/dscale or None) with dL/dy = g, numpy."""
    quantizer.zero_grad()
    x = x.clone().requires_grad_()
    y = quantizer.double()(x)
    y.backward(g)
    scales = [p.grad for p in quantizer.scale_parameters()]
    return y.detach().numpy(), x.grad.numpy(), float(scales[0]) if scales else None


def set_scale(quantizer, value):
    (scale,) = quantizer.scale_parameters()
    with torch.no_grad():
        scale.fill_(value)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("bits", BITS)
def test_pot(bits: int, masked: bool) -> None:
    x, g = inputs(bits)
    quantizer = Pot(bits, masked)
    set_scale(quantizer, 0.3)  # alpha = 2^0
    exp = -(codes.num_levels(bits) - 1)
    pi = codes.to_int(codes.project_real(x.numpy(), bits, exp), bits) * 2.0 ** exp
    to_x, to_alpha = np.zeros(x.shape), 0.0
    for at, value in np.ndenumerate(x.numpy()):
        outside = abs(value) > 1.0
        to_x[at] = 0.0 if masked and outside else g[at]
        to_alpha += float(g[at]) * (math.copysign(1.0, value) if outside else pi[at] - value)
    y, got_x, got_t = gradients(quantizer, x, g)
    np.testing.assert_array_equal(y, pi)
    np.testing.assert_array_equal(got_x, to_x)
    assert got_t == pytest.approx(math.log(2.0) * 1.0 * to_alpha, rel=1e-12)
    # the same at alpha = 8: x eight times as large, dq/dt eight times as large
    set_scale(quantizer, 3.0)
    _, got_x, got_t = gradients(quantizer, x * 8, g)
    np.testing.assert_array_equal(got_x, to_x)
    assert got_t == pytest.approx(math.log(2.0) * 8.0 * to_alpha, rel=1e-12)


def test_the_clip_itself_is_inside() -> None:
    x = torch.tensor([1.0, -1.0, 1.0 + 1e-15, 0.25], dtype=torch.float64)
    method = METHODS["iospot"]
    for quantizer, beyond in ((method.act(4), 0.0), (method.act_signed(4), 0.0),
                              (method.weight(4), 1.0)):
        _, got, _ = gradients(quantizer, x, torch.ones_like(x))
        assert got.tolist() == [1.0, 1.0, beyond, 1.0]


@pytest.mark.parametrize(("t", "g", "moves"), [(30.0, 1.0, True), (30.0, -1.0, False),
                                               (-30.0, -1.0, True), (-30.0, 1.0, False)])
def test_pot_scale_out_of_range_only_comes_back(t: float, g: float, moves: bool) -> None:
    # all x lie beyond alpha, so that dq/dt > 0: a descent moves t against the sign of g
    quantizer = Pot(3)
    set_scale(quantizer, t)
    x = torch.full((4,), 2.0 ** 26, dtype=torch.float64)
    _, _, got = gradients(quantizer, x, torch.full_like(x, g))
    assert (got != 0.0) == moves and got * g >= 0.0


@pytest.mark.parametrize("kind", ["weight", "act", "act_signed"])
@pytest.mark.parametrize("name", RCF)
@pytest.mark.parametrize("bits", BITS)
def test_rcf(name: str, kind: str, bits: int) -> None:
    x, g = inputs(bits + 10)
    quantizer = getattr(METHODS[name], kind)(bits)
    alpha, unsigned, masked = 0.75, kind == "act", kind != "weight"
    set_scale(quantizer, alpha)
    levels = quantizer.unit_levels().numpy()
    to_x, to_alpha = np.zeros(x.shape), 0.0
    for at, value in np.ndenumerate(x.numpy()):
        v = value / alpha
        if v > 1.0 or (v < -1.0 and not unsigned):
            to_alpha += float(g[at]) * math.copysign(1.0, v)
            to_x[at] = 0.0 if masked else g[at]
        elif v < 0.0 and unsigned:  # no value after a ReLU; q = 0 does not depend on alpha
            to_x[at] = 0.0
        else:
            to_alpha += float(g[at]) * (levels[np.abs(levels - v).argmin()] - v)
            to_x[at] = g[at]
    _, got_x, got_alpha = gradients(quantizer, x, g)
    np.testing.assert_array_equal(got_x, to_x)
    assert got_alpha == pytest.approx(to_alpha, rel=1e-9)


@pytest.mark.parametrize("kind", ["weight", "act", "act_signed"])
@pytest.mark.parametrize("bits", BITS)
def test_lsq(kind: str, bits: int) -> None:
    x, g = inputs(bits + 20)
    quantizer = getattr(METHODS["lsq"], kind)(bits)
    step = 0.25
    set_scale(quantizer, step)
    q_n, q_p = (0, 2 ** bits - 1) if kind == "act" else (2 ** (bits - 1), 2 ** (bits - 1) - 1)
    count = 300 if kind == "weight" else 50  # weights, or features of one image
    to_x, to_step = np.zeros(x.shape), 0.0
    for at, value in np.ndenumerate(x.numpy()):
        v = value / step
        if -q_n < v < q_p:
            to_x[at] = g[at]
            to_step += float(g[at]) * (round(v) - v)
        else:
            to_step += float(g[at]) * (-q_n if v <= -q_n else q_p)
    _, got_x, got_step = gradients(quantizer, x, g)
    np.testing.assert_array_equal(got_x, to_x)
    assert got_step == pytest.approx(to_step / math.sqrt(count * q_p), rel=1e-9)
    edge = torch.tensor([[q_p * step, -q_n * step]], dtype=torch.float64)
    assert not gradients(quantizer, edge, torch.ones_like(edge))[1].any()  # strictly inside


def test_lsq_starts_as_published() -> None:
    x = torch.tensor([0.5, -1.5, 2.0, 0.0])
    for bits, kind, q_p in ((4, "weight", 7), (3, "act", 7), (2, "weight", 1)):
        quantizer = getattr(METHODS["lsq"], kind)(bits)
        quantizer.fit(x)
        assert quantizer.step.item() == pytest.approx(2 * 1.0 / math.sqrt(q_p))


@pytest.mark.parametrize("bits", BITS)
def test_pact(bits: int) -> None:
    x, g = inputs(bits + 30)
    quantizer = METHODS["pact"].act(bits)
    alpha, steps = 0.5, 2 ** bits - 1
    set_scale(quantizer, alpha)
    value = x.numpy()
    clipped = 0.5 * (np.abs(value) - np.abs(value - alpha) + alpha)
    y, got_x, got_alpha = gradients(quantizer, x, g)
    np.testing.assert_allclose(y, np.round(clipped * steps / alpha) * alpha / steps, atol=1e-15)
    np.testing.assert_array_equal(got_x, np.where((value >= 0) & (value < alpha), g.numpy(), 0))
    assert got_alpha == pytest.approx(g.numpy()[value >= alpha].sum(), rel=1e-12)
    assert quantizer.decays_scale
    both = METHODS["pact"].act_signed(bits)
    set_scale(both, alpha)
    _, got_x, got_alpha = gradients(both, x, g)
    np.testing.assert_array_equal(got_x, np.where(np.abs(value) < alpha, g.numpy(), 0))
    assert got_alpha == pytest.approx(
        (g.numpy() * np.sign(value))[np.abs(value) >= alpha].sum(), rel=1e-12)


@pytest.mark.parametrize("bits", BITS)
def test_dorefa(bits: int) -> None:
    x, g = inputs(bits + 40, (4, 5))

    def smooth(w):
        return np.tanh(w) / np.abs(np.tanh(w)).max()  # 2 * (t / (2 max) + 1/2) - 1

    to_x = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):  # central differences of the map without its rounding
        ahead, behind = x.numpy().copy(), x.numpy().copy()
        ahead[at] += 1e-6
        behind[at] -= 1e-6
        to_x[at] = (g.numpy() * (smooth(ahead) - smooth(behind))).sum() / 2e-6
    y, got_x, _ = gradients(DorefaWeights(bits), x, g)
    steps = 2 ** bits - 1
    np.testing.assert_allclose(
        y, 2 * np.round((smooth(x.numpy()) / 2 + 0.5) * steps) / steps - 1, atol=1e-12)
    np.testing.assert_allclose(got_x, to_x, rtol=1e-6, atol=1e-8)


def test_deepshift_and_fixed() -> None:
    x, g = inputs(50)
    shift = METHODS["deepshift"]
    np.testing.assert_array_equal(gradients(shift.weight(3), x * 9, g)[1], g.numpy())
    acts, fixed = shift.act(3), Fixed()
    acts.set_exponent(-6)  # -2 ... 127/64
    fixed.set_exponent(-6)
    np.testing.assert_array_equal(gradients(acts, x * 2, g)[1], g.numpy())
    inside = ((x * 2 > -2) & (x * 2 < 127 / 64)).numpy()
    np.testing.assert_array_equal(gradients(fixed, x * 2, g)[1], np.where(inside, g.numpy(), 0))
    assert not inside.all() and inside.any()
    acts.set_bits(4)
    assert acts.bits == 8 and shift.act(2).bits == 8


def test_lqnets_gradient() -> None:
    x, g = inputs(60)
    weights, acts, both = (getattr(METHODS["lqnets"], kind)(3)
                           for kind in ("weight", "act", "act_signed"))
    np.testing.assert_array_equal(gradients(weights, x, g)[1], g.numpy())
    np.testing.assert_array_equal(gradients(acts, x, g)[1], np.where(x <= 1.0, g.numpy(), 0))
    np.testing.assert_array_equal(gradients(both, x, g)[1], np.where(x.abs() <= 1, g.numpy(), 0))


@pytest.mark.parametrize("signed", [True, False])
def test_lqnets_basis_is_least_squares_with_a_moving_average(signed: bool) -> None:
    x, _ = inputs(70)
    x = x if signed else x.relu()
    quantizer = LqNets(3, signed=signed, clipped=not signed)
    before = np.array([0.9, 0.2, 0.4])  # levels are not in the order of their codes
    quantizer.basis.copy_(torch.tensor(before))
    values = quantizer.eval()(x).numpy()
    np.testing.assert_array_equal(quantizer.basis, before)  # evaluation moves nothing
    both = (-1.0, 1.0) if signed else (0.0, 1.0)
    rows = [[a, b, c] for a in both for b in both for c in both]
    spelt = {round(float(np.dot(row, before)), 9): row for row in rows}
    codes_used = np.array([spelt[round(float(v), 9)] for v in values.reshape(-1)])
    solved = np.linalg.lstsq(codes_used, x.numpy().reshape(-1), rcond=None)[0]
    quantizer.train()(x)
    np.testing.assert_allclose(quantizer.basis, 0.9 * before + 0.1 * solved, rtol=1e-4)
    quantizer.fit(x)
    fitted = ((quantizer.eval()(x) - x) ** 2).sum()
    uniform = LqNets(3, signed=signed).eval()
    uniform.basis.mul_(grids.best_scale(x, uniform.levels()))
    assert fitted < 0.999 * ((uniform(x) - x) ** 2).sum()


def test_a_step_of_training_goes_downhill() -> None:
    x, _ = inputs(80)
    for method in METHODS.values():
        for quantizer in (method.weight(4), method.act_signed(4)):
            if not quantizer.scale_parameters():
                continue
            quantizer.fit(x)
            (scale,) = quantizer.scale_parameters()
            with torch.no_grad():
                scale.add_(torch.tensor(1.6 if isinstance(quantizer, Pot) else 2 * float(scale)))
            first = None
            best = torch.optim.SGD([scale], lr=1e-3)
            for _ in range(60):
                best.zero_grad()
                loss = ((quantizer(x) - x) ** 2).sum()
                loss.backward()
                best.step()
                first = loss.item() if first is None else first
            if method.name != "pact":  # whose gradient sees only what is clipped
                assert loss.item() < first, method.name


@pytest.mark.parametrize("name", ["iospot", "apot", "lsq"])
def test_the_layout_of_activations_changes_no_gradient(name: str) -> None:
    make = torch.Generator().manual_seed(5)
    x, g = (torch.randn(3, 4, 5, 6, generator=make, dtype=torch.float64) for _ in range(2))
    x = torch.relu(x)
    found = []
    for layout in (torch.contiguous_format, torch.channels_last):
        quantizer = METHODS[name].act(4)
        found.append(gradients(quantizer, x.contiguous(memory_format=layout),
                               g.contiguous(memory_format=layout)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert found[0][2] != 0.0
