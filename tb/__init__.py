# SPDX-License-Identifier: Apache-2.0
"""cocotb testbenches, one folder per TOPLEVEL."""
