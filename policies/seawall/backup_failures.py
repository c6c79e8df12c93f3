"""Who is told that a backup job has failed.

Source: "Notification options with AWS Backup" and "Monitoring AWS Backup events using EventBridge" in its developer
guide. Events that it lists as deprecated (``BACKUP_JOB_FAILED`` among them) are accepted and never sent: a vault
reports a failed job as ``BACKUP_JOB_COMPLETED`` whose state is not ``COMPLETED``.
"""

from __future__ import annotations

from collections.abc import Iterator

from seawall.design import Design, Resource
from seawall.json_text import parsed
from seawall.protection import Protection
from seawall.regions import VAULTS
from seawall.values import Answer, Text, Unknown, Value, field, items, leaves, reasons, same

SENT = "BACKUP_JOB_COMPLETED"
DEPRECATED = ("BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED", "BACKUP_JOB_SUCCESSFUL")
EVENT = "Backup Job State Change"
STATES = ("FAILED", "ABORTED", "EXPIRED")
METRICS = ("NumberOfBackupJobsFailed", "NumberOfBackupJobsExpired", "NumberOfBackupJobsAborted")


def failure_rule(plan: Resource, design: Design) -> Protection:
    """The EventBridge rule of the plan's region that hands failed jobs on, or the alarm that counts them."""
    everyone = design.once("failed backups", lambda: list(_listeners(design)))
    heard = [found for listener, found in everyone if same(listener.region, plan.region) is not False]
    sure = next((found for found in heard if found.answer is True), None)
    return sure or next(iter(heard), Protection(answer=False))


def _listeners(design: Design) -> Iterator[tuple[Resource, Protection]]:
    for rule in design.of_type("AWS::Events::Rule"):
        answer = _takes_failures(rule.get("EventPattern"))
        if answer is not False and rule.get("State") != "DISABLED" and rule.get("Targets"):
            yield rule, Protection(answer, f"{rule.id} hands them on")
    for alarm in design.of_type("AWS::CloudWatch::Alarm"):
        if alarm.get("Namespace") == "AWS/Backup" and alarm.get("MetricName") in METRICS:
            yield alarm, Protection(answer=True, by=f"{alarm.id} counts them")


def _takes_failures(pattern: Value) -> Answer:
    if isinstance(pattern, (str, Text)):
        pattern = parsed(pattern)
    if isinstance(pattern, Unknown):
        return pattern
    if not isinstance(pattern, dict) or not _matches(pattern.get("source"), "aws.backup"):
        return False
    kinds, states = pattern.get("detail-type"), field(pattern.get("detail"), "state")
    if kinds is not None and not _matches(kinds, EVENT):
        return False
    return states is None or any(_matches(states, state) for state in STATES)


def _matches(listed: Value, wanted: str) -> bool:
    """Whether a pattern's list takes a text; a filter in it that is not understood is taken to."""
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, dict) and "anything-but" in one:
            if wanted not in set(leaves(one)):
                return True
        elif isinstance(one, dict) and isinstance(one.get("prefix"), str):
            if wanted.startswith(one["prefix"]):
                return True
        elif one == wanted or isinstance(one, dict):
            return True
    return False


def vault_tells(vaults: list[Value], design: Design) -> Protection:
    """Whether one of these vaults reports its jobs to a topic.

    ``by`` says what is wrong where it reports only events that AWS no longer sends. A vault that is declared
    elsewhere may: undecided, but for ``Default``, which no template declares.
    """
    unknown: list[Unknown] = []
    by = ""
    for name in vaults:
        vault = design.resolve(name, *VAULTS)
        if vault is None:
            if name != "Default":
                unknown.append(Unknown(reasons(name) or (f"what vault {name} reports",)))
            continue
        answer, complaint = _notifies(vault)
        if answer is True:
            return Protection(answer=True, by=f"{vault.id} reports them", at="Notifications")
        if isinstance(answer, Unknown):
            unknown.append(answer)
        by = by or complaint
    return Protection(Unknown(reasons(unknown)) if unknown else False, by)


def _notifies(vault: Resource) -> tuple[Answer, str]:
    events = items(vault.get("Notifications.BackupVaultEvents"))
    if isinstance(events, Unknown):
        return events, ""
    if SENT in events:
        return True, ""
    unknown = reasons(events)
    if unknown:
        return Unknown(unknown), ""
    old = [event for event in events if event in DEPRECATED]
    return False, f"{vault.id} reports {old[0]}, which AWS Backup no longer sends" if old else ""
