# SPDX-License-Identifier: Apache-2.0
"""Bench of the byte bank: the tests of tb.shuff_decoder on tb/shuff_bank/hdl."""
