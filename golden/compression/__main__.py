# SPDX-License-Identifier: Apache-2.0
"""`python -m golden.compression`."""

import sys

from golden.compression.command import run

if __name__ == "__main__":
    sys.exit(run())
