# SPDX-License-Identifier: Apache-2.0
"""The old name of golden.models.weights."""

from golden.models.weights import UNSOUND, read_arrays, read_state, refusal

__all__ = ["UNSOUND", "read_arrays", "read_state", "refusal"]
