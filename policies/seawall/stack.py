"""One template deployed once: its parameters, conditions, mappings and outputs, evaluated with unknowns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seawall.intrinsics import decide, evaluate
from seawall.loops import for_each
from seawall.template import Entry, Template
from seawall.texts import split, unjoined
from seawall.values import Answer, Key, Reference, Text, Unknown, Value, same

if TYPE_CHECKING:
    from seawall.design import Design

Touched = tuple[str, str, str]
"""What an evaluation read: ``condition`` or ``parameter``, the stack's name, its own name."""


_OPAQUE = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::CustomResource")
"""Resources whose attributes are whatever somebody else's template or code returns."""


MAX_CHAIN = 60
"""Conditions, parameters and outputs that follow from one another. Real chains have fewer than ten links."""

BUDGET = 20_000_000
"""Characters and nodes that functions of one stack may make. Only a bomb multiplies like this."""


class Stack:
    """Evaluates one template under one scenario of its design. Results are kept: values never change."""

    def __init__(
        self, template: Template, design: Design, assignment: dict[Key, Value], usual: Stack | None = None
    ) -> None:
        self.template = template
        self.name = template.name
        self.mappings = template.mappings
        self.design = design
        self._assignment = assignment
        self._usual, self._changed = usual, _changed(usual, assignment)
        self._kept: dict[Any, tuple[Value, frozenset[Touched]]] = {}
        self._in_progress: set[Any] = set()
        self._budget = BUDGET

    def afford(self, size: int) -> bool:
        """Takes ``size`` characters or nodes from what this stack's functions may still make."""
        self._budget -= size
        return self._budget >= 0

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The resources by logical id, loops expanded."""
        template = self.template
        if not template.loops:
            return template.entries
        looped: dict[str, Any] = {}
        for loop in template.loops.values():
            looped.update(for_each(self, loop, _resource))
        if template.transform is not None:
            return template.transform(looped)
        made = {name: Entry(node["Type"], node, line=getattr(node, "line", None)) for name, node in looped.items()}
        return {**template.entries, **made}

    @property
    def region(self) -> str | Unknown:
        """The region this stack lives in, or the unknown that stands for it."""
        if self.template.region:
            return self.template.region
        assigned = self._assignment.get((self._region_owner, "AWS::Region"))
        if isinstance(assigned, (str, Unknown)):
            return assigned
        return Unknown(("the region",), identity=("AWS::Region", self._region_owner))

    @property
    def _region_owner(self) -> str:
        return self.name if self.template.region_of is None else self.template.region_of

    @cached_property
    def _above(self) -> tuple[Stack, str] | None:
        """For a nested stack: its parent, and the resource there that stands for it."""
        if self.template.parent is None:
            return None
        parent = self.design.stacks[self.template.parent]
        names = parent.template.nested.items()
        return next((parent, logical_id) for logical_id, name in names if name == self.name)

    @property
    def exists(self) -> Answer:
        """Whether the stack is there: a nested one may hang on a condition of its parent."""
        if self._above is None:
            return True
        parent, logical_id = self._above
        return self.design.all[parent.name, logical_id].exists

    @property
    def tags(self) -> dict[str, Value] | Unknown:
        """The tags that its resources have from the stack; a nested one hands on those of its resource."""
        if self._above is None:
            return dict(self.template.tags)
        parent, logical_id = self._above
        return self.design.all[parent.name, logical_id].tags

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """The template's conditions, loops expanded."""
        return self._expanded(self.template.conditions)

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The template's outputs, loops expanded."""
        return self._expanded(self.template.outputs)

    def _expanded(self, declared: dict[str, Any]) -> dict[str, Any]:
        if not any(str(name).startswith("Fn::ForEach::") for name in declared):
            return declared
        found: dict[str, Any] = {}
        for name, node in declared.items():
            if str(name).startswith("Fn::ForEach::"):
                found.update(for_each(self, node, lambda name, body: {name: body}))
            else:
                found[name] = node
        return found

    def evaluate(self, node: Any) -> Value:
        """The value of ``node``, not kept."""
        return evaluate(self, node)

    def value(self, key: Any, node: Any) -> Value:
        """The value of ``node``, evaluated once under ``key``."""
        return self._keep(key, lambda: evaluate(self, node))

    def condition(self, name: str) -> Answer:
        """Whether the template's condition ``name`` holds."""
        if name not in self.conditions:
            return Unknown((f"condition {name}, which is not in the template",))
        node = self.conditions[name]
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
        resource, _, part = name.partition(".")
        if part and resource in self.entries:  # SAM: ``Function.Alias`` and ``Api.Stage`` belong to it
            return Reference((self.name, resource))
        return Unknown((f"{name}, which is not in the template",))

    def attribute(self, name: str, attribute: str) -> Value:
        """What ``Fn::GetAtt`` returns: a nested stack's output is evaluated there."""
        if name in self.template.nested and attribute.startswith("Outputs."):
            return self.design.stacks[self.template.nested[name]].output(attribute[len("Outputs.") :])
        entry = self.entries.get(name)
        if entry is None:
            return Unknown((f"{name}, which is not in the template",))
        if entry.type == "Custom::CrossRegionExportReader":
            return self._from_other_region(name, attribute)
        if entry.type in _OPAQUE or entry.type.startswith("Custom::"):
            return Unknown((f"{name}.{attribute}",), identity=("attribute", self.name, name, attribute))
        return Reference((self.name, name), attribute)

    def _from_other_region(self, name: str, attribute: str) -> Value:
        """What CDK carries to this region through a pair of custom resources; their keys are equal."""
        for stack in self.design.stacks.values():
            if attribute in stack.carried:
                return stack.value(("cross-region export", attribute), stack.carried[attribute])
        return Unknown((f"{name}.{attribute}",), identity=("attribute", self.name, name, attribute))

    @cached_property
    def carried(self) -> dict[str, Any]:
        """The nodes that CDK carries from this stack to other regions, by their keys."""
        found: dict[str, Any] = {}
        for entry in self.entries.values():
            if entry.type == "Custom::CrossRegionExportWriter":
                exports = field_of(entry.node, "Properties", "WriterProps", "exports")
                found.update(exports if isinstance(exports, dict) else {})
        return found

    def output(self, name: str) -> Value:
        """The value of one of the template's outputs."""
        declared = self.outputs.get(name)
        if not isinstance(declared, dict) or "Value" not in declared:
            return Unknown((f"output {name}, which is not in the template",))
        return self._keep(("output", name), lambda: evaluate(self, declared["Value"]))

    @cached_property
    def exports(self) -> dict[str, str]:
        """The outputs that other stacks can import, by the names of their exports where these are known."""
        found: dict[str, str] = {}
        for output, declared in self.outputs.items():
            name = field_of(declared, "Export", "Name")
            value = None if name is None else self.value(("export", output), name)
            if isinstance(value, str):
                found[value] = output
        return found

    def imported(self, name: Value) -> Value:
        """The value that a stack of the same design, region and account exports under ``name``."""
        for stack in self.design.stacks.values() if isinstance(name, str) else ():
            if name in stack.exports and stack.shares_exports_with(self):
                return stack.output(stack.exports[name])
        return Unknown((f"import {name}",), identity=("import", str(name)))

    def shares_exports_with(self, other: Stack) -> bool:
        """Whether it may be in the other's region and account."""
        accounts = {self.template.account, other.template.account} - {None}
        return len(accounts) < 2 and same(self.region, other.region) is not False

    def _keep(self, key: Any, compute: Callable[[], Value]) -> Value:
        touched = self.design.touched
        kept = self._kept.get(key) or self._kept_as_usual(key)
        if kept is None:
            if key in self._in_progress:
                return Unknown((f"{key[0]} {key[1]}, which depends on itself",))
            if len(self._in_progress) > MAX_CHAIN:
                return Unknown((f"{key[0]} {key[1]}, at the end of a chain of more than {MAX_CHAIN}",))
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

    def _kept_as_usual(self, key: Any) -> tuple[Value, frozenset[Touched]] | None:
        """What the usual scenario knows already, where it read nothing that is otherwise in this one."""
        if self._usual is None or (key[0], self.name, key[1]) in self._changed:
            return None
        kept = self._usual._kept.get(key)
        if kept is None or not self._changed.isdisjoint(kept[1]):
            return None
        self._kept[key] = kept
        return kept

    def _parameter(self, name: str) -> Value:
        declared = self.template.parameters[name]
        kind = str(declared.get("Type", "String")) if isinstance(declared, dict) else "String"
        given = self._given(name)
        if given is None and isinstance(declared, dict):
            given = declared.get("Default")
        if kind.startswith("AWS::SSM::Parameter::Value") and given is not None and not isinstance(given, Unknown):
            # What is given is the name under which Parameter Store keeps the value.
            place = getattr(self.region, "identity", self.region)
            return Unknown((f"SSM parameter {given}",), identity=("SSM parameter", place, str(given)))
        if given is None or (given == "" and kind not in ("String", "CommaDelimitedList")):
            return self._unknown_parameter(name, kind)
        return typed(evaluate(self, given) if isinstance(given, str) else given, kind)

    def _given(self, name: str) -> Value:
        """The value that a scenario, the parent or the user gives; ``None`` leaves the default."""
        if (self.name, name) in self._assignment:
            return self._assignment[self.name, name]
        if name in self.template.bindings:
            return self.template.bindings[name]
        if self.template.parent is None:
            return self.design.parameters.get(name)
        if name not in self.template.arguments:
            return None
        return evaluate(self.design.stacks[self.template.parent], self.template.arguments[name])

    def _unknown_parameter(self, name: str, kind: str) -> Unknown:
        # Nobody passes one subnet twice; two parameters for zones, however, may well name the same one.
        family = ("subnet parameters", self.name) if kind == "AWS::EC2::Subnet::Id" else None
        return Unknown((f"parameter {name}",), identity=("parameter", self.name, name), family=family)

    def _pseudo_parameter(self, name: str) -> Value:
        if name == "AWS::NoValue":
            return None
        if name in self.template.bindings:
            return self.template.bindings[name]
        if name == "AWS::Region":
            if self.template.region is None:
                self.design.touched.add(("parameter", self._region_owner, name))
            return self.region
        if name == "AWS::AccountId" and self.template.account:
            return self.template.account
        if name in _USUALLY:
            return _USUALLY[name]
        label = {"AWS::AccountId": "the account", "AWS::StackName": "the stack's name"}.get(name, name)
        # An account is one for the whole design as far as it is known; a name is each stack's own.
        return Unknown((label,), identity=(name, "" if name == "AWS::AccountId" else self.name))


