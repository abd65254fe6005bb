# SPDX-License-Identifier: Apache-2.0
"""Print level sets: `python -m golden.quantizers --bits 3 4`."""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction

from golden.exits import exit_status
from golden.quantizers import METHODS, Quantizer, find_method


def row(quantizer: Quantizer) -> str:
    """The level set over its largest level, short fractions as such, and how many there are."""
    levels = quantizer.levels()
    if not len(levels):
        return "every float"
    unit = (levels / levels.abs().max()).tolist()
    signed = [v for v in unit if v >= 0]
    both = len(signed) < len(unit)
    symmetric = both and unit == [-v for v in reversed(unit)]
    shown = [_short(v) for v in (signed if symmetric else unit)]
    if len(shown) > 16:
        shown = [*shown[:6], "...", *shown[-6:]]
    return f"{len(unit):>3}  {'+-' if symmetric else '  '}{{{', '.join(shown)}}}"


def _short(value: float) -> str:
    """A level as a fraction if it is one with a denominator up to 128, else its decimals."""
    ratio = Fraction(value).limit_denominator(128)
    return str(ratio) if abs(float(ratio) - value) < 1e-12 else f"{value:.4g}"


def main(argv: list[str] | None = None) -> int:
    """Print a table for the chosen methods and widths; return 0."""
    parser = argparse.ArgumentParser(prog="python -m golden.quantizers",
                                     description="level sets, with the largest level as 1")
    parser.add_argument("--method", nargs="*", default=list(METHODS))
    parser.add_argument("--bits", nargs="*", type=int, default=[3, 4])
    args = parser.parse_args(argv)
    for method in map(find_method, args.method):
        print(f"{method.name}: {method.source}")
        for bits in args.bits:
            for kind, make in (("weights", method.weight), ("acts", method.act)):
                print(f"  b={bits} {kind:8} {row(make(bits))}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_status(main))
