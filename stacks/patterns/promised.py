"""What is promised to customers, measured in one region."""

from aws_cdk.aws_cloudwatch import Metric, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.error_budget import BURN_MINUTES, FAST_BURN, SHORT_BURN_MINUTES
from seawall_constructs.measure import measure
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.data_alarms import copy_seconds
from stacks.patterns.front_door import STAGE
from stacks.patterns.service_level import ServiceLevel
from stacks.promises import (
    ANSWERED,
    BUNDLED,
    COPIED,
    DELIVERED,
    PROMPT,
    Objective,
)
from stacks.queues import BUNDLE, DELIVER, QueueNumbers

FAST_BURN_ALARM = "slo-fast-burn"
"""Role of the alarm that stops deployments and experiments."""

LINK = "/v1/files/{id}/link"
"""The resource whose latency is promised; API Gateway measures each one where a stage's metrics are enabled."""


class Promised(Construct):
    """Every objective of stacks/promises.py, and the alarm that stops what might break the first of them.

    Survives a bad deployment or experiment: `slo-fast-burn` stops both while customers' requests fail.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, peer: str) -> None:
        super().__init__(scope, name)
        self._names = names
        api = {"ApiName": names.name("api"), "Stage": STAGE}
        answered = ServiceLevel(
            self,
            "Answered",
            names=names,
            objective=ANSWERED,
            bad=measure("AWS/ApiGateway", "5XXError", "Sum", of=api),
            total=measure("AWS/ApiGateway", "Count", "Sum", of=api),
        )
        self.levels = [
            answered,
            self._level(
                "Prompt", PROMPT, measure("AWS/ApiGateway", "Latency", "p99", Method="GET", Resource=LINK, of=api)
            ),
            self._level("Delivered", DELIVERED, self._age(DELIVER)),
            self._level("Bundled", BUNDLED, self._age(BUNDLE)),
            self._level("Copied", COPIED, copy_seconds(names, peer, region)),
        ]
        fast = RunbookAlarm(
            self,
            "FastBurn",
            names=names,
            role=FAST_BURN_ALARM,
            means=f"Requests fail {FAST_BURN} times as often as the promise allows, for an hour's worth and right now.",
            metric=answered.burn_rate(SHORT_BURN_MINUTES, BURN_MINUTES),
            threshold=FAST_BURN,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )
        fast.node.add_dependency(answered)

    def _level(self, name: str, objective: Objective, value: Metric) -> ServiceLevel:
        return ServiceLevel(self, name, names=self._names, objective=objective, value=value)

    def _age(self, queue: QueueNumbers) -> Metric:
        return measure("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName=self._names.name(queue.role))
