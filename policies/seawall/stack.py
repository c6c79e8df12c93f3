"""One template deployed once: its parameters, conditions, mappings and outputs, evaluated with unknowns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seawall.intrinsics import decide, evaluate, for_each
from seawall.values import Answer, Key, Reference, Unknown, Value

if TYPE_CHECKING:
    from seawall.design import Design
    from seawall.source import Document

Touched = tuple[str, str, str]
"""What an evaluation read: ``condition`` or ``parameter``, the stack's name, its own name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as the template declares it; ``declared_type`` is the type that people see."""

    type: str
    node: dict[str, Any]
    declared_type: str = ""
    line: int | None = None


@dataclass(slots=True)
class Template:
    """A template's sections as plain mappings, and where it is deployed.

    ``name`` tells the stacks of one design apart (empty where there is only one). ``region`` and
    ``account`` are ``None`` where the deployment decides; ``region_of`` names the stack whose unknown region
    this one shares. ``arguments`` holds, for a nested stack, the nodes that its parent passes, to be
    evaluated in ``parent``; ``nested`` the logical ids and names of its own nested stacks. ``bindings`` are
    parameters whose value is known otherwise; ``loops`` the ``Fn::ForEach`` among its resources.
    ``transform`` makes entries of resources (SAM) where loops have to be expanded first.
    """

    document: Document
    name: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    region: str | None = None
    account: str | None = None
    region_of: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    parent: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    nested: dict[str, str] = field(default_factory=dict)
    bindings: dict[str, Any] = field(default_factory=dict)
    loops: dict[str, Any] = field(default_factory=dict)
    transform: Callable[[dict[str, Any]], dict[str, Entry]] | None = None


