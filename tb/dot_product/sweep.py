# SPDX-License-Identifier: Apache-2.0
"""The full run of all lanes: `python -m tb.dot_product.sweep --help`.

Every lane at 3, 4 and 5 bits, adders of two, and of three in both mappings, on both simulators,
each at seven sizes with VECTORS random vectors a size and all pairs of codes at N = 1. Hours on
two cores: `make test` takes small parts of it; --lane, --bits, --sim and --build pick out others.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

from sim.request import Run
from sim.run import run_target
from sim.targets import Value, find

BUILDS: dict[str, dict[str, Value]] = {
    "two": {"TREE": 2, "MAP": "none"},
    "three": {"TREE": 3, "MAP": "none"},
    "three-xcup": {"TREE": 3, "MAP": "xcup"},
}


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    lanes = [str(lane) for lane in find("dot_product").parameters["LANE"].choices]
    parser = argparse.ArgumentParser(prog="python -m tb.dot_product.sweep", description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000, help="random vectors a size")
    parser.add_argument("--lane", nargs="+", choices=lanes, default=lanes)
    parser.add_argument("--bits", nargs="+", type=int, choices=(2, 3, 4, 5), default=(3, 4, 5))
    parser.add_argument("--sim", nargs="+", choices=("verilator", "icarus"),
                        default=("verilator", "icarus"))  # fmt: skip
    parser.add_argument("--build", nargs="+", choices=list(BUILDS), default=list(BUILDS))
    return parser.parse_args(words)


def runs(wanted: argparse.Namespace) -> Iterator[tuple[str, Run]]:
    """Every run of the sweep with its name; a lane whose width is in its name is run once."""
    for sim in wanted.sim:
        for lane in wanted.lane:
            for bits in wanted.bits if lane[0] not in "MD" else (4,):
                for build in wanted.build:
                    given: dict[str, Value] = {"LANE": lane, "B": bits, **BUILDS[build]}
                    options: dict[str, Value] = {"VECTORS": wanted.vectors, "FULL": 1}
                    name = f"{sim:9} {lane} b={bits} {build:10}"
                    yield name, Run("dot_product", sim, parameters=given, options=options)


def main(words: Sequence[str] | None = None) -> int:
    """Run all, a line each; return 1 if one failed."""
    failed = done = 0
    for name, run in runs(arguments(words)):
        start = time.monotonic()
        result = run_target(run)
        sums = result.outputs_compared
        vectors = sum(int(metric.get("vectors", 0)) for metric in result.metrics)
        verdict = "ok" if not result.failures and sums else "FAIL"
        failed += verdict != "ok"
        done += 1
        print(f"{verdict:4} {name} {vectors} vectors, {sums} sums, "
              f"{time.monotonic() - start:.0f} s", *result.failures[:1], flush=True)  # fmt: skip
    print(f"{'FAIL' if failed else 'PASS'}: {done} runs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
