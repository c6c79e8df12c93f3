"""Every fix mends its finding, changes nothing else, deploys without replacing anything, and can be pasted.

New policies are picked up by themselves: a policy that gives ``sets`` needs a flagged example that they mend.
"""

import difflib
import json
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.core import get_rules
from cfnlint.rules import RulesCollection
from seawall.cli import main
from seawall.documents import read_yaml
from seawall.fixes.wanted import ATTRIBUTES, steps_of
from seawall.loading import load_policies
from seawall.pages import FIX_SECTION, blocks_in
from seawall.policy import Policy
from seawall.values import plain_text, values_at

from tests.command import check_everything
from tests.examples import EXAMPLES, FILE_NAMES, Shown, write_examples
from tests.other_people import shared_folder
from tests.terraform_sources import root_module

FLAGGED = [shown for shown in EXAMPLES if shown.example.verdict == "flagged"]
TERRAFORM = [shown for shown in FLAGGED if shown.example.language == "hcl"]
TEMPLATES = [shown for shown in FLAGGED if shown.example.language != "hcl"]
POLICIES = load_policies()[0]
SETTING = [policy for policy in POLICIES if re.search(r"\bsets=(?!None)", Path(policy.file).read_text("utf-8"))]
"""The policies that say what to set."""

EVERYTHING = bool(os.environ.get("SEAWALL_EVERY_FIX"))
"""Whether cfn-lint reads every mended template, which takes minutes, not one for each policy and a sample."""

Finding = dict[str, Any]


class Mended:
    """Files before and after ``seawall fix``, and the findings of both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before = {file: file.read_text("utf-8") for file in folder.rglob("*") if file.is_file()}
        self.flagged = flagged_in(folder)
        self.code = main(["fix", str(folder), "--objective", "multi-region", "--quiet"])
        self.after = {file: file.read_text("utf-8") for file in self.before}
        self.left = flagged_in(folder)

    @property
    def changed(self) -> list[Path]:
        return [file for file, text in self.before.items() if self.after[file] != text]


def flagged_in(folder: Path) -> list[Finding]:
    report = check_everything(folder)[1]
    return [finding for finding in report["findings"] if finding["verdict"] == "flagged"]


def identity(finding: Finding) -> tuple[str, str, str]:
    return finding["policy"], finding["file"], finding["resource"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mended:
    """Every flagged template of every page, each in a folder of its own, after ``seawall fix``."""
    folder = tmp_path_factory.mktemp("flagged")
    write_examples(folder, TEMPLATES)
    return Mended(folder)


@pytest.fixture(scope="module")
def findings(pages: Mended, tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """What is flagged in every example, Terraform's too."""
    folder = tmp_path_factory.mktemp("terraform")
    write_examples(folder, TERRAFORM)
    return [*pages.flagged, *flagged_in(folder)]


def of_example(shown: Shown, findings: list[Finding]) -> list[Finding]:
    end = f"/{shown.folder}/{FILE_NAMES[shown.example.language]}"
    return [one for one in findings if one["file"].endswith(end) and one["policy"] == shown.policy.id]


def named(shown: Shown) -> str:
    return shown.folder


@pytest.mark.parametrize("shown", FLAGGED, ids=named)
def test_a_finding_ends_with_something_to_paste(shown: Shown, findings: list[Finding], tmp_path: Path) -> None:
    flagged = of_example(shown, findings)
    assert flagged
    for finding in flagged:
        pasted = finding["paste"]
        assert pasted, "let the policy give sets, or show on its page what is right"
        if shown.example.language == "hcl":
            root_module(tmp_path, pasted)
        else:
            assert isinstance(read_yaml(f"{{{pasted}}}" if pasted.startswith('"') else pasted, []), dict)


@pytest.mark.parametrize("shown", TEMPLATES, ids=named)
def test_the_finding_is_gone_once_what_it_wants_is_set(shown: Shown, pages: Mended) -> None:
    left = {identity(finding) for finding in of_example(shown, pages.left)}
    for finding in of_example(shown, pages.flagged):
        if finding["sets"] and not depends_on_function(finding, pages):
            assert identity(finding) not in left


def depends_on_function(finding: Finding, mended: Mended) -> bool:
    """Whether a parameter or condition decides a property, so that nothing can be set in place."""
    root = read_yaml(mended.before[Path(finding["file"])], [])
    resource = root["Resources"].get(finding["resource"])
    if resource is None:  # a transform or a loop makes it
        return True
    node: Any = resource.get("Properties") or {}
    paths = [path for path in finding["sets"] if path not in ATTRIBUTES]
    return any(is_function(found) for path in paths for found in on_the_way(node, steps_of(path)))


