# SPDX-License-Identifier: Apache-2.0
"""The modules, functions and methods that can be converted, each to the operation of a step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from golden.errors import PlutarchError
from golden.models.layers import ChannelShuffle, OptionA

Read = tuple[str | None, dict[str, Any], Sequence[str]]
"""Operation (None: hands its input on), settings, names of the steps it reads."""


@dataclass
class Call:
    """One node: where (for messages), its module or None, arguments (tensors as names of steps)."""

    where: str
    module: Any
    args: list[Any]
    kwargs: Mapping[str, Any]
    shape: tuple[int, ...]  # of the result, with the batch; empty if it is no tensor
    batch: int = 0  # images of the example

    def given(self, name: str, place: int, default: Any) -> Any:
        """An argument by name or place."""
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[place] if len(self.args) > place else default

    def bad(self, what: str) -> PlutarchError:
        """The error that names this node."""
        return PlutarchError(f"{self.where}: {what}")

    def tensor(self, place: int = 0) -> str:
        """The step read at this place; PlutarchError if a number or a constant stands there."""
        name = self.args[place] if len(self.args) > place else self.kwargs.get("input")
        if not isinstance(name, str):
            raise self.bad(f"argument {place + 1} is {name!r}; a tensor made from the input is due")
        return name


class UnknownError(PlutarchError):
    """A module or function that no rule here covers."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: cannot be converted; what can: Conv2d, Linear, "
                         "BatchNorm2d, ReLU, +, max, average and adaptive average pooling, "
                         "flatten, Dropout, Identity, cat, chunk, split, ChannelShuffle, OptionA")


def _pair(value: Any) -> list[int]:
    return [int(x) for x in value] if isinstance(value, (tuple, list)) else [int(value)] * 2


