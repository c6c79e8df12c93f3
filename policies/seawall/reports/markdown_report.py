"""Markdown for a job's summary or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.finding import Finding, Report
from seawall.policy import Outcome
from seawall.reports.presentation import Presentation, printable
from seawall.reports.text_report import summary_line

MAX_ROWS = 500
"""Rows of a table: GitHub refuses summaries above 1 MB, and nobody reads on."""

MAX_FIXES = 50
"""Fixes that are shown to be pasted, each in a block of its own below the table."""

_SPECIAL = {ord(character): f"\\{character}" for character in "\\`*_[]|#~"} | {
    ord("<"): "&lt;",
    ord("&"): "&amp;",
}


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """A table of what is flagged, what could not be read, and the counts."""
    flagged = [finding for finding in report.findings if finding.verdict is Outcome.FLAGGED]
    yield "## Seawall"
    yield ""
    yield _text(summary_line(report, presentation))
    if flagged:
        yield from ("", "| where | resource | what it does not survive | fix |", "|---|---|---|---|")
        yield from map(_row, flagged[:MAX_ROWS])
    if len(flagged) > MAX_ROWS:
        yield from ("", f"…and {len(flagged) - MAX_ROWS} more.")
    for finding in flagged[:MAX_FIXES]:
        yield from _pasted(finding, presentation)
    if report.unread:
        yield from ("", "**Not read or not judged:**", "")
        for unread in report.unread[:MAX_ROWS]:
            yield f"- {_text(_place(unread.file, unread.line))}: {_text(unread.reason)}"


def _row(finding: Finding) -> str:
    weight = "" if finding.severity == "error" else f", {finding.severity}"
    what = f"**{_text(finding.title)}** {_text(finding.message)} ({_text(finding.policy)}{weight})"
    where = _text(_place(finding.file, finding.line))
    return f"| {where} | {_text(finding.resource)} ({_text(finding.type)}) | {what} | {_text(finding.fix)} |"


def _pasted(finding: Finding, presentation: Presentation) -> Iterator[str]:
    lines = [printable(line) for line in presentation.pasted(finding).splitlines()]
    if not lines or any(line.lstrip().startswith("```") for line in lines):
        return
    place = _text(_place(finding.file, finding.line))
    yield from ("", f"<details><summary>{place} {_text(finding.resource)}: {_text(finding.fix)}</summary>", "")
    yield from (f"```{'python' if finding.construct and finding.sets else finding.language}", *lines, "```", "")
    yield "</details>"


def _place(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line else file


def _text(text: str) -> str:
    return printable(text).translate(_SPECIAL)
