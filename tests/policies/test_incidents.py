"""Each group re-tells an incident as a template, and finds in it what went wrong then."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from seawall.loading import GROUPS

from tests.command import check_everything
from tests.examples import EXAMPLES, Shown, write_examples


class Incident(NamedTuple):
    """A policy's example that starts with ``when``, and what is to be found where: the resource, a line, words."""

    policy: str
    when: str
    resource: str
    line: str
    message: str


INCIDENTS = (
    Incident("single_az_database", "April 2011", "Orders", "MultiAZ: false", "no standby waits in another zone"),
    Incident("volume_without_backup", "April 2011", "Answers", "Answers:", "a damaged or failed disk"),
    Incident("volume_without_backup", "April 2011", "Questions", "Questions:", "a damaged or failed disk"),
    Incident("single_region_database", "April 2011", "Orders", "Orders:", "region"),
    Incident(
        "async_function_without_failure_path",
        "May 2011",
        "Deliver",
        "Deliver:",
        "an event that fails three times is dropped",
    ),
    Incident("deletable_database", "January 2017", "Primary", "DeletionPolicy: Delete", "deletes the data"),
    Incident("untested_backup", "January 2017", "Snapshots", "TargetBackupVault: !Ref Dumps", "restore"),
    Incident("fixed_size_scaling_group", "July 2018", "Front", 'MaxSize: "40"', "never starts another instance"),
)


def shown(incident: Incident) -> Shown:
    (found,) = [
        example
        for example in EXAMPLES
        if example.policy.name == incident.policy
        and example.example.sentence.startswith(f"{incident.when} as a template")
    ]
    return found


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What every policy finds in the incidents' templates."""
    folder = tmp_path_factory.mktemp("incidents")
    write_examples(folder, {shown(incident).folder: shown(incident) for incident in INCIDENTS}.values())
    found: list[dict[str, Any]] = check_everything(folder)[1]["findings"]
    return found


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: f"{incident.policy}-{incident.resource}")
def test_an_incident_is_flagged_for_what_failed_then(incident: Incident, findings: list[dict[str, Any]]) -> None:
    example = shown(incident)
    (found,) = [
        finding
        for finding in findings
        if (finding["policy"], finding["resource"]) == (example.policy.id, incident.resource)
        and Path(finding["file"]).parent.match(f"*/{example.folder}")
    ]
    assert found["verdict"] == "flagged"
    assert example.example.text.splitlines()[found["line"] - 1].strip() == incident.line
    assert incident.message in found["message"]


def test_every_group_tells_of_an_incident() -> None:
    assert {shown(incident).policy.group for incident in INCIDENTS} == set(GROUPS)
