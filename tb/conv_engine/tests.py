# SPDX-License-Identifier: Apache-2.0
"""All tests of the convolution bench, in the order in which they run."""

from __future__ import annotations

from tb.conv_engine.base import ConvTest
from tb.conv_engine.tests_data import (
    BackToBack,
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

TESTS: tuple[type[ConvTest], ...] = (
    NetworkLayers, RandomLayers, ExtremeValues, Sizes, RawAccumulators, ResidualInOut, Stalls,
    BackToBack, ResetMidflight, BadConfig, BadStreams, WrongPrediction,
)
