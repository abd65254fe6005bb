# SPDX-License-Identifier: Apache-2.0
"""Outside oracles of the PoT projection: QONNX's and Brevitas' minifloats E(b-1)M0.

`python -m golden.quantizers.oracle` counts where they agree with golden.codes. Neither is needed
for anything else: they are the extra `oracle` of pyproject.toml, and torch loads only for Brevitas.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.codes import levels, num_levels, project_real, to_int
from golden.errors import PlutarchError
from golden.exits import exit_status

Reals = npt.NDArray[np.floating[Any]]
Oracle = Callable[[Reals, int, int], Reals]
INSTALL = "python -m pip install -e '.[train,oracle]'"


def golden_values(x: Reals, bits: int, exp: int) -> Reals:
    """Our rule: real values of golden.codes.project_real, float64."""
    return to_int(project_real(x, bits, exp), bits) * 2.0 ** exp


def _load(name: str) -> Any:
    """A module of an optional package; PlutarchError that says how to install it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs, at import
            return importlib.import_module(name)
    except ImportError as err:
        raise PlutarchError(f"oracle: {err}; install with: {INSTALL}") from None


def _bias(bits: int) -> int:
    """IEEE's exponent bias of b-1 exponent bits; the smallest level is 2^(1 - bias)."""
    return (1 << (bits - 2)) - 1


def qonnx_values(x: Reals, bits: int, exp: int, rounding: str = "ROUND") -> Reals:
    """FloatQuant of QONNX, b-1 exponent bits, no mantissa, power-of-two scale; dtype of x.

    rounding: ROUND (half to even, the default of QONNX), HALF_UP, HALF_DOWN ... as QONNX names it.
    """
    module = _load("qonnx.custom_op.general.floatquant")
    bias = _bias(bits)
    scale = x.dtype.type(2.0 ** (exp + bias - 1))
    return np.asarray(module.float_quant(x.copy(), scale, bits - 1, 0, bias,
                                         rounding_mode=rounding))


def brevitas_values(x: Reals, bits: int, exp: int) -> Reals:
    """Brevitas' float quantiser with a constant power-of-two scale, rounding as it comes; float32.

    Built from its public pieces: FloatQuant, b-1 exponent bits, no mantissa, saturating clamp.
    """
    torch = _load("torch")
    core = {name: _load(f"brevitas.core.{name}")
            for name in ("quant", "scaling", "bit_width", "function_wrapper")}
    widths = _load("brevitas.core.bit_width.float")
    bias, width = float(_bias(bits)), core["bit_width"].BitWidthConst
    wrapper = core["function_wrapper"]
    quantizer = _load("brevitas.core.quant.float").FloatQuant(
        signed=True,
        exponent_bit_width_impl=width(bits - 1),
        mantissa_bit_width_impl=width(0),
        exponent_bias_impl=widths.StaticExponentBias(bias),
        float_clamp_impl=wrapper.FloatClamp(wrapper.TensorClamp(), signed=True, saturating=True),
        input_view_impl=wrapper.Identity(),
        compute_max_mantissa=widths.StaticMaxMantissa(0),
        scaling_impl=core["scaling"].ConstScaling(2.0 ** (exp + bias - 1)),
    )
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(quantizer(torch.from_numpy(x.astype(np.float32)))[0].numpy())


ORACLES: dict[str, tuple[str, Oracle]] = {
    "QONNX FloatQuant, ROUND": ("qonnx", qonnx_values),
    "QONNX FloatQuant, HALF_UP": ("qonnx", lambda x, b, e: qonnx_values(x, b, e, "HALF_UP")),
    "Brevitas FloatQuant, ROUND": ("brevitas", brevitas_values),
}
"""Name -> (package, values). HALF_UP is there to show where a rule would differ."""


def cases(bits: int, exp: int, count: int, seed: int) -> dict[str, Reals]:
    """Named inputs, float32, all exact: random values of every size, both signs, and every tie.

    `cuts`: half-way between two levels above zero; `half`: half the smallest level; `beside`: the
    float32 neighbours of both; `edge`: zeros, levels, beyond the largest level.
    """
    rng = np.random.default_rng(seed)
    size = levels(bits)[1:] * 2.0 ** exp
    cuts, half = size[:-1] * 1.5, size[:1] / 2
    random = np.concatenate([
        rng.normal(size=count // 2) * size[-1] / 2,
        np.exp2(rng.uniform(exp - 4, exp + num_levels(bits) + 2, count - count // 2))
        * rng.choice([-1.0, 1.0], count - count // 2)])
    ties = np.concatenate([cuts, half]).astype(np.float32)
    beside = np.concatenate([np.nextafter(ties, np.float32(0)),
                             np.nextafter(ties, np.float32(np.inf))])
    edge = np.concatenate([[0.0], size, size[-1:] * [1.25, 1.5, 2.0, 1000.0]])
    found = {"random": random}
    for name, values in (("cuts", cuts), ("half", half), ("beside", beside), ("edge", edge)):
        found[name] = np.concatenate([values, -values])
    return {name: values.astype(np.float32) for name, values in found.items()}


def compare(oracle: Oracle, bits: int, count: int = 400_000, seed: int = 0,
            exps: tuple[int, ...] = (-40, -12, -3, 0, 5)) -> dict[str, tuple[int, int]]:
    """{case: (values that agree, values)}; count random values in all, every tie at every exp."""
    score = dict.fromkeys(("random", "cuts", "half", "beside", "edge"), (0, 0))
    for turn, exp in enumerate(exps):
        share = count // len(exps) + (turn < count % len(exps))
        for name, x in cases(bits, exp, share, seed + turn).items():
            same = golden_values(x, bits, exp) == oracle(x, bits, exp)
            score[name] = (score[name][0] + int(same.sum()), score[name][1] + x.size)
    return score


def main(argv: list[str] | None = None) -> int:
    """Print the table, write the JSON; 0 when every rule with half to even agrees everywhere."""
    parser = argparse.ArgumentParser(prog="python -m golden.quantizers.oracle",
                                     description="PoT projection against QONNX and Brevitas")
    parser.add_argument("--count", type=int, default=400_000, help="random values per b")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/results/oracle.json"))
    args = parser.parse_args(argv)
    for package in ("qonnx", "brevitas"):
        _load(package)
    rows, wrong = [], 0
    print(f"{'oracle':28} {'b':>2} " + " ".join(f"{c:>15}" for c in
                                                  ("random", "cuts", "half", "beside", "edge")))
    for name, (package, oracle) in ORACLES.items():
        for bits in (3, 4, 5, 6):
            score = compare(oracle, bits, args.count, args.seed)
            print(f"{name:28} {bits:>2} " + " ".join(f"{a:>7}/{n:<7}" for a, n in score.values()))
            rows.append({"oracle": name, "version": importlib.metadata.version(package),
                         "bits": bits, "seed": args.seed,
                         **{case: {"agree": a, "of": n} for case, (a, n) in score.items()}})
            wrong += "HALF_UP" not in name and any(a != n for a, n in score.values())
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"cases that agree / cases; {args.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(exit_status(main))
