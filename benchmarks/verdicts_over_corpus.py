"""How often each policy flags, accepts and leaves undecided on real templates of other people.

``PYTHONPATH=policies python benchmarks/verdicts_over_corpus.py [FOLDER…]``; without a folder, the corpus
beside the repository. A policy that flags everything, or leaves most undecided, has something to explain.
"""

import contextlib
import io
import json
import sys
from collections import Counter
from pathlib import Path

from seawall.cli import main as seawall
from seawall.loading import load_policies

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"


def main(folders: list[str]) -> int:
    """Prints the table as Markdown."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        seawall(["check", *(folders or [str(CORPUS)]), "--format", "json", "--objective", "multi-region"])
    report = json.loads(output.getvalue())
    count = Counter((finding["policy"], finding["verdict"]) for finding in report["findings"])
    verdicts = ("flagged", "accepted", "undecided", "skipped")
    lines = [f"| policy | {' | '.join(verdicts)} |", "|---|--:|--:|--:|--:|"]
    for policy in load_policies()[0]:
        numbers = " | ".join(str(count[policy.id, verdict]) for verdict in verdicts)
        lines.append(f"| {policy.group}/{policy.name} | {numbers} |")
    summary = report["summary"]
    lines += ["", f"{summary['files']} templates read, {len(report['unread'])} with something unread:", ""]
    lines += [f"- {entry['file']}:{entry['line']}: {entry['reason']}" for entry in report["unread"]]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