def _changed(usual: Stack | None, assignment: dict[Key, Value]) -> set[Touched]:
    """The parameters that a scenario sets otherwise than the usual one."""
    if usual is None:
        return set()
    before = usual._assignment
    return {
        ("parameter", *key)
        for key in {*before, *assignment}
        if (key in before) != (key in assignment) or before.get(key) != assignment.get(key)
    }


_USUALLY = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
"""Everywhere but in China and the government's regions, which bear no part in any verdict."""


def _resource(logical_id: str, node: Any) -> dict[str, Any]:
    """The resource that one turn of a loop makes, if it is one."""
    return {logical_id: node} if isinstance(node, dict) and isinstance(node.get("Type"), str) else {}


def both(left: Answer, right: Answer) -> Answer:
    """Whether both hold."""
    if left is False or right is False:
        return False
    return right if left is True else left


def field_of(node: Any, *names: str) -> Any:
    """What stands below a node of a template, ``None`` where something else is in the way."""
    for name in names:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def typed(value: Any, kind: str) -> Value:
    """A parameter's text as its type means it: lists are split at commas."""
    if kind != "CommaDelimitedList" and "List<" not in kind:
        return value
    if isinstance(value, Text):
        return split(",", value)
    if isinstance(value, Unknown):
        joined = unjoined(",", value)
        return value if joined is None else joined
    if isinstance(value, (list, Reference)):
        return value
    return [piece.strip() for piece in str(value).split(",") if piece.strip()]


__all__ = ["Entry", "Stack", "Template", "Touched", "both"]
