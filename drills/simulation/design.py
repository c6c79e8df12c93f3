"""The drive's limits, read from the templates that `cdk synth` wrote: what one data region may do at most.

Nothing here is a number of its own. Times are seconds, sizes are what CloudFormation calls them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stacks.queues import QUEUES

Properties = Mapping[str, Any]
Resources = Mapping[str, Any]


class UnreadableAssembly(ValueError):
    """The folder is not what `cdk synth` writes for the drive; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class QueueLimits:
    """One queue and, where a function consumes it, how its poller starts that function."""

    visibility: float
    retention: float
    most_receives: int
    """Tries before the dead-letter queue."""
    concurrency: int | None = None
    """None where workers poll for themselves."""
    batch: int = 1


@dataclass(frozen=True, kw_only=True)
class Step:
    """Of the step scaling: from `above` seconds beyond the alarm's threshold on, so many percent more tasks."""

    above: float
    percent: float


@dataclass(frozen=True, kw_only=True)
class ScheduledMinimum:
    """From `at` on this many tasks run at least."""

    at: datetime
    least: int


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How many tasks run, and what changes that."""

    least: int
    most: int
    backlog_per_task: float
    out_cooldown: float
    in_cooldown: float
    late_after: float
    """Age of the oldest fresh message that starts the steps."""
    steps: tuple[Step, ...]
    least_step: int
    step_cooldown: float
    scheduled: tuple[ScheduledMinimum, ...] = ()

    @property
    def during_event(self) -> int:
        """The highest minimum that any planned event asks for."""
        return max((self.least, *(action.least for action in self.scheduled)))


@dataclass(frozen=True, kw_only=True)
class Design:
    """One data region."""

    region: str
    queues: Mapping[str, QueueLimits]
    """By role, such as `bundle-sideline`."""
    order_concurrency: int
    """Of the API's function that takes orders: the most that run at a time."""
    order_processes: int
    """And how many are kept ready."""
    outbox_concurrency: int
    outbox_batch: int
    requests_per_second: int
    """What API Gateway lets in."""
    downloads_per_second: int
    throttled_retry_after: float
    """What API Gateway tells those it does not let in."""
    scaling: Scaling
    task_cpus: float
    task_gigabytes: float

    def with_tasks(self, least: int, most: int) -> "Design":
        """Return the same region with other bounds on its tasks, from the first second on."""
        return replace(self, scaling=replace(self.scaling, least=least, most=max(least, most), scheduled=()))

    def with_concurrency(self, role: str, concurrency: int) -> "Design":
        """Return the same region with another concurrency of one queue's poller."""
        changed = replace(self.queues[role], concurrency=concurrency)
        return replace(self, queues={**self.queues, role: changed})


