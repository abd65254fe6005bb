# SPDX-License-Identifier: Apache-2.0
"""`python -m golden.fast`: the bench."""

from __future__ import annotations

import argparse
import sys

from golden.exits import exit_status
from golden.fast import bench


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and turn a user's mistake into one line and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m golden.fast", description=bench.__doc__)
    bench.add_arguments(parser)
    args = parser.parse_args(argv)
    return exit_status(lambda: bench.main(args))


if __name__ == "__main__":
    sys.exit(main())
