# SPDX-License-Identifier: Apache-2.0
"""Errors of the synthesis flows: one line that names the file, the field or the position."""

from __future__ import annotations

from golden.errors import PlutarchError


class SynthError(PlutarchError):
    """A missing tool, a refused input, an unreadable report or a check that failed."""


class RecordError(SynthError):
    """A record that breaks the schema; the message names the file, the record and the field."""
