# SPDX-License-Identifier: Apache-2.0
"""Ways to reach an accelerator: the board (pynq) and the simulation."""
