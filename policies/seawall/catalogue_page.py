"""Writes the catalogue, ``policies/README.md``, from the policies and their pages.

``python -m seawall.catalogue_page`` does it; a test fails while it is out of date.
"""

import sys

from seawall.configuration import Objective
from seawall.loading import GROUPS, catalogue_folder, load_policies
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


def main() -> int:
    """Writes the catalogue into the checkout; 2 where a policy or its page is missing or broken."""
    policies, broken = load_policies()
    for problem in broken:
        sys.stderr.write(f"{problem}\n")
    if broken:
        return 2
    (catalogue_folder() / "README.md").write_text(catalogue(policies), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