def read_assembly(folder: Path) -> dict[str, Design]:
    """Return the data regions of an assembly, by region; raises UnreadableAssembly."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise UnreadableAssembly(f"{folder} has no manifest.json: write it with `make synth`")
    resources: dict[str, dict[str, Any]] = {}
    for artifact in json.loads(manifest.read_text())["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            region = artifact["environment"].rsplit("/", 1)[-1]
            template = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
            # Logical ids repeat from stack to stack; within one, references lead to them.
            stack = artifact["properties"]["templateFile"]
            resources.setdefault(region, {})[stack] = template.get("Resources", {})
    designs = {region: read_region(region, stacks.values()) for region, stacks in resources.items() if _serves(stacks)}
    if not designs:
        raise UnreadableAssembly(f"{folder} holds no region with the queue of bundles")
    return designs


def read_region(region: str, stacks: "Iterator[Resources] | Any") -> Design:
    """Return what the stacks of one region (each the `Resources` of a template) allow."""
    found = _Region(region, list(stacks))
    gateway = found.methods()
    task = found.one("AWS::ECS::TaskDefinition", "ContainerDefinitions", "BUNDLE_QUEUE_URL")
    return Design(
        region=region,
        queues={numbers.role: found.queue(numbers.role) for numbers in QUEUES},
        order_concurrency=int(found.function("api-order")["ReservedConcurrentExecutions"]),
        order_processes=found.provisioned("api-order"),
        outbox_concurrency=int(found.function("outbox")["ReservedConcurrentExecutions"]),
        outbox_batch=int(found.mapping_of("outbox")["BatchSize"]),
        requests_per_second=int(gateway["/*"]["ThrottlingRateLimit"]),
        downloads_per_second=int(gateway["/~1v1~1downloads"]["ThrottlingRateLimit"]),
        throttled_retry_after=found.retry_after(),
        scaling=found.scaling(),
        task_cpus=int(task["Cpu"]) / 1024,
        task_gigabytes=int(task["Memory"]) / 1024,
    )


def _serves(stacks: Mapping[str, Resources]) -> bool:
    return any(
        resource["Type"] == "AWS::SQS::Queue" and str(resource["Properties"].get("QueueName", "")).endswith("-bundle")
        for resources in stacks.values()
        for resource in resources.values()
    )


class _Region:
    """Finds resources by what they are called, since logical ids belong to CDK."""

    def __init__(self, region: str, stacks: list[Resources]) -> None:
        self._name = region
        self._stacks = stacks

    def of_type(self, kind: str) -> Iterator[tuple[str, Properties]]:
        for resources in self._stacks:
            for logical, resource in resources.items():
                if resource["Type"] == kind:
                    yield logical, resource.get("Properties", {})

    def one(self, kind: str, name: str, value: str) -> Properties:
        """Return the only resource whose property `name` holds `value` somewhere."""
        return self._one(kind, name, value)[1]

    def _one(self, kind: str, name: str, value: str) -> tuple[str, Properties]:
        found = [(logical, item) for logical, item in self.of_type(kind) if value in json.dumps(item.get(name))]
        if len(found) != 1:
            raise UnreadableAssembly(f"{self._name}: {len(found)} of {kind} with {value} in {name}, expected one")
        return found[0]

    def function(self, role: str) -> Properties:
        return self.one("AWS::Lambda::Function", "FunctionName", f'-{role}"')

    def provisioned(self, role: str) -> int:
        function, _ = self._one("AWS::Lambda::Function", "FunctionName", f'-{role}"')
        alias, _ = self._one("AWS::Lambda::Alias", "FunctionName", f'"{function}"')
        target = self.one("AWS::ApplicationAutoScaling::ScalableTarget", "ResourceId", f'"{alias}"')
        return int(target["MinCapacity"])

    def mapping_of(self, role: str) -> Properties:
        function, _ = self._one("AWS::Lambda::Function", "FunctionName", f'-{role}"')
        alias, _ = self._one("AWS::Lambda::Alias", "FunctionName", f'"{function}"')
        return self.one("AWS::Lambda::EventSourceMapping", "FunctionName", f'"{alias}"')

    def queue(self, role: str) -> QueueLimits:
        logical, queue = self._one("AWS::SQS::Queue", "QueueName", f'-{role}"')
        mappings = [
            mapping
            for _, mapping in self.of_type("AWS::Lambda::EventSourceMapping")
            if f'"{logical}"' in json.dumps(mapping["EventSourceArn"])
        ]
        polled = mappings[0] if mappings else {}
        return QueueLimits(
            visibility=float(queue["VisibilityTimeout"]),
            retention=float(queue["MessageRetentionPeriod"]),
            most_receives=int(queue["RedrivePolicy"]["maxReceiveCount"]),
            concurrency=int(polled["ScalingConfig"]["MaximumConcurrency"]) if mappings else None,
            batch=int(polled.get("BatchSize", 1)),
        )

    def methods(self) -> dict[str, Properties]:
        stage = self.one("AWS::ApiGateway::Stage", "MethodSettings", "downloads")
        return {setting["ResourcePath"]: setting for setting in stage["MethodSettings"]}

    def retry_after(self) -> float:
        refusal = self.one("AWS::ApiGateway::GatewayResponse", "ResponseType", '"THROTTLED"')
        return float(refusal["ResponseParameters"]["gatewayresponse.header.Retry-After"].strip("'"))

    def scaling(self) -> Scaling:
        logical, target = self._one("AWS::ApplicationAutoScaling::ScalableTarget", "ScalableDimension", "ecs:service")
        policies = {
            policy["PolicyType"]: (name, policy)
            for name, policy in self.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
            if f'"{logical}"' in json.dumps(policy.get("ScalingTargetId"))
        }
        backlog = policies["TargetTrackingScaling"][1]["TargetTrackingScalingPolicyConfiguration"]
        hurry, policy = policies["StepScaling"]
        late = policy["StepScalingPolicyConfiguration"]
        alarm = self.one("AWS::CloudWatch::Alarm", "AlarmActions", f'"{hurry}"')
        return Scaling(
            least=int(target["MinCapacity"]),
            most=int(target["MaxCapacity"]),
            backlog_per_task=float(backlog["TargetValue"]),
            out_cooldown=float(backlog["ScaleOutCooldown"]),
            in_cooldown=float(backlog["ScaleInCooldown"]),
            late_after=float(alarm["Threshold"]),
            steps=tuple(
                Step(above=float(step["MetricIntervalLowerBound"]), percent=float(step["ScalingAdjustment"]))
                for step in late["StepAdjustments"]
            ),
            least_step=int(late["MinAdjustmentMagnitude"]),
            step_cooldown=float(late["Cooldown"]),
            scheduled=tuple(_scheduled(target.get("ScheduledActions", []))),
        )


def _scheduled(actions: list[Properties]) -> Iterator[ScheduledMinimum]:
    for action in sorted(actions, key=lambda action: str(action["Schedule"])):
        moment = str(action["Schedule"]).removeprefix("at(").removesuffix(")")
        yield ScheduledMinimum(
            at=datetime.fromisoformat(moment).replace(tzinfo=UTC),
            least=int(action["ScalableTargetAction"]["MinCapacity"]),
        )
