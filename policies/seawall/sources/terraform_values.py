"""Evaluates Terraform expressions with unknowns, as ``intrinsics`` does for CloudFormation's functions.

Source of the semantics: "Expressions" in the Terraform language documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from seawall.sources.terraform_files import FILE_FUNCTIONS, Files
from seawall.sources.terraform_functions import FUNCTIONS, is_missing, item_of, map_key, missing
from seawall.sources.terraform_language import Expression
from seawall.values import (
    Reference,
    Unknown,
    Value,
    boolean,
    join_parts,
    number,
    reasons,
    same,
)

MAX_STEPS = 500_000
"""Expressions evaluated for one root module. Loops over loops in a stranger's file must end."""


_FORGIVING = ("try", "can", "coalesce", "lookup")
"""Functions that go on where an argument is an error, or find out themselves which one counts."""


class Named(Protocol):
    """Something with members that are no values themselves: ``var``, ``data.aws_subnets``, a module."""

    def member(self, name: str) -> Value:
        """What stands behind the dot."""


class World(Protocol):
    """What all scopes of one root module share."""

    steps: int
    files: Files

    def attribute_of(self, reference: Reference, name: str) -> Value:
        """An attribute of a resource, configured or known only to the provider."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: what its first names mean."""

    world: World
    module: Named
    names: dict[str, Value] = field(default_factory=dict)

    def with_names(self, names: dict[str, Value]) -> Scope:
        """The same place inside a loop that gives these names a meaning."""
        return Scope(self.world, self.module, {**self.names, **names})


class TooLong(Exception):
    """A module whose evaluation takes more than ``MAX_STEPS``."""


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of an expression; ``None`` is Terraform's ``null``, which means *not set*."""
    scope.world.steps += 1
    if scope.world.steps > MAX_STEPS:
        raise TooLong
    return _KINDS[expression[0]](expression, scope)


def _literal(expression: Expression, scope: Scope) -> Value:
    return expression[1]


def _template(expression: Expression, scope: Scope) -> Value:
    parts = [evaluate(part, scope) for part in expression[1]]
    texts: list[Value] = []
    for part in parts:
        if isinstance(part, (dict, list)):
            return Unknown(reasons(part) or ("a text made of a list",))
        texts.append("" if part is None else part)
    return join_parts(texts)


def _list(expression: Expression, scope: Scope) -> Value:
    return [evaluate(item, scope) for item in expression[1]]


def _object(expression: Expression, scope: Scope) -> Value:
    found: dict[str | Unknown, Value] = {}
    for key_expression, item in expression[1]:
        written = evaluate(key_expression, scope)
        key = None if isinstance(written, Reference) else map_key(written)
        if key is None:
            return Unknown(reasons(written) or ("the key of a map",))
        found[key] = evaluate(item, scope)
    return found


def _variable(expression: Expression, scope: Scope) -> Value:
    name = expression[1]
    return scope.names[name] if name in scope.names else scope.module.member(name)


def _get(expression: Expression, scope: Scope) -> Value:
    return member_of(evaluate(expression[1], scope), expression[2], scope)


def member_of(base: Value, name: str, scope: Scope) -> Value:
    """What ``base.name`` is."""
    if hasattr(base, "member"):
        return base.member(name)
    if isinstance(base, dict):
        return base.get(name)
    if isinstance(base, Reference):
        return scope.world.attribute_of(base, name)
    if isinstance(base, Unknown):
        if is_missing(base):
            return base
        return Unknown(base.because, None if base.identity is None else ("attribute", base.identity, name))
    if isinstance(base, list) and len(base) == 1:
        return member_of(base[0], name, scope)
    return missing(f"attribute {name}")


def _index(expression: Expression, scope: Scope) -> Value:
    return item_of(evaluate(expression[1], scope), evaluate(expression[2], scope))


def _splat(expression: Expression, scope: Scope) -> Value:
    base = evaluate(expression[1], scope)
    if isinstance(base, Unknown):
        steps = str(expression[2])
        return Unknown(base.because, None if base.identity is None else ("splat", base.identity, steps))
    elements = base if isinstance(base, list) else [] if base is None else [base]
    return [evaluate(expression[2], scope.with_names({"*": element})) for element in elements]


def _element(expression: Expression, scope: Scope) -> Value:
    return scope.names["*"]


def _call(expression: Expression, scope: Scope) -> Value:
    _, name, arguments, spread = expression
    values = [evaluate(argument, scope) for argument in arguments]
    if spread and values:
        last = values.pop()
        if not isinstance(last, list):
            return Unknown(reasons(last) or (f"the arguments of {name}",))
        values += last
    wrong = next((value for value in values if is_missing(value)), None)
    if wrong is not None and name not in _FORGIVING:
        return wrong
    if name in FILE_FUNCTIONS:
        return FILE_FUNCTIONS[name](values, scope)
    function = FUNCTIONS.get(name)
    if function is None:
        why = tuple(dict.fromkeys(reasons(values))) or (f"{name}()",)
        return Unknown(why, identity=("call", name, str(values)))
    try:
        return function(*values)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError, ArithmeticError):
        return Unknown(reasons(values) or (f"{name}()",))


