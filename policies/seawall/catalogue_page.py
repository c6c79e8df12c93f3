"""Writes the catalogue, ``policies/README.md``, from the policies and their pages, and the loader's index of them.

``python -m seawall.catalogue_page`` does it; a test fails while either is out of date.
"""

import json
import sys
from pathlib import Path

from seawall.configuration import Objective
from seawall.loading import GROUPS, catalogue_folder, checksum, load_policies
from seawall.pages import parse_page
from seawall.policy import Policy

_HEAD = """\
# The catalogue

Every policy names a failure that a design would not survive. Its page says why that matters, how to fix it,
and shows what is flagged, accepted and left undecided; those examples are its tests.
`seawall explain ID` prints a page, `seawall list` this list.

This page is generated: `python -m seawall.catalogue_page` writes it.
"""


def catalogue(policies: list[Policy]) -> str:
    """The catalogue's Markdown: a table for each group."""
    return "\n".join([_HEAD, *(_section(group, policies) for group in GROUPS)])


def _section(group: str, policies: list[Policy]) -> str:
    when = "" if Objective().judges(group) else " (judged with `--objective multi-region`)"
    chosen = sorted((policy for policy in policies if policy.group == group), key=lambda policy: policy.name)
    head = ["| policy | finds | judges | written in |", "|---|---|---|---|"]
    return "\n".join([f"## {group}: {GROUPS[group]}{when}", "", *head, *map(_row, chosen), ""])


def _row(policy: Policy) -> str:
    types = "<br>".join(f"`{name}`" for name in policy.applies_to)
    link = f"[`{policy.id}`]({policy.group}/{policy.name}.md)"
    return f"| {link} | {policy.title} | {types} | {_languages(policy)} |"


def _languages(policy: Policy) -> str:
    """The languages that its page shows: CDK and SAM become CloudFormation before they are judged."""
    shown = {example.language for example in parse_page(policy.page.read_text("utf-8")).examples}
    return "CloudFormation, Terraform" if "hcl" in shown else "CloudFormation"


INDEX_FILE = Path(__file__).with_name("catalogue_index.py")

_INDEX_HEAD = '''\
"""What is known of every policy before it is imported; generated: ``python -m seawall.catalogue_page`` writes it."""

# ruff: noqa: E501
# fmt: off

INDEX: dict[str, tuple[int, str, tuple[str, ...]]] = {
'''
_INDEX_TAIL = '''\
}
"""For each policy the checksum of its file, its title and its types."""
'''


def index(policies: list[Policy]) -> str:
    """The index's Python: each policy's file with its checksum, title and types."""
    lines = [f'    "{policy.group}/{policy.name}": ({_described(policy)}),\n' for policy in policies]
    return "".join((_INDEX_HEAD, *lines, _INDEX_TAIL))


def _described(policy: Policy) -> str:
    types = "".join(f'"{name}", ' for name in policy.applies_to)
    return f"{checksum(policy.file)}, {json.dumps(policy.title, ensure_ascii=False)}, ({types.rstrip()})"


def main() -> int:
    """Writes both into the checkout; 2 where a policy or its page is missing or broken."""
    policies, broken = load_policies(at_once=True)
    for problem in broken:
        sys.stderr.write(f"{problem}\n")
    if broken:
        return 2
    (catalogue_folder() / "README.md").write_text(catalogue(policies), "utf-8")
    INDEX_FILE.write_text(index(policies), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