def on_the_way(node: Any, steps: list[str]) -> Iterator[Any]:
    for step in steps:
        if step.startswith("["):
            return
        node = node.get(step) if isinstance(node, dict) else None
        yield node


def is_function(node: Any) -> bool:
    return isinstance(node, dict) and any(name == "Ref" or str(name).startswith("Fn::") for name in node)


@pytest.mark.parametrize("policy", SETTING, ids=lambda policy: policy.id)
def test_a_policy_that_says_what_to_set_mends_an_example(
    policy: Policy, pages: Mended, findings: list[Finding]
) -> None:
    given = {identity(finding) for finding in findings if finding["policy"] == policy.id and finding["sets"]}
    assert given, "no flagged example on its page has sets"
    templates = {found for found in given if not found[1].endswith(".tf")}
    assert not templates or templates - {identity(finding) for finding in pages.left}


def test_a_fix_changes_the_lines_it_must_and_no_other(pages: Mended) -> None:
    for file in pages.changed:
        assert_little_changed(pages, file)


def assert_little_changed(mended: Mended, file: Path) -> None:
    paths = [path for one in mended.flagged if one["file"] == str(file) for path in one["sets"]]
    before, after = mended.before[file].splitlines(), mended.after[file].splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    gone = sum(block[2] - block[1] for block in blocks if block[0] != "equal")
    # A value changes its line; in JSON an addition puts a comma after the line before, once for each mapping.
    assert gone <= 2 * len(paths) + 2, file


def test_a_second_run_changes_nothing(pages: Mended) -> None:
    main(["fix", str(pages.folder), "--objective", "multi-region", "--quiet"])
    assert {file: file.read_text("utf-8") for file in pages.before} == pages.after


def test_terraform_is_never_written(tmp_path: Path) -> None:
    write_examples(tmp_path, TERRAFORM[:20])
    mended = Mended(tmp_path)
    assert mended.flagged
    assert mended.changed == []


@cache
def rules() -> RulesCollection:
    """cfn-lint's rules, loaded once: that takes longer than reading a template."""
    return get_rules([], [], [])


def errors_of(text: str) -> Counter[str]:
    found = lint(text, rules(), config=ManualArgs(regions=["us-east-1"]))
    errors = (f"{match.rule.id} {match.message}" for match in found if match.rule.id.startswith("E"))
    return Counter(re.sub(r"\(line \d+\)", "", error) for error in errors)


def new_errors(mended: Mended, file: Path) -> Counter[str]:
    found = errors_of(mended.after[file])
    return found - errors_of(mended.before[file]) if found else found


def test_cfn_lint_finds_no_new_error_in_mended_examples(pages: Mended) -> None:
    by_policy = {str(file.relative_to(pages.folder).parent.parent): file for file in reversed(pages.changed)}
    for file in pages.changed if EVERYTHING else by_policy.values():
        assert new_errors(pages, file) == Counter(), file


# What is set exists, and setting it replaces nothing


@cache
def schema_of(type_name: str) -> dict[str, Any]:
    """CloudFormation's schema of a type, as cfn-lint ships it; empty where it has none."""
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    digest = json.loads((schemas / "providers" / "us-east-1.json").read_text("utf-8")).get(type_name)
    file = schemas / "resources" / f"{digest}.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8")) if digest else {}
    return schema


MODIFIED = {"MultiAZ", "BackupRetentionPeriod"}
"""The schema of a database instance calls them conditional; ModifyDBInstance changes both and replaces nothing."""


def test_what_is_set_is_a_property_that_can_be_changed_in_place(findings: list[Finding]) -> None:
    assert wrongly_set(findings) == set()


def wrongly_set(findings: list[Finding]) -> set[str]:
    """What findings want set although it is no property, or although changing it replaces the resource."""
    wrong = set()
    for finding in findings:
        schema = schema_of(finding["type"])
        listed = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
        fixed = {only.removeprefix("/properties/") for only in listed} - MODIFIED
        for path in finding["sets"] if schema else ():
            steps = [step for step in steps_of(path) if not step.startswith("[")]
            replaced = any(f"{'/'.join(steps)}/".startswith(f"{only}/") for only in fixed)
            if path not in ATTRIBUTES and (replaced or not is_property(schema, schema, steps)):
                wrong.add(f"{finding['policy']}: {path} of {finding['type']}")
    return wrong