def _if(expression: Expression, scope: Scope) -> Value:
    _, condition, when_true, when_false = expression
    answer = boolean(evaluate(condition, scope))
    if isinstance(answer, bool):
        return evaluate(when_true if answer else when_false, scope)
    if is_missing(answer):
        return answer
    left, right = evaluate(when_true, scope), evaluate(when_false, scope)
    if same(left, right) is True:
        return left
    return Unknown(answer.because if answer is not None else ("a condition",), identity=None)


def _unary(expression: Expression, scope: Scope) -> Value:
    value = evaluate(expression[2], scope)
    if expression[1] == "!":
        answer = boolean(value)
        return not answer if isinstance(answer, bool) else answer or Unknown(("a condition",))
    amount = number(value)
    if isinstance(amount, float):
        return _whole(-amount)
    return amount or Unknown(("a number",))


def _binary(expression: Expression, scope: Scope) -> Value:
    _, operator, left_side, right_side = expression
    if operator in ("&&", "||"):
        return _logic(operator == "||", left_side, right_side, scope)
    left, right = evaluate(left_side, scope), evaluate(right_side, scope)
    if operator in ("==", "!="):
        answer = equal(left, right)
        return (answer == (operator == "==")) if isinstance(answer, bool) else answer
    first, second = number(left), number(right)
    if not isinstance(first, float) or not isinstance(second, float):
        return Unknown(reasons([left, right]) or ("a number",), identity=(operator, str(left), str(right)))
    return _ARITHMETIC[operator](first, second)


def _logic(decisive: bool, left_side: Expression, right_side: Expression, scope: Scope) -> Value:
    left = boolean(evaluate(left_side, scope))
    if left is decisive:
        return decisive
    right = boolean(evaluate(right_side, scope))
    if right is decisive:
        return decisive
    unknown = [side for side in (left, right) if not isinstance(side, bool)]
    if not unknown:
        return not decisive
    return Unknown(reasons(unknown) or ("a condition",))


def equal(left: Value, right: Value) -> bool | Unknown:
    """Whether two values are equal; nothing that a resource has is ``null`` or an empty text."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Reference) and other in (None, "", [], {}):
            return False
        if other is None and not isinstance(one, Unknown):
            return one is None
    return same(left, right)


def _whole(amount: float) -> int | float:
    return int(amount) if amount.is_integer() else amount


_ARITHMETIC: dict[str, Callable[[float, float], Value]] = {
    "+": lambda left, right: _whole(left + right),
    "-": lambda left, right: _whole(left - right),
    "*": lambda left, right: _whole(left * right),
    "/": lambda left, right: _whole(left / right) if right else Unknown(("a division by zero",)),
    "%": lambda left, right: _whole(left % right) if right else Unknown(("a division by zero",)),
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def _for(expression: Expression, scope: Scope) -> Value:
    _, names, collection, key, value, condition, grouped = expression
    source = evaluate(collection, scope)
    turns = pairs_of(source)
    if isinstance(turns, Unknown):
        return Unknown(turns.because, identity=None if turns.identity is None else ("for", turns.identity, str(value)))
    keys: list[Value] = []
    values: list[Value] = []
    for position, element in turns:
        inner = scope.with_names(dict(zip(names, (position, element) if len(names) > 1 else (element,), strict=False)))
        if condition is not None:
            wanted = boolean(evaluate(condition, inner))
            if wanted is not True:
                if wanted is False:
                    continue
                return Unknown(wanted.because if wanted is not None else ("a condition",))
        if key is not None:
            keys.append(evaluate(key, inner))
        values.append(evaluate(value, inner))
    return values if key is None else _object_of(keys, values, grouped)


def _object_of(keys: list[Value], values: list[Value], grouped: bool) -> Value:
    found: dict[str | Unknown, Value] = {}
    for written, value in zip(keys, values, strict=True):
        key = map_key(written)
        if key is None:
            return Unknown(reasons(written) or ("the key of a map",))
        if grouped:
            found.setdefault(key, []).append(value)
        else:
            found[key] = value
    return found


def pairs_of(source: Value) -> list[tuple[Value, Value]] | Unknown:
    """The turns of a loop: key and value of a map, position and element of a list."""
    if isinstance(source, dict):
        return list(source.items())
    if isinstance(source, list):
        return list(enumerate(source))
    if source is None:
        return []
    if isinstance(source, Unknown):
        return source
    return Unknown(reasons(source) or (str(source),))


def plain_values(value: Value) -> Iterator[Any]:
    """Every scalar inside a value that is neither a plain one nor one of ``values``, and keys that are not known."""
    if isinstance(value, dict):
        yield from (key for key in value if isinstance(key, Unknown))
        for item in value.values():
            yield from plain_values(item)
    elif isinstance(value, list):
        for item in value:
            yield from plain_values(item)
    elif hasattr(value, "member"):
        yield value


_KINDS: dict[str, Callable[[Expression, Scope], Value]] = {
    "literal": _literal,
    "template": _template,
    "list": _list,
    "object": _object,
    "variable": _variable,
    "get": _get,
    "index": _index,
    "splat": _splat,
    "element": _element,
    "call": _call,
    "if": _if,
    "unary": _unary,
    "binary": _binary,
    "for": _for,
}
