# SPDX-License-Identifier: Apache-2.0
"""`python -m golden`: train, quantise, compress, cost, compare. `--help` lists the commands."""

from __future__ import annotations

import sys

from golden.cli.main import main

sys.exit(main(sys.argv[1:]))
