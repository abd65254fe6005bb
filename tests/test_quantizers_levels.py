# SPDX-License-Identifier: Apache-2.0
"""Level sets as published, and what every quantiser promises about them."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from golden.quantizers import (  # noqa: E402
    METHODS,
    Apot,
    DorefaWeights,
    LqNets,
    Lsq,
    PactActs,
    ShiftWeights,
    Uniform,
)
from golden.quantizers.__main__ import main  # noqa: E402
from golden.quantizers.deepshift import log_values  # noqa: E402
from golden.quantizers.grids import best_scale, nearest  # noqa: E402

BITS = [2, 3, 4, 5, 6]
NEAREST = ["iospot", "apot", "lqnets", "uniform"]  # lsq and pact too, but not at their own scale

# unsigned APoT sets with largest level 1, B = 1 ... 4 from the paper, as tenths, quarters, 48ths
APOT = {1: [0, 1], 2: [0, 1 / 4, 1 / 2, 1], 3: [0, .1, .2, .3, .4, .6, .8, 1],
        4: sorted((a + b) / 0.75 for a in (0, 1 / 2, 1 / 8, 1 / 32)
                  for b in (0, 1 / 4, 1 / 16, 1 / 64))}
# B = 5 and 6: exponents of the terms in the authors' code
TERMS = {5: [(1, 3, 6), (2, 4, 7), (5,)], 6: [(1, 4, 7), (2, 5, 8), (3, 6, 9)]}


def every_quantizer(bits):
    for method in METHODS.values():
        for kind, make in (("weight", method.weight), ("act", method.act),
                           ("act_signed", method.act_signed)):
            yield method.name, kind, make(bits)


def apot_set(width):
    if width in APOT:
        return APOT[width]
    sums = {sum(choice) for choice in itertools.product(
        *([0.0] + [2.0 ** -p for p in term] for term in TERMS[width]))}
    return sorted(v / max(sums) for v in sums)


@pytest.mark.parametrize("bits", BITS)
def test_apot_levels(bits: int) -> None:
    weights, acts = Apot(bits), Apot(bits, signed=False, masked=True)
    with torch.no_grad():
        weights.alpha.fill_(1.5)
        acts.alpha.fill_(2.5)
    positive = np.array(apot_set(bits - 1)) * 1.5
    np.testing.assert_allclose(weights.levels(), np.concatenate([-positive[:0:-1], positive]),
                               rtol=1e-15)
    np.testing.assert_allclose(acts.levels(), np.array(apot_set(bits)) * 2.5, rtol=1e-15)
    assert len(acts.levels()) == 2 ** bits and len(weights.levels()) == 2 ** bits - 1


def test_apot_at_three_bits_is_the_pot_set() -> None:
    assert torch.equal(Apot(3).unit_levels(), METHODS["iospot"].weight(3).levels())


@pytest.mark.parametrize("bits", BITS)
def test_the_other_published_level_sets(bits: int) -> None:
    full, half = 2 ** bits - 1, 2 ** (bits - 1) - 1
    assert ShiftWeights(bits).levels().tolist() == sorted(
        s * 2.0 ** p for s in (-1, 1) for p in range(-(2 ** (bits - 1) - 1), 1))
    np.testing.assert_allclose(DorefaWeights(bits).levels(),
                               [2 * i / full - 1 for i in range(2 ** bits)], atol=1e-15)
    np.testing.assert_allclose(PactActs(bits).levels(), [10 * i / full for i in range(2 ** bits)])
    weights, acts = Lsq(bits), Lsq(bits, signed=False, batched=True)
    with torch.no_grad():
        weights.step.fill_(0.125)
        acts.step.fill_(0.5)
    assert weights.levels().tolist() == [i / 8 for i in range(-half - 1, half + 1)]
    assert acts.levels().tolist() == [i / 2 for i in range(full + 1)]
    np.testing.assert_allclose(Uniform(bits).levels(),
                               [3 * i / half for i in range(-half, half + 1)])
    np.testing.assert_allclose(Uniform(bits, signed=False).levels(),
                               [3 * i / full for i in range(full + 1)])


def test_lqnets_levels_are_sums_of_the_basis() -> None:
    weights, acts = LqNets(3), LqNets(3, signed=False, clipped=True)
    basis = [0.25, 1.75, 0.5]  # in no order: levels are sorted
    for quantizer, signs in ((weights, (-1, 1)), (acts, (0, 1))):
        quantizer.basis.copy_(torch.tensor(basis))
        assert quantizer.levels().tolist() == sorted(
            sum(s * b for s, b in zip(code, basis, strict=True))
            for code in itertools.product(signs, repeat=3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bits", BITS)
def test_every_value_is_a_level(bits: int, dtype: torch.dtype) -> None:
    x = torch.randn(2, 3, 4, 50, generator=torch.Generator().manual_seed(bits)).to(dtype)
    for name, kind, quantizer in every_quantizer(bits):
        if name == "float":
            assert torch.equal(quantizer(x), x) and not len(quantizer.levels())
            continue
        quantizer.fit(x.relu() if kind == "act" else x)
        quantizer.eval()
        y, levels = quantizer(x).detach(), quantizer.levels()
        assert y.dtype == dtype and y.shape == x.shape and levels.dtype == torch.float64
        assert bool((levels[1:] > levels[:-1]).all())
        if (name, kind[:3]) != ("deepshift", "act"):  # 8-bit fixed point at every b
            assert len(levels) <= 2 ** bits
        gap = (y.double()[..., None] - levels).abs().amin(-1)
        assert float(gap.max()) <= 1e-6 * float(levels.abs().max()), (name, kind)
        if quantizer.exact:
            whole = levels / 2.0 ** quantizer.exponent
            assert torch.equal(whole, whole.round()) and not gap.any()
        if name in NEAREST or (name, kind[:3]) in (("pact", "act"), ("lsq", "act")):
            best = (x.double()[..., None] - levels).abs().amin(-1)
            lost = (x.double() - y.double()).abs() - best
            assert float(lost.max()) <= 1e-6 * float(levels.abs().max()), (name, kind)


@pytest.mark.parametrize("bits", BITS)
def test_nan_infinity_and_copies(bits: int) -> None:
    x = torch.tensor([[0.3, math.nan, math.inf, -math.inf, -0.2, 0.0]])
    for name, kind, quantizer in every_quantizer(bits):
        if isinstance(quantizer, DorefaWeights):
            assert quantizer(x).isnan().all()  # its scale is the largest value of the tensor
            continue
        quantizer.eval()
        y, levels = quantizer(x).detach(), quantizer.levels()
        assert y.isnan().tolist() == x.isnan().tolist(), (name, kind)
        if name != "float":
            assert y[0, 2].item() == pytest.approx(levels[-1].item())
            assert y[0, 3].item() == pytest.approx(levels[0].item())
        again = copy.deepcopy(quantizer)
        again.load_state_dict(quantizer.state_dict())
        torch.testing.assert_close(again(x), y, rtol=0, atol=0, equal_nan=True)
        assert {id(p) for p in quantizer.scale_parameters()} == {
            id(p) for p in quantizer.parameters()}


def test_fewer_bits_keep_the_range() -> None:
    for name, kind, quantizer in every_quantizer(6):
        if isinstance(quantizer, DorefaWeights) or name == "float":
            continue
        quantizer.eval().fit(torch.randn(500).abs())
        top = quantizer.levels()[-1].item()
        for bits in (4, 3, 2):
            quantizer.set_bits(bits)
            assert quantizer.levels()[-1].item() == pytest.approx(top), (name, kind, bits)
            assert bool(torch.isin(quantizer(torch.zeros(3)).detach().double(),
                                   quantizer.levels().float().double()).all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_deepshift_rounds_the_logarithm(dtype: torch.dtype) -> None:
    root = torch.tensor(2.0, dtype=torch.float64).sqrt().to(dtype)
    near = [root * 2.0 ** k for k in range(-9, 2)]
    for away in (math.inf, -math.inf):
        near += [torch.nextafter(v, torch.full_like(v, away)) for v in near[:11]]
    x = torch.cat([torch.stack(near), torch.rand(2000, dtype=dtype), torch.ones(1, dtype=dtype)])
    for value, got in zip(x.tolist(), log_values(-x, -7).tolist(), strict=True):
        p = math.frexp(value)[1] - 1  # 2^p <= value < 2^(p + 1); up from sqrt(2) * 2^p on
        mantissa = int(math.ldexp(value, 60 - p))
        p += mantissa ** 2 > 2 << 120
        assert got == -2.0 ** min(max(p, -7), 0)
    zero = torch.tensor([0.0, 1e-40], dtype=dtype)
    assert log_values(zero, -3).tolist() == [0.125, 0.125]


def test_the_command_prints_level_sets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bits", "3", "6"]) == 0
    shown = capsys.readouterr().out
    for line in ("b=3 weights    7  +-{0, 1/4, 1/2, 1}",  # iospot and apot
                 "b=3 acts       8    {0, 1/10, 1/5, 3/10, 2/5, 3/5, 4/5, 1}",
                 "b=3 weights    8    {-1, -3/4, -1/2, -1/4, 0, 1/4, 1/2, 3/4}",
                 "b=3 weights    8  +-{1/8, 1/4, 1/2, 1}", "every float",
                 "b=6 weights   63  +-{0, 9.313e-10, 1.863e-09"):
        assert line in shown
    assert all(f"{name}: {method.source}" in shown for name, method in METHODS.items())
    assert main(["--method", "lsq", "--bits", "2"]) == 0
    assert capsys.readouterr().out.count("\n") == 3


def test_ties_between_levels() -> None:
    levels = torch.tensor([-1.0, 0.0, 2.0])
    values, position = nearest(torch.tensor([-0.5, 1.0, 1.001]), levels)
    assert values.tolist() == [-1.0, 0.0, 2.0] and position.tolist() == [0, 1, 2]
    apot = Apot(3)
    with torch.no_grad():
        apot.alpha.fill_(1.0)
    # exact halves of {0, 1/4, 1/2, 1}: the larger magnitude
    assert apot(torch.tensor([0.125, 0.375, 0.75, -0.125])).tolist() == [.25, .5, 1.0, -.25]


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_best_scale_is_the_least_of_a_fine_sweep(bits: int) -> None:
    rng = np.random.default_rng(bits)
    for x, grid in ((rng.normal(size=400), Uniform(bits).unit_levels()),
                    (np.abs(rng.laplace(size=400)), Apot(bits, signed=False).unit_levels())):
        def loss(scale, x=x, grid=grid):
            return (np.abs(x[:, None] - scale * grid.numpy()).min(1) ** 2).sum()
        sweep = min(loss(s) for s in np.linspace(0.05, 1.2, 1500) * np.abs(x).max())
        assert loss(best_scale(torch.tensor(x), grid)) <= sweep * 1.001
