"""How Seawall does on real templates with an operator's verdicts.

``python -m tests.scoreboards.labelled --write`` writes the table beside this file.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.command import check_everything
from tests.other_people import SHARED
from tests.scoreboards.concerns import LABELLED
from tests.scoreboards.publishing import publish

TABLE = Path(__file__).with_name("labelled.md")
EXPLANATIONS = Path(__file__).with_name("labelled.toml")

HEAD = """\
# Seawall on real templates with an operator's verdicts

Written by `python -m tests.scoreboards.labelled --write`; a test compares it with what the policies say
today. *recall* is the share of the resources labelled *fail* that are flagged, *precision* the share of the
flagged resources that are labelled *fail*; resources labelled *unknown* count for neither. *undecided* counts what
the operator could decide and Seawall could not.

"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A label and the verdicts that the policies of its concern gave; empty where none applies."""

    file: str
    resource: str
    type: str
    concern: str
    label: str
    why: str
    verdicts: tuple[str, ...]
    reason: str = ""

    @property
    def flagged(self) -> bool:
        """Whether a policy of the concern flags the resource."""
        return "flagged" in self.verdicts

    @property
    def undecided(self) -> bool:
        """Whether the operator could decide, and no policy did although one asks what decides."""
        return self.label != "unknown" and "undecided" in self.verdicts and not self.flagged

    @property
    def outcome(self) -> str:
        """``found``, ``missed``, ``quiet``, ``alarm`` (a false one) or ``not scored``."""
        if self.label == "unknown":
            return "not scored"
        if self.label == "fail":
            return "found" if self.flagged else "missed"
        return "alarm" if self.flagged else "quiet"


def score(shared: Path = SHARED) -> list[Judged]:
    """Every label with what Seawall says about its resource."""
    folder = (shared / "labelled").resolve()
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines()]
    _, report = check_everything(folder)
    given: dict[tuple[str, str], dict[str, str]] = {}
    for finding in report["findings"]:
        place = Path(finding["file"]).resolve().relative_to(folder).as_posix(), finding["resource"]
        given.setdefault(place, {})[finding["policy"]] = finding["verdict"]
    reasons = {(entry["resource"], entry["concern"]): entry["reason"] for entry in _explanations()}
    found = []
    for label in labels:
        file, resource, concern = label["file"], label["resource"], label["concern"]
        verdicts = given.get((file, resource), {})
        ids = [f"SEA_{name.upper()}" for name in LABELLED.get(concern, ())]
        said = tuple(verdicts[policy] for policy in ids if policy in verdicts)
        reason = reasons.get((resource, concern), "")
        found.append(Judged(file, resource, label["type"], concern, label["verdict"], label["why"], said, reason))
    return found


def _explanations() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = tomllib.loads(EXPLANATIONS.read_text("utf-8")).get("disagreement", [])
    return entries


def share(part: int, whole: int) -> float | None:
    """A part of a whole from 0 to 1; ``None`` of nothing."""
    return part / whole if whole else None


def recall(judged: Iterable[Judged]) -> float | None:
    """Found of all labelled ``fail`` that some policy applies to."""
    count = Counter(each.outcome for each in judged)
    return share(count["found"], count["found"] + count["missed"])


def precision(judged: Iterable[Judged]) -> float | None:
    """Rightly flagged of all flagged."""
    count = Counter(each.outcome for each in judged)
    return share(count["found"], count["found"] + count["alarm"])


def undecided_share(judged: Sequence[Judged]) -> float | None:
    """Undecided of all that the operator could decide."""
    decided = [each for each in judged if each.label != "unknown"]
    return share(sum(each.undecided for each in decided), len(decided))


def table(judged: Sequence[Judged]) -> str:
    """The scoreboard as Markdown."""
    columns = ("found", "missed", "quiet", "alarm", "not scored")
    lines = [HEAD + f"| concern | labels | {' | '.join(columns)} | undecided | recall | precision |"]
    lines.append("|---|" + "--:|" * (len(columns) + 4))
    for concern in [*sorted({each.concern for each in judged}), "all"]:
        chosen = [each for each in judged if concern in (each.concern, "all")]
        count = Counter(each.outcome for each in chosen)
        numbers = [len(chosen), *(count[name] for name in columns), sum(each.undecided for each in chosen)]
        shares = [_percent(recall(chosen)), _percent(precision(chosen))]
        lines.append(f"| {concern} | {' | '.join([*map(str, numbers), *shares])} |")
    lines += ["", "## Disagreements", ""]
    lines += [_line(each) for each in judged if each.outcome in ("missed", "alarm")]
    return "\n".join(lines) + "\n"


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{part:.0%}"


def _line(each: Judged) -> str:
    said = ", ".join(each.verdicts) or "nothing"
    where = f"`{each.resource}` ({each.type}) in {each.file}"
    reason = each.reason or "not explained yet"
    return f"- {each.concern}: {where} is labelled {each.label} ({each.why}), Seawall says {said}. {reason}"


if __name__ == "__main__":
    publish(TABLE, table(score()))
