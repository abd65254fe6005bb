# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Vivado that checks Tcl and writes reports; it synthesises nothing.

Its reports name the host HOST, and nothing made of them passes for a measurement.
"""

from __future__ import annotations

from typing import Final

HOST: Final = "plutarch-test-double"
"""Stands in the header of every report of the stand-in; real reports cannot have it."""
