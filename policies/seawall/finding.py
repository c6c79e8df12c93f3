"""What a run says: one ``Finding`` for each verdict, one ``Unread`` for each thing that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from seawall.policy import Outcome, Sets

if TYPE_CHECKING:
    from seawall.exception_list import DeclaredException


KNOWN = "in the baseline"
"""How the note of a finding starts that is skipped because the baseline holds it."""


class Finding(NamedTuple):
    """One policy's verdict about one resource.

    ``file`` is the file as the user named it, ``line`` (from 1) that of the property that decides and
    ``source_line`` its text; ``depends_on`` names the parameters and other unknowns behind the verdict,
    ``note`` says in which scenario it holds or where it would be another. ``resource_line`` is the line
    the resource starts on, ``path`` the deciding property, dotted. ``sets`` are the values that would mend
    it (``policy.Sets``), ``language`` is ``yaml``, ``json`` or ``hcl``; ``construct`` CDK's path of the resource.
    ``severity`` is ``error``, ``warning`` or ``note``: what ``seawall.yaml`` says about the group.
    """

    policy: str
    group: str
    verdict: Outcome
    resource: str
    type: str
    file: str
    line: int
    message: str
    fix: str = ""
    evidence: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    note: str = ""
    stack: str = ""
    title: str = ""
    path: str = ""
    source_line: str = ""
    resource_line: int = 0
    sets: Sets = ()
    language: str = ""
    construct: str = ""
    severity: str = "error"

    def as_json(self) -> dict[str, Any]:
        """The finding as the JSON report shows it; its schema is ``reports/findings.jsonschema``."""
        return {
            "policy": self.policy,
            "group": self.group,
            "verdict": str(self.verdict),
            "resource": self.resource,
            "type": self.type,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "fix": self.fix,
            "evidence": list(self.evidence),
            "depends_on": list(self.depends_on),
            "note": self.note,
            "stack": self.stack,
            "title": self.title,
            "sets": dict(self.sets),
            "severity": self.severity,
        }


class Unread(NamedTuple):
    """Something that was asked for and could not be read or judged, with the reason in one line.

    ``resource`` is set where a policy failed on it.
    """

    file: str
    line: int | None
    reason: str
    resource: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry as the JSON report shows it."""
        return {"file": self.file, "line": self.line, "reason": self.reason}


class Report:
    """Everything one run found.

    ``files`` counts the templates that were read, ``others`` the files that are none; ``children`` are
    the real paths of files that were read as nested stacks of others; ``seconds`` is wall-clock time.
    ``objectives`` are the names of those that resources were judged against; ``exceptions`` are what the
    templates declare, where that was asked for. ``hidden`` are files that were read for the sake of others only.
    """

    def __init__(
        self, findings: Iterable[Finding] = (), unread: Iterable[Unread] = (), files: int = 0, seconds: float = 0.0
    ) -> None:
        self.findings = list(findings)
        self.unread = list(unread)
        self.files = files
        self.others = 0
        self.children: set[str] = set()
        self.objectives: set[str] = set()
        self.exceptions: list[DeclaredException] = []
        self.hidden: set[str] = set()
        self.seconds = seconds

    def add(self, other: Report) -> None:
        """Takes over what another report found."""
        self.findings += other.findings
        self.unread += other.unread
        self.files += other.files
        self.others += other.others
        self.children |= other.children
        self.objectives |= other.objectives
        self.exceptions += other.exceptions

    def hide(self) -> None:
        """Forgets what was found out about the files that are ``hidden``."""
        self.findings = [finding for finding in self.findings if finding.file not in self.hidden]
        self.unread = [unread for unread in self.unread if unread.file not in self.hidden]
        self.exceptions = [exception for exception in self.exceptions if exception.file not in self.hidden]
        self.files -= len(self.hidden)

    def count(self, outcome: Outcome) -> int:
        """How many findings have this verdict."""
        return sum(finding.verdict is outcome for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """2 where something was not read or judged, else 1 where something is flagged as an error, else 0."""
        if self.unread:
            return 2
        failures = (item for item in self.findings if item.verdict is Outcome.FLAGGED and item.severity == "error")
        return 1 if any(failures) else 0
