"""What is said when the page is not written, a message is due, or mail does not arrive."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import ComparisonOperator, Metric, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import FIVE_MINUTES, measure
from services.drive.limits import STATUS_OLD_AFTER
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.region_verdict import ROUNDS
from stacks.promises import FIRST_WORD_MINUTES

SERVICE = {"service": "status"}
"""The dimension under which services/status writes its metrics."""

HOUR = Duration.hours(1)

MOST_BOUNCES = 0.05
MOST_COMPLAINTS = 0.001
"""Above these Amazon SES reviews an account, and may stop its mail (Amazon SES Developer Guide, "Reputation")."""


class PageAlarms(Construct):
    """The alarms of the status page.

    Survives its own silence: a page that is not rewritten wakes somebody up as soon as it calls itself old.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names) -> None:
        super().__init__(scope, name)
        RunbookAlarm(
            self,
            "Old",
            names=names,
            role="status-old",
            means=f"The status page has not been rewritten for {STATUS_OLD_AFTER // 60} minutes.",
            metric=measure(
                "Drive", "StatusPublished", "Sum", period=Duration.seconds(STATUS_OLD_AFTER), unit="written", of=SERVICE
            ),
            threshold=1,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.BREACHING,
        )
        RunbookAlarm(
            self,
            "MessageDue",
            names=names,
            role="status-message-due",
            means=f"Customers see a fault that nobody has written about: {FIRST_WORD_MINUTES} minutes are promised.",
            metric=measure("Drive", "FirstMessageReady", "Maximum", unit="drafted", of=SERVICE),
            threshold=0,
            urgency=Urgency.PAGE,
            # The page being written is another alarm.
            missing=TreatMissingData.NOT_BREACHING,
        )
        RunbookAlarm(
            self,
            "DraftFailed",
            names=names,
            role="status-draft-failed",
            means="Customers see a fault, and the first message about it could not be drafted.",
            metric=measure("Drive", "DraftFailed", "Sum", period=FIVE_MINUTES, unit="failed", of=SERVICE),
            threshold=0,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )


class MailAlarms(Construct):
    """The alarms of the mail to customers.

    Survives a bad reputation: bounces and complaints are noticed before Amazon SES stops the mail for them.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names) -> None:
        super().__init__(scope, name)
        RunbookAlarm(
            self,
            "Unsent",
            names=names,
            role="mail-unsent",
            means="Mails of an announcement could not be sent for a quarter of an hour.",
            metric=measure("Drive", "MailsUnsent", "Maximum", period=FIVE_MINUTES, unit="unsent", of=SERVICE),
            threshold=0,
            periods=3,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )
        for kind, metric, most in (
            ("Bouncing", "Reputation.BounceRate", MOST_BOUNCES),
            ("Unwanted", "Reputation.ComplaintRate", MOST_COMPLAINTS),
        ):
            RunbookAlarm(
                self,
                kind,
                names=names,
                role=f"mail-{kind.lower()}",
                runbook="mail-reputation",
                means=f"More than {most:.1%} of the mails come back or are complained about.",
                metric=measure("AWS/SES", metric, "Maximum", period=HOUR, unit="share"),
                threshold=most,
                urgency=Urgency.TICKET,
                missing=TreatMissingData.NOT_BREACHING,
            )


class ObserverAlarms(Construct):
    """The alarm of one data region, as the observer sees it."""

    def __init__(self, scope: Construct, name: str, *, names: Names, role: str, region: str, seen: Metric) -> None:
        super().__init__(scope, name)
        RunbookAlarm(
            self,
            "Unreachable",
            names=names,
            role=role,
            runbook="observer-unreachable",
            means=f"The API of {region} cannot be reached from the observer.",
            metric=seen,
            threshold=100,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=ROUNDS,
            urgency=Urgency.PAGE,
            # A heartbeat: a canary that no longer runs tells nothing good.
            missing=TreatMissingData.BREACHING,
        )
