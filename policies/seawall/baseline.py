"""The baseline: what was flagged on the day somebody began, so that only new findings are reported.

An entry is known again by its policy, the resource's id and its type. Its file only helps to tell resources of
one id apart, so that neither moved lines nor renamed files matter: an entry answers for a finding in another file
only where its own file says nothing about the resource any more. Otherwise a new mistake could hide behind one
that was mended.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seawall.configuration import Misuse
from seawall.finding import KNOWN, Finding, Report
from seawall.path_patterns import relative
from seawall.policy import Outcome

FILE_NAME = "seawall-baseline.json"
VERSION = 1
KEYS = ("policy", "resource", "type", "file")


class Entry(NamedTuple):
    """One known finding; ``file`` is relative to the baseline, with ``/`` between its steps."""

    policy: str
    resource: str
    type: str
    file: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What stays the same when files are renamed."""
        return self[:3]


Entries = Counter[Entry]
"""How often each entry is there: a template that is deployed twice is flagged twice."""


class Outdated(NamedTuple):
    """Entries that no finding needs any more, and how many there are of each."""

    entries: Entries

    def described(self) -> Iterator[str]:
        """One line for each."""
        for entry, count in sorted(self.entries.items()):
            times = f" ({count} times)" if count > 1 else ""
            yield f"{entry.policy} on {entry.resource} in {entry.file}{times}"


def read_baseline(file: Path) -> Entries:
    """The entries of a file that ``seawall baseline`` has written; raises ``Misuse``."""
    try:
        root = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(f"{file}: {(error.strerror or str(error)).lower()}; seawall baseline writes it") from None
    except (ValueError, RecursionError) as error:
        raise Misuse(f"{file}: is no baseline: {error}") from None
    version = root.get("version") if isinstance(root, dict) else None
    if version != VERSION or not isinstance(root.get("findings"), list):
        known = isinstance(version, int) and version > VERSION
        reason = f"has version {version}, which a newer Seawall has written" if known else "is no baseline"
        raise Misuse(f"{file}: {reason}; seawall baseline writes one")
    found: Entries = Counter()
    for item in root["findings"]:
        count = item.get("count", 1) if isinstance(item, dict) else None
        values: list[Any] = [item.get(key) for key in KEYS] if isinstance(item, dict) else []
        if not isinstance(count, int) or count < 1 or not all(isinstance(value, str) for value in values):
            raise Misuse(f"{file}: an entry is no finding: {json.dumps(item)[:200]}")
        found[Entry(*values)] += count
    return found


def entries_of(findings: Iterable[Finding], folder: str) -> Entries:
    """What is flagged, as entries of a baseline in ``folder``."""
    names = _Names(folder)
    return Counter(_entry(finding, names) for finding in findings if finding.verdict is Outcome.FLAGGED)


def as_text(entries: Entries) -> Iterator[str]:
    """The lines of the file: one for each entry, sorted, so that a difference shows what changed."""
    yield f'{{"version": {VERSION}, "findings": ['
    lines = [json.dumps(_as_json(entry, count), ensure_ascii=False) for entry, count in _sorted(entries)]
    yield from (line + ("," if number < len(lines) else "") for number, line in enumerate(lines, 1))
    yield "]}"


def _sorted(entries: Entries) -> list[tuple[Entry, int]]:
    return sorted(entries.items(), key=lambda item: (item[0].file, item[0].resource, item[0].policy, item[0].type))


def _as_json(entry: Entry, count: int) -> dict[str, Any]:
    written: dict[str, Any] = dict(zip(KEYS, entry, strict=True))
    return {**written, "count": count} if count > 1 else written


def apply(report: Report, entries: Entries, folder: str, *, policies: Iterable[str], paths: Iterable[Path]) -> Outdated:
    """Turns what the baseline knows into skipped findings of the report; returns the entries that nobody needs.

    ``policies`` are the ids of those that were applied and ``paths`` what was judged: of anything else the run
    knows nothing.
    """
    names = _Names(folder)
    left = Counter(entries)
    judged = [os.path.realpath(path) for path in paths]
    report.findings = _without_known(report.findings, left, names, judged)
    unread = {names.of(one.file) for one in report.unread}
    applied = set(policies)
    outdated = {
        entry: count
        for entry, count in (+left).items()
        if entry.policy in applied and entry.file not in unread and _was_judged(entry.file, judged, folder)
    }
    return Outdated(Counter(outdated))


def known_findings(findings: list[Finding], entries: Entries, folder: str) -> list[Finding]:
    """The findings, those that the baseline knows skipped."""
    judged = [os.path.realpath(file) for file in dict.fromkeys(finding.file for finding in findings)]
    return _without_known(findings, Counter(entries), _Names(folder), judged)


def _without_known(findings: list[Finding], left: Entries, names: _Names, judged: list[str]) -> list[Finding]:
    """The findings, known ones skipped; takes what was needed out of ``left``."""
    flagged = [index for index, finding in enumerate(findings) if finding.verdict is Outcome.FLAGGED]
    known: set[int] = set()
    for index in flagged:
        entry = _entry(findings[index], names)
        if left[entry] > 0:
            left[entry] -= 1
            known.add(index)
    if len(known) < len(flagged) and any(left.values()):
        indices = [index for index in flagged if index not in known]
        known |= _moved(findings, indices, left, names, lambda file: _is_silent(file, judged, names.folder))
    return [
        finding._replace(verdict=Outcome.SKIPPED, note="; ".join(filter(None, (KNOWN, finding.note))))
        if index in known
        else finding
        for index, finding in enumerate(findings)
    ]


def _moved(
    findings: list[Finding], indices: list[int], left: Entries, names: _Names, silent: Callable[[str], bool]
) -> set[int]:
    """Those of the findings whose entry names a file that says nothing about the resource any more."""
    present = {_entry(finding, names) for finding in findings}
    waiting: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in sorted(left):
        if left[entry] > 0 and entry not in present and silent(entry.file):
            waiting.setdefault(entry.identity, []).append(entry)
    known: set[int] = set()
    for index in indices:
        candidates = waiting.get(_entry(findings[index], names).identity, [])
        if candidates:
            left[candidates[0]] -= 1
            known.add(index)
            if not left[candidates[0]]:
                candidates.pop(0)
    return known


def _is_silent(file: str, judged: list[str], folder: str) -> bool:
    # Of a file that is there and was not looked at, nobody knows what it says.
    return _was_judged(file, judged, folder) or not os.path.exists(os.path.join(folder, file))


def _was_judged(file: str, judged: list[str], folder: str) -> bool:
    place = os.path.realpath(os.path.join(folder, file))
    return any(place == path or place.startswith(os.path.join(path, "")) for path in judged)


def _entry(finding: Finding, names: _Names) -> Entry:
    return Entry(finding.policy, finding.resource, finding.type, names.of(finding.file))


class _Names:
    """The names of files as a baseline in ``folder`` writes them."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._found: dict[str, str] = {}

    def of(self, file: str) -> str:
        if file not in self._found:
            self._found[file] = relative(file, self.folder)
        return self._found[file]