def _conv(call: Call) -> Read:
    conv = call.module
    if conv.padding_mode != "zeros":
        raise call.bad(f"padding_mode = {conv.padding_mode!r}; only zeros can be converted")
    pad = conv.padding
    if pad == "valid":
        pad = 0
    elif pad == "same":
        reach = [d * (k - 1) for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
        if any(x % 2 for x in reach):
            raise call.bad("padding = 'same' with an even kernel cannot be converted")
        pad = [x // 2 for x in reach]
    return "conv", {"in": conv.in_channels, "out": conv.out_channels,
                    "kernel": _pair(conv.kernel_size), "stride": _pair(conv.stride),
                    "pad": _pair(pad), "dilation": _pair(conv.dilation), "groups": conv.groups,
                    "bias": conv.bias is not None}, [call.tensor()]


def _linear(call: Call) -> Read:
    layer = call.module
    return "linear", {"in": layer.in_features, "out": layer.out_features,
                      "bias": layer.bias is not None}, [call.tensor()]


def _norm(call: Call) -> Read:
    norm = call.module
    if not norm.track_running_stats:
        raise call.bad("track_running_stats = False: no statistics to fold into a scale")
    return "norm", {"out": norm.num_features, "eps": norm.eps, "momentum": norm.momentum,
                    "affine": norm.affine}, [call.tensor()]


def _relu(call: Call) -> Read:
    return "relu", {}, [call.tensor()]


def _identity(call: Call) -> Read:
    return None, {}, [call.tensor()]


def _add(call: Call) -> Read:
    if call.kwargs.get("alpha", 1) != 1:
        raise call.bad(f"alpha = {call.kwargs['alpha']}; only a plain sum can be converted")
    if "other" in call.kwargs:
        call.args.append(call.kwargs["other"])
    return "add", {}, [call.tensor(0), call.tensor(1)]


def _max_pool(call: Call) -> Read:
    found = call.module.__dict__ if call.module is not None else {
        "kernel_size": call.given("kernel_size", 1, None), "stride": call.given("stride", 2, None),
        "padding": call.given("padding", 3, 0), "dilation": call.given("dilation", 4, 1),
        "ceil_mode": call.given("ceil_mode", 5, False),
        "return_indices": call.given("return_indices", 6, False)}
    if found["return_indices"]:
        raise call.bad("return_indices = True cannot be converted")
    stride = found["kernel_size"] if found["stride"] is None else found["stride"]
    return "maxpool", {"kernel": _pair(found["kernel_size"]), "stride": _pair(stride),
                       "pad": _pair(found["padding"]), "dilation": _pair(found["dilation"]),
                       "ceil": bool(found["ceil_mode"])}, [call.tensor()]


def _avg_pool(call: Call) -> Read:
    found = call.module.__dict__ if call.module is not None else {
        "kernel_size": call.given("kernel_size", 1, None), "stride": call.given("stride", 2, None),
        "padding": call.given("padding", 3, 0), "ceil_mode": call.given("ceil_mode", 4, False),
        "count_include_pad": call.given("count_include_pad", 5, True),
        "divisor_override": call.given("divisor_override", 6, None)}
    if found["divisor_override"] is not None:
        raise call.bad(f"divisor_override = {found['divisor_override']} cannot be converted")
    stride = found["kernel_size"] if found["stride"] is None else found["stride"]
    return "avgpool", {"how": "window", "kernel": _pair(found["kernel_size"]),
                       "stride": _pair(stride), "pad": _pair(found["padding"]),
                       "ceil": bool(found["ceil_mode"]),
                       "count_pad": bool(found["count_include_pad"])}, [call.tensor()]


def _adaptive(call: Call) -> Read:
    size = call.module.output_size if call.module is not None else call.given(
        "output_size", 1, None)
    sizes = list(size) if isinstance(size, (tuple, list)) else [size, size]
    return "avgpool", {"how": "adaptive", "size": sizes}, [call.tensor()]


def _mean(call: Call) -> Read:
    dims = call.given("dim", 1, None)
    axes = sorted(d % 4 for d in (dims if isinstance(dims, (tuple, list)) else [dims or 0]))
    if axes != [2, 3]:
        raise call.bad(f"mean over {dims}; only the mean over height and width (2, 3) can be "
                       "converted")
    return "avgpool", {"how": "mean", "keep": bool(call.given("keepdim", 2, False))}, [
        call.tensor()]


def _flatten(call: Call) -> Read:
    if call.module is not None:
        start, end = call.module.start_dim, call.module.end_dim
    else:
        start, end = call.given("start_dim", 1, 0), call.given("end_dim", 2, -1)
    if start != 1 or end not in (-1, 3):
        raise call.bad(f"flatten from {start} to {end}; only 1 to the last can be converted")
    return "flatten", {}, [call.tensor()]


def _view(call: Call) -> Read:
    if len(call.shape) != 2 or call.shape[0] != call.batch:
        raise call.bad(f"gives shape {call.shape}; only a flattening to (N, features) can be "
                       "converted")
    return "flatten", {}, [call.tensor()]


def _dropout(call: Call) -> Read:
    return "dropout", {"p": float(call.module.p if call.module is not None
                                  else call.given("p", 1, 0.5)),
                       "planes": isinstance(call.module, nn.Dropout2d)}, [call.tensor()]


def _cat(call: Call) -> Read:
    parts, dim = call.given("tensors", 0, ()), call.given("dim", 1, 0)
    if dim not in (1, 1 - len(call.shape)):
        raise call.bad(f"dim = {dim}; only channels (1) can be joined")
    if not all(isinstance(part, str) for part in parts):
        raise call.bad("joins a constant; tensors made from the input are due")
    return "cat", {}, list(parts)


def _shuffle(call: Call) -> Read:
    return "shuffle", {"groups": int(call.module.groups)}, [call.tensor()]


def _option_a(call: Call) -> Read:
    module = call.module
    return "option_a", {"step": int(module.step), "before": int(module.before),
                        "after": int(module.after)}, [call.tensor()]


def _slice(call: Call) -> Read:
    """x[:, :, ::s, ::s]: half of an option A shortcut."""
    taken = call.args[1]
    whole = slice(None, None, None)
    if (isinstance(taken, tuple) and len(taken) == 4 and taken[:2] == (whole, whole)
            and taken[2] == taken[3] and isinstance(taken[2], slice)
            and taken[2] == slice(None, None, taken[2].step)):
        return "option_a", {"step": taken[2].step or 1, "before": 0, "after": 0}, [call.tensor()]
    raise call.bad(f"[{taken}]: only x[:, :, ::s, ::s] can be converted")


def _pad(call: Call) -> Read:
    """functional.pad with zero channels: the other half."""
    amounts = list(call.given("pad", 1, ()))
    if (len(amounts) != 6 or any(amounts[:4]) or min(amounts[4:]) < 0
            or call.given("mode", 2, "constant") != "constant" or call.given("value", 3, 0)):
        raise call.bad(f"pad {amounts}; only zero channels (0, 0, 0, 0, before, after) can be "
                       "converted")
    return "option_a", {"step": 1, "before": amounts[4], "after": amounts[5]}, [call.tensor()]


Rules = Mapping[Any, Callable[[Call], Read]]
MODULES: Rules = {
    nn.Conv2d: _conv, nn.Linear: _linear, nn.BatchNorm2d: _norm, nn.ReLU: _relu,
    nn.Identity: _identity, nn.MaxPool2d: _max_pool, nn.AvgPool2d: _avg_pool,
    nn.AdaptiveAvgPool2d: _adaptive, nn.Flatten: _flatten, nn.Dropout: _dropout,
    nn.Dropout2d: _dropout, nn.ChannelShuffle: _shuffle, ChannelShuffle: _shuffle,
    OptionA: _option_a,
}
FUNCTIONS: Rules = {
    operator.add: _add, operator.iadd: _add, torch.add: _add, functional.relu: _relu,
    torch.relu: _relu, functional.relu_: _relu, functional.max_pool2d: _max_pool,
    functional.avg_pool2d: _avg_pool, functional.adaptive_avg_pool2d: _adaptive,
    torch.mean: _mean, torch.flatten: _flatten, functional.dropout: _dropout, torch.cat: _cat,
    torch.concat: _cat, operator.getitem: _slice, functional.pad: _pad,
}
METHODS: Rules = {
    "relu": _relu, "relu_": _relu, "add": _add, "add_": _add, "mean": _mean, "flatten": _flatten,
    "view": _view, "reshape": _view, "contiguous": _identity,
}
