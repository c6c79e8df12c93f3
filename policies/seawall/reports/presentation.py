"""What every report needs beside the findings, and how text reaches a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from seawall.finding import Finding
from seawall.policy import Outcome, Policy


class Style(NamedTuple):
    """What the reader's terminal can show; ``width`` in columns, 0 where lines are not to be broken."""

    colour: bool = False
    unicode: bool = True
    width: int = 0

    def paint(self, text: str, codes: str) -> str:
        """The text under these terminal codes, such as ``1;31``, or as it is."""
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and text else text


class Presentation(NamedTuple):
    """The policies of the run, the objectives that were judged, and what the user wants to see of it.

    ``severity`` holds what ``seawall.yaml`` says about groups; what it leaves out is an error.
    """

    policies: tuple[Policy, ...] = ()
    objectives: tuple[str, ...] = ()
    verbose: bool = False
    quiet: bool = False
    style: Style = Style()
    severity: Mapping[str, str] = MappingProxyType({})

    def pasted(self, finding: Finding) -> str:
        """What can be pasted to mend a flagged finding, see ``fixes.pasted_fix``."""
        if finding.verdict is not Outcome.FLAGGED:
            return ""
        from seawall.fixes.pasted_fix import pasted_fix  # only findings need it

        policy = next((policy for policy in self.policies if policy.id == finding.policy), None)
        return pasted_fix(finding, policy)


def printable(text: str) -> str:
    """One line that a terminal shows and never obeys: templates come from strangers.

    Control characters, direction marks, line separators and broken surrogates become escapes, and so do
    the marks by which GitHub's runner knows a command in a log: ``::`` at the start, ``##[`` anywhere.
    """
    if not text.isprintable():
        text = "".join(_shown(character) for character in text)
    if text.lstrip().startswith("::"):
        text = "\\" + text.lstrip()
    return text.replace("##[", "#\\#[")


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character in "\t\u00a0":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def counts(outcomes: Iterable[Outcome]) -> dict[Outcome, int]:
    """How many there are of each outcome that is reported, in the order people read them."""
    found = dict.fromkeys((Outcome.FLAGGED, Outcome.UNDECIDED, Outcome.SKIPPED, Outcome.ACCEPTED), 0)
    for outcome in outcomes:
        found[outcome] += 1
    return found


def plural(count: int, noun: str) -> str:
    """``1 template``, ``2 templates``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
