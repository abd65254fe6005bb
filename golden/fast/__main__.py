# SPDX-License-Identifier: Apache-2.0
"""`python -m golden.fast`: the bench."""

from __future__ import annotations

import argparse
import sys

from golden.errors import PlutarchError
from golden.fast import bench


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and turn a user's mistake into one line and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m golden.fast", description=bench.__doc__)
    bench.add_arguments(parser)
    try:
        return bench.main(parser.parse_args(argv))
    except PlutarchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
