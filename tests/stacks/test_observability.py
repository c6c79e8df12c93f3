import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.observability import INDEXES, TIMEOUTS, Observability
from stacks.promises import OBJECTIVES
from stacks.queues import QUEUES
from tests.stacks.synthesized import Template, all_of, capacity, one_of, synthesized

PRIMARY, STANDBY = "eu-west-1", "eu-central-1"

EXISTING: dict[str, dict[str, list[set[str]]]] = {
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": [{"QueueName"}],
        "ApproximateAgeOfOldestMessageInQuietGroups": [{"QueueName"}],
        "ApproximateNumberOfMessagesVisible": [{"QueueName"}],
    },
    "AWS/Lambda": {
        "Duration": [{"FunctionName"}],
        "Errors": [{"FunctionName"}],
        "Invocations": [{"FunctionName"}],
        "IteratorAge": [{"FunctionName"}],
        "Throttles": [{"FunctionName"}],
    },
    "AWS/ApiGateway": {
        "5XXError": [{"ApiName", "Stage"}],
        "Count": [{"ApiName", "Stage"}],
        "Latency": [{"ApiName", "Stage"}, {"ApiName", "Stage", "Method", "Resource"}],
    },
    "AWS/DynamoDB": {
        "ReadThrottleEvents": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        "WriteThrottleEvents": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        "SystemErrors": [{"TableName", "Operation"}],
        "ReplicationLatency": [{"TableName", "ReceivingRegion"}],
    },
    "AWS/S3": {
        "OperationsFailedReplication": [{"SourceBucket", "DestinationBucket", "RuleId"}],
        "ReplicationLatency": [{"SourceBucket", "DestinationBucket", "RuleId"}],
    },
    "AWS/SES": {"Reputation.BounceRate": [set()], "Reputation.ComplaintRate": [set()]},
    "AWS/ApplicationSignals": {"BurnRate": [{"SloName", "BurnRateWindowMinutes"}]},
    "ECS/ContainerInsights": {"RunningTaskCount": [{"ClusterName", "ServiceName"}]},
    "CloudWatchSynthetics": {"SuccessPercent": [{"CanaryName"}]},
}
"""Which metrics AWS writes, and under which dimensions, from each service's page on its CloudWatch metrics."""


