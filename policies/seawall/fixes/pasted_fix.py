"""What can be pasted to mend a finding, in the language of its source.

Where values of the resource's own properties mend it, these; otherwise a block of the policy's page, first from
*How to fix it*, then from *Accepted*, with the resource's name put in: the page's tests hold such blocks to be right.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from seawall.finding import Finding
from seawall.fixes.layout import Layout
from seawall.fixes.wanted import ATTRIBUTES, Tree, tree_of, written_out
from seawall.pages import ACCEPTED_SECTION, FIX_SECTION, blocks_in
from seawall.policy import Outcome, Policy

_DECLARED = {
    "yaml": re.compile(r"^  (\w+):\n(?:    (?!Type:).*\n)*?    Type: (\S+)$", re.MULTILINE),
    "hcl": re.compile(r'^resource "(?P<type>\w+)" "(?P<name>[\w-]+)"', re.MULTILINE),
}
_SIMPLE = re.compile(r"[\w-]+$")
_ADDRESS = re.compile(r"(?:^|\.)\w+\.([\w-]+)(?:\[[^\]]*\])?$")


def pasted_fix(finding: Finding, policy: Policy | None = None) -> str:
    """The text to paste, empty unless the finding is flagged or where nothing is known; ``policy`` is the finding's."""
    if finding.verdict is not Outcome.FLAGGED:
        return ""
    own = _of_own_properties(finding) if finding.sets else ""
    if own or policy is None:
        return own
    return _named(*_block(policy.page, policy.applies_to, finding.language, finding.type), finding)


def _of_own_properties(finding: Finding) -> str:
    if finding.language == "hcl":
        from seawall.fixes.terraform_fix import in_hcl

        return in_hcl(finding.type, finding.resource, finding.sets)
    if finding.construct:
        return _in_cdk(finding)
    content = {finding.resource: written_out(tree_of(finding.sets))}
    if finding.language == "json":
        return json.dumps(content, indent=2)[2:-2].replace("\n  ", "\n").strip()
    return "\n".join(Layout().block(content, 0))


def _in_cdk(finding: Finding) -> str:
    """Python that sets it in a CDK app, through the construct's own CloudFormation resource."""
    if any("[" in path for path, _ in finding.sets):
        return "\n".join(Layout().block({finding.resource: written_out(tree_of(finding.sets))}, 0))
    children = "".join(f".node.find_child({json.dumps(name)})" for name in finding.construct.split("/"))
    lines = [f"resource = app{children}"]
    for path, value in finding.sets:
        method = "add_override" if path in ATTRIBUTES else "add_property_override"
        lines.append(f"resource.{method}({json.dumps(path)}, {value!r})")
    return "\n".join(lines)


@cache
def _block(page: Path, types: tuple[str, ...], language: str, declared: str) -> tuple[str, str]:
    """The page's block for a type in a language, and the name of the resource in it that stands for the judged one."""
    written = "hcl" if language == "hcl" else "yaml"
    try:
        content = page.read_text("utf-8")
    except OSError:  # a team's own policy may have none
        return "", ""
    fixes, accepted = (blocks_in(content, section, written) for section in (FIX_SECTION, ACCEPTED_SECTION))
    wanted, judged = _alike((declared,), written, types), _alike(types, written)
    for text in (*fixes, *accepted):
        found = _declared_in(text, written)
        name = next((name for name, kind in found if kind in wanted), "")
        # A fix without anything that the policy judges says what to put in its place.
        if name or (text in fixes and not any(kind in judged for _, kind in found)):
            return _in_language(text.strip("\n"), language), name
    for text in (*fixes, *accepted):
        kind = next((kind for _, kind in _declared_in(text, written) if kind in judged), "")
        return _in_language((f"# with {kind}:\n" if kind else "") + text.strip("\n"), language), ""
    return "", ""


def _alike(types: tuple[str, ...], language: str, judged: tuple[str, ...] = ()) -> set[str]:
    """These types as a page's blocks name them: Terraform has several names for some, SAM has its own."""
    if language == "yaml":
        return {*types, *(judged if types[0].startswith("AWS::Serverless::") else ())}
    from seawall.sources.terraform_mapping import KINDS

    own = [KINDS[one] for one in types if one in KINDS]
    places = {(kind.type, kind.nest) for kind in own}
    names = (name for name, kind in KINDS.items() if (kind.type, kind.nest) in places or kind.type in types)
    return {*types, *names}


def _declared_in(text: str, language: str) -> list[tuple[str, str]]:
    found = _DECLARED[language].findall(text)
    return [(name, kind) for kind, name in found] if language == "hcl" else found


def _named(text: str, name: str, finding: Finding) -> str:
    address = _ADDRESS.search(finding.resource) if finding.language == "hcl" else None
    own = address[1] if address else finding.resource
    return re.sub(rf"\b{name}", own, text) if name and _SIMPLE.match(own) else text


def _in_language(text: str, language: str) -> str:
    """A block as it is pasted below the ``Resources`` of a template, where it holds nothing else."""
    if language == "json":
        return _as_json(text)
    comments, _, below = text.rpartition("Resources:\n")
    lines = below.split("\n")
    if any(line[:1] != "#" for line in comments.splitlines()) or any(line[:2] not in ("", "  ") for line in lines):
        return text  # it has parameters or conditions, too, or is Terraform
    return comments + "\n".join(line[2:] for line in lines)


def _as_json(text: str) -> str:
    from seawall.documents import read_yaml
    from seawall.fixes.template_nodes import plain

    content: Tree = plain(read_yaml(text, []))
    if set(content) == {"Resources"}:
        return json.dumps(content["Resources"], indent=2)[2:-2].replace("\n  ", "\n").strip()
    return json.dumps(content, indent=2)
