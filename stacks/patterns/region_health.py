"""Whether DNS may lead clients to a region, decided by health checks that are there beforehand."""

from aws_cdk import Duration
from aws_cdk.aws_route53 import (
    AlarmIdentifier,
    HealthCheck,
    HealthCheckType,
    IHealthCheck,
    InsufficientDataHealthStatusEnum,
)
from constructs import Construct

from stacks.hosts import regional_api_host
from stacks.names import Names
from stacks.patterns.region_verdict import OBSERVERS_WORD

INTERVAL = Duration.seconds(10)
FAILURES = 3
"""Three failed checks 10 s apart: with a TTL of 60 s clients are gone from a dead region after about two minutes."""

EVACUATED = "evacuated"
"""What `/switch/<region>` answers about a region that was evacuated."""


class RegionHealth(Construct):
    """The health check that a region's DNS record carries.

    Survives the loss of the region: what says that it was evacuated is served by `peer`, and asked for from outside.
    Survives the loss of the peer: when nobody answers for it, the region counts as not evacuated.
    Survives a false alarm: unless failures move traffic by themselves (`automatic`), only the switch does.
    """

    serving: IHealthCheck

    def __init__(self, scope: Construct, name: str, *, region: str, peer: str, domain: str, automatic: bool) -> None:
        super().__init__(scope, name)
        answering = HealthCheck(
            self,
            "Answering",
            type=HealthCheckType.HTTPS,
            fqdn=regional_api_host(region, domain),
            resource_path="/healthz/shallow",
            request_interval=INTERVAL,
            failure_threshold=FAILURES,
            measure_latency=True,
        )
        evacuated = HealthCheck(
            self,
            "Staying",
            type=HealthCheckType.HTTPS_STR_MATCH,
            fqdn=regional_api_host(peer, domain),
            resource_path=f"/switch/{region}",
            search_string=EVACUATED,
            # Healthy unless the peer says the word: a peer that is down says nothing.
            inverted=True,
            request_interval=INTERVAL,
            failure_threshold=FAILURES,
        )
        deciding = [answering, evacuated] if automatic else [evacuated]
        self.serving = HealthCheck(
            self,
            "Serving",
            type=HealthCheckType.CALCULATED,
            child_health_checks=deciding,
            health_threshold=len(deciding),
        )


class ObservedHealth(Construct):
    """What stands for a region's health where there is no domain: the observer's word, kept in the other region."""

    def __init__(self, scope: Construct, name: str, *, names: Names, peer: str) -> None:
        super().__init__(scope, name)
        HealthCheck(
            self,
            "Reachable",
            type=HealthCheckType.CLOUDWATCH_METRIC,
            alarm_identifier=AlarmIdentifier(name=names.name(OBSERVERS_WORD), region=peer),
            # An observer that is silent accuses nobody.
            insufficient_data_health_status=InsufficientDataHealthStatusEnum.HEALTHY,
        )
