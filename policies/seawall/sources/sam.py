"""SAM templates: what the transform makes of ``AWS::Serverless::*``, as far as resilience goes.

Source: the AWS SAM specification
(https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html), its
pages about Globals and about the resources that it generates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.documents import Unreadable
from seawall.sources import sam_apis
from seawall.sources.sam_events import Event, Generated, generated_by
from seawall.sources.sam_nodes import is_function, line_of, mapping, picked, sequence, with_entry
from seawall.sources.sam_resources import MAKERS
from seawall.template import Entry

SERVERLESS = "AWS::Serverless::"


def expand(root: dict[Any, Any], resources: dict[Any, Any], problems: list[Unreadable]) -> dict[str, Entry]:
    """The resources by logical id after the transform. Nodes that it makes keep the lines they stem from."""
    from seawall.sources.cloudformation import entries_of

    declared = entries_of(resources, problems)
    transform = Transform(root.get("Globals"), declared, problems)
    for logical_id, entry in declared.items():
        transform.add(logical_id, entry)
    transform.finish()
    return transform.entries


def expand_with(root: dict[Any, Any], resources: dict[Any, Any]) -> Callable[[dict[str, Any]], dict[str, Entry]]:
    """The same for a template with loops: called with the resources that these make."""

    def transform(looped: dict[str, Any]) -> dict[str, Entry]:
        everything = picked(resources, {name: name for name in resources})
        everything.update(looped)
        everything.lines.update((name, line_of(node)) for name, node in looped.items())
        return expand(root, everything, [])

    return transform


def merged(default: Any, own: Any) -> Any:
    """A value of Globals and a resource's own: mappings are merged, lists added, the rest is overridden."""
    if isinstance(default, dict) and isinstance(own, dict) and not is_function(default) and not is_function(own):
        result = own
        for key, value in default.items():
            line = getattr(default, "lines", {}).get(key)
            result = with_entry(result, key, merged(value, own[key]) if key in own else value)
            if key not in own and line:
                result.lines[key] = line
        return result
    if isinstance(default, list) and isinstance(own, list):
        return sequence(own, *default, *own)
    return own


