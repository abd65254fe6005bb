# SPDX-License-Identifier: Apache-2.0
"""What a model is quantised to: method, widths, ends, residual words; checked when it is made."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from golden.codes import check_bits
from golden.errors import PlutarchError
from golden.qat.plan import CONV, EMITTERS, INPUT, Plan
from golden.quantizers import Method, find_method

END_BITS = 8  # fixed point of the first and the last layer


@dataclass(frozen=True)
class QuantSpec:
    """Settings of a quantised model.

    method: a name of golden.quantizers. weight_bits, act_bits: 2 to 6. first_last: "int8" (8-bit
    fixed point) or "float" (left as they are). residual_bits: words that additions and the last
    layer read. terms: powers of two in a frozen scale, 1 or 2. overrides: layer name -> (bits of
    its weights, bits of the codes it reads). weight_norm: None for what the method's paper does.
    Raises PlutarchError naming the field.
    """

    method: str = "iospot"
    weight_bits: int = 4
    act_bits: int = 4
    first_last: Literal["int8", "float"] = "int8"
    residual_bits: int = 8
    terms: int = 2
    overrides: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    weight_norm: bool | None = None

    def __post_init__(self) -> None:
        find_method(self.method)
        _check_bits("weight_bits", self.weight_bits)
        _check_bits("act_bits", self.act_bits)
        if self.first_last not in ("int8", "float"):
            raise PlutarchError(f"first_last = {self.first_last!r}: there are 'int8' and 'float'")
        if not isinstance(self.residual_bits, int) or not 2 <= self.residual_bits <= 16:
            raise PlutarchError(f"residual_bits = {self.residual_bits!r}: words have 2 to 16 bits")
        if self.terms not in (1, 2):
            raise PlutarchError(f"terms = {self.terms!r}: a scale has 1 or 2 terms")
        for name, pair in self.overrides.items():
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise PlutarchError(f"overrides: {name}: {pair!r} is no pair (weight bits, "
                                    "activation bits)")
            for bits in pair:
                _check_bits(f"overrides: {name}", bits)

    @property
    def quantizers(self) -> Method:
        """The method behind the name."""
        return find_method(self.method)

    @property
    def normalised(self) -> bool:
        """Whether weights are normalised where a batch norm follows."""
        return (self.quantizers.normalise_weights if self.weight_norm is None
                else self.weight_norm)

    @property
    def float_ends(self) -> bool:
        """True if first and last layer are left as they are."""
        return self.first_last == "float"

    def with_bits(self, weight_bits: int, act_bits: int) -> QuantSpec:
        """The same with other widths; overrides stay."""
        return replace(self, weight_bits=weight_bits, act_bits=act_bits)

    def check(self, plan: Plan) -> None:
        """Raise PlutarchError if an override names no layer between the first and the last."""
        roles = plan.roles()
        for name in self.overrides:
            if name not in roles:
                near = difflib.get_close_matches(name, roles, 1, cutoff=0.0)
                hint = f", did you mean {near[0]!r}?" if near else ""
                raise PlutarchError(f"overrides: no layer {name!r}{hint}")
            if roles[name] != "inner":
                raise PlutarchError(f"overrides: {name}: is the {roles[name]} layer; first_last "
                                    "says what becomes of it")

    def layer_bits(self, name: str) -> tuple[int, int]:
        """(bits of the weights, bits of the codes it reads) of an inner layer."""
        found = self.overrides.get(name, (self.weight_bits, self.act_bits))
        return found[0], found[1]

    def code_bits(self, plan: Plan) -> dict[str, int]:
        """Bits of the codes that each step emits, by name: what its readers ask for.

        Raises PlutarchError if two layers read the same codes in different widths.
        """
        roles = plan.roles()
        asked: dict[str, tuple[int, str]] = {}
        for step in plan.steps:
            if roles.get(step.name) != "inner":
                continue
            bits = self.layer_bits(step.name)[1]
            for source in _origins(plan, step.inputs[0]):
                before, other = asked.setdefault(source, (bits, step.name))
                if before != bits:
                    raise PlutarchError(f"overrides: {other} and {step.name} read the codes of "
                                        f"{source}, but with {before} and {bits} bits")
        return {name: bits for name, (bits, _) in asked.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "overrides": {k: list(v) for k, v in self.overrides.items()}}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> QuantSpec:
        """The spec of to_json(); PlutarchError for an unknown field or a value out of range."""
        known = {item.name for item in fields(QuantSpec)}
        for name in data:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, cutoff=0.0)[0]
                raise PlutarchError(f"{name!r} is no setting of a quantised model, did you mean "
                                    f"{near!r}?")
        pairs = {str(k): tuple(v) for k, v in dict(data.get("overrides", {})).items()}
        return QuantSpec(**{**data, "overrides": pairs})


def _check_bits(what: str, bits: object) -> None:
    try:
        check_bits(bits)  # type: ignore[arg-type]
    except PlutarchError as error:
        raise PlutarchError(f"{what}: {error}") from error


def _origins(plan: Plan, name: str) -> Iterator[str]:
    """The steps whose own values arrive under a name, moves undone; the image is left out."""
    if name == INPUT:
        return
    step = plan.named(name)
    if step.op in EMITTERS:
        yield name
    else:
        for source in step.inputs:
            yield from _origins(plan, source)


def normalises(plan: Plan, spec: QuantSpec, name: str) -> bool:
    """Whether a layer's weights are normalised: asked for, and a batch norm absorbs it."""
    step = plan.named(name)
    end = plan.roles().get(name) != "inner"
    return (spec.normalised and step.op == CONV and bool(step.settings.get("norm"))
            and not (end and spec.float_ends))
