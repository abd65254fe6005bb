# SPDX-License-Identifier: Apache-2.0
#
# Constraints of a block on its own (out of context). @PERIOD@ and @CLOCK@ are filled in by ooc.tcl.
# The uncertainty stands for the jitter of the PS clock; without HD.CLK_SRC the clock arrives ideal,
# which flatters the slack by about 0.1 ns (docs/vivado.md, "What the figures are not").
create_clock -period @PERIOD@ -name clk [get_ports @CLOCK@]
set_clock_uncertainty 0.125 [get_clocks clk]
set_system_jitter 0.0
