"""Evaluate the small integer formulas of the timing rules, such as ``max(WRRD_L, WRPRE - RTP)``.

The distances of a standard are data, and a formula in a data file must not be able to run code, hence a
grammar of its own: whole numbers, names, ``+ - *``, ``max(…)``, ``min(…)`` and ``ceil(a, b)``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping


def evaluate(formula: str | int, names: Mapping[str, int]) -> int:
    """The value of *formula*, with `names` in the same unit (cycles).

    ``ceil(a, b)`` is a / b rounded up. Raises ValueError for anything outside the grammar or an unknown name.
    """
    if isinstance(formula, int) and not isinstance(formula, bool):
        return formula
    try:
        tree = ast.parse(str(formula), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"formula {formula!r}: not an expression ({error.msg})") from None
    return _value(tree.body, names, str(formula))


def _value(node: ast.expr, names: Mapping[str, int], formula: str) -> int:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.Name(id=name):
            if name not in names:
                known = ", ".join(sorted(names))
                raise ValueError(f"formula {formula!r}: unknown name {name!r}; known: {known}")
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names, formula)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as sign, right=right):
            a, b = _value(left, names, formula), _value(right, names, formula)
            return a + b if isinstance(sign, ast.Add) else a - b if isinstance(sign, ast.Sub) else a * b
        case ast.Call(func=ast.Name(id=function), args=[_, *_] as arguments, keywords=[]):
            return _call(function, [_value(argument, names, formula) for argument in arguments], formula)
    raise ValueError(f"formula {formula!r}: expected whole numbers, names, + - *, max(), min() and ceil(a, b) only")


def _call(function: str, values: list[int], formula: str) -> int:
    if function == "max":
        return max(values)
    if function == "min":
        return min(values)
    if function == "ceil" and len(values) == 2 and values[1] > 0:
        return -(-values[0] // values[1])
    raise ValueError(f"formula {formula!r}: no function {function}() of {len(values)} such values")
