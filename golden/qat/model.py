# SPDX-License-Identifier: Apache-2.0
"""The quantised model: a plan that runs, its modes, calibration, statistics and widths."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.qat.grid import set_grids
from golden.qat.layers import ConvLayer, Emit, Layer, LinearLayer, Mode, Value, quantizers_of
from golden.qat.moves import AverageStep, NormStep, SumStep, move
from golden.qat.plan import ADD, EMITTERS, INPUT, LINEAR, NORM, Form, Plan, Role, Step
from golden.qat.spec import END_BITS, QuantSpec, normalises
from golden.quantizers import Fixed, Quantizer


class QuantModel(nn.Module):
    """A converted model. Modes: "float" (as the model was), "quant" (quantisers and batch norm),
    "frozen" (statistics, scales and exponents fixed; weights and offsets still train).

    plan, spec: what it does and how it is quantised. input_exp: the images are integers times
    2^input_exp, -128 to 127. Its parameters are zero until quantise() or load() fills them.
    """

    def __init__(self, plan: Plan, spec: QuantSpec, input_exp: int) -> None:
        super().__init__()
        spec.check(plan)
        self.plan, self.spec, self.input_exp = plan, spec, input_exp
        self.calibrated = False
        self.about: dict[str, Any] = {}  # what load() found beside the model
        self._mode: Mode = "float"
        self._roles = plan.roles()
        self._emits = plan.forms(spec.float_ends)
        self.net = nn.Module()  # the steps under the names they had in the model
        self._steps: dict[str, nn.Module] = {}
        code_bits, negative = spec.code_bits(plan), plan.may_be_negative()
        for step in plan.steps:
            if step.op in EMITTERS:
                emit = self._emit(step, code_bits.get(step.name), negative[step.name])
                self._steps[step.name] = self._make(step, emit)
                _attach(self.net, step.name, self._steps[step.name])
        self._last_use = _last_uses(plan)

    def _emit(self, step: Step, bits: int | None, negative: bool) -> Emit:
        """The quantisers of a step's output: only those that somebody reads."""
        forms, code, word = self._emits[step.name], None, None
        if "code" in forms:
            assert bits is not None  # code_bits() has found the reader
            method = self.spec.quantizers
            code = (method.act_signed if negative else method.act)(bits)
        if "word" in forms and step.op != "avgpool":
            word = Fixed(self.spec.residual_bits)
        return Emit(forms, code, word)

    def _make(self, step: Step, emit: Emit) -> nn.Module:
        role = self._roles.get(step.name)
        if role is not None:
            quantizer: Quantizer | None = None
            if role == "inner":
                quantizer = self.spec.quantizers.weight(self.spec.layer_bits(step.name)[0])
            elif not self.spec.float_ends:
                quantizer = Fixed(END_BITS)
            if step.op == LINEAR:
                return LinearLayer(step.name, step.settings, emit, quantizer)
            return ConvLayer(step.name, step.settings, emit, quantizer,
                             normalises(self.plan, self.spec, step.name))
        if step.op == ADD:
            return SumStep(step.settings, emit)
        return (NormStep if step.op == NORM else AverageStep)(step.settings, emit)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W) real values on the input grid. Returns logits (N, classes)."""
        for _, value in self.run(x):
            last = value
        return last.take("raw")

    def run(self, x: Tensor, keep: bool = False) -> Iterator[tuple[str, Value]]:
        """(name, value) of every step in order, the output's step last.

        keep: hold every value until the end; else each is let go behind its last reader.
        """
        if self._mode != "float" and not self.calibrated:
            raise PlutarchError("the scales are not set: calibrate() the model first")
        values = {INPUT: Value(x, x, x)}
        for place, step in enumerate(self.plan.steps):
            given = [values[name] for name in step.inputs]
            value = self._run_step(step, given)
            values[step.name] = value
            yield step.name, value
            for name in () if keep else self._last_use[place]:
                del values[name]

    def _run_step(self, step: Step, given: list[Value]) -> Value:
        module = self._steps.get(step.name)
        if module is None:
            return move(step, given, self.training)
        if step.name in self._roles:
            first: Form = "code" if self._roles[step.name] == "inner" else (
                "raw" if self.spec.float_ends else "word")
        else:
            first = "raw" if step.op == "avgpool" and self._emits[step.name] <= {"raw"} else "word"
        forms: list[Form] = [first, *(["word"] * (len(given) - 1))]  # type: ignore[list-item]
        found: Value = module(*(value.take(form)
                                for value, form in zip(given, forms, strict=True)))
        return found

    @property
    def mode(self) -> Mode:
        """The mode; set it to go to another. "frozen" is reached by freeze() only."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        if mode not in ("float", "quant"):
            raise PlutarchError(f"mode = {mode!r}: set 'float' or 'quant'"
                                + ("; freeze() makes a frozen model" if mode == "frozen" else ""))
        self._enter(mode)

    def _enter(self, mode: Mode) -> None:
        """Tell every part, and let only what the mode uses collect gradients."""
        self._mode = mode
        frozen = mode == "frozen"
        for module in self.modules():
            if isinstance(module, (Layer, NormStep)):
                module.mode = mode
            if isinstance(module, Emit):
                module.quantised = mode != "float"
            if isinstance(module, Quantizer):
                for parameter in module.scale_parameters():
                    parameter.requires_grad_(not frozen)
            if isinstance(module, Layer):
                module.offset.requires_grad_(frozen)
                if module.bias is not None:
                    module.bias.requires_grad_(not frozen)
            if isinstance(module, ConvLayer) and module.norm is not None:
                for parameter in module.norm.parameters():
                    parameter.requires_grad_(not frozen)

    def layers(self) -> list[tuple[str, Layer]]:
        """Convolutions and linear layers in order, with their names in the model."""
        return [(name, module) for name, module in self._steps.items()
                if isinstance(module, Layer)]

    def role(self, name: str) -> Role:
        """Whether a layer is the first, an inner or the last one."""
        return self._roles[name]

    def step_module(self, name: str) -> Any:
        """The module of a step that makes values; None for one that moves them."""
        return self._steps.get(name)

    @torch.no_grad()
    def calibrate(self, x: Tensor, fixed_only: bool = False) -> None:
        """Fit every scale to x (N, C, H, W), layer by layer, each on what the quantised ones give.

        Batch norm statistics become those of x. Leaves the model in mode "quant". fixed_only:
        refit only the fixed-point exponents, which no gradient moves, and leave statistics alone.
        """
        if self._mode == "frozen":
            raise PlutarchError("calibrate: the model is frozen; set mode 'quant' first")
        self._enter("quant")
        before, self.calibrated = self.calibrated, True
        emits = [module for module in self.modules() if isinstance(module, Emit)]
        for emit in emits:
            emit.fitting = "fixed" if fixed_only else "all"
        try:
            with self._measuring(not fixed_only):
                self(x)
        except BaseException:
            self.calibrated = before
            raise
        finally:
            for emit in emits:
                emit.fitting = "no"

    @torch.no_grad()
    def refresh_statistics(self, batches: Iterable[Tensor]) -> None:
        """Measure batch norm statistics anew in the present mode: plain averages over batches.

        Raises PlutarchError in a frozen model, and if there are no batches.
        """
        if self._mode == "frozen":
            raise PlutarchError("refresh_statistics: the statistics are frozen")
        with self._measuring(True):
            seen = 0
            for x in batches:
                self(x)
                seen += 1
        if not seen:
            raise PlutarchError("refresh_statistics: no images were given")

    @contextlib.contextmanager
    def _measuring(self, measure: bool) -> Iterator[None]:
        """All in eval mode but the batch norms, which start from nothing and average."""
        flags = {module: module.training for module in self.modules()}
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        momenta = [norm.momentum for norm in norms]
        self.eval()
        if measure:
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None
                norm.train()
        try:
            yield
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
            for module, flag in flags.items():
                module.training = flag

    def freeze(self, terms: int | None = None) -> None:
        """Go to mode "frozen": statistics to scales of `terms` powers of two (spec.terms)."""
        if self._mode != "quant":
            raise PlutarchError(f"freeze: the model is in mode {self._mode!r}, 'quant' is due")
        if not self.calibrated:
            raise PlutarchError("freeze: the scales are not set; calibrate() the model first")
        for _, layer in self.layers():
            if isinstance(layer, ConvLayer):
                layer.freeze(self.spec.terms if terms is None else terms)
            elif isinstance(layer, LinearLayer):
                layer.freeze()
        self.settle()

    def settle(self) -> None:
        """Frozen mode with the exponents as they are: used by freeze() and after loading."""
        self._enter("frozen")
        set_grids(self)

    def set_bits(self, weight_bits: int, act_bits: int) -> None:
        """Other widths for every layer without an override; the largest levels stay.

        Raises PlutarchError for widths that do not exist, and in a frozen model.
        """
        if self._mode == "frozen":
            raise PlutarchError("set_bits: the model is frozen; set mode 'quant' first")
        spec = self.spec.with_bits(weight_bits, act_bits)
        code_bits = spec.code_bits(self.plan)
        changes: list[tuple[Quantizer, int]] = []
        for name, module in self._steps.items():
            if isinstance(module, Layer) and self._roles[name] == "inner":
                assert module.weight_quantizer is not None
                changes.append((module.weight_quantizer, spec.layer_bits(name)[0]))
            if isinstance(module.emit, Emit) and module.emit.code is not None:
                changes.append((module.emit.code, code_bits[name]))
        for quantizer, bits in changes:
            quantizer.check(bits)  # all of them before the first one changes
        for quantizer, bits in changes:
            quantizer.set_bits(bits)
        self.spec = spec

    def weight_pairs(self) -> Iterator[tuple[str, Tensor, Tensor]]:
        """(name, W, Q(W)) of each layer with the method's quantiser, both with gradient.

        W is what the quantiser reads (normalised if the layer is). 8-bit layers are left out.
        """
        for name, layer in self.layers():
            if self._roles[name] == "inner" and layer.weight_quantizer is not None:
                plain = layer.plain_weight()
                yield name, plain, layer.weight_quantizer(plain)

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """Parameter groups that the present mode trains: "weights" decayed; "rest", "scales" not.

        rest: batch norm, biases, offsets. Every parameter is in one group at most.
        """
        scales = [p for q in quantizers_of(self) for p in q.scale_parameters()]
        weights = [layer.weight for _, layer in self.layers()]
        taken = {id(p) for p in (*scales, *weights)}
        rest = [p for p in self.parameters() if id(p) not in taken and p.requires_grad]
        if self._mode == "float":
            scales = []
        groups = (("weights", weights, decay), ("rest", rest, 0.0), ("scales", scales, 0.0))
        return [{"name": name, "params": [p for p in given if p.requires_grad],
                 "weight_decay": rate} for name, given, rate in groups]


def _attach(root: nn.Module, path: str, module: nn.Module) -> None:
    """Hang a module under its dotted name, making what lies between."""
    *parents, last = path.split(".")
    for parent in parents:
        if root._modules.get(parent) is None:
            setattr(root, parent, nn.Module())
        root = root._modules[parent]  # type: ignore[assignment]
    setattr(root, last, module)  # add_module() refuses some names


def _last_uses(plan: Plan) -> list[list[str]]:
    """For each step the names of values that nothing behind it reads."""
    last: dict[str, int] = {INPUT: 0}
    for place, step in enumerate(plan.steps):
        last[step.name] = place
        for name in step.inputs:
            last[name] = place
    last[plan.output] = len(plan.steps) - 1
    found: list[list[str]] = [[] for _ in plan.steps]
    for name, place in last.items():
        found[place].append(name)
    return found
