# SPDX-License-Identifier: Apache-2.0
"""The layers of any torch model with their sizes, found by running it once on zeros.

Convolutions and linear layers are met through forward hooks, additions of whole maps through
torch's dispatcher. What was counted is held against torch.utils.flop_counter in the same run, so
nothing that multiplies can be left out unseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from golden.cost.records import LayerCost, NetCost, PathCost
from golden.errors import PlutarchError
from golden.models.layers import OptionA

CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)  # folded away
_ADDS = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)


def trace(model: nn.Module, example: Tensor | Sequence[int], name: str = "net") -> NetCost:
    """Cost of one image at FP32; with_bits() gives it other widths.

    example: an input with a batch of one, or the shape of one image, (C, H, W). The model is left
    as it was found. Raises PlutarchError naming a module with parameters that is no convolution,
    linear layer or norm, if the model multiplies outside of such modules, or does not run.
    """
    for path, module in model.named_modules():
        own = [key for key, _ in module.named_parameters(recurse=False)]
        if own and not isinstance(module, (*CONVS, nn.Linear, *_NORMS)):
            raise PlutarchError(f"{name}: cannot count module {path or '(itself)'} of type "
                                f"{type(module).__name__} with parameter {own[0]}")
    here = next(model.parameters(), torch.zeros(0))
    x = (example if isinstance(example, Tensor)
         else torch.zeros(1, *example, dtype=here.dtype, device=here.device))
    if x.shape[0] != 1:
        raise PlutarchError(f"{name}: example {tuple(x.shape)}: want a batch of one image")
    watch = _Watch(x)
    training = [module for module in model.modules() if module.training]
    hooks = watch.attach(model)
    try:
        model.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter, watch:
            model(x)
    except (RuntimeError, TypeError, ValueError) as error:
        raise PlutarchError(f"{name}: does not run on {tuple(x.shape)}: "
                            f"{(str(error) or type(error).__name__).splitlines()[0]}") from error
    finally:
        for hook in hooks:
            hook.remove()
        for module in training:
            module.training = True
    found = NetCost(name, tuple(watch.layers.values()), tuple(watch.path))
    if not found.layers:
        raise PlutarchError(f"{name}: no convolution or linear layer ran")
    if counter.get_total_flops() != 2 * found.macs:
        raise PlutarchError(f"{name}: {counter.get_total_flops() // 2} multiplications ran, "
                            f"{found.macs} of them in modules: the rest cannot be named")
    return found


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects layers and readers of residual words while the model runs."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.layers: dict[str, LayerCost] = {}
        self.path: list[PathCost] = []
        self._where: list[str] = []  # modules that are running, outermost first
        # by id; the tensors are held, so that an id means one tensor
        self._made: dict[int, tuple[Tensor, int]] = {}  # with their place in the order of making
        self._codes: dict[int, Tensor] = {id(x): x}  # stored for a layer
        self._words: dict[int, Tensor] = {}  # stored as residual words
        self._option_a: dict[int, tuple[Tensor, Tensor, int]] = {}  # out, stored, words read of it
        self._pools: list[tuple[str, Tensor]] = []  # met since the last layer

    def attach(self, model: nn.Module) -> list[Any]:
        """Hooks on every module, to be removed by the caller."""
        hooks: list[Any] = []
        for path, module in model.named_modules():
            hooks.append(module.register_forward_pre_hook(
                lambda _, __, path=path: self._where.append(path)))
            hooks.append(module.register_forward_hook(
                lambda module, args, out, path=path: self._done(path, module, args, out)))
        return hooks

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (),
                           kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for made in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(made, Tensor):
                self._made.setdefault(id(made), (made, len(self._made)))
        if func in _ADDS and isinstance(args[1], Tensor) and (
                args[0].ndim >= 3 and args[0].shape == args[1].shape):
            # of the two maps the earlier one is stored, the other is the layer at work
            self._read_words("add", self._where[-1] if self._where else "",
                             *sorted(args[:2], key=self._place))
        return out

    def _place(self, made: Tensor) -> int:
        return self._made.get(id(made), (made, -1))[1]

    def _done(self, path: str, module: nn.Module, args: Any, out: Any) -> None:
        self._where.pop()
        if isinstance(module, (*CONVS, nn.Linear)):
            self._layer(path, module, args[0], out)
        elif isinstance(module, OptionA):
            taken = out.numel() // out.shape[1] * args[0].shape[1]
            self._option_a[id(out)] = (out, args[0], taken)
        elif isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1)):
            self._pools.append((path, args[0]))

    def _layer(self, path: str, module: nn.Module, x: Tensor, out: Tensor) -> None:
        for pool, read in self._pools:  # a pool that no layer follows reads the sums of the last
            self._read_words("pool", pool, read)
        self._pools.clear()
        weight, bias = module.weight, module.bias
        assert isinstance(weight, Tensor)
        macs = out.numel() * math.prod(weight.shape[1:])
        written = 0 if id(x) in self._codes else x.numel()
        self._codes[id(x)] = x
        before = self.layers.get(path)
        if before is not None:  # runs twice with the same weights
            self.layers[path] = replace(
                before, macs=before.macs + macs, in_size=before.in_size + x.numel(),
                out_size=before.out_size + out.numel(), written=before.written + written)
            return
        kind = "linear" if isinstance(module, nn.Linear) else "conv"
        self.layers[path] = LayerCost(
            path, kind, macs, weight.numel(), bias.numel() if isinstance(bias, Tensor) else 0,
            x.numel(), out.numel(), written)

    def _read_words(self, kind: str, where: str, stored: Tensor,
                    other: Tensor | None = None) -> None:
        for candidate in (stored, other):
            if candidate is not None and id(candidate) in self._option_a:
                stored = candidate
        _, source, read = self._option_a.get(id(stored), (stored, stored, stored.numel()))
        written = 0 if id(source) in self._words else source.numel()
        self._words[id(source)] = source
        self.path.append(PathCost(where or "(top)", kind, written, read))
