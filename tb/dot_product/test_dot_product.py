# SPDX-License-Identifier: Apache-2.0
"""dot_product with any kind of lane: the tests of weights that are held, or of P3's tables."""

from tb.common import settings
from tb.dot_product import weights_held, weights_in_ram

_tests = weights_in_ram if settings.load().parameters["LANE"] == "P3" else weights_held
globals().update({name: item for name, item in vars(_tests).items() if not name.startswith("_")})
