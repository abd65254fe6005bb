# SPDX-License-Identifier: Apache-2.0
"""Which tests a simulation must run, found without a simulator: `python -m sim.discover MODULE...`.

The harness compares this list with what the simulation reports, so a test that silently did not
run is seen. Runs in a process of its own with the settings of the run, as modules may read them.
"""

from __future__ import annotations

import importlib
import json
import sys


def tests_of(*modules: str) -> list[tuple[str, bool]]:
    """Return (full name, skipped) of each test, as cocotb's own discovery does."""
    from cocotb.regression import Test, TestGenerator

    found: list[tuple[str, bool]] = []
    for name in modules:
        for item in vars(importlib.import_module(name)).values():
            if isinstance(item, Test):
                found.append((item.fullname, bool(item.skip)))
            elif isinstance(item, TestGenerator):
                found += [(test.fullname, bool(test.skip)) for test in item.generate_tests()]
    return found


if __name__ == "__main__":
    print("\n" + json.dumps(tests_of(*sys.argv[1:])))
