"""SAM templates: what the transform makes of ``AWS::Serverless::*``, as far as resilience goes."""

from __future__ import annotations

from typing import Any

from seawall.documents import Unreadable
from seawall.stack import Entry


def expand(root: dict[Any, Any], resources: dict[Any, Any], problems: list[Unreadable]) -> dict[str, Entry]:
    """The resources by logical id after the transform."""
    from seawall.sources.cloudformation import entries_of

    return entries_of(resources, problems)
