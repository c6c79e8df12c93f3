"""What is said when backups fail."""

from aws_cdk import Stack
from aws_cdk.aws_events import EventField, EventPattern, Rule, RuleTargetInput
from aws_cdk.aws_events_targets import SnsTopic
from constructs import Construct

from seawall_constructs.alarms import OnCall
from seawall_constructs.findings import accept_finding

RESTORE_TEST = "a store without a new backup fails its restore test"


class BackupAlarms(Construct):
    """A ticket for each backup, copy or restore that failed. Runbook: `backup-failed`.

    Survives a backup that was never made: its event names what failed; AWS Backup's metrics say only how many did.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        rule_prefix: str | None = None,
        noticed_by: str = RESTORE_TEST,
    ) -> None:
        """Call the rules `<rule_prefix>-backup-failed`, `-copy-failed` and `-restore-failed`.

        A ticket that SNS does not take within a day is lost: `noticed_by` says what tells of the failure then.
        """
        super().__init__(scope, name)
        runbook = on_call.runbook("backup-failed")
        for kind, field in (("Backup", "state"), ("Copy", "state"), ("Restore", "status")):
            failed = Rule(
                self,
                kind,
                rule_name=f"{rule_prefix}-{kind.lower()}-failed" if rule_prefix else None,
                description=f"A ticket for each failed {kind.lower()} job. {runbook}",
                event_pattern=EventPattern(
                    source=["aws.backup"],
                    detail_type=[f"{kind} Job State Change"],
                    detail={field: ["FAILED", "ABORTED", "EXPIRED"]},
                ),
            )
            what = f"{kind} job {EventField.from_path(f'$.detail.{kind.lower()}JobId')}"
            state = EventField.from_path(f"$.detail.{field}")
            message = f"{what} in {Stack.of(self).region}: {state}. {runbook}"
            failed.add_target(SnsTopic(on_call.ticket, message=RuleTargetInput.from_text(message)))
            accept_finding(
                failed,
                "SEA_EVENT_RULE_WITHOUT_DEAD_LETTER",
                reason=f"EventBridge tries for a day; the job stays in AWS Backup's list, and {noticed_by}",
            )
