# SPDX-License-Identifier: Apache-2.0
"""`python -m golden.cost`: a user's mistake is one line and exit code 2."""

from __future__ import annotations

import argparse
import sys

from golden.cost import add_arguments, main
from golden.errors import PlutarchError

if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m golden.cost", description=(
        "FIXOPS, weight size, compression rates and traffic of a network."))
    add_arguments(parser)
    try:
        sys.exit(main(parser.parse_args()))
    except PlutarchError as error:
        print(f"cost: {error}", file=sys.stderr)
        sys.exit(2)