class Stack:
    """Evaluates one template under one scenario of its design. Results are kept: values never change."""

    def __init__(self, template: Template, design: Design, assignment: dict[Key, Value]) -> None:
        self.template = template
        self.name = template.name
        self.mappings = template.mappings
        self.design = design
        self._assignment = assignment
        self._kept: dict[Any, tuple[Value, frozenset[Touched]]] = {}
        self._in_progress: set[Any] = set()
        self.entries = dict(template.entries)
        for loop in template.loops.values():
            self.entries.update(for_each(self, loop, _looped))

    @property
    def region(self) -> str | Unknown:
        """The region this stack lives in, or the unknown that stands for it."""
        return self.template.region or Unknown(("the region",), identity=("AWS::Region", self.name))

    @cached_property
    def _conditions(self) -> dict[str, Any]:
        declared = self.template.conditions
        if not any(str(name).startswith("Fn::ForEach::") for name in declared):
            return declared
        found: dict[str, Any] = {}
        for name, node in declared.items():
            if str(name).startswith("Fn::ForEach::"):
                found.update(for_each(self, node, lambda name, body: {name: body}))
            else:
                found[name] = node
        return found

    def value(self, key: Any, node: Any) -> Value:
        """The value of ``node``, evaluated once under ``key``."""
        return self._keep(key, lambda: evaluate(self, node))

    def condition(self, name: str) -> Answer:
        """Whether the template's condition ``name`` holds."""
        if name not in self._conditions:
            return Unknown((f"condition {name}, which is not in the template",))
        node = self._conditions[name]
        self.design.touched.add(("condition", self.name, name))
        answer: Answer = self._keep(("condition", name), lambda: decide(self, node))
        return answer

    def parameter(self, name: str) -> Value:
        """The value of the template's parameter ``name``."""
        self.design.touched.add(("parameter", self.name, name))
        return self._keep(("parameter", name), lambda: self._parameter(name))

    def reference(self, name: str) -> Value:
        """What ``Ref`` returns for a parameter, a pseudo parameter or a resource."""
        if name.startswith("AWS::"):
            return self._pseudo_parameter(name)
        if name in self.template.parameters:
            return self.parameter(name)
        if name in self.entries:
            return Reference((self.name, name))
        return Unknown((f"{name}, which is not in the template",))

    def attribute(self, name: str, attribute: str) -> Value:
        """What ``Fn::GetAtt`` returns: a nested stack's output is evaluated there."""
        if name in self.template.nested and attribute.startswith("Outputs."):
            return self.design.stacks[self.template.nested[name]].output(attribute[len("Outputs.") :])
        if name in self.entries:
            return Reference((self.name, name), attribute)
        return Unknown((f"{name}, which is not in the template",))

    def output(self, name: str) -> Value:
        """The value of one of the template's outputs."""
        declared = self.template.outputs.get(name)
        if not isinstance(declared, dict) or "Value" not in declared:
            return Unknown((f"output {name}, which is not in the template",))
        return self._keep(("output", name), lambda: evaluate(self, declared["Value"]))

    def imported(self, name: Value) -> Value:
        """The value that a stack of the same design exports under ``name``."""
        for stack in self.design.stacks.values():
            for output, declared in stack.template.outputs.items():
                export = declared.get("Export") if isinstance(declared, dict) else None
                if not isinstance(export, dict) or "Name" not in export:
                    continue
                # ``is True``: an unknown name may be any export.
                if stack.value(("export", output), export["Name"]) == name and isinstance(name, str):
                    return stack.output(output)
        return Unknown((f"import {name}",), identity=("import", str(name)))

    def _keep(self, key: Any, compute: Callable[[], Value]) -> Value:
        touched = self.design.touched
        kept = self._kept.get(key)
        if kept is None:
            if key in self._in_progress:
                return Unknown((f"{key[0]} {key[1]}, which depends on itself",))
            self._in_progress.add(key)
            self.design.touched = set()
            try:
                value = compute()
                kept = self._kept[key] = (value, frozenset(self.design.touched))
            finally:
                self._in_progress.discard(key)
                self.design.touched = touched
        touched |= kept[1]
        return kept[0]

    def _parameter(self, name: str) -> Value:
        if (self.name, name) in self._assignment:
            return self._assignment[self.name, name]
        if name in self.template.bindings:
            return self.template.bindings[name]
        if name in self.template.arguments and self.template.parent is not None:
            parent = self.design.stacks[self.template.parent]
            return evaluate(parent, self.template.arguments[name])
        declared = self.template.parameters[name]
        given = self.design.parameters.get(name)
        kind = str(declared.get("Type", "String")) if isinstance(declared, dict) else "String"
        default = declared.get("Default") if isinstance(declared, dict) else None
        if given is None and kind.startswith("AWS::SSM::Parameter::Value") and default is not None:
            return Unknown((f"SSM parameter {default}",), identity=("SSM parameter", str(default)))
        if given is None:
            given = default
        if given is None or (given == "" and kind not in ("String", "CommaDelimitedList")):
            return self._unknown_parameter(name, kind)
        return typed(given, kind)

    def _unknown_parameter(self, name: str, kind: str) -> Unknown:
        # Nobody passes one subnet twice; two parameters for zones, however, may well name the same one.
        family = ("subnet parameters", self.name) if kind == "AWS::EC2::Subnet::Id" else None
        return Unknown((f"parameter {name}",), identity=("parameter", self.name, name), family=family)

    def _pseudo_parameter(self, name: str) -> Value:
        if name == "AWS::NoValue":
            return None
        if name == "AWS::Region":
            self.design.touched.add(("parameter", self.name, name))
            assigned: Value = self._assignment.get((self.name, name), self.region)
            return assigned
        if name == "AWS::Partition":
            return "aws"
        if name == "AWS::URLSuffix":
            return "amazonaws.com"
        if name == "AWS::AccountId" and self.template.account:
            return self.template.account
        label = {"AWS::AccountId": "the account", "AWS::StackName": "the stack's name"}.get(name, name)
        return Unknown((label,), identity=(name, self.name))


def _looped(logical_id: str, node: Any) -> dict[str, Entry]:
    """The resource that one turn of a loop makes, if it is one."""
    if not isinstance(node, dict) or not isinstance(node.get("Type"), str):
        return {}
    return {logical_id: Entry(node["Type"], node, line=getattr(node, "line", None))}


def typed(value: Any, kind: str) -> Value:
    """A parameter's text as its type means it: lists are split at commas."""
    if kind != "CommaDelimitedList" and "List<" not in kind:
        return value
    if isinstance(value, list):
        return value
    return [piece.strip() for piece in str(value).split(",") if piece.strip()]
