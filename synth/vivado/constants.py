# SPDX-License-Identifier: Apache-2.0
"""Constant expressions as Verilog headers have them: integers, strings, $clog2, conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from synth.errors import SynthError

Value = int | str
_TOKEN = re.compile(
    r"\s*(\d+'[sS]?[dD]\d+|\d+|\"[^\"]*\"|\$?\w+|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!?:()])"
)
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"), ("+", "-"),
           ("*", "/", "%"))  # fmt: skip
_APPLY: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a or b)), "&&": lambda a, b: int(bool(a and b)),
    "<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b), "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b), "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b,
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a // b, "%": lambda a, b: a % b,
}  # fmt: skip


def evaluate(text: str, values: Mapping[str, Value]) -> Value:
    """The value of an expression; SynthError naming it when it is none or a name is unknown."""
    reader = _Reader(text, values)
    result = reader.condition()
    if reader.at < len(reader.tokens):
        raise reader.error(f"what follows {reader.tokens[reader.at]!r} makes no sense")
    return result


class _Reader:
    """Recursive descent; one method a level of binding."""

    def __init__(self, text: str, values: Mapping[str, Value]) -> None:
        self.text, self.values, self.at = text, values, 0
        self.tokens: list[str] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if not match:
                raise self.error(f"cannot read {text[position:].strip()[:20]!r}")
            self.tokens.append(match[1])
            position = match.end()

    def error(self, why: str) -> SynthError:
        return SynthError(f"Verilog constant {self.text.strip()!r}: {why}")

    def take(self, *wanted: str) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at] in wanted:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def condition(self) -> Value:
        asked = self.binary(0)
        if not self.take("?"):
            return asked
        yes = self.condition()
        if not self.take(":"):
            raise self.error("a condition without ':'")
        no = self.condition()
        return yes if asked else no

    def binary(self, level: int) -> Value:
        if level == len(_LEVELS):
            return self.operand()
        left = self.binary(level + 1)
        while sign := self.take(*_LEVELS[level]):
            right = self.binary(level + 1)
            if sign in ("==", "!="):
                left = int((left == right) == (sign == "=="))
            elif isinstance(left, str) or isinstance(right, str):
                raise self.error(f"{sign!r} of a string")
            else:
                left = _APPLY[sign](left, right)
        return left

    def operand(self) -> Value:
        sign = self.take("-", "!", "+")
        if sign:
            value = self.operand()
            if isinstance(value, str):
                raise self.error(f"{sign!r} of a string")
            return {"-": -value, "!": int(not value), "+": value}[sign]
        if self.take("("):
            inside = self.condition()
            if not self.take(")"):
                raise self.error("a bracket is not closed")
            return inside
        if self.at == len(self.tokens):
            raise self.error("it ends too early")
        token = self.tokens[self.at]
        self.at += 1
        if token == "$clog2":
            bits = self.operand()
            return max(0, (int(bits) - 1).bit_length())
        if token[0] == '"':
            return token[1:-1]
        if token[0].isdigit():
            return int(re.split(r"'[sS]?[dD]", token)[-1])
        if token in self.values:
            return self.values[token]
        raise self.error(f"unknown name {token!r}")
