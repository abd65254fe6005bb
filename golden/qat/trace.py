# SPDX-License-Identifier: Apache-2.0
"""Any torch model to a list of known steps, by torch.fx; or one line that names what is unknown."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn

from golden.errors import PlutarchError
from golden.models.layers import ChannelShuffle, OptionA
from golden.qat.operations import FUNCTIONS, METHODS, MODULES, Call, UnknownError
from golden.qat.plan import INPUT, Step

# fx traces into every module that is not torch's own, but for these.
_LEAVES = (OptionA, ChannelShuffle)


class Traced(NamedTuple):
    """What tracing found: steps as they stand in the model, and the modules that hold weights."""

    steps: list[Step]
    modules: dict[str, nn.Module]  # by step: Conv2d, Linear, BatchNorm2d
    output: str
    image: tuple[int, ...]  # shape of one image of the example


class _Tracer(fx.Tracer):
    """A tracer that keeps our own operations whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, _LEAVES) or super().is_leaf_module(m, module_qualified_name)


class _Results(fx.Interpreter):
    """Runs the graph once and keeps what each node gives: shapes for tensors, else the value."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.found: dict[fx.Node, Any] = {}
        self.failure = ""  # why the first node that is not in found does not run

    @torch.no_grad()
    def walk(self, graph: fx.Graph, example: Tensor) -> None:
        """Node by node, up to one that fails (run() would import half of torch to report it)."""
        self.args_iter = iter((example,))
        for node in graph.nodes:
            try:
                self.env[node] = self.run_node(node)
            except Exception as error:  # torch has no one class for shapes that do not fit
                self.failure = _line(error)
                return
            self.found[node] = _shapes(self.env[node])


def _shapes(result: Any) -> Any:
    if isinstance(result, Tensor):
        return _Shape(result.shape)
    if isinstance(result, (tuple, list)) and any(isinstance(x, Tensor) for x in result):
        return [_shapes(x) for x in result]
    return result


class _Shape(tuple[int, ...]):
    """The shape of a tensor, as against a tuple of numbers that the model computes."""


def trace(model: nn.Module, example: Tensor) -> Traced:
    """The steps of model (in eval mode) on example (N, ...) real, N >= 1.

    Raises PlutarchError naming the first module or function that is not known, what of its
    settings is not, or why the model cannot be traced or run on the example.
    """
    title = type(model).__name__
    try:
        graph = _Tracer().trace(model)
    except Exception as error:  # whatever the model's own code raises on a stand-in
        raise PlutarchError(f"{title}: torch.fx cannot trace it: {_line(error)}") from error
    results = _Results(fx.GraphModule(model, graph))
    graph.eliminate_dead_code()  # what the output does not need: auxiliary heads and the like
    results.walk(graph, example)
    reader = _Reader(dict(model.named_modules()), results.found, tuple(example.shape),
                     results.failure)
    output = reader.read(graph)
    return Traced(list(reader.steps.values()), reader.weights, output, tuple(example.shape[1:]))


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


class _Reader:
    """Goes through the nodes once; a node that moves nothing becomes another name of its input."""

    def __init__(self, modules: Mapping[str, nn.Module], found: Mapping[fx.Node, Any],
                 example: tuple[int, ...], failure: str) -> None:
        self.modules, self.found, self.example, self.failure = modules, found, example, failure
        self.steps: dict[str, Step] = {}
        self.weights: dict[str, nn.Module] = {}
        self.names: dict[fx.Node, str] = {}  # the step whose value a node has
        self.holders: dict[int, str] = {}  # module with weights -> where it was met first

    def read(self, graph: fx.Graph) -> str:
        """All nodes in order; returns the name of the step that gives the output."""
        output = ""
        for node in graph.nodes:
            if node.op == "placeholder":
                if self.names:
                    raise PlutarchError(f"input {node.target!r}: a model of one input is due")
                self.names[node] = INPUT
            elif node.op == "output":
                output = self._output(node)
            elif node in self.names:  # a piece that _pieces() made
                continue
            elif node not in self.found:
                raise self._failed(node)
            elif isinstance(self.found[node], _Shape):
                self._step(node)
            elif isinstance(self.found[node], list) and node.all_input_nodes:
                self._pieces(node)
            # else: a number or a shape; it is read from `found` where it is used
        return output

    def _failed(self, node: fx.Node) -> PlutarchError:
        """The error for a node that does not run: it is unknown, or does not fit the example."""
        module = self.modules[str(node.target)] if node.op == "call_module" else None
        where = _where(node, module)
        if module is not None and type(module) not in MODULES:
            return UnknownError(where)
        return PlutarchError(f"{where}: does not run on an example of shape {self.example}: "
                             f"{self.failure}")

    def _output(self, node: fx.Node) -> str:
        given = node.args[0]
        if not isinstance(given, fx.Node) or given not in self.names:
            raise PlutarchError("output: a model that returns one tensor is due")
        if self.names[given] == INPUT:
            raise PlutarchError("output: the model returns its input; there is nothing to convert")
        return self.names[given]

    def _step(self, node: fx.Node) -> None:
        """A node that gives a tensor."""
        module = self.modules[str(node.target)] if node.op == "call_module" else None
        call = self._call(node, module)
        table: Mapping[Any, Any] = {"call_module": MODULES, "call_function": FUNCTIONS,
                                    "call_method": METHODS}.get(node.op, {})
        rule = table.get(type(module) if module is not None else node.target)
        if rule is None:
            raise UnknownError(call.where)
        op, settings, inputs = rule(call)
        if op is None:  # identity
            self.names[node] = inputs[0]
            return
        name = self._free(str(node.target) if module is not None else self._apart(node.name))
        if module is not None and any(True for _ in module.parameters()):
            if id(module) in self.holders:
                raise PlutarchError(f"{call.where}: is used twice; a quantised layer has one place "
                                    f"(it is {self.holders[id(module)]} too)")
            self.holders[id(module)] = name
        if module is not None:
            self.weights[name] = module
        self.steps[name] = Step(name, op, tuple(inputs), settings, tuple(self.found[node][1:]))
        self.names[node] = name

    def _pieces(self, node: fx.Node) -> None:
        """Chunk and split: the pieces become steps where the model picks them."""
        call = self._call(node, None)
        if str(getattr(node.target, "__name__", node.target)) not in ("chunk", "split"):
            raise UnknownError(call.where)
        if any(user.target is not operator.getitem for user in node.users):
            raise call.bad("its pieces are not picked one by one")
        dim = call.given("dim", 2, 0)
        whole, sizes = self.found[node.all_input_nodes[0]], self.found[node]
        if dim not in (1, 1 - len(whole)):
            raise call.bad(f"dim = {dim}; only channels (1) can be taken apart")
        starts = [sum(int(size[1]) for size in sizes[:i]) for i in range(len(sizes))]
        for user in node.users:
            pick = int(str(user.args[1]))
            name = self._free(self._apart(user.name))
            self.steps[name] = Step(name, "part", (str(call.args[0]),), {
                "start": starts[pick], "length": int(sizes[pick][1])}, tuple(sizes[pick][1:]))
            self.names[user] = name

    def _call(self, node: fx.Node, module: nn.Module | None) -> Call:
        shape = self.found[node]
        return Call(_where(node, module), module, [self._value(x, node) for x in node.args],
                    {key: self._value(x, node) for key, x in node.kwargs.items()},
                    shape if isinstance(shape, _Shape) else (), self.example[0])

    def _value(self, x: Any, node: fx.Node) -> Any:
        """An argument: the name of a step for a tensor, else the value it has on the example."""
        if isinstance(x, fx.Node):
            if x in self.names:
                return self.names[x]
            if isinstance(self.found[x], (_Shape, list)):
                raise PlutarchError(f"{_where(node, None)}: reads a tensor that is not made from "
                                    f"the input ({x.name})")
            return self.found[x]
        if isinstance(x, (tuple, list)):
            return type(x)(self._value(y, node) for y in x)
        if isinstance(x, slice):
            return slice(*(self._value(y, node) for y in (x.start, x.stop, x.step)))
        return x

    def _apart(self, name: str) -> str:
        """A name for a function's step that no module of the model has."""
        return self._apart(name + "_") if name in self.modules else name

    def _free(self, name: str) -> str:
        """The name, with underscores until no other step has it."""
        while name in self.steps or name == INPUT:
            name += "_"
        return name


def _where(node: fx.Node, module: nn.Module | None) -> str:
    """How a node is called in messages: `layer1.0.act (Hardswish)`, `layer1.0: sigmoid`."""
    if module is not None:
        return f"{node.target} ({type(module).__name__})"
    stack = node.meta.get("nn_module_stack") or {}
    inside = list(stack)[-1] if stack else ""
    what = f"function {getattr(node.target, '__name__', node.target)}"
    if node.op == "call_method":
        what = f"method {node.target}"
    elif node.op == "get_attr":
        what = f"tensor {node.target}"
    return f"{inside}: {what}" if inside else what
