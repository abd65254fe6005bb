# SPDX-License-Identifier: Apache-2.0
"""Errors that a user can cause. The command line prints them as one line and exits with 2."""

from __future__ import annotations


class PlutarchError(Exception):
    """A user's mistake or bad input; the message names the file, field or position."""
