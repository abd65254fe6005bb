# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of mac_conv: the shared ones of tb/conv_engine."""

from tb.conv_engine.base import as_cocotb
from tb.conv_engine.tests import wanted

globals().update(as_cocotb(wanted(), __name__))
