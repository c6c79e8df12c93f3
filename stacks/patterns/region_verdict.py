"""Whether the other region is lost, as three who look from different places see it."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import (
    AlarmRule,
    AlarmState,
    ComparisonOperator,
    CompositeAlarm,
    IAlarm,
    Metric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import Topic
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import measure
from stacks.names import Names
from stacks.patterns.alarms import RUNBOOKS, RunbookAlarm
from stacks.patterns.canaries import EVERY

ROUNDS = 2
"""One failed round may be a deployment or the canary's own region."""

SILENCE = Duration.minutes(15)

IMPAIRED = "region-impaired"
"""Role of the alarm that says that the other region fails while this one is well."""

OBSERVERS_WORD = "observer-sees-peer"
"""Role of the alarm by which a region is told that the observer cannot reach the other one."""


class RegionVerdict(Construct):
    """Says here that `peer` is impaired, where nothing of `peer` is needed to say it.

    Survives a cut between two places: only when the observer and this region both find the peer gone, and this region
    finds itself well, somebody is woken up to evacuate it. A sick region does not accuse its neighbour.
    Survives the loss of the observer: without its word nobody is accused, and its silence is noticed.
    """

    def __init__(
        self, scope: Construct, name: str, *, names: Names, region: str, peer: str, here: Metric, there: Metric
    ) -> None:
        super().__init__(scope, name)
        self._names = names
        well = self._canary(
            "Here", "canary-self", f"The API of {region} fails its own region's canary.", here, Urgency.PAGE
        )
        gone = self._canary(
            "There", "canary-peer", f"The API of {peer} cannot be reached from {region}.", there, Urgency.TICKET
        )
        agreed = self._observer(peer)
        verdict = CompositeAlarm(
            self,
            "Impaired",
            composite_alarm_name=names.name(IMPAIRED),
            alarm_description=(
                f"{peer} is impaired: this region and the observer find it gone. Runbook: {RUNBOOKS}#{IMPAIRED}"
            ),
            alarm_rule=AlarmRule.all_of(
                AlarmRule.from_alarm(gone, AlarmState.ALARM),
                AlarmRule.from_alarm(agreed, AlarmState.ALARM),
                AlarmRule.not_(AlarmRule.from_alarm(well, AlarmState.ALARM)),
            ),
        )
        page = Topic.from_topic_arn(self, "Page", names.topic_arn(Urgency.PAGE, region))
        verdict.add_alarm_action(SnsAction(page))
        verdict.add_ok_action(SnsAction(page))

    def _canary(self, name: str, role: str, means: str, metric: Metric, urgency: Urgency) -> IAlarm:
        return RunbookAlarm(
            self,
            name,
            names=self._names,
            role=role,
            means=means,
            metric=metric,
            threshold=100,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=ROUNDS,
            urgency=urgency,
            # A heartbeat: a canary that no longer runs tells nothing good.
            missing=TreatMissingData.BREACHING,
        )

    def _observer(self, peer: str) -> IAlarm:
        seen = {"Region": peer}
        RunbookAlarm(
            self,
            "ObserverSilent",
            names=self._names,
            role="observer-silent",
            means=f"The observer no longer says here whether {peer} is well.",
            metric=measure("Drive", "RegionReachable", "SampleCount", period=SILENCE, unit="words", of=seen),
            threshold=1,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.BREACHING,
        )
        return RunbookAlarm(
            self,
            "Observer",
            names=self._names,
            role=OBSERVERS_WORD,
            means=f"The observer cannot reach {peer}.",
            metric=measure("Drive", "RegionReachable", "Maximum", period=EVERY, unit="reachable", of=seen),
            threshold=1,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=ROUNDS,
            urgency=Urgency.TICKET,
            # Its silence is no accusation.
            missing=TreatMissingData.NOT_BREACHING,
        )
