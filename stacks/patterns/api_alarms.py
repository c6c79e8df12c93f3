"""What is said when the API fails, is slow, or sends clients away."""

from aws_cdk.aws_cloudwatch import TreatMissingData
from aws_cdk.aws_logs import FilterPattern, LogGroup, MetricFilter
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import FIVE_MINUTES, combine, measure, total
from stacks.capacity import REQUEST_SHARES
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.front_door import STAGE

FAILED_PERCENT = 5
"""Fifty times what the promise allows: the burn rate would say so too, minutes later."""

FEWEST_REQUESTS = 20
"""A minute with fewer says nothing about a percentage."""

SLOW_MILLISECONDS = 2000
"""Slower than any single wait inside a function should make it."""

REFUSED_PERCENT = 5
NEAR_LIMIT = 0.8
SUSTAINED = 3
METRICS = "Drive"


class ApiAlarms(Construct):
    """The alarms of the regional API.

    Survives a surge that was not planned: somebody knows when 80 % of what is let in is reached, events included.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, requests_per_second: int) -> None:
        super().__init__(scope, name)
        self._names = names
        self._region = region
        self._of = {"ApiName": names.name("api"), "Stage": STAGE}
        self._failing()
        self._slow()
        self._refusing()
        self._near_limit(requests_per_second)
        self._cut_off()

    def _failing(self) -> None:
        RunbookAlarm(
            self,
            "Failing",
            names=self._names,
            role="api-failing",
            means=f"More than {FAILED_PERCENT} % of the requests end in a server error.",
            metric=combine(
                f"IF(requests >= {FEWEST_REQUESTS}, 100 * failed / requests, 0)",
                label="failed, percent",
                failed=measure("AWS/ApiGateway", "5XXError", "Sum", of=self._of),
                requests=measure("AWS/ApiGateway", "Count", "Sum", of=self._of),
            ),
            threshold=FAILED_PERCENT,
            periods=SUSTAINED,
            urgency=Urgency.PAGE,
            # No request at all is what the canaries look out for.
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _slow(self) -> None:
        RunbookAlarm(
            self,
            "Slow",
            names=self._names,
            role="api-slow",
            means=f"One request in a hundred takes more than {SLOW_MILLISECONDS} ms.",
            metric=measure("AWS/ApiGateway", "Latency", "p99", period=FIVE_MINUTES, unit="ms", of=self._of),
            threshold=SLOW_MILLISECONDS,
            periods=SUSTAINED,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _refusing(self) -> None:
        """Counted in the access log: API Gateway counts a 429 among all 4xx. What AWS WAF refuses is in neither."""
        log = LogGroup.from_log_group_name(self, "AccessLog", f"/aws/apigateway/{self._names.name('api')}")
        refused = MetricFilter(
            self,
            "Refused",
            log_group=log,
            filter_name=self._names.name("refused"),
            filter_pattern=FilterPattern.string_value("$.status", "=", "429"),
            metric_namespace=METRICS,
            metric_name="RequestsRefused",
            metric_value="1",
            default_value=0,
        )
        RunbookAlarm(
            self,
            "Refusing",
            names=self._names,
            role="api-refusing",
            means=f"More than {REFUSED_PERCENT} % of the requests are told to come back later.",
            metric=combine(
                f"IF(requests >= {FEWEST_REQUESTS}, 100 * refused / requests, 0)",
                period=FIVE_MINUTES,
                label="refused, percent",
                refused=refused.metric(statistic="Sum", period=FIVE_MINUTES),
                requests=measure("AWS/ApiGateway", "Count", "Sum", period=FIVE_MINUTES, of=self._of),
            ),
            threshold=REFUSED_PERCENT,
            periods=SUSTAINED,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _near_limit(self, requests_per_second: int) -> None:
        RunbookAlarm(
            self,
            "NearLimit",
            names=self._names,
            role="api-near-limit",
            means=f"More than {NEAR_LIMIT:.0%} of the {requests_per_second} requests a second come that are let in.",
            metric=measure("AWS/ApiGateway", "Count", "Sum", of=self._of),
            threshold=NEAR_LIMIT * requests_per_second * 60,
            periods=SUSTAINED,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _cut_off(self) -> None:
        RunbookAlarm(
            self,
            "CutOff",
            names=self._names,
            role="api-cut-off",
            means=f"The API of {self._region} cannot reach its tables, buckets or queues: clients are sent away.",
            # Written by services/api for each request that it had to answer so; Powertools adds the function's name.
            metric=total(
                {
                    role: measure(
                        METRICS,
                        "Unreachable",
                        "Sum",
                        period=FIVE_MINUTES,
                        region=self._region,
                        service=f"api-{role}",
                    )
                    for role in REQUEST_SHARES
                },
                period=FIVE_MINUTES,
                label="requests",
            ),
            threshold=FEWEST_REQUESTS,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )
