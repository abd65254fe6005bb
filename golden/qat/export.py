# SPDX-License-Identifier: Apache-2.0
"""A frozen IOS-PoT model to a network of integers: nothing is real-valued behind this.

Signs go into weights, scales to shifts, offsets to integer biases (golden.fold). What the hardware
and golden.network do not have is refused, naming the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from golden.codes import Ints
from golden.errors import PlutarchError
from golden.fold import ACCUMULATOR_BITS, INT8_ACCUMULATOR_BITS, fold
from golden.layer import Int8s
from golden.network import FC, INPUT, POOL, FcLayer, MaxPool, Network, Node
from golden.qat.grid import Exponents, exponents
from golden.qat.layers import ConvLayer, LinearLayer
from golden.qat.model import QuantModel
from golden.qat.plan import AVGPOOL, CONV, DROPOUT, FLATTEN, LINEAR, MAXPOOL, OPTION_A, RELU, Step


def export(model: QuantModel, name: str, images: Int8s, labels: Ints,
           about: Mapping[str, Any]) -> Network:
    """The integer network of a frozen model; images (N, C, H, W) and labels (N,) become its
    samples.

    Its logits are the frozen model's in units of logit_unit(): on every sample if the model runs
    in float64 (docs/qat.md). Raises PlutarchError naming the first layer that cannot be exported.
    """
    _check_model(model, images)
    return _Exporter(model).export(name, images, labels, about)


def logit_unit(model: QuantModel) -> float:
    """Real value of one unit of the integer network's logits; for a model that can be exported."""
    last = model.step_module(model.plan.output)
    if not isinstance(last, LinearLayer) or last.grid is None:
        raise PlutarchError("logits: not a frozen model of integers that ends in a linear layer")
    return 2.0 ** last.grid / last.grid_factor


def network_name(name: str) -> str:
    """The name of a layer or max pool in the integer network, which keeps three for itself."""
    return name + "_" if name in (INPUT, POOL, FC) else name


def _check_model(model: QuantModel, images: Int8s) -> None:
    """Raise PlutarchError for a model that has no integers, whatever its layers are."""
    spec = model.spec
    if model.mode != "frozen":
        raise PlutarchError(f"export: the model is in mode {model.mode!r}; freeze() it first")
    if spec.method != "iospot":
        raise PlutarchError(f"export: method {spec.method!r}; packages are for iospot, whose codes "
                            "the hardware has")
    bits = spec.weight_bits
    widths = {width for name, _ in model.layers() if model.role(name) == "inner"
              for width in spec.layer_bits(name)}
    if widths - {bits}:
        raise PlutarchError(f"export: layers of {', '.join(map(str, sorted(widths)))} bits; a "
                            "package has one width")
    if bits not in ACCUMULATOR_BITS:
        raise PlutarchError(f"export: {bits} bits; the hardware takes 3, 4 or 5")
    if spec.float_ends:
        raise PlutarchError("export: first_last = 'float'; the hardware wants 'int8'")
    if spec.residual_bits != 8:
        raise PlutarchError(f"export: residual_bits = {spec.residual_bits}; the hardware has 8")
    if images.dtype != np.int8 or tuple(images.shape[1:]) != model.plan.image:
        raise PlutarchError(f"export: images are {images.dtype} {images.shape}; int8 (N, "
                            f"{', '.join(map(str, model.plan.image))}) are due")


@dataclass(frozen=True)
class _Place:
    """Where a value is found in the integer network."""

    name: str  # layer or max pool
    shortcut: bool = False  # read through option A: as a residual only
    summed: bool = False  # its sum over all pixels


class _Exporter:
    """Goes through the plan once, step by step."""

    def __init__(self, model: QuantModel) -> None:
        self.model, self.plan, self.bits = model, model.plan, model.spec.weight_bits
        self.found: dict[str, Exponents] = exponents(model)
        self.places: dict[str, _Place] = {INPUT: _Place(INPUT)}
        self.nodes: list[Node] = []
        self.pools: list[MaxPool] = []
        self.fc: tuple[FcLayer, str] | None = None

    def export(self, name: str, images: Int8s, labels: Ints, about: Mapping[str, Any]) -> Network:
        last = self.plan.named(self.plan.output)
        if last.op != LINEAR:
            raise self._bad(last, "a package ends in a linear layer behind an average over the "
                                  "whole map")
        for step in self.plan.steps:
            self._step(step)
        assert self.fc is not None  # set by the last step
        fc, source = self.fc
        return Network(name, self.bits, tuple(self.nodes), source, fc, self.model.input_exp, images,
                       labels, dict(about), tuple(self.pools))

    @staticmethod
    def _bad(step: Step, what: str) -> PlutarchError:
        return PlutarchError(f"export: {step.name} ({step.op}): {what}")

    def _step(self, step: Step) -> None:
        if self.fc is not None:
            raise self._bad(step, "stands behind the linear layer; a package ends there")
        if step.op == CONV:
            self._conv(step)
        elif step.op == LINEAR:
            self._linear(step)
        elif step.op == MAXPOOL:
            place = self._plain(step, 0)
            self.places[step.name] = self._pool(step, step.name, step.settings, place.name)
        elif step.op == AVGPOOL:
            if self.found[step.name].word is None or self.plan.forms()[step.name] != {"word"}:
                raise self._bad(step, "only an average over the whole map before the last linear "
                                      "layer can be exported")
            self.places[step.name] = _Place(self._plain(step, 0).name, summed=True)
        elif step.op == FLATTEN and not self.places[step.inputs[0]].summed and np.prod(
                self.plan.shape_of(step.inputs[0])[1:]) != 1:
            raise self._bad(step, "a package has one linear layer, the last, behind an average "
                                  "over the whole map")
        elif step.op in (DROPOUT, FLATTEN) or (
                step.op == RELU and not self.plan.may_be_negative()[step.inputs[0]]):
            self.places[step.name] = self.places[step.inputs[0]]
        elif step.op == OPTION_A:
            self._shortcut(step)
        else:
            raise self._bad(step, "the integer network has no such step")

    def _plain(self, step: Step, which: int) -> _Place:
        """Where an input stands; PlutarchError if it is no layer's or pool's own output."""
        place = self.places[step.inputs[which]]
        if place.shortcut or place.summed:
            raise self._bad(step, f"reads {step.inputs[which]}, which the integer network has only "
                                  "as a " + ("shortcut" if place.shortcut else "sum of pixels"))
        return place

    def _shortcut(self, step: Step) -> None:
        place, s = self._plain(step, 0), step.settings
        extra, before = s["before"] + s["after"], s["before"]
        given = self.plan.shape_of(step.inputs[0])
        step_now = max(1, -(-given[1] // step.shape[1]))  # what golden.nodes.shortcut takes
        if before != extra // 2 or s["step"] != step_now or place.name == INPUT:
            raise self._bad(step, f"step {s['step']}, {before} + {s['after']} channels: the "
                                  "integer network halves the new channels and takes step "
                                  f"{step_now} here")
        self.places[step.name] = _Place(place.name, shortcut=True)

    def _pool(self, step: Step, name: str, s: Mapping[str, Any], source: str) -> _Place:
        for key in ("kernel", "stride", "pad"):
            if s[key][0] != s[key][1]:
                raise self._bad(step, f"max pool with {key} {s[key]}; squares can be exported")
        if s["dilation"] != [1, 1] or s["ceil"] or source == INPUT:
            raise self._bad(step, "max pool of the image, with dilation or rounding up: the "
                                  "integer network has none")
        name = network_name(name)
        self.pools.append(MaxPool(name, source, s["kernel"][0], s["stride"][0], s["pad"][0]))
        return _Place(name)

    def _conv(self, step: Step) -> None:
        s, layer = step.settings, self.model.step_module(step.name)
        assert isinstance(layer, ConvLayer)
        kernel, stride = s["kernel"][0], s["stride"][0]
        for wrong, what in (
                (self.model.role(step.name) == "last", "the last layer is a convolution"),
                (s["groups"] != 1, f"{s['groups']} groups"),
                (s["kernel"] != [kernel] * 2 or s["stride"] != [stride] * 2, "not square"),
                (s["dilation"] != [1, 1], f"dilation {s['dilation']}"),
                (s["pad"] != [kernel // 2] * 2, f"padding {s['pad']} at kernel {kernel}")):
            if wrong:
                raise self._bad(step, f"{what}: the integer network has no such convolution")
        first = self.model.role(step.name) == "first"
        source, own = self._plain(step, 0), self.found[step.name]
        exp_a = self.model.input_exp if first else self.found[step.inputs[0]].code
        exp_out = own.word if own.code is None else own.code
        exp_res = own.code if own.word is None else own.word
        residual = None
        if len(step.inputs) > 1:
            exp_added = self.found[step.inputs[1]].word
            place = self.places[step.inputs[1]]
            if exp_added is None or place.summed or place.name == INPUT:
                raise self._bad(step, f"adds {step.inputs[1]}, which is no layer's words")
            residual = place.name, exp_added
        if exp_a is None or exp_out is None or exp_res is None or layer.grid is None:
            raise self._bad(step, "reads or gives values that have no single exponent")
        assert layer.weight_quantizer is not None  # float_ends was refused
        name = network_name(step.name)
        node = fold(name, self.bits, layer.integer_weights(), layer.two_term(),
                    np.ldexp(layer.integer_offset().cpu().numpy(), layer.grid), stride=stride,
                    exp_w=layer.weight_quantizer.exponent, exp_a=exp_a, exp_out=exp_out,
                    exp_res=exp_res, source=source.name, residual=residual, relu=layer.relu,
                    emit_code=own.code is not None, emit_res=own.word is not None,
                    kind="int8" if first else "pot")
        if node.exp_t != layer.grid:  # golden.qat.grid and golden.fold have drifted apart
            raise self._bad(step, f"adds up on 2^{node.exp_t}, the frozen model on 2^{layer.grid}")
        node.layer.check_fits(INT8_ACCUMULATOR_BITS if first else ACCUMULATOR_BITS[self.bits])
        self.nodes.append(node)
        self.places[step.name] = _Place(name) if not layer.pool else self._pool(
            step, layer.pool["name"], layer.pool, name)

    def _linear(self, step: Step) -> None:
        layer, given = self.model.step_module(step.name), self.found[step.inputs[0]]
        assert isinstance(layer, LinearLayer)
        place = self.places[step.inputs[0]]  # a sum, or a map of one pixel
        if (self.model.role(step.name) != "last" or layer.relu or place.name == INPUT
                or place.shortcut):
            raise self._bad(step, "a package has one linear layer, the last, behind an average "
                                  "over the whole map")
        if layer.grid is None or given.word is None or layer.weight_quantizer is None:
            raise self._bad(step, "reads values that have no single exponent")
        self.fc = FcLayer(layer.integer_weights().astype(np.int8),
                          layer.integer_offset().cpu().numpy().astype(np.int64),
                          layer.weight_quantizer.exponent), place.name
