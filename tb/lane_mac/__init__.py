# SPDX-License-Identifier: Apache-2.0
"""Bench of lane_mac."""
