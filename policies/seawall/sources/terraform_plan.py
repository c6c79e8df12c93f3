"""``terraform show -json`` documents, of a plan or of a state, as designs.

Source of the format: "JSON output format" in the Terraform documentation, format versions 0.1 to 1.x.
``planned_values`` hold what is known; where they do not, the expressions in ``configuration`` name the
resources and variables that decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seawall.design import Design
from seawall.documents import Unreadable
from seawall.source import Document
from seawall.sources.terraform_mapping import spelled
from seawall.sources.terraform_resource import Declared, design_of, plain_region, unknown_region
from seawall.values import Key, Reference, Unknown, Value

MAX_BYTES = 256 * 1024 * 1024
"""The largest plan that is read: some ten thousand resources, with their state before and after."""

_MARKS = ("planned_values", "resource_changes", "terraform_version")
_IDENTIFYING = frozenset(
    (
        *(
            "id",
            "arn",
            "name",
            "bucket",
            "identifier",
            "cluster_identifier",
            "function_name",
            "cluster_id",
            "key_id",
        ),
        *("replication_group_id", "url"),
    )
)


def is_plan(root: Any) -> bool:
    """Whether a JSON document is what ``terraform show -json`` prints of a plan or of a state."""
    if not isinstance(root, dict) or "format_version" not in root:
        return False
    return isinstance(root.get("planned_values"), dict) or isinstance(root.get("values"), dict)


def looks_like_plan(start: str) -> bool:
    """Whether a file that starts like this is worth parsing beyond the size of a template."""
    return start.lstrip().startswith("{") and '"format_version"' in start and any(mark in start for mark in _MARKS)


def read_document(file: Path, shown: str) -> Document | None:
    """The plan in a file; ``None`` where it is something else. Raises ``Unreadable`` for one too large or broken."""
    try:
        with file.open("rb") as stream:
            start = stream.read(65536)
            if not looks_like_plan(start.decode("utf-8", "replace")):
                return None
            if file.stat().st_size > MAX_BYTES:
                raise Unreadable(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
            text = (start + stream.read()).decode("utf-8-sig")
        document = Document(shown, text, json.loads(text), is_json=True)
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()) from None
    except json.JSONDecodeError as error:
        raise Unreadable(error.msg[0].lower() + error.msg[1:], error.lineno) from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Unreadable(str(error).split(";")[0].lower()) from None
    return document if is_plan(document.root) else None


def read_plan(document: Document) -> Design:
    """The design of a plan; raises ``Unreadable`` for what claims to be one and is not."""
    if not is_plan(document.root):
        raise Unreadable("is no Terraform plan: terraform show -json prints planned_values")
    plan = _Plan(document)
    return design_of(plan.declared())


class _Plan:
    def __init__(self, document: Document) -> None:
        self.document = document
        root = document.root
        configuration = _mapping(root.get("configuration"))
        self.configuration = _mapping(configuration.get("root_module"))
        self.providers = _mapping(configuration.get("provider_config"))
        self.variables = _mapping(root.get("variables"))
        values = _mapping(root.get("planned_values")) or _mapping(root.get("values"))
        self.planned = list(_planned(_mapping(values.get("root_module"))))
        self.addresses = {str(resource.get("address")): resource for _, resource in self.planned}
        self.changes = {
            change.get("address"): _mapping(change.get("change"))
            for change in _list(root.get("resource_changes"))
            if isinstance(change, dict)
        }
        self._lines: dict[str, int] | None = None

    def declared(self) -> Iterator[Declared]:
        for module, resource in self.planned:
            address, kind = str(resource.get("address")), str(resource.get("type"))
            configured = self._configured(module, resource)
            unknown = _mapping(self.changes.get(address)).get("after_unknown")
            context = _Context(module, resource, configured.get("for_each_expression"))
            expressions = _mapping(configured.get("expressions"))
            attributes = {
                str(name): value
                for name, value in _mapping(resource.get("values")).items()
                if name != "tags_all" or not _mapping(resource.get("values")).get("tags")
            }
            self._fill(attributes, _mapping(unknown), expressions, context)
            provider = str(configured.get("provider_config_key", "aws"))
            line = self.line(address)
            yield Declared(
                key=("", address),
                type=kind,
                attributes=self._tagged(attributes, resource),
                document=self.document,
                line=line,
                last_line=line,
                region=self._region(provider, attributes),
                credentials=self._credentials(provider),
                mentioned=tuple(
                    (key, str(name))
                    for name, expression in expressions.items()
                    for key in dict.fromkeys(self._keys(expression, context))
                ),
            )

    def _tagged(self, attributes: dict[str, Value], resource: dict[str, Any]) -> dict[str, Value]:
        everything = _mapping(resource.get("values")).get("tags_all")
        if isinstance(everything, dict) and not isinstance(attributes.get("tags"), Unknown):
            attributes["tags"] = {**everything, **_mapping(attributes.get("tags"))}
        attributes.pop("tags_all", None)
        return attributes

    def _configured(self, module: tuple[str, ...], resource: dict[str, Any]) -> dict[str, Any]:
        """The configuration of a resource's block."""
        wanted = [resource.get(name) for name in ("type", "name", "mode")]
        for configured in _list(self._module(module).get("resources")):
            if isinstance(configured, dict) and [configured.get(name) for name in ("type", "name", "mode")] == wanted:
                return configured
        return {}

    def _module(self, names: tuple[str, ...]) -> dict[str, Any]:
        module = self.configuration
        for name in names:
            module = _mapping(_mapping(_mapping(module.get("module_calls")).get(_without_index(name))).get("module"))
        return module

    def _fill(
        self,
        attributes: dict[str, Value],
        unknown: dict[str, Any],
        expressions: dict[str, Any],
        context: _Context,
    ) -> None:
        """Puts references and unknowns where the plan says *known after apply*, and where ids are known already."""
        for name, mark in unknown.items():
            expression = expressions.get(name)
            if mark is True:
                attributes[name] = self._unknown(expression, name, context)
                if attributes[name] is None:
                    del attributes[name]
            elif isinstance(mark, (dict, list)) and mark:
                attributes[name] = self._partly(attributes.get(name), mark, expression, name, context)
        for name, expression in expressions.items():
            if name in attributes and isinstance(attributes[name], str) and name not in unknown:
                keys = list(dict.fromkeys(self._keys(expression, context)))
                if len(keys) == 1 and _is_identifier(attributes[name], self.addresses.get(keys[0][1])):
                    attributes[name] = Reference(keys[0])

    def _partly(self, value: Value, mark: Any, expression: Any, name: str, context: _Context) -> Value:
        if isinstance(mark, dict):
            inner = dict(value) if isinstance(value, dict) else {}
            self._fill(inner, mark, _mapping(expression), context)
            return inner
        known = list(value) if isinstance(value, list) else []
        if True in mark:  # a list of texts, some of them unknown
            found = self._unknown(expression, name, context)
            unknown = found if isinstance(found, list) else [found] if found is not None else []
            rest = [item for item in known if item is not None]
            return rest + unknown if len(rest) + len(unknown) >= len(mark) else found
        blocks = expression if isinstance(expression, list) else [expression] * len(mark)
        for position, inner in enumerate(mark):
            if isinstance(inner, dict) and inner:
                while len(known) <= position:
                    known.append({})
                source = blocks[position] if position < len(blocks) else None
                known[position] = self._partly(known[position], inner, source, name, context)
        return known

    def _unknown(self, expression: Any, name: str, context: _Context) -> Value:
        """What an attribute that is known after apply refers to; ``None`` where nobody configured it."""
        references = [str(name) for name in _list(_mapping(expression).get("references"))]
        if not references:
            return None if expression is None else Unknown((f"{name}, known after apply",))
        keys = list(dict.fromkeys(self._keys(expression, context)))
        attribute = _attribute_named(references)
        found: list[Value] = [Reference(key, attribute) for key in keys]
        plural = (name.endswith("s") and not name.endswith("ss")) or name == "vpc_zone_identifier"
        if found and plural:
            return found
        if len(found) == 1 and not self._of_another_key(keys[0], references, context):
            return found[0]
        why = tuple(dict.fromkeys(_described(reference) for reference in references)) or (f"{name}, known after apply",)
        return Unknown(why, identity=("plan", context.address, name))

    def _of_another_key(self, key: Key, references: list[str], context: _Context) -> bool:
        """Whether a loop's lone other instance is all there is: a condition may have left the setting out."""
        index = self.addresses[key[1]].get("index")
        looped = any(name.startswith("each.") for name in references)
        named = any(f'["{index}"]' in name for name in references)
        return looped and not named and isinstance(index, str) and index != context.index

    def _keys(self, expression: Any, context: _Context) -> Iterator[Key]:
        """The planned resources that an expression refers to, through modules and variables."""
        if isinstance(expression, list):
            for item in expression:
                yield from self._keys(item, context)
            return
        if not isinstance(expression, dict):
            return
        references = expression.get("references")
        if references is None:
            for item in expression.values():
                if isinstance(item, (dict, list)):
                    yield from self._keys(item, context)
            return
        indexed = any(str(name).startswith(("count.", "each.")) for name in _list(references))
        for name in _longest([str(name) for name in _list(references)]):
            yield from self._behind(name, context, indexed)

    def _behind(self, name: str, context: _Context, indexed: bool, depth: int = 0) -> Iterator[Key]:
        if depth > 20:
            return
        parts = _split(name)
        further = list(self._further(parts, context))
        for reference, place, by_index in further:
            yield from self._behind(reference, place, by_index, depth + 1)
        if not further and len(parts) > 1 and parts[0] not in _NO_RESOURCES:
            prefix = "".join(f"module.{step}." for step in context.module)
            yield from self._instances(f"{prefix}{parts[0]}.{parts[1]}", context, indexed)

    def _further(self, parts: list[str], context: _Context) -> Iterator[tuple[str, _Context, bool]]:
        """The references behind a variable, a module's output or a loop, each with the place it stands in."""
        if parts[0] == "var" and len(parts) > 1 and context.module:
            parent = context.module[:-1]
            calls = _mapping(self._module(parent).get("module_calls"))
            call = _mapping(calls.get(_without_index(context.module[-1])))
            argument = _mapping(call.get("expressions")).get(_without_index(parts[1]))
            for inner in _references_of(argument):
                yield inner, _Context(parent, {}), False
        elif parts[0] == "module" and len(parts) > 2:
            for module in self._instances_of_module(context.module, parts[1]):
                output = _mapping(_mapping(self._module(module).get("outputs")).get(_without_index(parts[2])))
                for inner in _references_of(output.get("expression")):
                    yield inner, _Context(module, {}), False
        elif parts[0] == "module" and isinstance(context.index, str):
            yield from self._output_of_own_instance(parts[1], context)
        elif parts[:2] == ["each", "value"] and len(context.for_each) == 1:
            # The resource behind each.value bears the same key where the loop goes over that resource alone.
            yield context.for_each[0], _Context(context.module, context.resource), True

    def _output_of_own_instance(self, name: str, context: _Context) -> Iterator[tuple[str, _Context, bool]]:
        """What ``module.queue[each.key].arn`` refers to: the plan keeps neither the key nor the output's name."""
        own = (*context.module, f'{name}["{context.index}"]')
        outputs = _mapping(self._module(own).get("outputs")).values()
        inside = [one for output in outputs for one in _references_of(_mapping(output).get("expression"))]
        place = _Context(own, {})
        if len({key for one in inside for key in self._behind(one, place, False, 1)}) == 1:
            yield inside[0], place, False

    def _instances_of_module(self, module: tuple[str, ...], name: str) -> list[tuple[str, ...]]:
        wanted = (*module, name)
        found = {planned[: len(wanted)] for planned, _ in self.planned if len(planned) >= len(wanted)}
        exact = [path for path in found if path == wanted]
        return (
            exact
            or sorted(path for path in found if path[:-1] == module and _without_index(path[-1]) == name)
            or [wanted]
        )

    def _instances(self, address: str, context: _Context, indexed: bool) -> Iterator[Key]:
        if address in self.addresses:
            yield "", address
            return
        index = context.index
        if indexed and index is not None:
            shown = f'["{index}"]' if isinstance(index, str) else f"[{index}]"
            if address + shown in self.addresses:
                yield "", address + shown
                return
        for known in self.addresses:
            if known.startswith(address + "["):
                yield "", known

    def _region(self, provider: str, attributes: dict[str, Value]) -> str | Unknown:
        own = attributes.get("region")
        if isinstance(own, str) and own:
            return own
        configured = _mapping(self.providers.get(provider))
        expression = _mapping(_mapping(configured.get("expressions")).get("region"))
        if "constant_value" in expression:
            return plain_region(expression["constant_value"], provider)
        references = [str(name) for name in _list(expression.get("references"))]
        for name in references:
            parts = _split(name)
            if parts[0] == "var" and len(parts) > 1:
                value = _mapping(self.variables.get(parts[1])).get("value")
                if isinstance(value, str) and value:
                    return value
                return Unknown((f"variable {parts[1]}",), identity=("parameter", "", parts[1]))
        if references:
            return Unknown(tuple(map(_described, references)), identity=("provider", provider))
        return unknown_region(provider)

    def _credentials(self, provider: str) -> Value:
        """What a provider signs in with: a role's ARN or a profile; ``None`` what Terraform itself signs in with."""
        expressions = _mapping(_mapping(self.providers.get(provider)).get("expressions"))
        roles = [_mapping(block).get("role_arn") for block in _list(expressions.get("assume_role"))]
        for expression in [_mapping(one) for one in (*roles, expressions.get("profile")) if one]:
            return expression.get("constant_value") or Unknown((f"the account of provider {provider}",))
        return None

    def line(self, address: str) -> int:
        """The line that plans the resource: usually 1, since Terraform prints everything on one line."""
        if self._lines is None:
            self._lines = {}
            if self.document.text.count("\n") > 1:
                for found in re.finditer(r'"address"\s*:\s*("(?:[^"\\]|\\.)*")', self.document.text):
                    name = found.group(1)[1:-1].replace('\\"', '"')
                    self._lines.setdefault(name, self.document.text.count("\n", 0, found.start()) + 1)
        return self._lines.get(address, 1)


