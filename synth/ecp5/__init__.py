# SPDX-License-Identifier: Apache-2.0
"""A real place and route with open tools, on another fabric: Lattice ECP5, Yosys and nextpnr."""
