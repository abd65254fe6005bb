# SPDX-License-Identifier: Apache-2.0
"""`python -m golden.cost`."""

import sys

from golden.cost.command import run

if __name__ == "__main__":
    sys.exit(run())
