"""Backups of the store, and the proof that they restore.

Survives a bad deployment: each day of the last 35 can be restored.
Survives the loss of the region, if there is a second one: each day's backup is copied there, and tried out there.
Survives an intruder: a locked vault keeps each backup for at least a week, whoever asks.
Survives a backup that was never made, or never good: a failed job, a bad restore and an overdue one are told.
Survives its own failure: a check that breaks says FAILED, and an event that it never took is kept and told of.
"""

from pathlib import Path

from aws_cdk import CfnOutput, Duration
from aws_cdk.aws_backup import IBackupVault
from aws_cdk.aws_events import Schedule
from aws_cdk.aws_iam import IRole, PolicyStatement
from aws_cdk.aws_lambda import Code
from constructs import Construct
from seawall_constructs.backup_alarms import BackupAlarms
from seawall_constructs.backup_plans import BackupRole
from seawall_constructs.backup_vault import LockedVault
from seawall_constructs.backups import Backups as DailyBackups
from seawall_constructs.restore_alarms import RestoreAlarms, Restored
from seawall_constructs.restore_test import RestoreTest, may_judge
from seawall_constructs.started_by_event import start_on_event
from seawall_constructs.worker_function import WorkerFunction

from stacks.regional_stack import RegionalStack
from stacks.store import watched
from stacks.watched_store import WatchedStore

SERVICES = Path(__file__).parent.parent / "services"

LONGEST_CHECK = Duration.minutes(15)
"""The most that Lambda gives; the check stops itself before it is over and says so."""

OVERDUE_DAYS = 9
"""A week, a day in which the restore may run, and one to spare."""

LONGEST_RESTORE = Duration.hours(4)
"""What README.md promises. The store grows: the weekly restore tells when it is not true any more."""


class Backups(RegionalStack):
    """Makes backups in the store's own region, its home, and keeps copies in the other; each tries out what it has."""

    def __init__(
        self, scope: Construct, *, service: str, region: str, is_home: bool, copies_to: str, disposable: bool
    ) -> None:
        """`copies_to` is the region that backups are copied to from home; empty where there is none."""
        super().__init__(scope, "backups", service=service, region=region, disposable=disposable)
        store = watched(self, is_home=is_home)
        vault, role = self._backups(copies_to) if is_home else self._copies()
        check = self._function(
            "restore-check",
            "Says whether what was restored from a backup is good",
            store,
            LONGEST_CHECK,
            [may_judge(), *store.may_check],
        )
        test = RestoreTest(
            self,
            "RestoreTest",
            on_call=self.on_call,
            vault=vault,
            role=role,
            validator=check,
            # Whatever this vault holds is this service's, also what another region copied into it.
            stores={store.kind: ["*"]},
            overrides={store.kind: store.restored_into} if store.restored_into else None,
            plan_name=self.named("weekly"),
            missed_name=self.named("restore-check-missed"),
        )
        heartbeat = self._heartbeat(store)
        for function in (check, heartbeat):
            function.function.add_environment("RESTORE_TESTING_PLAN", test.plan.attr_restore_testing_plan_arn)
        self._alarms()
        CfnOutput(self, "VaultName", value=self.named("vault"))

    def _backups(self, copies_to: str) -> tuple[IBackupVault, IRole]:
        elsewhere = self.arn("backup", f"backup-vault:{self.named('vault')}", copies_to)
        backups = DailyBackups(
            self,
            "Backups",
            on_call=self.on_call,
            copies_to=[elsewhere] if copies_to else [],
            backup=self.service,
            vault_name=self.named("vault"),
            key_alias=f"alias/{self.named('vault')}",
            plan_name=self.named("daily"),
            role_name=self.role_named("backup"),
            rule_prefix=self.service,
            disposable=self.disposable,
        )
        return backups.vault, backups.role

    def _copies(self) -> tuple[IBackupVault, IRole]:
        vault = LockedVault(
            self,
            "Vault",
            vault_name=self.named("vault"),
            key_alias=f"alias/{self.named('vault')}",
            disposable=self.disposable,
        )
        BackupAlarms(self, "BackupAlarms", on_call=self.on_call, rule_prefix=self.service)
        return vault, BackupRole(self, "Role", role_name=self.role_named("backup"))

    def _heartbeat(self, store: WatchedStore) -> WorkerFunction:
        heartbeat = self._function(
            "heartbeat",
            "Writes down what a backup has to contain, and counts the days since the last good restore",
            store,
            Duration.minutes(1),
            [
                PolicyStatement(
                    actions=["backup:DescribeBackupVault"],
                    resources=[self.arn("backup", f"backup-vault:{self.named('vault')}")],
                ),
                # Restore jobs have no names to narrow this by.
                PolicyStatement(actions=["backup:ListRestoreJobs"], resources=["*"]),
                *store.may_beat,
            ],
        )
        start_on_event(
            heartbeat,
            "Hourly",
            on_call=self.on_call,
            means="No heartbeat was written, although it was tried again: nobody will know what a backup should hold.",
            runbook="heartbeat-missed",
            schedule=Schedule.rate(Duration.hours(1)),
            missed_name=self.named("heartbeat-missed"),
        )
        return heartbeat

    def _function(
        self, role: str, description: str, store: WatchedStore, timeout: Duration, allow: list[PolicyStatement]
    ) -> WorkerFunction:
        return WorkerFunction(
            self,
            "".join(word.title() for word in role.split("-")),
            function_name=self.named(role),
            role_name=self.role_named(role),
            description=description,
            code=Code.from_asset(str(SERVICES), exclude=["**/__pycache__"]),
            handler=f"{role.replace('-', '_')}.handler.handle",
            timeout=timeout,
            # A new account has too few to reserve any, and these run alone.
            reserved=None,
            environment={
                "SERVICE": self.service,
                "STORE": store.name,
                "BEATS": "yes" if store.beats else "",
                "VAULT": self.named("vault"),
            },
            allow=allow,
            wildcards="Restore jobs have no names; what AWS Backup restores for a test has a name that it makes up",
            disposable=self.disposable,
        )

    def _alarms(self) -> None:
        RestoreAlarms(
            self,
            "RestoreAlarms",
            on_call=self.on_call,
            restored=[Restored(title="store", source=self.service, overdue_days=OVERDUE_DAYS, longest=LONGEST_RESTORE)],
            namespace=self.service,
            alarm_prefix=self.service,
        )
