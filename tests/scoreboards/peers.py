"""How Seawall does on the test cases of other validators: ``python -m tests.scoreboards.peers --write``."""

import json
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from tests.command import check_everything
from tests.examples import verdicts_by_folder
from tests.other_people import SHARED
from tests.scoreboards.concerns import PEERS, UNASKED
from tests.scoreboards.publishing import publish

TABLE = Path(__file__).with_name("peers.md")
DIFFERENCES = Path(__file__).with_name("peers.toml")

HEAD = """\
# Seawall on the peers' own test cases

Written by `python -m tests.scoreboards.peers --write`; a test compares it with what the policies say today.
A case counts as *fail* where a policy that answers its concern flags, as *pass* where one accepts and none
flags, else as *none*. *differs* counts the disagreements that are listed below with their reason.

"""


@dataclass(frozen=True, slots=True)
class Case:
    """One test case of a peer: what it expects and what Seawall says, ``none`` where it says nothing."""

    source: str
    concern: str
    name: str
    expected: str
    answer: str
    reason: str = ""

    @property
    def outcome(self) -> str:
        """``agree``, ``differs`` (with a reason), ``disagree`` (without one) or ``none``."""
        if self.answer == "none":
            return "none"
        if self.answer == self.expected:
            return "agree"
        return "differs" if self.reason else "disagree"


def score(shared: Path = SHARED) -> list[Case]:
    """Every case of every peer, judged in one run."""
    rows = [
        json.loads(line)
        for file in sorted((shared / "peers").glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, row in enumerate(rows):
            _write(row, folder / str(index))
        _, report = check_everything(folder)
        verdicts = verdicts_by_folder(report["findings"], folder)
    cases = []
    for index, row in enumerate(rows):
        answer = _answer(row["concern"], verdicts[str(index)])
        title = _title(row)
        cases.append(Case(row["source"], row["concern"], title, row["verdict"], answer, _reason(title)))
    return cases


@cache
def differences() -> list[dict[str, str]]:
    """The listed differences: which cases (``case``, with ``*``) and why (``reason``)."""
    entries: list[dict[str, str]] = tomllib.loads(DIFFERENCES.read_text("utf-8")).get("difference", [])
    return entries


def _reason(title: str) -> str:
    matching = (entry["reason"] for entry in differences() if fnmatchcase(title, entry["case"]))
    return next(matching, "")


def _title(row: dict[str, Any]) -> str:
    name = str(row.get("name") or Path(row["path"]).name)
    verdict = re.search(r"(Non)?[Cc]ompliance.*", name)  # what stands before repeats the rule
    return f"{row['peer_rule']}: {verdict.group() if verdict else name}"


def _write(row: dict[str, Any], folder: Path) -> None:
    folder.mkdir()
    text = row["text"] if "text" in row else json.dumps(row["template"])
    suffix = Path(row["path"]).suffix if "text" in row else ".json"
    (folder / f"template{suffix}").write_text(text, "utf-8")


def _answer(concern: str, given: Counter[tuple[str, str]]) -> str:
    ids = [f"SEA_{name.upper()}" for name in PEERS.get(concern, ())]
    if any(given[policy, "flagged"] for policy in ids):
        return "fail"
    return "pass" if any(given[policy, "accepted"] for policy in ids) else "none"


def table(cases: Iterable[Case]) -> str:
    """The scoreboard as Markdown."""
    cases = list(cases)
    lines = [HEAD + "| source | concern | answered by | cases | agree | differs | disagree | none |"]
    lines.append("|---|---|---|--:|--:|--:|--:|--:|")
    for source, concern in sorted({(case.source, case.concern) for case in cases}):
        chosen = [case for case in cases if (case.source, case.concern) == (source, concern)]
        answered = ", ".join(PEERS.get(concern, ())) or f"not asked: {UNASKED[concern]}"
        lines.append(f"| {source} | {concern} | {answered} | {_counts(chosen)} |")
    lines.append(f"| all | answered concerns | | {_counts([case for case in cases if case.concern in PEERS])} |")
    lines += ["", _agreement([case for case in cases if case.concern in PEERS])]
    lines += ["", "## Where the two disagree", ""]
    for case in cases:
        if case.outcome in ("differs", "disagree"):
            reason = case.reason or "not explained yet"
            lines.append(f"- {case.source} `{case.name}` expects {case.expected}, Seawall says {case.answer}: {reason}")
    return "\n".join(lines) + "\n"


def _agreement(cases: list[Case]) -> str:
    count = Counter(case.outcome for case in cases)
    given = count["agree"] + count["differs"] + count["disagree"]
    return (
        f"Of {given} answers {count['agree']} ({count['agree'] / given:.0%}) are what the peer expects, "
        f"{count['differs']} differ with a reason and {count['disagree']} without one."
    )


def _counts(cases: list[Case]) -> str:
    count = Counter(case.outcome for case in cases)
    return " | ".join(str(number) for number in (len(cases), *(count[name] for name in OUTCOMES)))


OUTCOMES = ("agree", "differs", "disagree", "none")


if __name__ == "__main__":
    publish(TABLE, table(score()))
