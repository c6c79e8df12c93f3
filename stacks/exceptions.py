"""Writes docs/exceptions.md, every finding that the drive accepts and why: `python -m stacks.exceptions ASSEMBLY…`."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).parent.parent / "docs" / "exceptions.md"

REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d\b")
"""The data regions' stacks are the same, so that one line serves both; what lives in one region only loses nothing."""

RULE = re.compile(r"^(?:Annotation::)?(?P<rule>[^\[]+)(?P<detail>.*)$")


ROW = re.compile(r"^\| `(.+?)` \| (.+?) \| (.+) \|$", re.MULTILINE)
PLACE = re.compile(r"`(.+?)`(?: \((\d+)\))?")


class Accepted(NamedTuple):
    """One finding, of Seawall (`SEA_…`), cdk-nag (`AwsSolutions-…`) or CDK's own checks, and where it is accepted."""

    rule: str
    reason: str
    place: str
    detail: str
    """What of the resource it is about, such as one wildcard of a policy; empty where that is all of it."""


Reasons = dict[tuple[str, str], Counter[str]]
"""By rule and reason: how many findings are accepted for it, by place."""


def accepted_in(*assemblies: Path) -> list[Accepted]:
    """Return each exception once, whichever region and assembly it is in, sorted by rule."""
    return sorted({found for assembly in assemblies for found in (*_of_seawall(assembly), *_of_others(assembly))})


def reasons_in(*assemblies: Path) -> Reasons:
    """Return what is accepted in these assemblies as docs/exceptions.md lists it."""
    reasons: Reasons = {}
    for rule, reason, place, _ in accepted_in(*assemblies):
        reasons.setdefault((rule, reason), Counter())[place] += 1
    return reasons


def listed(text: str) -> Reasons:
    """Return what a page says is accepted."""
    return {
        (rule, reason): Counter({place: int(count or 1) for place, count in PLACE.findall(places)})
        for rule, reason, places in ROW.findall(text)
    }


def page(*assemblies: Path) -> str:
    """Return the text of docs/exceptions.md."""
    reasons = reasons_in(*assemblies)
    count = sum(places.total() for places in reasons.values())
    lines = [
        "# What is accepted, and why",
        "",
        "Written by `make tables` from the stacks of all tiers and with everything optional on. `SEA_…` are Seawall's",
        "own policies, `AwsSolutions-…` are cdk-nag's, the others are the checks of the CDK. Each finding keeps its",
        "reason beside the resource; a test fails where a template accepts more than is listed here.",
        "",
        f"{count} findings, {len(reasons)} reasons. In brackets: how many findings in one place.",
        "",
        "| Finding | Reason | Where |",
        "| --- | --- | --- |",
    ]
    for (rule, reason), places in reasons.items():
        where = ", ".join(
            f"`{place}`" + (f" ({count})" if count > 1 else "") for place, count in sorted(places.items())
        )
        lines.append(f"| `{rule}` | {reason} | {where} |")
    return "\n".join(lines) + "\n"


def _of_seawall(assembly: Path) -> Iterator[Accepted]:
    for file in sorted(assembly.glob("*.template.json")):
        for resource in json.loads(file.read_text()).get("Resources", {}).values():
            metadata = resource.get("Metadata", {})
            for skipped in metadata.get("seawall", {}).get("skip", []):
                yield _accepted(skipped["id"], skipped["reason"], metadata.get("aws:cdk:path", file.stem))


def _of_others(assembly: Path) -> Iterator[Accepted]:
    """What was acknowledged through CDK's `Validations`, which writes it beside the template."""
    for file in sorted(assembly.glob("*.metadata.json")):
        constructs: dict[str, list[dict[str, Any]]] = json.loads(file.read_text())
        for path, entries in constructs.items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    for rule, reason in entry["data"].items():
                        yield _accepted(rule, reason, path)


def _accepted(rule: str, reason: str, path: str) -> Accepted:
    named = RULE.match(rule)
    if not named:
        raise ValueError(f"{path}: an acknowledged finding without an id")
    place = REGION.sub("", path).strip("/").replace("-/", "/").removesuffix("-").removesuffix("/Resource")
    return Accepted(named["rule"], reason, place, REGION.sub("<region>", named["detail"]))


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(*map(Path, sys.argv[1:])))
