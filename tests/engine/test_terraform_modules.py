"""Whole root modules: each gets the verdicts that stand below it in ``terraform_modules.md``."""

import re
from pathlib import Path

import pytest
from seawall.documents import Unreadable
from seawall.finding import Finding
from seawall.judging import judge_design
from seawall.loading import load_policies
from seawall.policy import Outcome
from seawall.sources.terraform import read_modules

from tests.terraform_sources import written

PAGE = Path(__file__).with_name("terraform_modules.md")
BLOCK = re.compile(r"^`([^`]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def modules() -> dict[str, dict[str, str]]:
    """The files of each module by its heading; ``verdicts`` is one of them."""
    chapters = PAGE.read_text("utf-8").split("\n## ")[1:]
    return {chapter.splitlines()[0]: dict(BLOCK.findall(chapter)) for chapter in chapters}


MODULES = modules()


def said(finding: Finding) -> str:
    return f"{finding.verdict} {finding.policy.removeprefix('SEA_').lower()} {finding.resource}"


@pytest.mark.parametrize("heading", MODULES)
def test_a_module_gets_the_verdicts_of_an_expert_and_no_false_alarm(heading: str, tmp_path: Path) -> None:
    files = dict(MODULES[heading])
    expected = set(files.pop("verdicts").splitlines())
    problems: list[Unreadable] = []
    (design,) = read_modules(written(tmp_path, files), problems=problems)
    named = {line.split()[1] for line in expected}
    findings = [found for found in judge_design(design, load_policies()[0]) if isinstance(found, Finding)]
    given = {said(finding) for finding in findings}
    alarms = {said(finding) for finding in findings if finding.verdict is Outcome.FLAGGED}
    false_alarms = {alarm for alarm in alarms - expected if alarm.split()[1] in named}
    assert problems == []
    assert (sorted(expected - given), sorted(false_alarms)) == ([], [])
