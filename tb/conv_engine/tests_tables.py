# SPDX-License-Identifier: Apache-2.0
"""Lane P3: how long a pass waits for its tables, to the cycle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tb.common import results
from tb.conv_engine.base import ConvTest
from tb.conv_engine.cycle_model import weight_waits
from tb.conv_engine.job import LayerJob
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator

OUT_TILES = (1, 2, 5)


class TableLoads(ConvTest):
    """The same weights for more and more output tiles: each pass more waits what the model says.

    Jobs of one code table differ in nothing before the first pass, so that what only bounds are
    known of, the stream's header, falls out of the difference.
    """

    async def body(self) -> None:
        hw = self.hw
        compared = 0
        for kernel, channels in ((3, hw.pin), (1, 4 * hw.pin), (1, 2 * hw.pin + 1)):
            waits = []
            for tiles in OUT_TILES:
                rng = generator(self.settings.seed, "tables", kernel, channels)
                shape = Shape(3, 3, channels, hw.pout, kernel, 1, kernel // 2)
                work = draw_layer(rng, hw, f"tables{tiles}", shape, Mode(emit="raw"))
                layer = replace(work.layer, weights=np.tile(work.layer.weights, (tiles, 1, 1, 1)),
                                **{name: np.tile(getattr(work.layer, name), tiles)
                                   for name in ("shift1", "shift2", "term2", "bias")})
                work = replace(work, layer=layer, known=None)
                await self.play([LayerJob(f"tables/{kernel} {channels} {tiles}", work)])
                waits.append((self.last.counters["stall_w"], weight_waits(work)[0]))
            seen, model = (np.diff(column) for column in np.array(waits).T)
            # With a step a cycle or nearly so the decoder has a say too.
            slack = 0 if (1 << hw.bits) >= 2 * hw.buses else max(2, int(0.1 * model.max()))
            assert model.min() > 0, f"no pass waits: {model}"
            assert ((seen >= model) & (seen <= model + slack)).all(), (
                f"kernel {kernel}, {channels} channels: passes beyond the first wait {seen} cycles,"
                f" the model says {model}")  # fmt: skip
            compared += len(seen)
        results.add_metric("table loads", differences=compared)
