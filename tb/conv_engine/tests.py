# SPDX-License-Identifier: Apache-2.0
"""All tests of the convolution bench, in the order in which they run."""

from __future__ import annotations

from tb.common import settings
from tb.conv_engine.base import ConvTest
from tb.conv_engine.tests_data import (
    BackToBack,
    Bands,
    ExtremeValues,
    NetworkLayers,
    RandomLayers,
    RawAccumulators,
    ResidualInOut,
    Sizes,
)
from tb.conv_engine.tests_hard import (
    BadConfig,
    BadStreams,
    ResetMidflight,
    Stalls,
    WrongPrediction,
)
from tb.conv_engine.tests_tables import TableLoads

ALL: tuple[type[ConvTest], ...] = (
    NetworkLayers, RandomLayers, ExtremeValues, Sizes, Bands, RawAccumulators, ResidualInOut,
    Stalls, BackToBack, ResetMidflight, BadConfig, BadStreams, WrongPrediction,
)


def wanted() -> tuple[type[ConvTest], ...]:
    """The tests of this run: IMAGES=0 leaves the network out, for devices too small for it.

    TableLoads is P3's.
    """
    images = settings.load().integer("IMAGES")
    tables = (TableLoads,) if settings.load().parameters.get("LANE") == "P3" else ()
    return tuple(test for test in (*ALL, *tables) if images or test is not NetworkLayers)
