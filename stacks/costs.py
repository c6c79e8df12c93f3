"""What the drive costs a month while nobody uses it, counted in the synthesized templates.

`python -m stacks.readme_tables` writes it into the README. What is paid by use (requests, storage, transfer, log lines)
comes on top and is not in it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.prices import (
    ACL,
    ACL_RULE,
    ALARM,
    CANARY,
    COMPOSITE,
    DASHBOARD,
    ENDPOINT,
    HEALTH_CHECK,
    HEALTH_CHECK_FEATURE,
    HOURS,
    KEY,
    OBJECTIVE,
    PRICES,
    PROVISIONED,
    PUBLIC_ADDRESS,
    SECRET,
    TASK_CPU,
    TASK_MEMORY,
    ZONE,
    Price,
)
from stacks.settings import Tier

Resources = Mapping[str, Any]

BLANK = "–"

SIMPLE = {
    "AWS::KMS::Key": KEY,
    "AWS::CloudWatch::CompositeAlarm": COMPOSITE,
    "AWS::CloudWatch::Dashboard": DASHBOARD,
    "AWS::ApplicationSignals::ServiceLevelObjective": OBJECTIVE,
    "AWS::SecretsManager::Secret": SECRET,
    "AWS::WAFv2::WebACL": ACL,
    "AWS::Route53::HealthCheck": HEALTH_CHECK,
    "AWS::Route53::HostedZone": ZONE,
}
"""Each resource is one of what is paid for."""

EVERY_MINUTES = re.compile(r"rate\((\d+) minutes?\)")


def quantities(assembly: Path) -> Counter[str]:
    """Return how much of each price (by its `what`) the assembly holds, running at its minimum for a month."""
    total: Counter[str] = Counter()
    for file in sorted(assembly.glob("*.template.json")):
        resources = json.loads(file.read_text()).get("Resources", {})
        for logical, resource in resources.items():
            for price, amount in _paid_for(logical, resource["Type"], resource.get("Properties", {}), resources):
                total[price.what] += amount  # type: ignore[assignment]  # a Counter adds fractions as well
    return total


def _paid_for(  # noqa: C901 - one case a type
    logical: str, kind: str, properties: Mapping[str, Any], resources: Resources
) -> Iterator[tuple[Price, float]]:
    if kind in SIMPLE:
        yield SIMPLE[kind], 1
    if kind == "AWS::CloudWatch::Alarm":
        # An alarm over several metrics is paid for by each of them, not by the expression.
        metrics = [entry for entry in properties.get("Metrics", []) if "MetricStat" in entry]
        yield ALARM, len(metrics) or 1
    elif kind == "AWS::WAFv2::WebACL":
        yield ACL_RULE, len(properties.get("Rules", []))
    elif kind == "AWS::Synthetics::Canary":
        minutes = EVERY_MINUTES.match(properties["Schedule"]["Expression"])
        if not minutes:
            raise ValueError(f"{logical}: its schedule is of a kind that is not counted yet")
        yield CANARY, HOURS * 60 / int(minutes[1])
    elif kind == "AWS::EC2::VPCEndpoint" and properties.get("VpcEndpointType") == "Interface":
        yield ENDPOINT, len(properties["SubnetIds"])
    elif kind == "AWS::Route53::HealthCheck":
        yield HEALTH_CHECK_FEATURE, _options(properties["HealthCheckConfig"])
    elif kind == "AWS::ECS::Service":
        yield from _tasks(logical, properties, resources)
    elif kind == "AWS::ApplicationAutoScaling::ScalableTarget":
        yield from _provisioned(properties, resources)


def _options(check: Mapping[str, Any]) -> int:
    return sum(
        (
            check["Type"].startswith("HTTPS"),
            check["Type"].endswith("STR_MATCH"),
            check.get("RequestInterval") == 10,
            bool(check.get("MeasureLatency")),
        )
    )


def _tasks(logical: str, properties: Mapping[str, Any], resources: Resources) -> Iterator[tuple[Price, float]]:
    """CPU and memory of the tasks that run at least."""
    targets = [
        resource["Properties"]["MinCapacity"]
        for resource in resources.values()
        if resource["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget" and _names(resource, logical)
    ]
    tasks = targets[0] if targets else properties.get("DesiredCount", 1)
    definition = resources[properties["TaskDefinition"]["Ref"]]["Properties"]
    yield TASK_CPU, tasks * int(definition["Cpu"]) / 1024
    yield TASK_MEMORY, tasks * int(definition["Memory"]) / 1024
    network = properties["NetworkConfiguration"]["AwsvpcConfiguration"]
    if network.get("AssignPublicIp") == "ENABLED":
        yield PUBLIC_ADDRESS, tasks


def _provisioned(properties: Mapping[str, Any], resources: Resources) -> Iterator[tuple[Price, float]]:
    """Memory of the functions that are kept ready."""
    if properties["ScalableDimension"] != "lambda:function:ProvisionedConcurrency":
        return
    (alias,) = (
        resource["Properties"]
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Alias" and _names({"Properties": properties}, logical)
    )
    function = resources[alias["FunctionName"]["Ref"]]["Properties"]
    yield PROVISIONED, properties["MinCapacity"] * function["MemorySize"] / 1024


def _names(resource: Mapping[str, Any], logical: str) -> bool:
    return f'"{logical}"' in json.dumps(resource["Properties"]["ResourceId"])


def table(tiers: Mapping[Tier, Counter[str]]) -> str:
    """Return the Markdown table of one or more tiers."""
    lines = [
        f"| | US$ each | {' | '.join(f'`{tier}`' for tier in tiers)} |",
        f"| --- | --: {'| --: ' * len(tiers)}|",
    ]
    for price in PRICES:
        amounts = [counted[price.what] for counted in tiers.values()]
        if any(amounts):
            lines.append(f"| {price.what} | {_each(price)} | {' | '.join(cell(price, amount) for amount in amounts)} |")
    sums = [f"**{_sum(counted):,.0f}**" for counted in tiers.values()]
    lines.append(f"| **US$ a month, as far as prices were found** | | {' | '.join(sums)} |")
    return "\n".join(lines)


def sources() -> str:
    """Return where each price was read, one line each."""
    lines = ["| Price | For | Region | Read | Where, and who says it |", "| --- | --- | --- | --- | --- |"]
    for price in PRICES:
        where = f"[{price.source.split('/')[2]}]({price.source}): {price.said}"
        lines.append(
            f"| {price.what} | one {price.unit} a month, {_dollars(price)} | {price.region} | {price.read} | {where} |"
        )
    return "\n".join(lines)


def _dollars(price: Price) -> str:
    return "not found" if price.dollars is None else f"US$ {_each(price)}"


def _each(price: Price) -> str:
    if price.dollars is None:
        return BLANK
    return f"{price.dollars:.2f}" if price.dollars >= 0.01 else f"{price.dollars:.4f}"


def cell(price: Price, amount: float) -> str:
    """Return how many there are, and what they cost where that is known."""
    count = f"{amount:,.1f}".removesuffix(".0")
    return f"{count} × {BLANK}" if price.dollars is None else f"{count} = {amount * price.dollars:,.0f}"


def _sum(counted: Counter[str]) -> float:
    return sum(counted[price.what] * price.dollars for price in PRICES if price.dollars is not None)
