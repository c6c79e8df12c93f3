"""What a reader makes of one template: its sections as plain mappings, and where it is deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from seawall.source import Document


class Entry(NamedTuple):
    """One resource as the template declares it; ``declared_type`` is the type that people see.

    ``written`` is the node as it stands in the file, where ``node`` has parts that stand elsewhere.
    """

    type: str
    node: dict[str, Any]
    declared_type: str = ""
    line: int | None = None
    written: dict[str, Any] | None = None


class Template:
    """A template's sections as plain mappings, and where it is deployed.

    ``name`` tells the stacks of one design apart (empty where there is only one). ``region`` and
    ``account`` are ``None`` where the deployment decides; ``region_of`` names the stack whose unknown region
    this one shares. ``arguments`` holds, for a nested stack, the nodes that its parent passes, to be
    evaluated in ``parent``; ``nested`` the logical ids and names of its own nested stacks. ``bindings`` are
    parameters whose value is known otherwise; ``loops`` the ``Fn::ForEach`` among its resources.
    ``transform`` makes entries of resources (SAM) where loops have to be expanded first.
    """

    def __init__(self, document: Document, name: str = "") -> None:
        self.document = document
        self.name = name
        self.entries: dict[str, Entry] = {}
        self.parameters: dict[str, Any] = {}
        self.conditions: dict[str, Any] = {}
        self.mappings: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.region: str | None = None
        self.account: str | None = None
        self.region_of: str | None = None
        self.tags: dict[str, str] = {}
        self.parent: str | None = None
        self.arguments: dict[str, Any] = {}
        self.nested: dict[str, str] = {}
        self.bindings: dict[str, Any] = {}
        self.loops: dict[str, Any] = {}
        self.transform: Callable[[dict[str, Any]], dict[str, Entry]] | None = None
