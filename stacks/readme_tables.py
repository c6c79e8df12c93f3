"""Writes the README's tables that follow from code: `python -m stacks.readme_tables PILOT WARM ACTIVE`.

The arguments are three assemblies, one of each tier; without them only the tables that need none are written. Each
table stands between `<!-- name -->` and `<!-- /name -->`. docs/costs.md gets the sources of the prices.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from stacks.costs import quantities, sources, table
from stacks.promises import (
    AUTOMATIC_REGION_RECOVERY_MINUTES,
    COPY_SECONDS,
    REGION_RECOVERY_MINUTES,
    TARGETS,
    ZONE_LOST,
    Target,
)
from stacks.settings import Tier

REPOSITORY = Path(__file__).parent.parent
README = REPOSITORY / "README.md"
SOURCES = REPOSITORY / "docs" / "costs.md"

ORDERS = "orders and catalogue: none (`strong`), the last seconds (`eventual`)"


def recovery() -> str:
    """Return the table of how long each failure may last and what it may take along, with which setting."""
    files = f"files: {COPY_SECONDS // 60} min; {ORDERS}"
    rows = [_row(ZONE_LOST)]
    rows += [
        (f"A region is lost, `{tier}`, a person decides", _time(minutes), files, _way(tier))
        for tier, minutes in REGION_RECOVERY_MINUTES.items()
    ]
    rows.append(
        (
            "A region is lost, `active_active`, `failover_mode: automatic`",
            _time(AUTOMATIC_REGION_RECOVERY_MINUTES),
            files,
            "Nobody decides; what runs in the other region is enough",
        )
    )
    rows += [_row(target) for target in TARGETS if target is not ZONE_LOST]
    return _table(("Failure, and setting", "RTO", "RPO", "How"), rows)


def sources_page() -> str:
    """Return the text of docs/costs.md."""
    return "\n".join(
        (
            "# Where the prices come from",
            "",
            "Written by `python -m stacks.readme_tables` from stacks/prices.py. Read in stored copies of these pages,",
            "which can be older than the day of reading; AWS's own pages often leave the numbers out until a browser",
            "fills them in. Where somebody else repeats AWS's price, the line says who. Check them in AWS's calculator",
            "for your regions before you rely on a sum: Europe differs from us-east-1. A month has 730 hours.",
            "",
            sources(),
            "",
        )
    )


def between(text: str, name: str, body: str) -> str:
    """Return `text` with what stands between the markers of `name` replaced; ValueError where they are missing."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"README.md has no <!-- {name} --> … <!-- /{name} -->")
    return marked.sub(lambda found: found[1] + body + found[2], text)


def _row(target: Target) -> tuple[str, ...]:
    loss = _time(target.loss_minutes) if target.loss_minutes else "none"
    return target.failure, _time(target.recovery_minutes), loss, target.how


def _way(tier: Tier) -> str:
    ways = {
        Tier.PILOT_LIGHT: "The standby's tasks are started first, which needs Fargate's control plane",
        Tier.WARM_STANDBY: "The standby scales up from one of each in every zone by its own backlog",
        Tier.ACTIVE_ACTIVE: "What runs in the other region is enough for all",
    }
    return ways[tier]


def _time(minutes: float) -> str:
    for size, unit in ((24 * 60, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes / size:g} {unit}"
    return f"{minutes:g} min"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [list(row) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    text = between(README.read_text(), "recovery", recovery())
    if sys.argv[1:]:
        text = between(text, "costs", table(dict(zip(Tier, (quantities(Path(a)) for a in sys.argv[1:]), strict=True))))
    README.write_text(text)
    SOURCES.write_text(sources_page())