_NO_RESOURCES = ("data", "local", "each", "count", "path", "self", "terraform", "var")


def _references_of(expression: Any) -> list[str]:
    return _longest([str(name) for name in _list(_mapping(expression).get("references"))])


class _Context:
    """Where an expression stands: its module and the resource with its index."""

    def __init__(self, module: tuple[str, ...], resource: dict[str, Any], for_each: Any = None) -> None:
        self.module = module
        self.for_each = _references_of(for_each)
        self.address = str(resource.get("address", ""))
        self.resource = resource
        self.index = resource.get("index")


def _planned(module: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for resource in _list(module.get("resources")):
        if isinstance(resource, dict) and resource.get("mode", "managed") == "managed" and "address" in resource:
            yield path, resource
    for child in _list(module.get("child_modules")):
        if isinstance(child, dict) and len(path) < 50:
            steps = [part for part in _split(str(child.get("address", ""))) if part != "module"]
            yield from _planned(child, tuple(steps))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _split(address: str) -> list[str]:
    """The steps of an address; an index, whose text may hold dots, stays with its step."""
    return re.findall(r'(?:[^.\[]|\[(?:"(?:[^"\\]|\\.)*"|[^\]]*)\])+', address) or [address]


def _without_index(step: str) -> str:
    return step.partition("[")[0]


def _longest(references: list[str]) -> list[str]:
    """References without those that only repeat the start of another one."""
    return [
        name
        for name in references
        if not any(other != name and other.startswith((name + ".", name + "[")) for other in references)
    ]


def _attribute_named(references: list[str]) -> str:
    """The attribute at the end of a direct reference; through a module or a variable it is not to be seen."""
    parts = _split(references[0])
    if len(parts) < 3 or parts[0] in ("module", "var", "local", "each"):
        return ""
    return "Arn" if parts[2] == "arn" else "" if parts[2] in _IDENTIFYING else spelled(_without_index(parts[2]))


def _described(reference: str) -> str:
    parts = _split(reference)
    if parts[0] == "var" and len(parts) > 1:
        return f"variable {parts[1]}"
    if parts[0] == "data" and len(parts) > 2:
        return f"data source {parts[1]}.{parts[2]}"
    return reference


def _is_identifier(value: str, resource: dict[str, Any] | None) -> bool:
    """Whether a known text is a planned resource's id, ARN or name."""
    values = _mapping(_mapping(resource).get("values"))
    return any(values.get(name) == value for name in _IDENTIFYING)


__all__ = ["MAX_BYTES", "is_plan", "looks_like_plan", "read_document", "read_plan"]
