"""Mends what can be mended in place, and judges the result before anything is written.

A fix stays only where its finding is gone afterwards. What a fix brings to light is fixed in a further round, so
that a second run changes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from seawall.documents import Unreadable
from seawall.finding import Finding, Report
from seawall.fixes.additions import CannotSet
from seawall.fixes.template_editor import with_all_set
from seawall.fixes.wanted import Contradiction, Tree, add, tree_of
from seawall.policy import Outcome
from seawall.sources import cloudformation

ROUNDS = 6
"""Times that the result is judged anew; two are usual."""

MADE_BY_CDK = "CDK makes this file: change the app"
MARKS_OF_CDK = ("aws:cdk:", "cdk-bootstrap", "CDKMetadata")

Identity = tuple[str, str, str]
"""A finding's policy, real path of the file and resource: the same in every stack that is made from the file."""


class NotWritten(Exception):
    """A file could not be written; the message says which and why."""


@dataclass
class File:
    """A template that is to be changed: its bytes as they were, its text before and after."""

    shown: str
    content: bytes
    before: str
    after: str
    is_json: bool


@dataclass
class Mended:
    """What came of it: the findings that are gone, those that stay with the reason, the files, the last judgement."""

    report: Report
    gone: list[Finding] = field(default_factory=list)
    left: list[tuple[Finding, str]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)

    @property
    def changed(self) -> dict[str, File]:
        """The files by real path whose text is another one."""
        return {place: file for place, file in self.files.items() if file.after != file.before}


def mend(judge: Callable[[], Report]) -> Mended:
    """Judges, changes and judges again, in memory; ``judge`` reads the files anew each time it is called."""
    return _Mending(judge).run()


class _Mending:
    def __init__(self, judge: Callable[[], Report]) -> None:
        self.judge = judge
        self.files: dict[str, File] = {}
        self.done: dict[Identity, Finding] = {}
        self.reasons: dict[Identity, str] = {}

    def run(self) -> Mended:
        report = self.judge()
        for _ in range(ROUNDS):
            todo = self._to_do(report)
            if not todo:
                break
            for place, findings in todo.items():
                self._change(place, findings)
            report = self._judged_after_taking_back()
        gone = list(self.done.values())
        left = [(one, self.reasons.get(_identity(one), "")) for one in _flagged(report)]
        return Mended(report, gone, left, self.files)

    def _to_do(self, report: Report) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in _flagged(report):
            identity = _identity(finding)
            if not finding.sets or identity in self.done or identity in self.reasons:
                continue
            reason = _why_untouched(finding) or self._open(finding)
            if reason:
                self.reasons[identity] = reason
            elif not any(_identity(other) == identity for other in found.get(identity[1], ())):
                found.setdefault(identity[1], []).append(finding)
        return found

    def _open(self, finding: Finding) -> str:
        """Reads a file that is to be changed; the reason where that cannot be."""
        place = os.path.realpath(finding.file)
        if place in self.files:
            return ""
        try:
            content = Path(place).read_bytes()
            if not stat.S_IMODE(os.stat(place).st_mode) & 0o222:
                return "the file is read-only"
            text = cloudformation.decode(content)
            if finding.file.endswith(".template.json") and any(mark in text for mark in MARKS_OF_CDK):
                return MADE_BY_CDK
            is_json = cloudformation.parse(finding.file, text, []).is_json
        except OSError as error:
            return (error.strerror or str(error)).lower()
        except Unreadable as error:
            return error.reason
        self.files[place] = File(finding.file, content, text, text, is_json)
        return ""

    def _change(self, place: str, findings: list[Finding]) -> None:
        file = self.files[place]
        trees: dict[str, Tree] = {}
        together: list[Finding] = []
        for finding in findings:
            tree = tree_of(finding.sets)
            # Two policies that want different things of one property take turns.
            with suppress(Contradiction):
                _join(trees, finding.resource, tree)
                together.append(finding)
        try:
            file.after = with_all_set(file.after, trees.items(), is_json=file.is_json)
            self.done.update((_identity(finding), finding) for finding in together)
        except CannotSet:
            for finding in together:
                self._change_alone(file, finding)

    def _change_alone(self, file: File, finding: Finding) -> None:
        try:
            wanted = [(finding.resource, tree_of(finding.sets))]
            file.after = with_all_set(file.after, wanted, is_json=file.is_json)
            self.done[_identity(finding)] = finding
        except CannotSet as error:
            self.reasons[_identity(finding)] = str(error)

    def _judged_after_taking_back(self) -> Report:
        """The judgement of the changed files; what is flagged all the same is taken back first."""
        report = self._judge_changed()
        vain = [identity for identity in map(_identity, _flagged(report)) if identity in self.done]
        if not vain:
            return report
        for identity in vain:
            self.done.pop(identity, None)
            self.reasons[identity] = "it is flagged all the same once this is set"
        for file in self.files.values():
            file.after = file.before
        kept, self.done = self.done, {}
        for identity, finding in kept.items():
            self._change_alone(self.files[identity[1]], finding)
        return self._judge_changed()

    def _judge_changed(self) -> Report:
        with _unsaved({place: file.after for place, file in self.files.items() if file.after != file.before}):
            return self.judge()


@contextmanager
def _unsaved(texts: Mapping[str, str]) -> Iterator[None]:
    cloudformation.unsaved.update(texts)
    try:
        yield
    finally:
        cloudformation.unsaved.clear()


def _join(trees: dict[str, Tree], resource: str, tree: Tree) -> None:
    joined: Tree = {}
    for source in (trees.get(resource, {}), tree):
        for name, below in source.items():
            add(joined, [name], below)
    trees[resource] = joined


def _flagged(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.verdict is Outcome.FLAGGED]


def _identity(finding: Finding) -> Identity:
    return finding.policy, os.path.realpath(finding.file), finding.resource


def _why_untouched(finding: Finding) -> str:
    """Why a file is not for people to edit; empty where it is."""
    if finding.language == "hcl":
        return "Terraform is not edited: paste the fix"
    if finding.construct or os.path.isfile(os.path.join(os.path.dirname(finding.file), "manifest.json")):
        return MADE_BY_CDK
    return ""


def write(file: File, place: str) -> None:
    """Puts a changed file in the place of the old one, whole or not at all; raises ``NotWritten``."""
    folder, name = os.path.split(place)
    temporary = os.path.join(folder, f".{name}.seawall-{os.getpid()}")
    try:
        if Path(place).read_bytes() != file.content:
            raise NotWritten(f"{file.shown}: has changed meanwhile and is left alone")
        mode = stat.S_IMODE(os.stat(place).st_mode)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(encoded(file))
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, place)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise NotWritten(f"{file.shown}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def encoded(file: File) -> bytes:
    """The changed text in the encoding of the old one, with its byte order mark."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if file.content.startswith(mark):
            return mark + file.after.encode(encoding)
    return file.after.encode("utf-8")


__all__ = ["File", "Mended", "NotWritten", "encoded", "mend", "write"]
