# SPDX-License-Identifier: Apache-2.0
"""Whole networks: the host program in a thread, two accelerators in the simulator."""
