# SPDX-License-Identifier: Apache-2.0
"""A converted model as data: its steps in order, and in which form each value is needed.

A plan holds no weights and no code, so it goes into a file as JSON and comes back without the
class of the model it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from golden.errors import PlutarchError

INPUT = "input"  # the name under which steps read the image
CONV, LINEAR, NORM, ADD = "conv", "linear", "norm", "add"
AVGPOOL, MAXPOOL, FLATTEN, DROPOUT = "avgpool", "maxpool", "flatten", "dropout"
CAT, PART, SHUFFLE, OPTION_A, RELU = "cat", "part", "shuffle", "option_a", "relu"
WEIGHTED = (CONV, LINEAR)
EMITTERS = (CONV, LINEAR, NORM, ADD, AVGPOOL)  # make new values; all others only move or drop some
# Moves of values: a quantised value stays on its grid.
VIEWS = (MAXPOOL, FLATTEN, DROPOUT, CAT, PART, SHUFFLE, OPTION_A, RELU)

Form = Literal["code", "word", "raw"]
"""code: on the levels of the method; word: 8-bit fixed point, or averages of such words; raw: not
quantised."""
Role = Literal["first", "inner", "last"]


@dataclass(frozen=True)
class Step:
    """One step: name (the module's in the model, where it has one), op, what it reads, settings.

    settings: plain JSON values. shape: of the output for one image, without the batch.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which they can run; output: the step that gives the logits.

    image: shape (C, H, W) of the images that the model was traced on; shapes hold for it.
    """

    steps: tuple[Step, ...]
    output: str
    image: tuple[int, ...]

    def roles(self) -> dict[str, Role]:
        """First, inner or last of each convolution and linear layer, by name.

        First: reads the image itself. Last: the last of those in order, if it is not the first.
        """
        image = {INPUT}
        found: dict[str, Role] = {}
        for step in self.steps:
            if step.op in VIEWS and set(step.inputs) <= image:
                image.add(step.name)
            elif step.op in WEIGHTED:
                found[step.name] = "first" if step.inputs[0] in image else "inner"
        inner = [name for name, role in found.items() if role == "inner"]
        if inner:
            found[inner[-1]] = "last"
        return found

    def forms(self, float_ends: bool = False) -> dict[str, set[Form]]:
        """The forms in which the output of each step is read, by name.

        float_ends: the first and the last layer read and hand out unquantised values.
        """
        wanted: dict[str, set[Form]] = {INPUT: set(), **{step.name: set() for step in self.steps}}
        wanted[self.output].add("raw")
        roles = self.roles()
        for step in reversed(self.steps):
            for name, form in _reads(step, roles.get(step.name), float_ends, wanted[step.name]):
                wanted[name].add(form)
        return wanted

    def may_be_negative(self) -> dict[str, bool]:
        """Whether the values of each step (before any quantiser) can be below zero, by name."""
        signed = {INPUT: True}
        for step in self.steps:
            if step.op in VIEWS or step.op == AVGPOOL:
                signed[step.name] = step.op != RELU and any(signed[name] for name in step.inputs)
            else:
                signed[step.name] = not step.settings.get("relu", False)
        return signed

    def named(self, name: str) -> Step:
        """The step of that name; PlutarchError if there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise PlutarchError(f"no step {name!r} in this model")

    def shape_of(self, name: str) -> tuple[int, ...]:
        """Shape of a step's output for one image."""
        return self.image if name == INPUT else self.named(name).shape

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; from_json() gives the same plan back."""
        return {"output": self.output, "image": list(self.image), "steps": [
            {"name": step.name, "op": step.op, "inputs": list(step.inputs),
             "settings": dict(step.settings), "shape": list(step.shape)} for step in self.steps]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Plan:
        """The plan of to_json(). Raises KeyError, TypeError or PlutarchError for anything else."""
        steps = tuple(Step(str(entry["name"]), str(entry["op"]), tuple(entry["inputs"]),
                           dict(entry["settings"]), tuple(entry["shape"]))
                      for entry in data["steps"])
        seen = {INPUT}
        for step in steps:
            if step.op not in EMITTERS + VIEWS:
                raise PlutarchError(f"step {step.name}: no such operation: {step.op!r}")
            if not set(step.inputs) <= seen:
                raise PlutarchError(f"step {step.name}: reads {step.inputs}, not all of them are "
                                    "earlier steps")
            seen.add(step.name)
        plan = Plan(steps, str(data["output"]), tuple(data["image"]))
        plan.named(plan.output)
        return plan


def _reads(step: Step, role: Role | None, float_ends: bool, wanted: set[Form]
           ) -> Iterator[tuple[str, Form]]:
    """(input, form) of each value that a step reads; wanted: the forms asked of the step."""
    if role is not None:
        yield step.inputs[0], "code" if role == "inner" else "raw" if float_ends else "word"
        yield from ((name, "word") for name in step.inputs[1:])
    elif step.op in EMITTERS:
        plain = step.op == AVGPOOL and wanted <= {"raw"}
        yield from ((name, "raw" if plain else "word") for name in step.inputs)
    else:
        yield from ((name, form) for name in step.inputs for form in wanted)
