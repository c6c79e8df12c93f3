"""Whole root modules, each with the verdicts that stand beside it in ``expected.toml``.

Those were written from the modules and the policies' pages before anything was run, as an operator would
give them. Where the policy was right and that first expectation wrong, ``expected.toml`` says so beside it.
Nothing else may be flagged: an alarm that is not listed is a false one.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Finding
from seawall.judging import judge_design
from seawall.loading import load_policies
from seawall.policy import Outcome
from seawall.sources.terraform import read_modules

from tests.terraform_plans import planned
from tests.terraform_root_plans import PLANS

ROOTS = Path(__file__).with_name("roots")
NAMES = sorted(folder.name for folder in ROOTS.iterdir())
ALWAYS = {"zone", "backup", "delete", "surge"}
WITH_REGIONS = ALWAYS | {"region", "recovery"}

Said = tuple[str, str]
"""A resource's address and a policy's name."""


def expected_of(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOTS / name / "expected.toml").read_text("utf-8"))


def listed(expected: dict[str, Any], outcome: str) -> set[Said]:
    return {(address, policy) for address, policies in expected.get(outcome, {}).items() for policy in policies}


def verdicts(design: Design, objective: str) -> dict[Said, Outcome]:
    groups = WITH_REGIONS if objective == "multi-region" else ALWAYS
    loaded, failed = load_policies()
    assert not failed
    policies = [policy for policy in loaded if policy.group in groups]
    findings = list(judge_design(design, policies))
    assert all(isinstance(found, Finding) for found in findings), findings
    given = [found for found in findings if isinstance(found, Finding)]
    return {(found.resource, found.policy.removeprefix("SEA_").lower()): found.verdict for found in given}


def source_of(name: str) -> Design:
    problems: list[Unreadable] = []
    (design,) = read_modules(ROOTS / name, problems=problems)
    assert problems == []
    return design


@pytest.mark.parametrize("name", NAMES)
def test_a_root_module_gets_the_verdicts_of_an_operator_and_no_other_alarm(name: str) -> None:
    expected = expected_of(name)
    given = verdicts(source_of(name), expected["objective"])
    wanted = {said: outcome for outcome in Outcome for said in listed(expected, outcome)}
    different = {said: (outcome, given.get(said)) for said, outcome in wanted.items() if given.get(said) != outcome}
    alarms = {said for said, outcome in given.items() if outcome is Outcome.FLAGGED}
    assert (different, sorted(alarms - listed(expected, "flagged"))) == ({}, [])


TOLD_BY_SOURCE_ALONE: dict[str, set[Said]] = {
    # A redrive policy is text around an ARN that is known after the apply, and with it the attempts are unknown.
    "queue_workers": {
        (f'module.queue["{name}"].aws_sqs_queue.this', "dead_letter_too_eager")
        for name in ("orders", "mails", "ledger")
    },
    "active_tables": set(),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_of_a_root_module_gets_the_verdicts_of_its_source(name: str, tmp_path: Path) -> None:
    objective = expected_of(name)["objective"]
    source, plan = verdicts(source_of(name), objective), verdicts(planned(tmp_path, PLANS[name]), objective)
    assert source.keys() == plan.keys()
    # What a variable decides is open in the source and known to the plan.
    decided = {said for said, outcome in source.items() if outcome is not Outcome.UNDECIDED}
    assert {said for said in decided if plan[said] != source[said]} == TOLD_BY_SOURCE_ALONE[name]
    assert {plan[said] for said in TOLD_BY_SOURCE_ALONE[name]} <= {Outcome.UNDECIDED}


def test_the_plan_s_variable_decides_what_the_source_leaves_open(tmp_path: Path) -> None:
    audit = ("module.audit.aws_dynamodb_table.this", "single_region_table")
    source, plan = source_of("active_tables"), planned(tmp_path, PLANS["active_tables"])
    given = [verdicts(design, "multi-region")[audit] for design in (source, plan)]
    assert given == [Outcome.UNDECIDED, Outcome.ACCEPTED]