@pytest.fixture(scope="session", params=[(PRIMARY, STANDBY), (STANDBY, PRIMARY)])
def regions(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A region and its peer."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], regions: tuple[str, str]) -> Template:
    return templates[f"Observability-{regions[0]}"]


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """All alarms of a template by name without prefix, composite ones too."""
    found = [
        *all_of(template, "AWS::CloudWatch::Alarm").values(),
        *all_of(template, "AWS::CloudWatch::CompositeAlarm").values(),
    ]
    # Those without a name are Application Auto Scaling's: they start and stop workers and tell nobody.
    return {str(alarm["AlarmName"]).removeprefix("clouddrive-"): alarm for alarm in found if "AlarmName" in alarm}


def metrics(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an alarm looks at: namespace, name and dimensions by name."""
    stats = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    for metric in stats or ([alarm] if "MetricName" in alarm else []):
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])}
        yield {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}


def in_order(value: Any) -> Any:
    """The same with every list sorted."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((in_order(item) for item in value), key=json.dumps)
    return value


def every_alarm(templates: dict[str, Template]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in templates.items():
        for name, alarm in alarms(template).items():
            yield stack, name, alarm


def test_every_alarm_looks_at_a_metric_that_aws_writes(templates: dict[str, Template]) -> None:
    wrong = [
        (stack, name, metric)
        for stack, name, alarm in every_alarm(templates)
        if stack.startswith(("Observability", "Status"))
        for metric in metrics(alarm)
        if metric["namespace"] != "Drive"
        if set(metric["dimensions"]) not in EXISTING.get(metric["namespace"], {}).get(metric["name"], [])
    ]
    assert wrong == []


def test_every_metric_of_our_own_is_written_by_a_service_or_a_filter(
    templates: dict[str, Template], repository: Path
) -> None:
    sources = "".join(path.read_text() for path in sorted((repository / "services").rglob("*.py")))
    filters = json.dumps([all_of(template, "AWS::Logs::MetricFilter") for template in templates.values()])
    unwritten = {
        metric["name"]
        for _, _, alarm in every_alarm(templates)
        for metric in metrics(alarm)
        if metric["namespace"] == "Drive" and f'"{metric["name"]}"' not in sources + filters
    }
    assert unwritten == set()


WATCHED = {
    "QueueName": ("AWS::SQS::Queue", "QueueName"),
    "FunctionName": ("AWS::Lambda::Function", "FunctionName"),
    "TableName": ("AWS::DynamoDB::GlobalTable", "TableName"),
    "ApiName": ("AWS::ApiGateway::RestApi", "Name"),
    "ClusterName": ("AWS::ECS::Cluster", "ClusterName"),
    "ServiceName": ("AWS::ECS::Service", "ServiceName"),
    "CanaryName": ("AWS::Synthetics::Canary", "Name"),
    "SloName": ("AWS::ApplicationSignals::ServiceLevelObjective", "Name"),
}
"""By dimension: the type whose resources it names, and the property that is their name."""


@pytest.mark.parametrize("dimension", WATCHED)
def test_what_is_watched_exists_under_that_name(templates: dict[str, Template], dimension: str) -> None:
    kind, name = WATCHED[dimension]
    made = {properties[name] for template in templates.values() for properties in all_of(template, kind).values()}
    watched = {
        metric["dimensions"][dimension]
        for _, _, alarm in every_alarm(templates)
        for metric in metrics(alarm)
        # What an alarm refers to inside its own stack exists.
        if isinstance(metric["dimensions"].get(dimension), str)
    }
    assert watched
    assert watched <= made


def test_every_alarm_has_an_action_and_a_page_that_says_what_to_do(
    templates: dict[str, Template], repository: Path
) -> None:
    written = set(re.findall(r"^## (\S+)$", (repository / "docs" / "runbooks.md").read_text(), re.MULTILINE))
    for stack, name, alarm in every_alarm(templates):
        described = json.dumps(alarm["AlarmDescription"])
        section = re.search(r"Runbook: docs/runbooks\.md#([a-z-]+)", described)
        assert section, (stack, name)
        assert section[1] in written, (stack, name)
        assert alarm["AlarmActions"], (stack, name)
        assert alarm["OKActions"], (stack, name)


def test_no_page_describes_an_alarm_that_is_gone(templates: dict[str, Template], repository: Path) -> None:
    written = set(re.findall(r"^## (\S+)$", (repository / "docs" / "runbooks.md").read_text(), re.MULTILINE))
    everything = json.dumps(templates)
    not_with_these_settings = {"canary-dns", "offsite-stuck"}
    assert {section for section in written if f"#{section}" not in everything} == not_with_these_settings


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.role)
def test_each_queue_is_watched_for_what_waits_and_for_what_was_given_up(template: Template, queue: Any) -> None:
    found = alarms(template)
    assert found[f"{queue.role}-late-ticket"]["Threshold"] == queue.ticket_age
    assert found[f"{queue.role}-late-page"]["Threshold"] == queue.page_age
    (paged,) = metrics(found[f"{queue.role}-late-page"])
    # The quiet groups' age hides the noisy ones: nobody may be left waiting because of how many they are.
    assert paged["name"] == "ApproximateAgeOfOldestMessage"
    assert found[f"{queue.role}-dead-letters-ticket"]["Threshold"] == 0
    assert found[f"{queue.role}-dead-letters-page"]["Threshold"] == 100


@pytest.mark.parametrize("role", TIMEOUTS)
def test_each_function_is_watched_for_failing_refusing_and_nearing_its_timeout(
    template: Template, templates: dict[str, Template], regions: tuple[str, str], role: str
) -> None:
    found = alarms(template)
    assert {f"{role}-failing", f"{role}-refused", f"{role}-slow"} <= set(found)
    functions = [
        function
        for stack in (f"Downloads-{regions[0]}", f"Api-{regions[0]}")
        for function in all_of(templates[stack], "AWS::Lambda::Function").values()
    ]
    (timeout,) = (f["Timeout"] for f in functions if f["FunctionName"] == f"clouddrive-{role}")
    assert timeout == TIMEOUTS[role]
    assert found[f"{role}-slow"]["Threshold"] == 0.8 * timeout * 1000


def test_every_index_of_a_table_is_watched_with_it(templates: dict[str, Template]) -> None:
    tables = {
        table["TableName"].removeprefix("clouddrive-"): table
        for template in templates.values()
        for table in all_of(template, "AWS::DynamoDB::GlobalTable").values()
    }
    for role, indexes in INDEXES.items():
        made = {index["IndexName"] for index in tables[role].get("GlobalSecondaryIndexes", [])}
        assert made == set(indexes)


def test_a_heartbeat_that_stops_is_an_alarm(template: Template) -> None:
    found = alarms(template)
    for name in ("canary-self", "canary-peer", "observer-silent", "reconciler-silent"):
        assert found[name]["TreatMissingData"] == "breaching", name


def test_a_region_is_accused_only_when_two_others_agree_and_this_one_is_well(template: Template) -> None:
    rule = alarms(template)["region-impaired"]["AlarmRule"]
    logical = {
        name: alarm["AlarmName"].removeprefix("clouddrive-")
        for name, alarm in all_of(template, "AWS::CloudWatch::Alarm").items()
    }
    text = "".join(
        part if isinstance(part, str) else logical[part["Fn::GetAtt"][0]] for part in rule["Fn::Join"][1]
    ).replace('"', "")
    assert text == "(ALARM(canary-peer) AND ALARM(observer-sees-peer) AND (NOT (ALARM(canary-self))))"


def test_a_silent_observer_accuses_nobody(template: Template) -> None:
    assert alarms(template)["observer-sees-peer"]["TreatMissingData"] == "notBreaching"


def test_what_the_observer_reports_is_what_the_regions_listen_to(templates: dict[str, Template]) -> None:
    told = {
        (variables["REPORT_REGION"], variables["REPORT_ABOUT"])
        for canary in all_of(templates["Status"], "AWS::Synthetics::Canary").values()
        if "REPORT_REGION" in (variables := canary["RunConfig"]["EnvironmentVariables"])
    }
    heard = {
        (region, metric["dimensions"]["Region"])
        for region in (PRIMARY, STANDBY)
        for metric in metrics(alarms(templates[f"Observability-{region}"])["observer-sees-peer"])
    }
    assert told == heard == {(PRIMARY, STANDBY), (STANDBY, PRIMARY)}


def test_every_promise_is_measured_and_its_budget_watched(template: Template) -> None:
    levels = {
        level["Name"]: level for level in all_of(template, "AWS::ApplicationSignals::ServiceLevelObjective").values()
    }
    assert set(levels) == {f"clouddrive-{objective.role}" for objective in OBJECTIVES}
    for objective in OBJECTIVES:
        level = levels[f"clouddrive-{objective.role}"]
        assert level["Goal"]["AttainmentGoal"] == objective.percent
        if objective.limit is not None:
            assert level["Sli"]["MetricThreshold"] == objective.limit
        windows = {str(rate["LookBackWindowMinutes"]) for rate in level["BurnRateConfigurations"]}
        watched = {
            m["dimensions"]["BurnRateWindowMinutes"] for m in metrics(alarms(template)[f"{objective.role}-burn"])
        }
        assert watched <= windows


def test_the_latency_that_is_promised_is_that_of_a_resource_that_exists(
    template: Template, templates: dict[str, Template], regions: tuple[str, str]
) -> None:
    (level,) = (
        level
        for level in all_of(template, "AWS::ApplicationSignals::ServiceLevelObjective").values()
        if level["Name"] == "clouddrive-slo-prompt"
    )
    (query,) = level["Sli"]["SliMetric"]["MetricDataQueries"]
    dimensions = {d["Name"]: d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"]}
    api = templates[f"Api-{regions[0]}"]
    resources = all_of(api, "AWS::ApiGateway::Resource")
    paths = {resource["PathPart"] for resource in resources.values()}
    assert set(dimensions["Resource"].strip("/").split("/")) <= paths
    (stage,) = all_of(api, "AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == dimensions["Stage"]
    # Without it API Gateway writes nothing per resource.
    assert all(setting["MetricsEnabled"] for setting in stage["MethodSettings"])


def test_refused_requests_are_counted_in_a_log_that_says_the_status(
    template: Template, templates: dict[str, Template], regions: tuple[str, str]
) -> None:
    counted = one_of(template, "AWS::Logs::MetricFilter")
    logs = all_of(templates[f"Api-{regions[0]}"], "AWS::Logs::LogGroup").values()
    assert counted["LogGroupName"] in {log.get("LogGroupName") for log in logs}
    (stage,) = all_of(templates[f"Api-{regions[0]}"], "AWS::ApiGateway::Stage").values()
    assert '"status":"$context.status"' in stage["AccessLogSetting"]["Format"]


def test_workers_are_counted_where_somebody_counts_them(
    template: Template, templates: dict[str, Template], regions: tuple[str, str]
) -> None:
    assert alarms(template)["bundler-too-few"]["Threshold"] == capacity(regions[0]).running.bundlers
    cluster = one_of(templates[f"Bundling-{regions[0]}"], "AWS::ECS::Cluster")
    (insights,) = (s["Value"] for s in cluster["ClusterSettings"] if s["Name"] == "containerInsights")
    assert insights in {"enabled", "enhanced"}


def test_a_failed_backup_writes_a_ticket(template: Template) -> None:
    kinds = {rule["EventPattern"]["detail-type"][0]: rule for rule in all_of(template, "AWS::Events::Rule").values()}
    assert set(kinds) == {f"{kind} Job State Change" for kind in ("Backup", "Copy", "Restore")}
    for rule in kinds.values():
        (target,) = rule["Targets"]
        assert "clouddrive-ticket" in json.dumps(target["Arn"])


def test_both_regions_differ_in_names_and_numbers_only(templates: dict[str, Template]) -> None:
    def neutral(region: str, peer: str) -> str:
        text = json.dumps(templates[f"Observability-{region}"]).replace(region, "HERE").replace(peer, "THERE")
        # CDK sorts what a policy names, and "eu-central-1" comes before "eu-west-1".
        text = json.dumps(in_order(json.loads(text)), sort_keys=True)
        return re.sub(r'("Threshold": )\d+', r"\1N", text)

    assert neutral(PRIMARY, STANDBY) == neutral(STANDBY, PRIMARY)


def test_with_a_domain_its_name_is_tried_too() -> None:
    template = synthesized(
        Observability, region=PRIMARY, peer=STANDBY, capacity=capacity(PRIMARY), domain="example.com", strong=True
    )
    canaries = {canary["Name"]: canary for canary in all_of(template, "AWS::Synthetics::Canary").values()}
    asked = {
        name.removeprefix("clouddrive-canary-"): canary["RunConfig"]["EnvironmentVariables"]["ADDRESS"]
        for name, canary in canaries.items()
    }
    assert asked == {
        "self": f"https://api.{PRIMARY}.example.com",
        "peer": f"https://api.{STANDBY}.example.com",
        "dns": "https://api.example.com",
    }
    assert "canary-dns" in alarms(template)


def test_an_eventually_consistent_table_is_watched_for_how_late_its_copies_are() -> None:
    template = synthesized(
        Observability, region=PRIMARY, peer=STANDBY, capacity=capacity(PRIMARY), domain=None, strong=False
    )
    assert {"table-drive-late", "table-jobs-late"} <= set(alarms(template))


def test_an_event_moves_the_limit_that_is_watched() -> None:
    event = {
        "name": "promo",
        "start": "2026-11-27T08:00:00Z",
        "end": "2026-11-28T08:00:00Z",
        "peak_requests_per_second": 1000,
    }
    numbers = capacity(PRIMARY, events=[event])
    template = synthesized(Observability, region=PRIMARY, peer=STANDBY, capacity=numbers, domain=None, strong=True)
    assert alarms(template)["api-near-limit"]["Threshold"] == 0.8 * numbers.requests_per_second * 60
    assert numbers.requests_per_second > 1000
