# SPDX-License-Identifier: Apache-2.0
"""Bench of post_process: what becomes of a sum, in all its modes."""
