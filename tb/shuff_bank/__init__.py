# SPDX-License-Identifier: Apache-2.0
"""Bench of the decoder bank (docs/shuff_bank.md)."""
