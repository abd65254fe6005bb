# SPDX-License-Identifier: Apache-2.0
"""The figures that the stand-in writes into its reports: made up, but consistent in themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Figures:
    """One design. Counts of LUTs are split as a placed report splits them; ns, W, degrees.

    state: "Synthesized", "Optimized", "Fully Placed" or "Routed".
    """

    design: str = "dot_product"
    version: str = "2025.1"
    part: str = "xck26-sfvc784-2LV-c"
    state: str = "Routed"
    lut_o5: int = 3
    lut_o6: int = 150
    lut_o5o6: int = 40
    lutram: int = 0
    srl: int = 0
    ff: int = 120
    carry8: int = 9
    bram36: int = 0
    bram18: int = 0
    uram: int = 0
    dsp: int = 0
    black_boxes: int = 0
    period: float = 3.333
    wns: float | None = 0.42
    whs: float = 0.031
    wpws: float = 1.391
    endpoints: int = 240
    no_clock: int = 0
    unconstrained: int = 0
    clocks_w: float = 0.006
    lut_w: float = 0.011
    register_w: float = 0.002
    signals_w: float = 0.009
    static_w: float = 0.297
    saif: str = "---"
    nets: int = 400
    matched: int | None = None
    confidence: str = "Low"
    route_errors: int = 0
    drc_errors: int = 0

    @property
    def year(self) -> float:
        """The version as a number, 2021.1 < 2021.2."""
        return float(".".join(self.version.split(".")[:2]))

    @property
    def placed(self) -> bool:
        """Whether LUTs have been combined into sites."""
        return self.state not in ("Synthesized", "Optimized")

    @property
    def lut_logic(self) -> int:
        """LUT sites used as logic; before placing every cell counts as one."""
        both = self.lut_o5o6 if self.placed else 2 * self.lut_o5o6
        return self.lut_o5 + self.lut_o6 + both

    @property
    def lut_cells(self) -> int:
        """LUT1..LUT6 cells."""
        return self.lut_o5 + self.lut_o6 + 2 * self.lut_o5o6

    @property
    def dynamic_w(self) -> float:
        """Watts that go with activity."""
        return round(self.clocks_w + self.lut_w + self.register_w + self.signals_w, 3)
