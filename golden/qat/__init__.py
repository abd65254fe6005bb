# SPDX-License-Identifier: Apache-2.0
"""Any torch model to a quantised model, to a frozen one, to integers (docs/qat.md)."""

from __future__ import annotations

from golden.qat.convert import quantise
from golden.qat.exact import Agreement, Bound, bounds, compare
from golden.qat.export import export, logit_unit
from golden.qat.files import load, save
from golden.qat.model import QuantModel
from golden.qat.spec import QuantSpec

__all__ = ["Agreement", "Bound", "QuantModel", "QuantSpec", "bounds", "compare", "export", "load",
           "logit_unit", "quantise", "save"]
