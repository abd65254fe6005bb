# SPDX-License-Identifier: Apache-2.0
"""Steps of a traced model joined into units: conv [+ norm] [+ add] [+ relu] [+ max pool].

A unit hands out its values once, behind its last part, which is where they are quantised. Nothing
that another step reads in between is swallowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from torch import nn

from golden.qat.plan import ADD, CONV, INPUT, LINEAR, MAXPOOL, NORM, OPTION_A, RELU, Plan, Step
from golden.qat.trace import Traced


def find_units(traced: Traced) -> tuple[Plan, dict[str, list[nn.Module]]]:
    """The plan of a traced model, and the modules of each step: its own, then its norm's.

    A unit has the name of its convolution and stands where its last part stood. A sum belongs to
    the convolution whose norm it reads; of two such, to the one with the larger kernel, then to the
    left one: the other is the shortcut.
    """
    return _Finder(traced).find()


class _Finder:
    """The steps by name, thinned out as units swallow them."""

    def __init__(self, traced: Traced) -> None:
        self.steps = {step.name: step for step in traced.steps}
        self.modules: Mapping[str, nn.Module] = traced.modules
        self.output, self.image = traced.output, traced.image
        self.owned: dict[str, list[nn.Module]] = {
            name: [module] for name, module in traced.modules.items()}

    def find(self) -> tuple[Plan, dict[str, list[nn.Module]]]:
        """All units; the order of what is left is kept."""
        for step in list(self.steps.values()):
            if step.name in self.steps and step.op == OPTION_A:
                self._join_option_a(step)
        for step in list(self.steps.values()):
            if step.op == CONV:
                self._swallow(step.name, NORM)
        for step in list(self.steps.values()):
            if step.op == ADD:
                self._claim(self.steps[step.name])
        for step in list(self.steps.values()):
            if step.op in (CONV, LINEAR, ADD, NORM) and step.name in self.steps:
                self._swallow(step.name, RELU)
        for step in list(self.steps.values()):
            if step.op == CONV:
                self._swallow(step.name, MAXPOOL)
        plan = Plan(tuple(self.steps.values()), self.output, self.image)
        return plan, {name: self.owned.get(name, []) for name in self.steps}

    def _only_reader(self, name: str) -> Step | None:
        """The one step that reads `name`, once; None if there are more, or it is the output."""
        readers = Counter(reader for step in self.steps.values() for reader in step.inputs
                          if reader == name)
        if readers[name] != 1 or name == self.output:
            return None
        return next(step for step in self.steps.values() if name in step.inputs)

    def _swallow(self, name: str, op: str) -> None:
        """Let the step take in what reads it, if that is one step with this operation."""
        reader = self._only_reader(name)
        if reader is None or reader.op != op or "pool" in self.steps[name].settings:
            return
        part: object = True
        if op == NORM:
            part = {key: reader.settings[key] for key in ("eps", "momentum", "affine")}
            self.owned[name] += self.owned.pop(reader.name)
        elif op == MAXPOOL:
            part = {"name": reader.name, **reader.settings}
        key = {NORM: "norm", RELU: "relu", MAXPOOL: "pool"}[op]
        self._join(name, reader, {key: part})

    def _claim(self, add: Step) -> None:
        """Give a sum to one of the convolutions that feed it; without one it stays a step."""
        ends = [self.steps[name] for name in add.inputs if name in self.steps
                and self.steps[name].op == CONV and self._only_reader(name) is add]
        ends = [step for step in ends if not set(step.settings) & {"add", "relu", "pool"}]
        shapes = [self.image if name == INPUT else self.steps[name].shape for name in add.inputs]
        if ends and shapes == [add.shape] * 2:  # no broadcasting
            main = max(ends, key=lambda step: max(step.settings["kernel"]))  # the first of equals
            other = add.inputs[1 - add.inputs.index(main.name)]
            self._join(main.name, add, {"add": True}, (other,))

    def _join(self, name: str, reader: Step, settings: dict[str, object],
              more: tuple[str, ...] = ()) -> None:
        """Put step `name`, grown by settings and inputs, in the place of its reader."""
        grown = self.steps[name]
        grown = replace(grown, settings={**grown.settings, **settings},
                        inputs=grown.inputs + more, shape=reader.shape)
        kept: dict[str, Step] = {}
        for step in self.steps.values():
            if step.name == reader.name:
                kept[name] = grown
            elif step.name != name:
                inputs = tuple(name if x == reader.name else x for x in step.inputs)
                kept[step.name] = replace(step, inputs=inputs)
        self.steps = kept
        if self.output == reader.name:
            self.output = name

    def _join_option_a(self, first: Step) -> None:
        """Pixels taken by one step and channels added by the next are one shortcut."""
        reader = self._only_reader(first.name)
        if (reader is None or reader.op != OPTION_A or reader.settings["step"] != 1
                or first.settings["before"] or first.settings["after"]):
            return
        self._join(first.name, reader, {key: reader.settings[key] for key in ("before", "after")})
