# SPDX-License-Identifier: Apache-2.0
"""First version of the command line: `python -m sim sim TOPLEVEL=x SIM=icarus B=4 TESTCASE=t`."""

from __future__ import annotations

import sys

from golden.errors import PlutarchError
from sim.run import Run, run_target
from sim.targets import find


def main(words: list[str]) -> int:
    given = dict(word.split("=", 1) for word in words[1:])
    target = find(given.pop("TOPLEVEL", ""))
    fixed = {k: given.pop(k) for k in ("SIM", "SEED", "TESTCASE", "WAVES", "DEBUG", "NET") if k in given}
    options = {p: given.pop(p) for p in list(given) if p in target.options}
    run = Run(
        target.name, fixed.get("SIM", "verilator"), given, int(fixed.get("SEED", "20240229")),
        fixed.get("TESTCASE", ""), fixed.get("NET", ""), options,
        fixed.get("WAVES", "0") == "1", fixed.get("DEBUG", "0") == "1",
    )
    result = run_target(run, progress=print)
    for layer in result.layers:
        print(layer)
    for failure in result.failures:
        print("FAIL", failure)
    print("PASS" if result.passed else "FAIL", len(result.outcomes), "tests",
          f"build {result.build_s:.1f} s wall {result.wall_s:.1f} s", *map(str, result.logs))
    return 0 if result.passed else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PlutarchError as err:
        print(f"error: {err}", file=sys.stderr)
        sys.exit(2)
