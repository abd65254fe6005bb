# SPDX-License-Identifier: Apache-2.0
"""Tests on data: real layers, random layers, extremes, sizes, modes."""

from __future__ import annotations

from collections.abc import Iterator

from golden.errors import PlutarchError
from golden.package import load_package
from tb.common import results
from tb.conv_engine import corners
from tb.conv_engine.base import ConvTest
from tb.conv_engine.coverage_model import RANDOM_GROUPS
from tb.conv_engine.job import LayerJob, Stalls
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator
from tb.conv_engine.sequences import network_jobs, random_jobs, several

GOAL_LAYERS = 120  # from so many random layers on, their coverage goal holds


class NetworkLayers(ConvTest):
    """Every PoT layer of a trained network, its own weights, real images, all outputs compared."""

    def jobs(self) -> Iterator[LayerJob]:
        if self.settings.package is None:
            raise PlutarchError(f"{self.settings.toplevel}: no network package was given")
        net = load_package(self.settings.package)
        number = self.settings.integer
        return network_jobs(net, self.hw, number("IMAGES"), number("NETLAYERS"))


class RandomLayers(ConvTest):
    """Random shapes, modes, tensors and stalls; with enough layers the coverage goal is 100 %."""

    def jobs(self) -> Iterator[LayerJob]:
        number = self.settings.integer
        return random_jobs(self.settings.seed, self.hw, number("LAYERS"), number("BUDGET"))

    def check_phase(self) -> None:
        model = self.env.coverage.model
        missing = model.missing(RANDOM_GROUPS)
        bins = sum(len(model[name].counts) for name in RANDOM_GROUPS)
        open_bins = sum(map(len, missing.values()))
        results.add_metric("random coverage", covered=bins - open_bins, bins=bins)
        if self.settings.integer("LAYERS") >= GOAL_LAYERS and missing:
            raise AssertionError(f"{open_bins} of {bins} bins not covered: {missing}")


class ExtremeValues(ConvTest):
    """Largest weights, activations, sums, shifts, biases and residuals; ties; all zero."""

    def jobs(self) -> Iterator[LayerJob]:
        return several(corners.extremes(self.hw, self.settings.seed, self.quick))


class Sizes(ConvTest):
    """1x1 maps, single channels, full lines, full buffers, kernels larger than the map."""

    def jobs(self) -> Iterator[LayerJob]:
        return several(corners.sizes(self.hw, self.settings.seed, self.quick))


class Bands(ConvTest):
    """Layers in bands of rows: padding above and below on its own."""

    def jobs(self) -> Iterator[LayerJob]:
        yield from several(corners.bands(self.hw, self.settings.seed))
        if not self.quick:
            yield from several(corners.uneven(self.hw, self.settings.seed))


class RawAccumulators(ConvTest):
    """The accumulators themselves; scales, bias and ReLU must not touch them."""

    def jobs(self) -> Iterator[LayerJob]:
        for index, shape in enumerate(corners.tile_shapes(self.hw)):
            rng = generator(self.settings.seed, "raw", index)
            mode = Mode(relu=bool(index & 1), res_in=bool(index & 2), emit="raw")
            work = draw_layer(rng, self.hw, f"raw{index}", shape, mode)
            yield LayerJob(f"raw/{index}", work)


class ResidualInOut(ConvTest):
    """Residual added, residual put out, alone and with codes, stalled on both residual streams."""

    def jobs(self) -> Iterator[LayerJob]:
        modes = [Mode(relu, res_in, emit) for relu in (False, True) for res_in in (False, True)
                 for emit in ("res", "code+res", "code") if res_in or emit != "code"]
        shapes = corners.tile_shapes(self.hw)
        for index, mode in enumerate(modes):
            rng = generator(self.settings.seed, "residual", index)
            work = draw_layer(rng, self.hw, f"residual{index}", shapes[index % len(shapes)], mode)
            yield LayerJob(f"residual/{index}", work)
            yield LayerJob(f"residual/{index}/stalled", work,
                           stalls=Stalls(r=160, q=160, seed=index + 1))


class BackToBack(ConvTest):
    """Layers of all kinds without a reset between them, then the next start right after done."""

    def jobs(self) -> Iterator[LayerJob]:
        seed, hw = self.settings.seed, self.hw
        works = []
        for index, shape in enumerate(corners.tile_shapes(hw)):
            rng = generator(seed, "back", index)
            mode = Mode(True, index % 2 == 0, ("code", "res", "code+res", "raw")[index % 4])
            works.append(draw_layer(rng, hw, f"back{index}", shape, mode))
        for step, index in enumerate([*range(len(works)), *reversed(range(len(works)))]):
            yield LayerJob(f"back/{step}", works[index])
        yield LayerJob("back/same channels", works[0], channels=False)
        rng = generator(seed, "chain")
        shape = Shape(4, 5, 4 * hw.pin + 1, hw.pout + 1, 1, 1, 0)
        first = draw_layer(rng, hw, "chain", shape, Mode(False, True, "code+res"))
        yield LayerJob("back/chain", corners.chain(first, rng, 4))
        for level in (0, 100):
            stalls = Stalls(level, level, level, 200, level, seed=7)
            yield LayerJob(f"back/chain stalled {level}", corners.chain(first, rng, 4),
                           stalls=stalls)

