"""Formulas of register maps: + − * / & | >> << and brackets over named words and whole numbers.

They are parsed here into a small tree and walked; nothing is ever evaluated as code.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

Number = int | float

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|(>>|<<|[-+*/&|()]))"
)
_LEVELS = (("|",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/"))  # weakest first, as in C and Python
_BITWISE = ("&", "|", "<<", ">>")
_MAX_LENGTH = 500
_MAX_DEPTH = 40
_MAX_SHIFT = 63


@dataclass(frozen=True)
class _Constant:
    value: Number


@dataclass(frozen=True)
class _Name:
    name: str


@dataclass(frozen=True)
class _Operation:
    operator: str
    left: "_Node"
    right: "_Node"


_Node = _Constant | _Name | _Operation


@dataclass(frozen=True)
class Formula:
    """A parsed formula. `names` are the words it needs, in the order they appear."""

    text: str
    names: tuple[str, ...]
    _root: _Node

    def __call__(self, values: Mapping[str, Number]) -> Number | None:
        """The result for the numbers of the named words.

        None where it has none: a division by zero, or a number too large for a float.
        """
        try:
            result = _walk(self._root, values)
            return result if math.isfinite(result) else None
        except (ZeroDivisionError, OverflowError):
            return None


def parse_formula(text: str, *, fractional: frozenset[str] = frozenset()) -> Formula:
    """Parse a formula such as `(status & 0x100) >> 8`.

    `fractional` are the names that hold floating-point numbers: bitwise operators refuse them, and the
    results of `/`. Raises ValueError that says what is wrong and where.
    """
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"formula is longer than {_MAX_LENGTH} characters")
    parser = _Parser(text, _tokens(text))
    root = parser.expression(0, 0)
    if parser.peek() is not None:
        raise ValueError(f'formula "{text}": "{parser.peek()}" is not expected there')
    _is_fractional(root, fractional, text)  # raises where a bitwise operator meets a fraction
    if not parser.names:
        raise ValueError(f'formula "{text}" names no word')
    return Formula(text, tuple(dict.fromkeys(parser.names)), root)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise ValueError(f'formula "{text}": "{stripped[position:].strip()[0]}" is not expected there')
        tokens.append(match[0].strip())
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text = text
        self.tokens = tokens
        self.position = 0
        self.names: list[str] = []

    def peek(self) -> str | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def expression(self, level: int, depth: int) -> _Node:
        if level == len(_LEVELS):
            return self.atom(depth)
        node = self.expression(level + 1, depth)
        while (operator := self.peek()) in _LEVELS[level]:
            self.position += 1
            node = _Operation(str(operator), node, self.expression(level + 1, depth))
        return node

    def atom(self, depth: int) -> _Node:
        if depth > _MAX_DEPTH:
            raise ValueError(f'formula "{self.text}" is nested too deeply')
        symbol = self.peek()
        self.position += 1
        if symbol is None:
            raise ValueError(f'formula "{self.text}" ends too early')
        if symbol == "(":
            node = self.expression(0, depth + 1)
            if self.peek() != ")":
                raise ValueError(f'formula "{self.text}": a bracket is not closed')
            self.position += 1
            return node
        if symbol == "-":
            return _Operation("-", _Constant(0), self.atom(depth + 1))
        if symbol[0].isdigit():
            return self.constant(symbol)
        if symbol[0].isalpha() or symbol[0] == "_":
            self.names.append(symbol)
            return _Name(symbol)
        raise ValueError(f'formula "{self.text}": "{symbol}" is not expected there')

    def constant(self, symbol: str) -> _Node:
        if symbol[:2] in ("0x", "0X"):
            return _Constant(int(symbol, 16))
        number = float(symbol)
        if not math.isfinite(number):
            raise ValueError(f'formula "{self.text}": "{symbol}" is too large a number')
        return _Constant(number if "." in symbol else int(symbol))


def _is_fractional(node: _Node, fractional: frozenset[str], text: str) -> bool:
    if isinstance(node, _Constant):
        return isinstance(node.value, float)
    if isinstance(node, _Name):
        return node.name in fractional
    left = _is_fractional(node.left, fractional, text)
    right = _is_fractional(node.right, fractional, text)
    if node.operator in _BITWISE and (left or right):
        raise ValueError(f'formula "{text}": {node.operator} needs whole numbers on both sides')
    if node.operator in ("<<", ">>") and isinstance(node.right, _Constant) and node.right.value > _MAX_SHIFT:
        raise ValueError(f'formula "{text}": a shift by more than {_MAX_SHIFT} bits')
    return left or right or node.operator == "/"


def _walk(node: _Node, values: Mapping[str, Number]) -> Number:
    if isinstance(node, _Constant):
        return node.value
    if isinstance(node, _Name):
        return values[node.name]
    left, right = _walk(node.left, values), _walk(node.right, values)
    match node.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
    left, right = int(left), int(right)  # whole by the check at parsing
    if node.operator in ("<<", ">>") and not 0 <= right <= _MAX_SHIFT:
        raise OverflowError
    match node.operator:
        case "&":
            return left & right
        case "|":
            return left | right
        case "<<":
            return left << right
    return left >> right
