# SPDX-License-Identifier: Apache-2.0
"""Bench of axil_regs and register_map, and of the AXI4-Lite player."""
