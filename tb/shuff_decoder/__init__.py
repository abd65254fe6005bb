# SPDX-License-Identifier: Apache-2.0
"""Bench of shuff_decoder."""
