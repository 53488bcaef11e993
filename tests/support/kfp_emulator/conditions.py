"""Evaluates the conditions that TFX compiles into a pipeline.

They are written in CEL (https://github.com/google/cel-spec), of which TFX uses little: literals, comparisons, `&&`,
`||`, `!`, `+` of texts, and paths into the input artifacts. There is no CEL library in the stack; this little reads as
Python with other signs.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format

from support.kfp_emulator.emulator_error import TaskError

_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_LITERAL = re.compile(r"('(?:[^'\\]|\\.)*')")
_SIGNS = ((re.compile(r"&&"), " and "), (re.compile(r"\|\|"), " or "), (re.compile(r"!(?!=)"), " not "))


def holds(condition: str, executor_input: Any) -> bool:
    """Whether a task is to run.

    Args:
        condition: `triggerPolicy.condition` of the task.
        executor_input: the `ExecutorInput` that the task would get; the condition's paths begin there.

    Raises:
        TaskError: the condition cannot be evaluated, for example because an artifact lacks the property.
    """
    fields = json_format.MessageToDict(executor_input, preserving_proto_field_name=True)
    try:
        result = _value(ast.parse(_as_python(condition), mode="eval").body, fields)
    except (KeyError, IndexError) as error:
        raise TaskError(f"evaluation error: no such key: {error.args[0]} in {condition}") from error
    except (SyntaxError, TypeError) as error:
        raise TaskError(f"evaluation error: {error} in {condition}") from error
    if not isinstance(result, bool):
        raise TaskError(f"evaluation error: return type is not bool, got {result!r} in {condition}")
    return result


def _as_python(condition: str) -> str:
    parts = _LITERAL.split(condition)
    for index in range(0, len(parts), 2):  # every second part is a literal
        for sign, word in _SIGNS:
            parts[index] = sign.sub(word, parts[index])
    return "".join(parts).strip()


def _value(node: ast.expr, fields: dict[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return {"true": True, "false": False}.get(node.id) if node.id in ("true", "false") else fields[node.id]
        case ast.Attribute():
            return _value(node.value, fields)[node.attr]
        case ast.Subscript():
            return _value(node.value, fields)[_value(node.slice, fields)]
        case ast.BoolOp():
            together = all if isinstance(node.op, ast.And) else any
            return together(_truth(value, fields) for value in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not _truth(node.operand, fields)
        case ast.BinOp(op=ast.Add()):
            return _value(node.left, fields) + _value(node.right, fields)
        case ast.Compare(ops=[sign], comparators=[right]) if type(sign) in _COMPARISONS:
            return _compare(sign, _value(node.left, fields), _value(right, fields))
    raise TypeError(f"{ast.unparse(node)} is not something that TFX writes")


def _truth(node: ast.expr, fields: dict[str, Any]) -> bool:
    value = _value(node, fields)
    if not isinstance(value, bool):
        raise TypeError(f"{ast.unparse(node)} is {value!r}, no bool")
    return value


def _compare(sign: ast.cmpop, left: Any, right: Any) -> bool:
    if type(left) is not type(right) and not (isinstance(left, float | int) and isinstance(right, float | int)):
        raise TypeError(f"no such overload: {left!r} and {right!r} cannot be compared")
    return _COMPARISONS[type(sign)](left, right)
