# SPDX-License-Identifier: Apache-2.0
"""AXI4-Stream protocol of conv_engine with cocotbext-axi: the shared tests of tb/conv_engine."""

from tb.conv_engine import protocol_axi

globals().update(protocol_axi.tests(__name__))
