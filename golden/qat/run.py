# SPDX-License-Identifier: Apache-2.0
"""A plan that runs: its layers under the names they had, and their values one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.qat.layers import ConvLayer, Emit, Layer, LinearLayer, Mode, Value
from golden.qat.moves import AverageStep, NormStep, SumStep, move
from golden.qat.plan import ADD, AVGPOOL, EMITTERS, INPUT, LINEAR, NORM, Form, Plan, Role, Step
from golden.qat.spec import END_BITS, QuantSpec, normalises
from golden.quantizers import Fixed, Quantizer


class PlanModel(nn.Module):
    """The steps of a plan with quantisers by a spec; parameters are zero until they are filled.

    plan, spec: what it does and how it is quantised. input_exp: the images are integers times
    2^input_exp, -128 to 127. What it does in each mode is golden.qat.model's business.
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
        if "word" in forms and step.op != AVGPOOL:
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
        logits = x
        for name, value in self.run(x):
            if name == self.plan.output:
                logits = value.take("raw")
        return logits

    def run(self, x: Tensor, keep: bool = False) -> Iterator[tuple[str, Value]]:
        """(name, value) of every step in order; the output's holds "raw" logits.

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
            first = "raw" if step.op == AVGPOOL and self._emits[step.name] <= {"raw"} else "word"
        forms: list[Form] = [first, *(["word"] * (len(given) - 1))]  # type: ignore[list-item]
        found: Value = module(*(value.take(form)
                                for value, form in zip(given, forms, strict=True)))
        return found

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
