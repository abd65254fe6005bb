# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from golden import codes  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.quantizers import METHODS, Fixed, Pot, find_method  # noqa: E402
from golden.quantizers.base import checked  # noqa: E402
from golden.quantizers.fixed import fixed_values  # noqa: E402
from golden.quantizers.pot import best_exponent, pot_values  # noqa: E402

DTYPES = [torch.float32, torch.float64]
BITS = [2, 3, 4, 5, 6]


def hard_values(bits, exp, dtype):
    """Random values of all sizes, every level and tie, their neighbours, the float's extremes."""
    rng = np.random.default_rng(bits * 100 + exp)
    random = rng.normal(size=4000) * np.exp2(rng.uniform(exp - 3, exp + codes.num_levels(bits) + 1,
                                                         4000))
    size = codes.levels(bits)[1:] * 2.0 ** exp
    marks = np.concatenate([size, size * 1.5, size[:1] / 2, size * 0.75])
    x = torch.tensor(np.concatenate([random, marks, -marks])).to(dtype)
    up, down = torch.full_like(x, math.inf), torch.full_like(x, -math.inf)
    info = torch.finfo(dtype)
    edge = torch.tensor([0.0, -0.0, info.max, -info.max, math.inf, -math.inf, info.tiny, -info.tiny,
                         info.smallest_normal / 8, -info.smallest_normal / 8,
                         math.ulp(0.0) if dtype == torch.float64 else 2.0 ** -149], dtype=dtype)
    return torch.cat([x, torch.nextafter(x, up), torch.nextafter(x, down), edge])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", BITS)
