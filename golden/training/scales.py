# SPDX-License-Identifier: Apache-2.0
"""golden.scales under its old name, until the old stack goes."""

from __future__ import annotations

from golden.scales import SPAN, Reals, TwoTerm, round_scales

__all__ = ["SPAN", "Reals", "TwoTerm", "round_scales"]