class Transform:
    """The resources made so far, and what they add to resources that stand in the template themselves."""

    def __init__(self, defaults: Any, declared: dict[str, Entry], problems: list[Unreadable]) -> None:
        self.defaults = defaults if isinstance(defaults, dict) else {}
        self.declared = declared
        self.problems = problems
        self.entries: dict[str, Entry] = {}
        self.implicit: dict[str, list[Entry]] = {}
        self.additions: list[tuple[Event, str]] = []

    def add(self, logical_id: str, entry: Entry) -> None:
        """Adds a resource of the template as what the transform makes of it."""
        if not entry.type.startswith(SERVERLESS):
            self.entries.setdefault(logical_id, entry)
            return
        kind = entry.type.removeprefix(SERVERLESS)
        if kind == "Connector":  # permissions between others; it deploys nothing that can fail
            return
        make = MAKERS.get(kind)
        if make is None:
            self.entries[logical_id] = entry
            return
        type_name, properties, generated = make(logical_id, self._properties(kind, entry))
        node = with_entry(with_entry(entry.node, "Type", type_name), "Properties", properties, properties)
        node.lines["Properties"] = getattr(entry.node, "lines", {}).get("Properties", line_of(entry.node))
        self.entries[logical_id] = Entry(type_name, node, entry.type, entry.line, entry.node)
        for one in generated:
            self._generate(one, entry)
        if kind in ("Function", "StateMachine"):
            self._add_events(logical_id, entry, starts_function=kind == "Function")

    def finish(self) -> None:
        """Adds what several resources share: implicit APIs, buckets' notifications, user pools' triggers."""
        for kind, authors in self.implicit.items():
            defaults = self.defaults.get(kind)
            defaults = defaults if isinstance(defaults, dict) else mapping(authors[0].node, {})
            conditions = {str(author.node.get("Condition")) for author in authors}
            author = authors[0]
            if len(conditions) > 1:  # it is there where any of its functions is
                node = with_entry(author.node, "Condition", None)
                author = Entry(author.type, node, author.declared_type, author.line)
            for one in sam_apis.implicit(kind, defaults):
                if one.id not in self.declared:
                    self._generate(one, author)
        for event, owner in self.additions:
            self._attach(event, owner)

    def _properties(self, kind: str, entry: Entry) -> Any:
        own = entry.node.get("Properties")
        if not isinstance(own, dict):
            own = mapping(entry.node, {})
        defaults = self.defaults.get(kind)
        ignored = entry.node.get("IgnoreGlobals")
        if not isinstance(defaults, dict) or ignored == "*":
            return own
        if isinstance(ignored, list):
            defaults = picked(defaults, {name: name for name in defaults if name not in ignored})
        return merged(defaults, own)

    def _generate(self, one: Generated, author: Entry) -> None:
        """Adds a resource that is not written, with the condition and the exceptions of its author."""
        logical_id = one.id
        while logical_id in self.declared or logical_id in self.entries:
            logical_id += "Generated"
        node = mapping(one.properties, {"Type": one.type, "Properties": one.properties})
        for name in ("Condition", "Metadata"):
            if author.node.get(name) is not None:
                node = with_entry(node, name, author.node[name])
        self.entries[logical_id] = Entry(one.type, node, line=line_of(one.properties, author.line or 1))

    def _add_events(self, logical_id: str, entry: Entry, *, starts_function: bool) -> None:
        properties = entry.node.get("Properties")
        events = properties.get("Events") if isinstance(properties, dict) else None
        if events is None:
            return
        if not isinstance(events, dict):
            line = getattr(properties, "lines", {}).get("Events", entry.line)
            self.problems.append(Unreadable(f"Events of {logical_id} is not a mapping", line))
            return
        for name, node in events.items():
            kind = node.get("Type") if isinstance(node, dict) else None
            if not isinstance(kind, str):
                continue
            given = node.get("Properties")
            given = given if isinstance(given, dict) else mapping(node, {})
            event = Event(f"{logical_id}{name}", kind, given, logical_id, starts_function)
            for one in generated_by(event):
                # The line of the event itself: its properties may be shared through an anchor.
                self._generate(_at(one, line_of(node)), entry)
            self._note(event, entry)

    def _note(self, event: Event, entry: Entry) -> None:
        api = {"Api": "RestApiId", "HttpApi": "ApiId"}.get(event.type)
        if api is not None and event.get(api) is None:
            self.implicit.setdefault(event.type, []).append(entry)
        owner = event.get({"S3": "Bucket", "Cognito": "UserPool"}.get(event.type, ""))
        name = owner.get("Ref") if isinstance(owner, dict) else owner
        if isinstance(name, str):
            self.additions.append((event, name))

    def _attach(self, event: Event, owner: str) -> None:
        """Lets a bucket or user pool of the template know which function it invokes."""
        entry = self.entries.get(owner)
        if entry is None:
            return
        properties = entry.node.get("Properties")
        section = "NotificationConfiguration" if event.type == "S3" else "LambdaConfig"
        present = properties.get(section) if isinstance(properties, dict) else None
        if is_function(present):
            return
        present = present if isinstance(present, dict) else mapping(event.properties, {})
        added = _with_notification(present, event) if event.type == "S3" else _with_trigger(present, event)
        properties = properties if isinstance(properties, dict) else mapping(entry.node, {})
        node = with_entry(entry.node, "Properties", with_entry(properties, section, added))
        written = entry.written or entry.node
        self.entries[owner] = Entry(entry.type, node, entry.declared_type, entry.line, written)


def _at(one: Generated, line: int) -> Generated:
    properties = picked(one.properties, {name: name for name in one.properties})
    properties.line = line
    return Generated(one.id, one.type, properties)


def _with_notification(present: Any, event: Event) -> Any:
    listed = present.get("LambdaConfigurations")
    listed = listed if isinstance(listed, list) else []
    kinds = event.get("Events")
    added = []
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        configuration = {"Event": kind, "Filter": event.get("Filter"), "Function": event.arn}
        added.append(mapping(event.properties, configuration))
    return with_entry(present, "LambdaConfigurations", sequence(event.properties, *listed, *added))


def _with_trigger(present: Any, event: Event) -> Any:
    triggers = event.get("Trigger")
    for trigger in triggers if isinstance(triggers, list) else [triggers]:
        if isinstance(trigger, str):
            present = with_entry(present, trigger, event.arn)
    return present
