"""A small part of CloudWatch's metric math: + - * / ( ), comparisons, numbers, IDs, FILL, IF, MAX and MIN.

An expression is evaluated for one period at a time. A missing datapoint is None, and what is computed from it
is missing too, as CloudWatch's results have a datapoint only where all of their operands have one.
Source: "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

Point = float | None
Compute = Callable[[Mapping[str, Point]], Point]

#: "PutMetricAlarm": length of an expression.
MAX_LENGTH = 2048

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SIGNS: dict[type[ast.unaryop], int] = {ast.UAdd: 1, ast.USub: -1}


class UnsupportedExpression(ValueError):  # noqa: N818  (said in an alarm's StateReason, as it is)
    """The expression is none, or uses what is not emulated."""


@lru_cache(maxsize=256)
def parse(expression: str) -> Compute:
    """What computes the expression from the values of all its IDs. Raises UnsupportedExpression.

    The text is parsed as Python's, which writes these operators alike, and never executed.
    """
    if len(expression) > MAX_LENGTH:
        raise UnsupportedExpression(f"an expression of more than {MAX_LENGTH} characters")
    try:
        return _compile(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError, OverflowError) as wrong:
        raise UnsupportedExpression(f"the expression {expression!r} cannot be read") from wrong


def identifiers(expression: str) -> set[str]:
    """The IDs that an expression uses. Raises UnsupportedExpression as `parse` does."""
    parse(expression)
    found = list(ast.walk(ast.parse(expression.strip(), mode="eval")))
    functions = {id(node.func) for node in found if isinstance(node, ast.Call)}
    return {node.id for node in found if isinstance(node, ast.Name) and id(node) not in functions}


def _compile(node: ast.expr) -> Compute:
    match node:
        case ast.Constant(value=bool() | str() | bytes() | complex() | None):
            pass
        case ast.Constant(value=int() | float() as number):
            return lambda _: float(number)
        case ast.Name(id=name):
            return lambda values: values[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            sign = _SIGNS[type(op)]
            return _joined(lambda value, _: sign * value, _compile(operand), lambda _: 0.0)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC:
            return _joined(_ARITHMETIC[type(op)], _compile(left), _compile(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _joined(_COMPARISONS[type(op)], _compile(left), _compile(right))
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]):
            return _call(function, args)
    raise UnsupportedExpression(f"{ast.unparse(node)!r} is not emulated in metric math")


def _call(function: str, args: list[ast.expr]) -> Compute:
    match function, args:
        case "FILL", [series, filler]:
            given, instead = _compile(series), _compile(filler)
            return lambda values: instead(values) if given(values) is None else given(values)
        case "IF", [condition, then]:
            return _if(_compile(condition), _compile(then), lambda _: None)
        case "IF", [condition, then, otherwise]:
            return _if(_compile(condition), _compile(then), _compile(otherwise))
        case "MAX" | "MIN", [ast.List(elts=parts)] if parts:
            return _extreme(max if function == "MAX" else min, [_compile(part) for part in parts])
    raise UnsupportedExpression(f"{function} with {len(args)} arguments is not emulated in metric math")


def _joined(apply: Callable[[float, float], float], left: Compute, right: Compute) -> Compute:
    def compute(values: Mapping[str, Point]) -> Point:
        one, other = left(values), right(values)
        if one is None or other is None:
            return None
        try:
            return float(apply(one, other))
        except (ZeroDivisionError, OverflowError):
            return None

    return compute


def _if(condition: Compute, then: Compute, otherwise: Compute) -> Compute:
    def compute(values: Mapping[str, Point]) -> Point:
        holds = condition(values)
        return None if holds is None else then(values) if holds else otherwise(values)

    return compute


def _extreme(pick: Callable[[list[float]], float], parts: list[Compute]) -> Compute:
    """Of several series, period by period; series without a datapoint there do not count."""

    def compute(values: Mapping[str, Point]) -> Point:
        there = [value for part in parts if (value := part(values)) is not None]
        return pick(there) if there else None

    return compute
