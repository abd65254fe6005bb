# SPDX-License-Identifier: Apache-2.0
"""A mapped netlist in the place of an accelerator's RTL, in the benches that the RTL passes."""
