"""How often each policy flags, accepts and leaves undecided on real templates of other people.

``python -m benchmarks.verdicts_over_corpus [FOLDER…]``; without a folder, the corpus beside the repository.
A policy that leaves more than a third undecided has something to explain: ``REASONS`` says why, in a sentence each.
"""

import contextlib
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seawall.cli import main as seawall
from seawall.loading import load_policies

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"

VERDICTS = ("flagged", "accepted", "undecided")

REASONS = {
    "lone_instance": "An instance that nothing else in its template depends on may be a bastion or a test machine;"
    " whether it may be lost, only its owner knows.",
    "mount_target_missing_zone": "The one file system's instances run in subnets that a parameter names.",
    "single_az_container_service": "Subnets come from another stack's exports, and clusters of instances from"
    " another template.",
    "single_az_function": "Subnets are parameters without default, or come from a preprocessor.",
    "cache_without_snapshots": "A custom resource of the same template, named for snapshots, may set what is left out.",
    "unwatched_dead_letter": "These designs have no alarm at all; where somebody watches queues by a template of"
    " alarms, or by something that is not CloudWatch, the design does not show it.",
    "unwatched_queue_age": "As for unwatched_dead_letter: these designs have no alarm at all.",
}
"""Why a policy leaves more than a third of what it judges in the corpus undecided, by its name."""

Counts = Counter[tuple[str, str]]
"""How many findings there are of each policy's id and verdict."""


class Judged(NamedTuple):
    """The verdicts over a corpus: how many templates were read, and a line for each with something unread."""

    counts: Counts
    templates: int
    unread: list[str]


def judge(folders: list[str]) -> Judged:
    """Judges everything in these folders by every policy."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        seawall(["check", *folders, "--format", "json", "--objective", "multi-region", "--quiet"])
    report = json.loads(output.getvalue())
    counts = Counter((finding["policy"], finding["verdict"]) for finding in report["findings"])
    unread = [f"{entry['file']}:{entry['line']}: {entry['reason']}" for entry in report["unread"]]
    return Judged(counts, report["summary"]["files"], unread)


def undecided_mostly(counts: Counts, policy: str) -> bool:
    """Whether a policy leaves more than a third of what it judges undecided."""
    return counts[policy, "undecided"] * 3 > sum(counts[policy, verdict] for verdict in VERDICTS)


def reasons(counts: Counts) -> Iterator[str]:
    """A line for each policy that leaves more than a third undecided."""
    for policy in load_policies()[0]:
        if undecided_mostly(counts, policy.id):
            share = counts[policy.id, "undecided"] / sum(counts[policy.id, verdict] for verdict in VERDICTS)
            yield f"- {policy.name}, {share:.0%}: {REASONS.get(policy.name, 'nobody has looked at it yet.')}"


def main(folders: list[str]) -> int:
    """Prints the table as Markdown."""
    judged = judge(folders or [str(CORPUS)])
    lines = [f"| policy | {' | '.join(VERDICTS)} |", "|---|--:|--:|--:|"]
    for policy in load_policies()[0]:
        numbers = " | ".join(str(judged.counts[policy.id, verdict]) for verdict in VERDICTS)
        lines.append(f"| {policy.group}/{policy.name} | {numbers} |")
    lines += ["", *reasons(judged.counts), ""]
    lines += [f"{judged.templates} templates read, {len(judged.unread)} with something unread:", ""]
    sys.stdout.write("\n".join((*lines, *(f"- {line}" for line in judged.unread))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
