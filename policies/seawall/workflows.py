"""State machines of Step Functions: their definition, however a template writes it, and the states in it.

Source: the Amazon States Language specification (https://states-language.net) and the chapter "Handling errors in
Step Functions workflows" of the developer guide.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.documents import Unreadable, read_yaml
from seawall.json_text import parsed
from seawall.values import Text, Unknown, Value, field, join_parts, reasons, values_at

MACHINE = "AWS::StepFunctions::StateMachine"
MAX_BYTES = 1024 * 1024
"""The largest file that is read as a definition: Step Functions takes no larger one."""
_PLACEHOLDER = re.compile(r"\$\{([^{}]+)\}")


class State(NamedTuple):
    """A state with its name; ``inside`` are the Parallel and Map states around it; ``among`` its neighbours."""

    name: str
    body: Value
    inside: tuple[Value, ...]
    among: Value

    @property
    def type(self) -> Value:
        """``Task``, ``Choice``, ``Wait`` and so on."""
        return field(self.body, "Type")

    def get(self, name: str) -> Value:
        """A field of the state, ``None`` where it is not set."""
        return field(self.body, name)


class Written(NamedTuple):
    """A definition (or the ``Unknown`` that decides) and the property that holds it."""

    definition: Value
    at: str


def definition_of(machine: Resource, design: Design) -> Written:
    """What a state machine does, its placeholders replaced by what the template gives for them.

    A definition that a template names by a file is read where it stands beside the template or below.
    """
    return design.once(("definition", machine.key), lambda: _definition_of(machine))


def _definition_of(machine: Resource) -> Written:
    for at in ("Definition", "DefinitionString"):
        value = machine.get(at)
        if isinstance(value, (str, Text)):
            value = parsed(_substituted(value, machine.get("DefinitionSubstitutions")))
        if value is not None:
            return Written(_checked(value), at)
    at = "DefinitionS3Location"
    place = machine.get(at)
    found = _file_beside(machine, place) if isinstance(place, str) else None
    if found is not None:
        return Written(_checked(found), at)
    name = place if isinstance(place, str) else "a file that the template names"
    return Written(Unknown((f"the definition in {name}",)), at)


def _checked(value: Value) -> Value:
    known = isinstance(value, Unknown) or isinstance(field(value, "States"), dict)
    return value if known else Unknown(reasons(value) or ("its definition",))


def _file_beside(machine: Resource, name: str) -> Value:
    """What a file says that SAM takes as the definition, ``None`` where there is none in the template's folder."""
    folder = os.path.realpath(os.path.dirname(machine.file) or os.curdir)
    try:
        path = os.path.realpath(os.path.join(folder, name))
        if os.path.commonpath([folder, path]) != folder or os.path.getsize(path) > MAX_BYTES:
            return None
        with open(path, encoding="utf-8-sig") as opened:
            text = opened.read()
        if path.endswith((".yaml", ".yml")):
            return read_yaml(text, [])
    except (OSError, ValueError, Unreadable, RecursionError):
        return None
    return parsed(_substituted(text, machine.get("DefinitionSubstitutions")))


def _substituted(text: str | Text, substitutions: Value) -> str | Text:
    if substitutions is None:
        return text
    pieces: list[Value] = []
    for part in text.parts if isinstance(text, Text) else (text,):
        if not isinstance(part, str):
            pieces.append(part)
            continue
        for index, piece in enumerate(_PLACEHOLDER.split(part)):
            given = field(substitutions, piece) if index % 2 and "." not in piece else None
            unknown = Unknown((f"substitution {piece}",)) if given is None else given
            pieces.append(unknown if index % 2 else piece)
    joined = join_parts([piece if not isinstance(piece, (dict, list)) else str(piece) for piece in pieces])
    return joined if isinstance(joined, (str, Text)) else Text((joined,))


def states_of(definition: Value, inside: tuple[Value, ...] = ()) -> Iterator[State]:
    """Every state of a definition, those of its branches and loops included."""
    states = field(definition, "States")
    for name, body in states.items() if isinstance(states, dict) else ():
        yield State(str(name), body, inside, states)
        branches = field(body, "Branches")
        within = [*(branches if isinstance(branches, list) else []), field(body, "Iterator")]
        for inner in (*within, field(body, "ItemProcessor")):
            yield from states_of(inner, (*inside, body))


def on_error_only(definition: Value) -> set[str]:
    """The names of the outermost states that only a caught error leads to: they are the answer to a failure."""
    states = field(definition, "States")
    start = field(definition, "StartAt")
    if not isinstance(states, dict) or not isinstance(start, str):
        return set()
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in states:
            continue
        reached.add(name)
        following = [field(states[name], "Next"), field(states[name], "Default")]
        following += list(values_at(states[name], "Choices.Next"))
        if any(isinstance(one, Unknown) for one in (states[name], *following)):
            return set()
        waiting += [one for one in following if isinstance(one, str)]
    return {name for name in states if name not in reached}


def named(states: list[State]) -> str:
    """The names of some states for a sentence; of many only the first ones."""
    names = [state.name for state in states[:3]]
    return ", ".join(names) + (f" and {len(states) - 3} more" if len(states) > 3 else "")
