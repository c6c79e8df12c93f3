"""The list of policies, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from seawall.configuration import Objective
from seawall.policy import Policy
from seawall.reports.presentation import printable


def as_table(policies: Sequence[Policy]) -> Iterator[str]:
    """The lines of a table: id, group, when it is judged, title."""
    rows = [("policy", "group", "judged", "what it finds")]
    rows += [(policy.id, policy.group, _judged(policy), policy.title.rstrip(".")) for policy in policies]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield printable("  ".join((*cells, row[3])))


def as_json(policies: Sequence[Policy]) -> Iterator[str]:
    """One JSON list with an object for each policy."""
    yield json.dumps(
        [
            {
                "policy": policy.id,
                "name": policy.name,
                "group": policy.group,
                "title": policy.title,
                "default": Objective().judges(policy.group),
                "applies_to": list(policy.applies_to),
                "page": str(policy.page),
            }
            for policy in policies
        ],
        indent=2,
    )


def _judged(policy: Policy) -> str:
    if Objective().judges(policy.group):
        return "always"
    return "recovery" if Objective(recovery=True).judges(policy.group) else "multi-region"
