"""Workflow commands that GitHub shows as annotations beside the changed lines.

Documented at https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from collections.abc import Iterator

from seawall.finding import Report
from seawall.policy import Outcome
from seawall.reports.presentation import Presentation, printable
from seawall.reports.text_report import summary_line


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """An error (or warning, or notice) for each flagged resource, and one for each thing that could not be read."""
    for finding in report.findings:
        if finding.verdict is Outcome.FLAGGED:
            what = f"{finding.resource} ({finding.type}): {finding.message}"
            message = f"{what}. Fix: {finding.fix} [{finding.policy}]"
            level = "notice" if finding.severity == "note" else finding.severity
            yield _command(finding.file, finding.line, finding.title.rstrip("."), message, level)
    for unread in report.unread:
        yield _command(unread.file, unread.line, "Not read or not judged", unread.reason)
    yield summary_line(report, presentation)


def _command(file: str, line: int | None, title: str, message: str, level: str = "error") -> str:
    at = f",line={line}" if line else ""
    return f"::{level} file={_property(file)}{at},title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
