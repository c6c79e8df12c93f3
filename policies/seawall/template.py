"""What a reader makes of one template: its sections as plain mappings, and where it is deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall.source import Document


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as the template declares it; ``declared_type`` is the type that people see.

    ``written`` is the node as it stands in the file, where ``node`` has parts that stand elsewhere.
    """

    type: str
    node: dict[str, Any]
    declared_type: str = ""
    line: int | None = None
    written: dict[str, Any] | None = None


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