def is_property(root: dict[str, Any], schema: dict[str, Any], steps: list[str]) -> bool:
    if "$ref" in schema:
        return is_property(root, root["definitions"][schema["$ref"].rpartition("/")[2]], steps)
    if not steps:
        return True
    if "items" in schema:
        return is_property(root, schema["items"], steps)
    branches = [one for word in ("oneOf", "anyOf", "allOf") for one in schema.get(word, ())]
    own = schema.get("properties", {})
    if steps[0] in own:
        return is_property(root, own[steps[0]], steps[1:])
    free = "object" in schema.get("type", ()) and not own and not branches  # such as the JSON of a redrive policy
    return free or any(is_property(root, one, steps) for one in branches)


# Terraform


@pytest.mark.parametrize("shown", TERRAFORM, ids=named)
def test_what_is_to_be_pasted_into_terraform_means_what_the_policy_wants(
    shown: Shown, findings: list[Finding], tmp_path: Path
) -> None:
    for number, finding in enumerate(of_example(shown, findings)):
        kind, name = re.sub(r"\[.*\]$", "", finding["resource"]).split(".")[-2:]
        text = finding["paste"]
        if f'resource "{kind}" "{name}"' not in text:
            text += f'\nresource "{kind}" "{name}" {{}}\n'
        found = root_module(tmp_path / str(number), text).all.get(("", f"{kind}.{name}"))
        for path, value in finding["sets"].items():
            assert found is not None
            if path in ATTRIBUTES:
                assert found.attribute(path) == "Retain"
            else:
                assert plain_text(value) in map(plain_text, read_at(found, path)), (path, text)


def read_at(resource: Any, path: str) -> list[Any]:
    """Every value at a path, whatever element of a list it is in."""
    steps = [step for step in steps_of(path) if not step.startswith("[")]
    return list(values_at(resource.get(steps[0]), ".".join(steps[1:])))


# The page's own blocks


BLOCKS = [
    (policy, language, text)
    for policy in POLICIES
    if policy.page.is_file()
    for language in FILE_NAMES
    for text in blocks_in(policy.page.read_text("utf-8"), FIX_SECTION, language)
]


@pytest.mark.parametrize(("policy", "language", "text"), BLOCKS, ids=lambda value: getattr(value, "id", ""))
def test_a_block_that_says_how_to_fix_it_is_accepted(policy: Policy, language: str, text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAMES[language]).write_text(text, "utf-8")
    report = check_everything(tmp_path)[1]
    verdicts = [one["verdict"] for one in report["findings"] if one["policy"] == policy.id]
    assert report["unread"] == []
    # Where the fix puts something else in a resource's place, nothing is left to judge.
    assert set(verdicts) <= {"accepted"}
    if language != "hcl":
        assert errors_of(text) == Counter()


# Other people's templates


def copied(name: str, tmp_path: Path) -> Path:
    folder = tmp_path / name
    shutil.copytree(shared_folder(name), folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    return folder


BROUGHT_TO_LIGHT = {
    "SEA_FIXED_SIZE_SCALING_GROUP",
    "SEA_SCALING_WITHOUT_ZONE_HEADROOM",
    "SEA_SINGLE_INSTANCE_TYPE",
}
"""What a fix uncovers and cannot mend: a group of one instance, made larger, is judged as a group."""


@pytest.mark.parametrize("name", ["corpus", "labelled"])
def test_templates_of_other_people_are_mended(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path)
    mended = Mended(folder)
    assert len(mended.changed) > 10
    assert wrongly_set(mended.flagged) == set()
    left = {identity(finding) for finding in mended.left}
    gone = [finding for finding in mended.flagged if identity(finding) not in left]
    files = {finding["file"] for finding in gone}
    assert {str(file) for file in mended.changed} <= files
    new = {policy for policy, _, _ in left - {identity(finding) for finding in mended.flagged}}
    assert new <= BROUGHT_TO_LIGHT
    for file in mended.changed:
        assert_little_changed(mended, file)
    sample = sorted(mended.changed, key=lambda file: (file.stat().st_size, file))
    for file in sample if EVERYTHING else sample[:48:8]:
        assert new_errors(mended, file) == Counter(), file
    main(["fix", str(folder), "--objective", "multi-region", "--quiet"])
    assert all(file.read_text("utf-8") == text for file, text in mended.after.items())
