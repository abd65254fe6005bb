# SPDX-License-Identifier: Apache-2.0
"""Statistics of few seeds, sizes of any method's weights, and the plots' data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")

from golden.errors import PlutarchError  # noqa: E402
from golden.models import build  # noqa: E402
from golden.qat import QuantModel, QuantSpec, quantise  # noqa: E402
from golden.training.experiments.ablation import measure  # noqa: E402
from golden.training.experiments.sizes import _packed, weight_sizes  # noqa: E402
from golden.training.experiments.statistics import paired, spread  # noqa: E402
from golden.training.histograms import layer_weights  # noqa: E402
from golden.training.logs import Row  # noqa: E402
from golden.training.plots import convergence, weight_histograms  # noqa: E402


def test_spread_and_difference() -> None:
    found = spread([3.0, 1.0, 2.0])
    assert (found.mean, found.low, found.high, found.deviation, found.count) == (2, 1, 3, 1, 3)
    assert found.text() == "2.00 (1.00 .. 3.00)" and spread([2.0]).text(1) == "2.0"
    gap = paired([2.0, 3.0, 4.5], [1.0, 1.0, 1.5])  # 1, 2, 3
    assert gap.mean == 2.0 and gap.half == pytest.approx(4.303 / math.sqrt(3)) and not gap.shows
    assert "a difference does not show" in gap.sentence("a", "b", "points")
    sure = paired([2.0, 3.1, 4.0], [1.0, 2.0, 3.0])
    assert sure.shows and "a - b: +1.03 points" in sure.sentence("a", "b", "points")
    assert "nothing can be said" in paired([1.0], [0.0]).sentence("a", "b", "points")
    with pytest.raises(PlutarchError, match="cannot pair 1 values with 2"):
        paired([1.0], [1.0, 2.0])
    with pytest.raises(PlutarchError, match="no values"):
        spread([])


def _row(epoch: int, stage: str, accuracy: float | None, **more: float) -> Row:
    return Row(epoch, stage, 4, 0.1, 1.0, 1.0, more.get("distance", 0.2),
               more.get("coefficient", 0.0), 0.9, accuracy, 1.0)


def test_what_is_measured_of_a_run() -> None:
    class Fake:
        folder = "x"

        class final:  # noqa: N801
            accuracy = 0.97

        class integers:  # noqa: N801
            package, accuracy = "p", 0.96
        scores = {"quant": final}  # noqa: RUF012

    accuracies = [0.90, 0.97, 0.93, 0.956, 0.96, 0.957]
    log = [_row(1, "float", 0.99), *(_row(2 + i, "quant", a) for i, a in enumerate(accuracies)),
           _row(8, "frozen", 0.5, distance=0.1)]
    found = measure(3, Fake(), log)  # type: ignore[arg-type]
    assert found.settled == 4  # from the fourth epoch behind the quantisers on
    steps = [7, 4, 2.6, 0.4, 0.3]
    assert found.wobble == pytest.approx(sum(steps) / 5)
    assert (found.seed, found.accuracy, found.distance) == (3, 97.0, 0.2)
    assert found.integer_accuracy == 96.0
    with pytest.raises(PlutarchError, match="no epoch of the quant stage was evaluated"):
        measure(0, Fake(), log[:1])  # type: ignore[arg-type]


def _model(method: str, ends: str = "int8") -> QuantModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = build("digits")
        x = torch.randint(0, 17, (16, 1, 8, 8)) / 16
    model = quantise(net, x, QuantSpec(method, 3, 3, ends), -4)  # type: ignore[arg-type]
    model.calibrate(x)
    return model


@pytest.mark.parametrize("method", ["iospot", "uniform", "deepshift", "pact", "lsq", "lqnets"])
def test_sizes_of_every_method(method: str) -> None:
    model = _model(method)
    sizes = weight_sizes(model)
    inner = 74512 - 144 - 640  # without the first and the last layer, which have 8 bits
    assert sizes.weights == 74512 and sizes.raw == 3 * inner + 8 * (144 + 640)
    assert sizes.float_bits == 32 * 74512 and sizes.lzma > 0
    assert (sizes.shuff is None) == (method in ("deepshift", "pact", "lqnets", "lsq"))
    if sizes.shuff is None:
        assert sizes.lzma < 1.1 * sizes.raw
    else:
        assert sizes.shuff < sizes.raw
    for name, layer in model.layers():
        if model.role(name) != "inner":
            continue
        quantizer = layer.weight_quantizer
        assert quantizer is not None
        with torch.no_grad():
            values = layer.used_weight().double().numpy()
        bits = np.unpackbits(np.frombuffer(_packed(values, quantizer), np.uint8))[:3 * values.size]
        index = bits.reshape(-1, 3) @ [4, 2, 1]
        assert np.allclose(quantizer.levels().numpy()[index], values.reshape(-1), rtol=1e-6)


def test_float_ends_count_as_floats() -> None:
    sizes = weight_sizes(_model("iospot", "float"))
    inner = 74512 - 144 - 640
    assert sizes.raw == 3 * inner + 32 * (144 + 640)


def test_histograms_show_what_the_quantiser_does(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    model = _model("iospot")
    layers = layer_weights(model)
    assert [len(layer.before) for layer in layers] == [2304, 9216, 36864]
    for layer in layers:
        assert set(layer.after) <= set(layer.levels) and len(layer.levels) == 7
        nearest = np.abs(layer.before[:, None] - layer.levels).min(axis=1)
        assert np.allclose(np.abs(layer.before - layer.after), nearest)
        assert abs(layer.before.mean()) < 1e-6  # normalised
    file = weight_histograms(layers, tmp_path / "w.png")
    assert file.read_bytes().startswith(b"\x89PNG") and list(tmp_path.iterdir()) == [file]
    with pytest.raises(PlutarchError, match="no quantised layers"):
        weight_histograms([], file)


def test_convergence_draws_each_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    import golden.training.plots as plots

    kept: list[Any] = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, file: kept.append(figure) or file)
    runs = [[_row(1, "float", 0.5), _row(2, "quant", low, coefficient=1.0),
             _row(3, "frozen", 0.9)] for low in (0.6, 0.8)]
    convergence({"learnable": runs, "none": [runs[0][:2]]}, tmp_path / "c.png")
    accuracy = kept[0].axes[1].get_lines()[0]
    assert accuracy.get_xdata().tolist() == [2, 3]
    assert accuracy.get_ydata() == pytest.approx([70.0, 90.0])  # the mean of the seeds
    assert accuracy.get_label() == "learnable (2 seeds)"
    with pytest.raises(PlutarchError, match="no epochs to draw"):
        convergence({"x": [[]]}, tmp_path / "c.png")
