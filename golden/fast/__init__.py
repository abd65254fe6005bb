# SPDX-License-Identifier: Apache-2.0
"""Exact integer inference at the speed of floating-point convolutions (docs/fast.md).

`FastNetwork` gives what `golden.network.Network` gives, to the bit. It needs torch; the integer
core of `golden` does not, and never imports this.
"""

from golden.fast.network import FastNetwork
from golden.fast.plan import LayerPlan, plan_layer

__all__ = ["FastNetwork", "LayerPlan", "plan_layer"]
