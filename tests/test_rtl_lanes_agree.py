# SPDX-License-Identifier: Apache-2.0
"""P1 and S0 are the same function: plut_conv and shift_conv must agree on every byte and cycle.

Runs of the matrix (test_rtl.py, which comes before this file) are used where they are there.
"""

from __future__ import annotations

import pytest

from sim.request import Run, RunResult
from sim.run import run_target
from sim.targets import find
from tests.conftest import Matrix


def result_of(matrix: Matrix, toplevel: str, bits: int) -> RunResult:
    variant = "defaults" if bits == find(toplevel).resolve({})["B"] else f"B{bits}"
    done = matrix.runs.get((toplevel, variant, "verilator"))
    return done or run_target(Run(toplevel, parameters={"B": bits}))


@pytest.mark.rtl
@pytest.mark.parametrize("bits", [3, 4, 5])
def test_p1_and_s0_agree_on_every_vector(bits: int, matrix: Matrix) -> None:
    plut, shift = (result_of(matrix, t, bits) for t in ("plut_conv", "shift_conv"))
    assert plut.passed and shift.passed, [*plut.failures, *shift.failures]
    one, other = ({layer["name"]: layer for layer in r.layers} for r in (plut, shift))
    assert set(one) == set(other), "the two did not run the same layers"
    assert sum(layer["outputs"] for layer in one.values()) > 100_000
    for name, layer in one.items():
        for key in ("outputs", "digest", "cycles", "stalls"):
            assert layer[key] == other[name][key], f"layer {name}: {key} differs"
