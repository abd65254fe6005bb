# SPDX-License-Identifier: Apache-2.0
"""P1 and S0 are the same function: plut_conv and shift_conv must agree on every byte and cycle.

Runs of the matrix (test_rtl.py, which comes before this file) are used where they are there.
"""

from __future__ import annotations

import pytest

from sim.request import Run, RunResult
from sim.run import run_target
from tests.conftest import AGREE, Matrix


def result_of(matrix: Matrix, toplevel: str, name: str) -> RunResult:
    done = matrix.runs.get((toplevel, name, "verilator"))
    return done or run_target(Run(toplevel, parameters=AGREE[name]))


@pytest.mark.rtl
@pytest.mark.parametrize("name", AGREE)
def test_p1_and_s0_agree_on_every_vector(name: str, matrix: Matrix) -> None:
    plut, shift = (result_of(matrix, t, name) for t in ("plut_conv", "shift_conv"))
    assert plut.passed and shift.passed, [*plut.failures, *shift.failures]
    one, other = ({layer["name"]: layer for layer in r.layers} for r in (plut, shift))
    assert set(one) == set(other), "the two did not run the same layers"
    assert sum(layer["outputs"] for layer in one.values()) > 100_000
    for job, layer in one.items():
        for key in ("outputs", "digest", "cycles", "stalls"):
            assert layer[key] == other[job][key], f"layer {job}: {key} differs"
