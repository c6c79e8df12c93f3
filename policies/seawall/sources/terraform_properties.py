"""A resource's attributes as CloudFormation's properties, by the entries of ``terraform_mapping``."""

from __future__ import annotations

from collections.abc import Mapping

from seawall.sources.terraform_functions import from_json
from seawall.sources.terraform_mapping import Kind, spelled
from seawall.values import Reference, Unknown, Value, boolean

META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "timeouts"})
"""Arguments that Terraform itself reads; the provider never sees them."""


class Properties:
    """The properties that attributes become. ``origins`` holds for each dotted property the dotted attribute."""

    def __init__(self, attributes: Mapping[str, Value], kind: Kind) -> None:
        self._names = kind.names
        self._top: dict[str, Value] = {}
        self.origins: dict[str, str] = {}
        inner = self._converted(attributes, "", f"{kind.nest}." if kind.nest else "")
        self.values: dict[str, Value] = {kind.nest: inner} if kind.nest else inner
        self.values.update(self._top)
        if kind.finish:
            kind.finish(attributes, self.values)
        for name, value in kind.defaults.items():
            self.values.setdefault(name, value)

    def _converted(self, attributes: Mapping[str, Value], prefix: str, base: str) -> dict[str, Value]:
        """Mappings below the attribute ``prefix`` as those below the property ``base``; what is not set is left out."""
        found: dict[str, Value] = {}
        for attribute, raw in attributes.items():
            if raw is None or (not prefix and attribute in META):
                continue
            path = f"{prefix}{attribute}"
            name = self._names.get(path, spelled(attribute))
            plain = name.strip("^[]{}")
            place = plain if name.startswith("^") else base + plain
            self.origins.setdefault(place, path)
            is_json, stays_list = name.endswith("{}"), name.endswith("[]")
            value = _read_json(attribute, raw) if is_json else self._value(raw, path, place, stays_list)
            if value is None or value == []:
                continue
            _set(self._top if name.startswith("^") else found, plain.split("."), _listed(plain, value))
        return found

    def _value(self, raw: Value, path: str, place: str, stays_list: bool) -> Value:
        if path.endswith(("tags", "tags_all", "variables")) and isinstance(raw, dict):
            return raw  # its keys are the user's own
        if isinstance(raw, dict):
            return self._converted(raw, path + ".", place + ".")
        if isinstance(raw, list):
            blocks = [self._value(item, path, place, False) for item in raw]
            single = len(blocks) == 1 and isinstance(raw[0], dict) and not stays_list
            return blocks[0] if single else blocks
        return raw


def _read_json(attribute: str, raw: Value) -> Value:
    if attribute == "redrive_policy" and isinstance(raw, Reference):
        # A plan knows only which queue the text names, and a redrive policy names no other than that.
        return {
            "deadLetterTargetArn": raw,
            "maxReceiveCount": Unknown(("maxReceiveCount, known after apply",)),
        }
    return from_json(raw)


def _listed(name: str, value: Value) -> Value:
    # CloudFormation's name is a list's, Terraform's attribute takes one of them.
    plural = name.endswith(("ARNs", "Queues", "Topics", "LoadBalancerNames"))
    return [value] if plural and not isinstance(value, (list, Unknown)) else value


def _set(mapping: dict[str, Value], path: list[str], value: Value) -> None:
    for name in path[:-1]:
        step = mapping.setdefault(name, {})
        if not isinstance(step, dict):
            return
        mapping = step
    last = path[-1]
    mapping[last] = merged(mapping.get(last), value) if isinstance(value, dict) else value


def merged(there: Value, more: Value) -> Value:
    """A property with what another resource adds to it: lists grow, mappings join, the newer value wins."""
    if isinstance(there, Unknown) or there is None:
        return more if there is None else there
    if isinstance(there, list):
        return [*there, *(more if isinstance(more, list) else [more])]
    if isinstance(there, dict) and isinstance(more, dict):
        return {**there, **{name: merged(there.get(name), value) for name, value in more.items()}}
    return more


def deletion_of(attributes: Mapping[str, Value], kind: Kind | None) -> dict[str, Value]:
    """What happens to the data when the resource goes, in CloudFormation's words."""
    lifecycle = attributes.get("lifecycle")
    kept = None
    for block in lifecycle if isinstance(lifecycle, list) else []:
        kept = boolean(block.get("prevent_destroy")) if isinstance(block, dict) else None
    if kept is True:
        return {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    if kind is None or not kind.snapshot:
        return {}
    answer = boolean(attributes.get(kind.snapshot)) if not kind.snapshot.endswith(("identifier", "name")) else None
    if kind.snapshot.startswith("skip_"):
        policy: Value = answer if isinstance(answer, Unknown) else "Delete" if answer else "Snapshot"
    else:
        given = attributes.get(kind.snapshot)
        asked = answer is True or (answer is None and given not in (None, ""))
        policy = given if isinstance(given, Unknown) else "Snapshot" if asked else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}
