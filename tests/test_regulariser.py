# SPDX-License-Identifier: Apache-2.0
"""The distribution loss: its value, its gradients, and where a learned coefficient goes."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")

from golden.errors import PlutarchError  # noqa: E402
from golden.quantizers import Pot  # noqa: E402
from golden.training.config import RegulariserConfig  # noqa: E402
from golden.training.regulariser import Regulariser, distribution_loss  # noqa: E402


def _pair(seed: int, *shape: int) -> tuple[object, object]:
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
    quantizer = Pot(3).double()
    quantizer.fit(w)
    return w, quantizer


def test_distance_is_the_sum_of_mean_squares() -> None:
    (w, q), (v, r) = _pair(0, 30), _pair(1, 50)
    found = distribution_loss([("a", w, q(w)), ("b", v, r(v))])
    want = sum(sum((float(x) - float(y)) ** 2 for x, y in zip(
        t.tolist(), p(t).tolist(), strict=True)) / t.numel()
               for t, p in ((w, q), (v, r)))
    assert found.item() == pytest.approx(want, rel=1e-12) and want > 0.01
    assert float(distribution_loss([])) == 0.0


def test_weights_are_pulled_to_their_levels_and_scales_left_alone() -> None:
    """The quantiser's straight-through gradient is 1: uncut, it would cancel the pull."""
    w, q = _pair(0, 40)
    distribution_loss([("a", w, q(w))]).backward()
    want = 2 * (w - q(w)).detach() / w.numel()
    assert torch.allclose(w.grad, want, rtol=1e-12) and float(want.abs().max()) > 1e-3
    assert q.log_scale.grad is None


@pytest.mark.parametrize(("kind", "loss", "pull"), [
    ("none", 2.0, 0.0), ("fixed", 2.0 + 5 * 0.25, 5.0),
    ("learnable", 2.0 + 5 * 0.25 - 3 * math.log(5), 5.0)])
def test_the_three_losses(kind: str, loss: float, pull: float) -> None:
    regulariser = Regulariser(RegulariserConfig(kind, coefficient=5.0, kappa=3.0))
    distance = torch.tensor(0.25, dtype=torch.float64, requires_grad=True)
    found = regulariser(torch.tensor(2.0, dtype=torch.float64, requires_grad=True), distance)
    assert found.item() == pytest.approx(loss, rel=1e-12)
    found.backward()
    assert float(distance.grad or 0.0) == pytest.approx(pull)
    told = [regulariser.coefficient(stage) for stage in ("float", "quant", "frozen")]
    assert told == pytest.approx([0.0, 5.0 if kind != "none" else 0.0, 0.0])
    if kind == "learnable":
        assert float(regulariser.omega.grad) == pytest.approx(5 * 0.25 - 3)
    else:
        assert not list(regulariser.parameters())


def test_a_learned_coefficient_goes_to_kappa_over_distance() -> None:
    regulariser = Regulariser(RegulariserConfig("learnable", coefficient=1.0, kappa=0.5, rate=0.1))
    for _ in range(400):
        regulariser(torch.zeros(()), torch.tensor(0.02)).backward()
        regulariser.step()
    assert regulariser.coefficient("quant") == pytest.approx(25.0, rel=1e-3)
    before = regulariser.coefficient("quant")
    regulariser.step()  # without a gradient nothing moves
    assert regulariser.coefficient("quant") == before


def test_a_fixed_coefficient_stays() -> None:
    regulariser = Regulariser(RegulariserConfig("fixed", coefficient=2.0))
    regulariser(torch.zeros((), requires_grad=True), torch.ones((), requires_grad=True)).backward()
    regulariser.step()
    assert regulariser.coefficient("quant") == pytest.approx(2.0)
    acting = Regulariser(RegulariserConfig("fixed", coefficient=2.0, frozen=True))
    assert acting.coefficient("frozen") == pytest.approx(2.0)
    assert not acting.acts("float")


def test_a_coefficient_that_runs_away_is_told() -> None:
    regulariser = Regulariser(RegulariserConfig("learnable", kappa=1e5, rate=1.0))
    regulariser(torch.zeros(()), torch.ones(())).backward()
    with pytest.raises(PlutarchError, match=r"regulariser: omega = log lambda = .* ran away"):
        regulariser.step()
