# SPDX-License-Identifier: Apache-2.0
"""The last line of `make sim` counts what was compared, in layers and in sums."""

from __future__ import annotations

from sim import report
from sim.guards import Outcome
from sim.request import Run, RunResult


def test_outputs_of_layers_and_sums_are_counted_together() -> None:
    layer = {"outputs": 7, "mismatches": 2}
    result = RunResult(Run("dot_product"), "Icarus 11.0", {}, {}, None, layers=[layer],
                       metrics=[{"name": "a", "sums": 4424}, {"name": "b", "vectors": 9}],
                       outcomes=[Outcome("m.t", "t", "passed", 0.0)])  # fmt: skip
    assert result.outputs_compared == 4431
    assert "4,431 outputs compared, 2 mismatches" in report.verdict(result)
