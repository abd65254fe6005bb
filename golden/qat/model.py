# SPDX-License-Identifier: Apache-2.0
"""The quantised model: its modes, calibration, statistics, widths, and what is trained in each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.qat.grid import set_grids
from golden.qat.layers import ConvLayer, Emit, Layer, LinearLayer, Mode, quantizers_of
from golden.qat.moves import NormStep
from golden.qat.run import PlanModel
from golden.quantizers import Quantizer


class QuantModel(PlanModel):
    """A converted model. Modes: "float" (as the model was), "quant" (quantisers and batch norm),
    "frozen" (statistics, scales and exponents fixed; weights and offsets still train).

    Made by quantise() or load(). plan, spec, input_exp: see PlanModel.
    """

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
