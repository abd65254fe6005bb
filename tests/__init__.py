# SPDX-License-Identifier: Apache-2.0
"""Tests of golden, of the harness and of the RTL."""
