"""One JSON object: every verdict, what could not be read, and a summary. Its schema lies beside this file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from seawall.finding import Report
from seawall.reports.presentation import Presentation, counts
from seawall.version import VERSION


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """The lines of the report, one finding each: quick to write, and a difference shows what changed."""
    yield '{"findings": ['
    yield from _elements({**item.as_json(), "paste": presentation.pasted(item)} for item in report.findings)
    yield '], "unread": ['
    yield from _elements(unread.as_json() for unread in report.unread)
    yield f'], "summary": {json.dumps(summary(report, presentation))}}}'


def summary(report: Report, presentation: Presentation) -> dict[str, Any]:
    """The counts of a run; ``seconds`` is wall-clock time."""
    return {
        **{str(outcome): count for outcome, count in counts(item.verdict for item in report.findings).items()},
        "unread": len(report.unread),
        "files": report.files,
        "others": report.others,
        "seconds": round(report.seconds, 3),
        "version": VERSION,
        "objectives": list(presentation.objectives),
    }


def _elements(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    previous = ""
    for entry in entries:
        if previous:
            yield previous + ","
        previous = json.dumps(entry)
    if previous:
        yield previous
