"""Which combinations of parameter values make the conditions of a design come out differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from seawall.design import Design
from seawall.stack import Template, Touched
from seawall.values import Key, Unknown, Value, plain_text

MAX_SCENARIOS = 64
"""Combinations tried for one design. Above it the nearest to the defaults are tried, and this is said."""


@dataclass(frozen=True)
class Scenarios:
    """The designs that differ from the one under the defaults, and whether there were too many to try all."""

    designs: tuple[Design, ...]
    cut: bool


def scenarios_of(design: Design) -> Scenarios:
    """Every scenario of a design whose conditions come out unlike those of all before it."""
    choices: dict[Key, list[Value]] = {}
    for template in design.templates:
        if template.conditions and template.parent is None:
            choices.update(_choices(template, design))
    seen = {_outcome(design)}
    designs: list[Design] = []
    combinations = _combinations(choices)
    for assignment in islice(combinations, MAX_SCENARIOS):
        candidate = design.under(assignment, _described(assignment))
        outcome = _outcome(candidate)
        if outcome not in seen:
            seen.add(outcome)
            designs.append(candidate)
    return Scenarios(tuple(designs), next(combinations, None) is not None)


def _outcome(design: Design) -> tuple[Any, ...]:
    return tuple(
        answer if isinstance(answer, bool) else None
        for stack in design.stacks.values()
        for answer in map(stack.condition, stack.template.conditions)
    )


def outcome_of(design: Design, touched: set[Touched]) -> tuple[Any, ...]:
    """How the touched conditions come out in this design, ``None`` for an unknown one."""
    found = []
    for kind, stack, name in sorted(touched):
        if kind == "condition":
            answer = design.stacks[stack].condition(name)
            found.append(answer if isinstance(answer, bool) else None)
    return tuple(found)


def _choices(template: Template, design: Design) -> dict[Key, list[Value]]:
    """For each parameter that conditions read and nobody has set: the values worth trying."""
    literals: dict[str, dict[str, None]] = {}
    for node in template.conditions.values():
        _collect(node, literals)
    choices: dict[Key, list[Value]] = {}
    for name, texts in literals.items():
        declared = template.parameters.get(name)
        if name in design.parameters or name in template.bindings:
            continue
        if not isinstance(declared, dict) and not (name == "AWS::Region" and template.region is None):
            continue
        allowed = declared.get("AllowedValues") if isinstance(declared, dict) else None
        if isinstance(allowed, list):
            choices[template.name, name] = [value for value in allowed if isinstance(value, (str, int, float, bool))]
            continue
        other = Unknown((f"parameter {name}",), ("parameter", template.name, name), None, frozenset(texts))
        choices[template.name, name] = [*texts, other]
    return choices


def _collect(node: Any, literals: dict[str, dict[str, None]]) -> None:
    """Notes for each parameter below a condition the texts that it is compared with."""
    if isinstance(node, list):
        for item in node:
            _collect(item, literals)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("Ref"), str):
        literals.setdefault(node["Ref"], {})
    operands = node.get("Fn::Equals")
    if isinstance(operands, list):
        names = [operand["Ref"] for operand in operands if isinstance(operand, dict) and isinstance(operand.get("Ref"), str)]
        for operand in operands:
            if isinstance(operand, (str, int, float, bool)):
                for name in names:
                    literals.setdefault(name, {})[plain_text(operand)] = None
    for item in node.values():
        _collect(item, literals)


def _combinations(choices: dict[Key, list[Value]]) -> Iterator[dict[Key, Value]]:
    """One parameter changed at a time first, then all together: the nearest to the defaults come first."""
    for key, values in choices.items():
        for value in values:
            yield {key: value}
    if len(choices) > 1:
        for combination in product(*choices.values()):
            yield dict(zip(choices, combination, strict=True))


def _described(assignment: dict[Key, Value]) -> str:
    return " and ".join(_setting(name, value) for (_, name), value in assignment.items())


def _setting(name: str, value: Value) -> str:
    if not isinstance(value, Unknown):
        return f"{name} is {plain_text(value)!r}" if value != "" else f"{name} is empty"
    if value.excludes == {""}:
        return f"{name} is set"
    return f"{name} is something else than {', '.join(repr(text) for text in sorted(value.excludes))}" if value.excludes else f"{name} is set"
