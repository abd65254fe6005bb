# SPDX-License-Identifier: Apache-2.0
"""FIXOPS, compression rates, traffic and P-LUT memory; docs/cost.md has the tables.

Everything here is plain numbers. golden.cost.trace, which finds the layers of a torch model, is the
one part that needs torch. `python -m golden.cost --help` is the command.
"""

from golden.cost.command import add_arguments, main
from golden.cost.plan import parse_overrides, with_bits
from golden.cost.plut_memory import PlutMemory, plut_memory
from golden.cost.records import LayerCost, NetCost, PathCost, fixops, ratio

__all__ = ["LayerCost", "NetCost", "PathCost", "PlutMemory", "add_arguments", "fixops", "main",
           "parse_overrides", "plut_memory", "ratio", "with_bits"]
