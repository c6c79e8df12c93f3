"""JUnit's XML as CI servers read it: a test suite for each file, a test case for each verdict."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.finding import Finding, Report, Unread
from seawall.policy import Outcome
from seawall.reports.presentation import Presentation, printable

_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """The lines of the document: flagged is a failure, unread an error; undecided and skipped are skipped."""
    suites: dict[str, list[Finding | Unread]] = {}
    everything: list[Finding | Unread] = [*report.findings, *report.unread]
    for entry in everything:
        suites.setdefault(entry.file, []).append(entry)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="seawall" {_totals(everything)} time="{report.seconds:.3f}">'
    for file, entries in suites.items():
        yield f'  <testsuite name="{_escaped(file)}" {_totals(entries)} time="0">'
        for entry in entries:
            yield from _error(entry) if isinstance(entry, Unread) else _case(entry)
        yield "  </testsuite>"
    yield "</testsuites>"


def _totals(entries: list[Finding | Unread]) -> str:
    verdicts = [entry.verdict for entry in entries if isinstance(entry, Finding)]
    skipped = verdicts.count(Outcome.UNDECIDED) + verdicts.count(Outcome.SKIPPED)
    return (
        f'tests="{len(entries)}" failures="{verdicts.count(Outcome.FLAGGED)}" '
        f'errors="{len(entries) - len(verdicts)}" skipped="{skipped}"'
    )


def _case(finding: Finding) -> Iterator[str]:
    name = _escaped(f"{finding.policy} {finding.resource}")
    file = _escaped(finding.file)
    opening = f'    <testcase classname="{file}" name="{name}" file="{file}" line="{finding.line}" time="0"'
    if finding.verdict is Outcome.ACCEPTED:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    if finding.verdict is Outcome.FLAGGED:
        message, body = (
            _escaped(f"{finding.title} {finding.message}"),
            "\n".join(map(_escaped, _details(finding))),
        )
        yield f'      <failure type="{_escaped(finding.policy)}" message="{message}">{body}</failure>'
    else:
        yield f'      <skipped message="{_escaped(f"{finding.verdict}: {finding.message}")}"/>'
    yield "    </testcase>"


def _details(finding: Finding) -> Iterator[str]:
    yield f"{finding.file}:{finding.line} {finding.resource} ({finding.type})"
    yield finding.message
    yield from finding.evidence
    if finding.note:
        yield finding.note
    yield f"fix: {finding.fix}"


def _error(unread: Unread) -> Iterator[str]:
    file, reason = _escaped(unread.file), _escaped(unread.reason)
    line = f' line="{unread.line}"' if unread.line else ""
    yield f'    <testcase classname="{file}" name="is read and judged" file="{file}"{line} time="0">'
    yield f'      <error type="unread" message="{reason}"/>'
    yield "    </testcase>"


def _escaped(text: str) -> str:
    # ``printable`` leaves none of the characters that XML forbids; ASCII survives any encoding of stdout.
    return printable(text).translate(_ENTITIES).encode("ascii", "xmlcharrefreplace").decode()
