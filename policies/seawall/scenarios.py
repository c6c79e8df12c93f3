"""Which combinations of parameter values make the conditions of a design come out differently."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations, islice, product
from typing import Any, NamedTuple

from seawall.design import Design
from seawall.stack import Stack, Touched
from seawall.template import Template
from seawall.values import Key, Unknown, Value, plain_text, same

MAX_SCENARIOS = 64
"""Combinations tried for one design. Above it the nearest to the defaults are tried, and this is said."""


class Scenarios(NamedTuple):
    """The designs that differ from the one under the defaults, and whether there were too many to try all."""

    designs: tuple[Design, ...]
    cut: bool


def scenarios_of(design: Design) -> Scenarios:
    """Every scenario of a design whose conditions come out unlike those of all before it."""
    choices = _choices(design)
    outcomes = _Outcomes()
    usual = outcomes.of(design)
    seen = {tuple(usual.items())}
    designs: list[Design] = []
    assignments = _combinations(choices)
    for assignment in islice(assignments, MAX_SCENARIOS):
        candidate = design.under(assignment, _described(assignment))
        outcome = outcomes.of(candidate)
        if any(answer is None and usual.get(key) is not None for key, answer in outcome.items()):
            continue  # where less is known than under the defaults, nothing is learnt
        if tuple(outcome.items()) not in seen:
            seen.add(tuple(outcome.items()))
            designs.append(candidate)
    return Scenarios(tuple(designs), next(assignments, None) is not None)


Read = dict[Key, Value]
"""What an evaluation read: the value that the scenario gives to each parameter, ``None`` where it gives none."""


class _Outcomes:
    """How the conditions of a design come out in one scenario after the other.

    A condition that has come out for the same values of all it reads comes out so again: it is not evaluated.
    """

    def __init__(self) -> None:
        self._seen: dict[Hashable, list[tuple[Read, bool | None]]] = {}

    def of(self, design: Design) -> dict[Key, bool | None]:
        """How every condition comes out, ``None`` for an unknown one."""
        # What is read of the region is not always noted.
        regions = tuple((key, value) for key, value in design.assignment.items() if key[1] == "AWS::Region")
        return {
            (stack.name, name): self._outcome(design, stack, name, regions)
            for stack in design.stacks.values()
            for name in stack.conditions
        }

    def _outcome(self, design: Design, stack: Stack, name: str, regions: Hashable) -> bool | None:
        seen = self._seen.setdefault((stack.name, name, regions), [])
        given = design.assignment.get
        for read, outcome in seen:
            if all(given(key) == value for key, value in read.items()):
                return outcome
        touched, design.touched = design.touched, set()
        answer = stack.condition(name)
        outcome = answer if isinstance(answer, bool) else None
        read = {(place, parameter): given((place, parameter)) for kind, place, parameter in design.touched
                if kind == "parameter"}  # fmt: skip
        seen.append((read, outcome))
        design.touched = touched
        return outcome


def outcome_of(design: Design, touched: set[Touched]) -> tuple[Any, ...]:
    """How the touched conditions come out in this design, ``None`` for an unknown one."""
    found = []
    for kind, stack, name in sorted(touched):
        if kind == "condition":
            answer = design.stacks[stack].condition(name)
            found.append(answer if isinstance(answer, bool) else None)
    return tuple(found)


Literals = dict[str, dict[str, None]]
"""For each parameter that conditions read, the texts that it is compared with, in order."""


def _choices(design: Design) -> dict[Key, list[Value]]:
    """For each parameter that conditions read and nobody has set: the values worth trying, fewest first.

    A nested stack's parameter stands for the one of its parent that is handed down to it.
    """
    compared: dict[Key, dict[str, None]] = {}
    for template in design.templates:
        literals: Literals = {}
        for node in design.stacks[template.name].conditions.values() if template.conditions else ():
            _collect(node, template.mappings, literals)
        for name, texts in literals.items():
            key = _origin(design, template, name)
            if key is not None:
                compared.setdefault(key, {}).update(texts)
    choices = {key: _worth_trying(design, key, texts) for key, texts in compared.items()}
    return dict(sorted(choices.items(), key=lambda choice: len(choice[1])))


def _origin(design: Design, template: Template, name: str) -> Key | None:
    """The parameter of a top template that decides this one, if the deployment can choose it."""
    while template.parent is not None and name != "AWS::Region":
        argument = template.arguments.get(name)
        handed_down = argument.get("Ref") if isinstance(argument, dict) and len(argument) == 1 else None
        if not isinstance(handed_down, str):
            return None
        template, name = design.stacks[template.parent].template, handed_down
    if name == "AWS::Region":
        return (template.region_of or template.name, name) if template.region is None else None
    free = name in template.parameters and name not in design.parameters and name not in template.bindings
    return (template.name, name) if free else None


def _worth_trying(design: Design, key: Key, texts: dict[str, None]) -> list[Value]:
    stack = design.stacks[key[0]]
    declared = stack.template.parameters.get(key[1])
    allowed = declared.get("AllowedValues") if isinstance(declared, dict) else None
    values: list[Value] = [
        *texts,
        Unknown((f"parameter {key[1]}",), ("parameter", *key, "other"), None, frozenset(texts)),
    ]
    if isinstance(allowed, list):
        values = [value for value in allowed if isinstance(value, (str, int, float, bool))]
    default = stack.reference(key[1])
    return [value for value in values if same(value, default) is not True]


def _collect(node: Any, mappings: dict[str, Any], literals: Literals) -> None:
    """Notes for each parameter below a condition the texts that it is compared with."""
    if isinstance(node, list):
        for item in node:
            _collect(item, mappings, literals)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("Ref"), str):
        literals.setdefault(node["Ref"], {})
    _note(literals, node.get("Fn::Equals"))
    keys = node.get("Fn::FindInMap")
    if isinstance(keys, list) and len(keys) > 1 and isinstance(keys[0], str):
        table = mappings.get(keys[0])
        _note(literals, [keys[1], *(table if isinstance(table, dict) else ())])
    for item in node.values():
        _collect(item, mappings, literals)


def _note(literals: Literals, operands: Any) -> None:
    """Every text among the operands is one that the parameters among them, or below them, can equal."""
    if not isinstance(operands, list):
        return
    texts = [plain_text(operand) for operand in operands if isinstance(operand, (str, int, float, bool))]
    for name in _refs(operands):
        literals.setdefault(name, {}).update(dict.fromkeys(texts))


def _refs(node: Any) -> Iterator[str]:
    """The parameters below a node, those left out that only choose a row of a mapping."""
    if isinstance(node, list):
        for item in node:
            yield from _refs(item)
    elif isinstance(node, dict):
        for name, item in node.items():
            if name == "Ref" and isinstance(item, str):
                yield item
            elif name != "Fn::FindInMap":
                yield from _refs(item)


def _combinations(choices: dict[Key, list[Value]]) -> Iterator[dict[Key, Value]]:
    """Every combination once, the nearest to the defaults first: one parameter changed, then two."""
    for changed in range(1, len(choices) + 1):
        for keys in combinations(choices, changed):
            for values in product(*(choices[key] for key in keys)):
                yield dict(zip(keys, values, strict=True))


def _described(assignment: dict[Key, Value]) -> str:
    return " and ".join(_setting(name, value) for (_, name), value in assignment.items())


def _setting(name: str, value: Value) -> str:
    if not isinstance(value, Unknown):
        return f"{name} is {plain_text(value)!r}" if value != "" else f"{name} is empty"
    if value.excludes == {""}:
        return f"{name} is set"
    return (
        f"{name} is something else than {', '.join(repr(text) for text in sorted(value.excludes))}"
        if value.excludes
        else f"{name} is set"
    )
