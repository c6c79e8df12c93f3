"""SARIF 2.1.0 as GitHub's code scanning reads it.

Code scanning opens an alert for every result, whatever its ``kind`` and ``suppressions`` say (reported for
other tools in microsoft/PSRule#955 and dekobon/big-code-analysis#503). So only what is flagged becomes a
result, unless the run is verbose: then undecided results are ``open``, accepted ones ``pass``, and skipped
ones carry their ``suppressions``, as the standard wants it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from seawall.finding import KNOWN, Finding, Report, Unread
from seawall.policy import Outcome, Policy
from seawall.reports.presentation import Presentation, printable
from seawall.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_KINDS = {
    Outcome.UNDECIDED: "open",
    Outcome.ACCEPTED: "pass",
    Outcome.FLAGGED: "fail",
    Outcome.SKIPPED: "fail",
}


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """The document, one line."""
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, presentation)]})


def _run(report: Report, presentation: Presentation) -> dict[str, Any]:
    shown = [item for item in report.findings if item.verdict is Outcome.FLAGGED or presentation.verbose]
    index = {policy.id: number for number, policy in enumerate(presentation.policies)}
    return {
        "tool": {
            "driver": {
                "name": "Seawall",
                "semanticVersion": VERSION,
                "rules": [_rule(policy, presentation) for policy in presentation.policies],
            }
        },
        "invocations": [
            {
                # Code scanning refuses a failed execution, and so does not close alerts of what was not read.
                "executionSuccessful": not report.unread,
                "exitCode": report.exit_code,
                "toolExecutionNotifications": [_notification(unread) for unread in report.unread],
            }
        ],
        "results": [_result(finding, index, presentation) for finding in shown],
    }


def _rule(policy: Policy, presentation: Presentation) -> dict[str, Any]:
    try:
        page = policy.page.read_text(encoding="utf-8")
    except OSError:  # a team's own policy may have none
        page = policy.title
    reason = _reason(page) or policy.title
    severity = presentation.severity.get(policy.group, "error")
    return {
        "id": policy.id,
        "name": policy.name,
        "shortDescription": {"text": policy.title},
        "fullDescription": {"text": reason},
        "helpUri": policy.url,
        "help": {"text": reason, "markdown": page},
        "defaultConfiguration": {"level": severity},
        "properties": {
            "tags": ["resilience", policy.group],
            "precision": "high",
            "problem.severity": "recommendation" if severity == "note" else severity,
        },
    }


def _reason(page: str) -> str:
    """The first paragraph below "Why it matters", at most the 1024 characters that code scanning takes."""
    section = page.partition("## Why it matters\n")[2].partition("\n## ")[0].strip()
    return " ".join(section.split("\n\n")[0].split())[:1024]


def _result(finding: Finding, index: dict[str, int], presentation: Presentation) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.policy,
        "kind": _KINDS[finding.verdict],
        "level": finding.severity if _KINDS[finding.verdict] == "fail" else "none",
        "message": {"text": _message(finding, presentation)},
        "locations": [
            {
                "physicalLocation": _place(finding.file, finding.line, finding.source_line),
                "logicalLocations": [
                    {
                        "name": printable(finding.resource),
                        "fullyQualifiedName": printable("/".join(filter(None, (finding.stack, finding.resource)))),
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {"seawallFinding/v1": _fingerprint(finding)},
    }
    if finding.policy in index:
        result["ruleIndex"] = index[finding.policy]
    if finding.verdict is Outcome.SKIPPED:
        known = finding.note.startswith(KNOWN)
        kind, why = ("external", KNOWN) if known else ("inSource", printable(finding.message))
        result["suppressions"] = [{"kind": kind, "justification": why}]
    return result


def _message(finding: Finding, presentation: Presentation) -> str:
    parts = [f"{finding.resource} ({finding.type}): {finding.message}.", *finding.evidence, finding.note]
    if finding.fix:
        parts += [f"Fix: {finding.fix}.", *presentation.pasted(finding).splitlines()]
    return "\n".join(printable(part) for part in parts if part)


def _place(file: str, line: int | None, text: str = "") -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(file)}
    if line:
        place["region"] = {"startLine": line}
        if text:
            place["region"]["snippet"] = {"text": text[:400]}
    return place


def _artifact(file: str) -> dict[str, str]:
    """A file below the working folder relative to it, since code scanning runs at the repository's root."""
    absolute = os.path.abspath(file)  # a name that is no text must stay bytes
    relative = os.path.relpath(absolute)
    if relative.startswith(os.pardir):
        return {"uri": "file://" + _quoted(absolute)}
    return {"uri": _quoted(relative), "uriBaseId": "%SRCROOT%"}


def _quoted(path: str) -> str:
    path = path.replace(os.sep, "/")
    try:
        return quote(os.fsencode(path))
    except UnicodeEncodeError:  # a name that a template made up
        return quote(path, errors="backslashreplace")


def _fingerprint(finding: Finding) -> str:
    """The same wherever in its file the resource stands."""
    identity = (finding.policy, _artifact(finding.file)["uri"], finding.stack, finding.resource)
    return hashlib.sha256("\0".join(identity).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _notification(unread: Unread) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": printable(unread.reason)},
        "locations": [{"physicalLocation": _place(unread.file, unread.line)}],
    }