def test_pot_is_the_projection_of_the_integer_core(bits: int, dtype: torch.dtype) -> None:
    quantizer = Pot(bits)
    for n in (-24, -7, 0, 1, 13, 24):
        with torch.no_grad():
            quantizer.log_scale.fill_(float(n))
        exp = n - (codes.num_levels(bits) - 1)
        assert quantizer.exponent == exp
        x = hard_values(bits, exp, dtype)
        want = codes.to_int(codes.project_real(x.numpy(), bits, exp), bits) * 2.0 ** exp
        got = quantizer(x).detach()
        assert got.dtype == dtype
        np.testing.assert_array_equal(got.double().numpy(), want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pot_keeps_nan_and_takes_any_layout(dtype: torch.dtype) -> None:
    x = torch.randn(3, 4, 5, 6, dtype=dtype).permute(0, 2, 3, 1)
    x[1, 2, 3, 0] = math.nan
    got = pot_values(x, 4, -5)
    assert got.isnan().sum() == 1 and got[1, 2, 3, 0].isnan()
    clean = x.nan_to_num(0.0)
    want = codes.to_int(codes.project_real(clean.numpy(), 4, -5), 4) * 2.0 ** -5
    np.testing.assert_array_equal(got.nan_to_num(0.0).double().numpy(), want)
    assert Pot(3)(torch.empty(0, 3, dtype=dtype)).shape == (0, 3)


def test_pot_wants_a_float_it_knows() -> None:
    with pytest.raises(TypeError, match=r"float32 or float64, not torch\.float16"):
        pot_values(torch.zeros(2, dtype=torch.float16), 4, 0)


@pytest.mark.parametrize(("t", "n"), [(0.49, 0), (0.5, 0), (1.5, 2), (-0.6, -1), (31.0, 24),
                                      (-100.0, -24)])
def test_pot_rounds_and_bounds_its_scale(t: float, n: int) -> None:
    quantizer = Pot(4)
    with torch.no_grad():
        quantizer.log_scale.fill_(t)
    assert quantizer.power == n
    assert quantizer.levels()[-1] == 2.0 ** n


@pytest.mark.parametrize("bits", BITS)
def test_pot_levels_are_those_of_the_codes(bits: int) -> None:
    quantizer = Pot(bits)
    with torch.no_grad():
        quantizer.log_scale.fill_(3.0)
    every = codes.to_int(np.arange(1 << bits), bits) * 2.0 ** quantizer.exponent
    assert quantizer.levels().tolist() == sorted(set(every.tolist()))
    top = quantizer.levels()[-1]
    quantizer.set_bits(bits % 5 + 2)
    assert quantizer.levels()[-1] == top == 8.0


@pytest.mark.parametrize("bits", [2, 3, 4, 6])
def test_pot_fit_loses_least_of_all_powers(bits: int) -> None:
    rng = np.random.default_rng(bits)
    for x in (rng.normal(size=900) * 0.07, rng.laplace(size=900) * 40,
              np.maximum(rng.normal(size=900), 0)):
        def loss(exp, x=x):
            q = codes.to_int(codes.project_real(x, bits, exp), bits) * 2.0 ** exp
            return ((q - x) ** 2).sum()
        quantizer = Pot(bits)
        quantizer.fit(torch.tensor(x))
        every = range(-24 - codes.num_levels(bits), 24)
        assert quantizer.exponent == min(every, key=lambda exp: (loss(exp), exp))
        assert quantizer.log_scale.requires_grad


def test_fits_of_nothing_and_of_nonsense() -> None:
    for empty in (torch.zeros(5), torch.empty(0)):
        assert best_exponent(empty, 4) == -6
        for method in METHODS.values():
            for quantizer in (method.weight(4), method.act(4)):
                quantizer.fit(empty)
                assert all(p.isfinite().all() for p in quantizer.state_dict().values())
                assert quantizer(empty).shape == empty.shape
    for bad in (math.nan, math.inf, -math.inf):
        for quantizer in (Pot(4), Fixed(), METHODS["apot"].weight(3), METHODS["lsq"].act(3),
                          METHODS["lqnets"].act(3), METHODS["pact"].act(3)):
            with pytest.raises(PlutarchError, match="NaN or infinity"):
                quantizer.fit(torch.tensor([1.0, bad]))


def test_large_tensors_are_sampled_in_every_column() -> None:
    x = torch.zeros(1 << 16, 32)
    x[:, 5] = 1.0
    row = checked(x)
    assert 1 << 19 < row.numel() <= 1 << 20
    assert abs(float(row.mean()) * 32 - 1) < 0.01
    assert checked(x[:1 << 15]).numel() == 1 << 20
    x[77, 7] = math.nan  # not in the sample, noticed all the same
    with pytest.raises(PlutarchError, match="NaN or infinity"):
        Pot(4).fit(x)


def test_a_scale_that_diverged_is_named() -> None:
    quantizer = Pot(4)
    with torch.no_grad():
        quantizer.log_scale.fill_(math.nan)
    with pytest.raises(PlutarchError, match="log_scale is nan"):
        quantizer(torch.ones(3))


@pytest.mark.parametrize("dtype", DTYPES)
def test_fixed_is_exact_to_the_last_bit(dtype: torch.dtype) -> None:
    for exp, bits in ((0, 8), (-5, 8), (3, 8), (-9, 6), (-20, 16)):
        unit = 2.0 ** exp
        halves = torch.arange(-600, 600, dtype=dtype) * (unit / 2)
        x = torch.cat([halves, torch.nextafter(halves, halves + 1e30),
                       torch.nextafter(halves, halves - 1e30),
                       torch.randn(2000, dtype=dtype) * 90 * unit,
                       torch.tensor([0.0, -0.0, 1e-44, torch.finfo(dtype).max], dtype=dtype)])
        top = 1 << (bits - 1)
        want = [min(max(math.floor(Fraction(v) / Fraction(unit) + Fraction(1, 2)), -top), top - 1)
                for v in x.tolist()]
        assert (fixed_values(x, exp, bits).double() / unit).tolist() == want
    bad = fixed_values(torch.tensor([math.nan, math.inf, -math.inf], dtype=dtype), 0)
    assert bad[0].isnan() and bad[1:].tolist() == [127.0, -128.0]


def test_fixed_fit_levels_and_width() -> None:
    rng = np.random.default_rng(0)
    outlier = np.append(rng.normal(size=9000), 25.0)  # better clipped than resolved
    for bits, values in ((3, outlier), (4, rng.laplace(size=2000)), (8, rng.normal(size=2000) * 3)):
        x, top = torch.tensor(values), 1 << (bits - 1)
        quantizer = Fixed(bits)
        quantizer.fit(x)
        loss = {}
        for exp in range(-30, 10):
            words = np.clip(np.floor(values / 2.0 ** exp + 0.5), -top, top - 1)
            loss[exp] = ((words * 2.0 ** exp - values) ** 2).sum()
        assert quantizer.exponent == min(loss, key=lambda exp, loss=loss: (loss[exp], exp))
    assert quantizer.levels().tolist() == [i * 2.0 ** quantizer.exponent for i in range(-128, 128)]
    low = quantizer.levels()[0]
    quantizer.set_bits(6)
    assert quantizer.levels()[0] == low and len(quantizer.levels()) == 64
    other = Fixed(6)
    other.load_state_dict(quantizer.state_dict())
    assert torch.equal(other(x), quantizer(x))


def test_widths_that_do_not_exist() -> None:
    for name, method in METHODS.items():
        if name == "float":
            continue
        for bits in (1, 7):
            with pytest.raises(PlutarchError, match="2 to 6 bits"):
                method.weight(bits)
            with pytest.raises(PlutarchError, match="2 to 6 bits"):
                method.weight(4).set_bits(bits)
    with pytest.raises(PlutarchError, match="2 to 16 bits"):
        Fixed(17)


def test_a_method_is_found_or_the_nearest_named() -> None:
    assert find_method("iospot").weight(3).exact
    with pytest.raises(PlutarchError, match=r"'IOS-PoT'.*did you mean 'iospot'.*lqnets"):
        find_method("IOS-PoT")
    with pytest.raises(PlutarchError, match="no such quantiser"):
        find_method("")
    with pytest.raises(PlutarchError, match=r"Apot: .*no exponent"):
        _ = find_method("apot").weight(3).exponent
