"""JUnit's XML as CI servers read it: a test suite for each file, a test case for each verdict."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.finding import Finding, Report, Unread
from seawall.policy import Outcome
from seawall.reports.presentation import Presentation, printable

_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """The lines of the document: a flagged error is a failure, unread an error; all else but accepted is skipped."""
    suites: dict[str, list[Finding | Unread]] = {}
    everything: list[Finding | Unread] = [*report.findings, *report.unread]
    for entry in everything:
        suites.setdefault(entry.file, []).append(entry)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="seawall" {_totals(everything)} time="{report.seconds:.3f}">'
    for file, entries in suites.items():
        yield f'  <testsuite name="{_escaped(file)}" {_totals(entries)} time="0">'
        for entry in entries:
            yield from _error(entry) if isinstance(entry, Unread) else _case(entry, presentation)
        yield "  </testsuite>"
    yield "</testsuites>"


def _totals(entries: list[Finding | Unread]) -> str:
    findings = [entry for entry in entries if isinstance(entry, Finding)]
    failures = sum(map(_fails, findings))
    accepted = sum(finding.verdict is Outcome.ACCEPTED for finding in findings)
    return (
        f'tests="{len(entries)}" failures="{failures}" '
        f'errors="{len(entries) - len(findings)}" skipped="{len(findings) - failures - accepted}"'
    )


def _fails(finding: Finding) -> bool:
    # A warning that counted as a failure would stop the pipelines that read this.
    return finding.verdict is Outcome.FLAGGED and finding.severity == "error"


def _case(finding: Finding, presentation: Presentation) -> Iterator[str]:
    name = _escaped(f"{finding.policy} {finding.resource}")
    file = _escaped(finding.file)
    opening = f'    <testcase classname="{file}" name="{name}" file="{file}" line="{finding.line}" time="0"'
    if finding.verdict is Outcome.ACCEPTED:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    if _fails(finding):
        message, body = (
            _escaped(f"{finding.title} {finding.message}"),
            "\n".join(map(_escaped, _details(finding, presentation))),
        )
        yield f'      <failure type="{_escaped(finding.policy)}" message="{message}">{body}</failure>'
    else:
        what = finding.severity if finding.verdict is Outcome.FLAGGED else finding.verdict
        yield f'      <skipped message="{_escaped(f"{what}: {finding.message}")}"/>'
    yield "    </testcase>"


def _details(finding: Finding, presentation: Presentation) -> Iterator[str]:
    yield f"{finding.file}:{finding.line} {finding.resource} ({finding.type})"
    yield finding.message
    yield from finding.evidence
    if finding.note:
        yield finding.note
    yield f"fix: {finding.fix}"
    yield from presentation.pasted(finding).splitlines()


def _error(unread: Unread) -> Iterator[str]:
    file, reason = _escaped(unread.file), _escaped(unread.reason)
    line = f' line="{unread.line}"' if unread.line else ""
    yield f'    <testcase classname="{file}" name="is read and judged" file="{file}"{line} time="0">'
    yield f'      <error type="unread" message="{reason}"/>'
    yield "    </testcase>"


def _escaped(text: str) -> str:
    # ``printable`` leaves none of the characters that XML forbids; ASCII survives any encoding of stdout.
    return printable(text).translate(_ENTITIES).encode("ascii", "xmlcharrefreplace").decode()
