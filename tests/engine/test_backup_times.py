"""How much lies between two backups, how long they are kept, and what the owner demands of both."""

from pathlib import Path
from typing import Any

import pytest
from seawall.backup_times import minutes_between
from seawall.retention import kept_by_lifecycle, kept_by_plan
from seawall.values import Unknown, Value

from tests.command import check
from tests.designs import PLAN, design, resource

HOUR = 60
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        (None, DAY),
        ("rate(6 hours)", 6 * HOUR),
        ("rate(1 day)", DAY),
        ("cron(0 3 * * ? *)", DAY),
        ("cron(0 * * * ? *)", HOUR),
        ("cron(0/30 * * * ? *)", 30),
        ("cron(0 0/12 * * ? *)", 12 * HOUR),
        ("cron(0 3,15 * * ? *)", 12 * HOUR),
        ("cron(0 8-18 * * ? *)", 14 * HOUR),
        ("cron(15 2 ? * SUN *)", 7 * DAY),
        ("cron(15 2 ? * MON-FRI *)", 3 * DAY),
        ("cron(15 2 ? * 2,4,6 *)", 3 * DAY),
        ("cron(0 3 1 * ? *)", 31 * DAY),
        ("cron(0 3 1,15 * ? *)", 17 * DAY),
        ("cron(0 3 L * ? *)", 31 * DAY),
        ("cron(0 3 1 1 ? *)", 366 * DAY),
        ({"Interval": 12, "IntervalUnit": "HOURS"}, 12 * HOUR),
        ({"CronExpression": "cron(0 4 * * ? *)"}, DAY),
        (1, DAY),
    ],
)
def test_the_longest_time_between_two_runs_counts(schedule: Value, minutes: float) -> None:
    assert minutes_between(schedule) == minutes


@pytest.mark.parametrize("schedule", ["every night", "cron(x)", "cron(a b c d e f)", Unknown(("parameter Plan",)), {}])
def test_a_schedule_that_cannot_be_read_stays_unknown(schedule: Value) -> None:
    assert isinstance(minutes_between(schedule), Unknown)


def lifecycle(keeps: dict[str, Any], hours: int = 12) -> dict[str, Any]:
    made = {"Interval": hours, "IntervalUnit": "HOURS"}
    schedules = [{"Name": "often", "CreateRule": made, "RetainRule": keeps}]
    return resource("AWS::DLM::LifecyclePolicy", PolicyDetails={"Schedules": schedules})


@pytest.mark.parametrize(
    ("keeps", "days"),
    [({"Count": 60}, 30), ({"Count": 3}, 1.5), ({"Interval": 2, "IntervalUnit": "WEEKS"}, 14)],
)
def test_snapshots_that_are_counted_are_kept_for_as_long_as_it_takes_to_make_them(
    keeps: dict[str, Any], days: float
) -> None:
    (kept,) = kept_by_lifecycle(design({"Often": lifecycle(keeps)}).all["", "Often"])
    assert kept.days == days


def test_a_copy_that_says_nothing_is_kept_for_ever() -> None:
    found = kept_by_plan(design({"Plan": PLAN}).all["", "Plan"])
    assert [kept.days for kept in found] == [35, float("inf")]


ORDERS = """\
Resources:
  Orders:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      DBInstanceClass: db.t4g.medium
      AllocatedStorage: "20"
      MasterUsername: orders
      ManageMasterUserPassword: true
      BackupRetentionPeriod: 10
  Nightly:
    Type: AWS::Backup::BackupPlan
    Properties:
      BackupPlan:
        BackupPlanName: nightly
        BackupPlanRule:
          - RuleName: nightly
            TargetBackupVault: Default
            ScheduleExpression: cron(0 3 * * ? *)
"""


def verdicts(folder: Path, policy: str, configuration: str) -> dict[str, str]:
    (folder / "orders.yaml").write_text(ORDERS)
    (folder / "seawall.yaml").write_text(configuration)
    found = check(folder, "--policy", policy)[1]["findings"]
    return {finding["resource"]: finding["verdict"] for finding in found}


def test_the_owner_demands_more_days_than_others(tmp_path: Path) -> None:
    policy = "SEA_BACKUP_EXPIRES_TOO_SOON"
    assert verdicts(tmp_path, policy, "objective: multi-az\n")["Orders"] == "accepted"
    assert verdicts(tmp_path, policy, "thresholds: {minimum_retention_days: 30}\n")["Orders"] == "flagged"


def test_the_owner_says_how_much_may_be_lost(tmp_path: Path) -> None:
    policy = "SEA_BACKUP_SLOWER_THAN_OBJECTIVE"
    assert verdicts(tmp_path, policy, "objective: multi-az\n") == {}
    found = verdicts(tmp_path, policy, "thresholds: {rpo_minutes: 60}\n")
    assert found == {"Orders": "accepted", "Nightly": "flagged"}
