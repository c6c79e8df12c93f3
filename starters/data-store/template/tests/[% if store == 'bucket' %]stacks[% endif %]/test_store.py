"""What store.py and standby.py promise."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.written import HOME, REGIONS, SECOND, SERVICE, alarms, resources, tags


@pytest.fixture
def bucket(templates: dict[str, Path]) -> dict[str, Any]:
    [found] = resources(templates[f"Store-{HOME}"], "AWS::S3::Bucket")
    return found


def lifecycle(bucket: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["Id"]: rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]}


def test_what_was_deleted_or_overwritten_can_be_had_back_for_35_days(bucket: dict[str, Any]) -> None:
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert lifecycle(bucket)["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 35}


def test_nothing_but_heartbeats_expires_by_itself(bucket: dict[str, Any]) -> None:
    expiring = {name: rule["Prefix"] for name, rule in lifecycle(bucket).items() if "ExpirationInDays" in rule}
    assert expiring == {"heartbeats": "heartbeats/"}


def test_the_bucket_is_private_and_outlives_its_stack(bucket: dict[str, Any]) -> None:
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_bucket_is_in_the_backup_plan(bucket: dict[str, Any]) -> None:
    assert tags(bucket)["seawall:backup"] == SERVICE


def test_failing_requests_are_noticed(templates: dict[str, Path]) -> None:
    assert "files-failing" in alarms(templates[f"Store-{HOME}"])


def test_each_object_is_copied_within_15_minutes_and_no_deletion_is(bucket: dict[str, Any]) -> None:
    rules = bucket["Properties"].get("ReplicationConfiguration", {"Rules": []})["Rules"]
    assert len(rules) == len(REGIONS) - 1
    for rule in rules:
        assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
        assert rule["Destination"]["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
        assert SECOND in json.dumps(rule["Destination"]["Bucket"])


def test_copies_that_fail_or_are_late_are_noticed(templates: dict[str, Path]) -> None:
    assert ("copies-failed" in alarms(templates[f"Store-{HOME}"])) == bool(SECOND)
    assert [alarms(template) for name, template in templates.items() if name.startswith("Copy-")] == [
        {"copies-late"} for _ in REGIONS[1:]
    ]


def test_nobody_removes_a_copy_in_its_first_35_days(templates: dict[str, Path]) -> None:
    copies = [one for region in REGIONS[1:] for one in resources(templates[f"Copy-{region}"], "AWS::S3::Bucket")]
    assert len(copies) == len(REGIONS) - 1
    for copy in copies:
        lock = copy["Properties"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        assert lock == {"Mode": "GOVERNANCE", "Days": 35}
        assert "seawall:backup" not in tags(copy)
