import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.drive.limits import RECONCILER_RUN
from tests.stacks.synthesized import Template, all_of, one_of, settings

LIGHT_WORK = ("ingest", "deliver", "deliver-sideline", "notify")
ORDER_QUEUES = ("deliver", "deliver-sideline", "bundle", "bundle-sideline")


@pytest.fixture(scope="session", params=settings().regions.data)
def region(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], region: str) -> Template:
    return templates[f"Downloads-{region}"]


def function(template: Template, role: str) -> dict[str, Any]:
    (found,) = [
        properties
        for properties in all_of(template, "AWS::Lambda::Function").values()
        if properties["FunctionName"] == f"clouddrive-{role}"
    ]
    return found


def allowed(template: Template, role: str) -> dict[str, set[str]]:
    """What the function `role` may do, by the ends of the ARNs that it may do it to."""
    role_name = function(template, role)["Role"]["Fn::GetAtt"][0]
    may: dict[str, set[str]] = {}
    for policy in all_of(template, "AWS::IAM::Policy").values():
        if {"Ref": role_name} not in policy["Roles"]:
            continue
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            for resource in resources:
                may.setdefault(end_of(template, resource), set()).update(actions)
    return may


def end_of(template: Template, resource: Any) -> str:
    """What follows the prefix in the name that a policy gives, such as `drive/index/open-orders`."""
    if "Fn::GetAtt" in resource:
        made_here = template["Resources"][resource["Fn::GetAtt"][0]]["Properties"]
        return str(made_here.get("QueueName", made_here.get("LogGroupName"))).removeprefix("clouddrive-")
    return re.split(r"[:/]clouddrive-", json.dumps(resource))[-1].rstrip('"]}')


def queues_it_may_send_to(template: Template, role: str) -> set[str]:
    return {end for end, actions in allowed(template, role).items() if "sqs:SendMessage" in actions}


def stream(template: Template) -> dict[str, Any]:
    (found,) = [
        properties
        for properties in all_of(template, "AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" in properties
    ]
    return found


def statements(templates: dict[str, Template]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{stack}/{name}", statement)
        for stack, template in templates.items()
        for name, policy in all_of(template, "AWS::IAM::Policy").items()
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_each_kind_of_work_has_functions_that_no_other_can_use_up(template: Template) -> None:
    for role in (*LIGHT_WORK, "outbox", "reconciler"):
        assert function(template, role)["ReservedConcurrentExecutions"] > 0


def test_undelivered_orders_are_sent_again_each_minute(template: Template) -> None:
    schedule = one_of(template, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["State"] == "ENABLED"
    may = allowed(template, "reconciler")
    assert "dynamodb:Query" in may["drive/index/open-orders"]
    assert "dynamodb:Query" in may["jobs/index/working-jobs"]
    assert set(ORDER_QUEUES) == queues_it_may_send_to(template, "reconciler")


def test_one_run_of_the_reconciler_is_over_before_the_next_begins(template: Template) -> None:
    assert RECONCILER_RUN < function(template, "reconciler")["Timeout"] < 60
    target = one_of(template, "AWS::Scheduler::Schedule")["Target"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    started = one_of(template, "AWS::Lambda::EventInvokeConfig")
    assert started["MaximumRetryAttempts"] == 0
    assert started["MaximumEventAgeInSeconds"] == 60


def test_orders_are_sent_from_the_stream_and_never_beside_their_write(templates: dict[str, Template]) -> None:
    senders = {
        place
        for place, statement in statements(templates)
        if "sqs:SendMessage" in statement["Action"]
        and re.search(r':clouddrive-(deliver|bundle)"', json.dumps(statement["Resource"]))
    }
    assert senders
    # And, when all else fails, by an operator.
    known = r"Downloads-[a-z0-9-]+/(Outbox|Reconciler)Role|Recovery/Operator"
    assert not [sender for sender in senders if not re.match(known, sender)]


def test_a_new_outbox_begins_with_the_oldest_record_that_the_stream_still_has(template: Template) -> None:
    assert stream(template)["StartingPosition"] == "TRIM_HORIZON"


def test_a_record_that_cannot_be_sent_holds_up_the_others_for_a_few_tries_only(template: Template) -> None:
    mapping = stream(template)
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 1 <= mapping["MaximumRetryAttempts"] <= 10
    (failures,) = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][:1]
    assert template["Resources"][failures]["Properties"]["QueueName"] == "clouddrive-outbox-failures"


def test_the_outbox_sees_the_orders_of_its_region_and_nothing_else(template: Template, region: str) -> None:
    (found,) = stream(template)["FilterCriteria"]["Filters"]
    pattern = json.loads(found["Pattern"])

    def passes(event: str, **image: str) -> bool:
        record = {"eventName": event, "dynamodb": {"NewImage": {name: {"S": value} for name, value in image.items()}}}
        return matches(pattern, record)

    assert passes("INSERT", sk="ORDER", home=region, state="ACCEPTED")
    assert passes("MODIFY", sk="ORDER", home=region, state="DELIVERED")  # its user is told from here
    assert not passes("MODIFY", sk="ORDER", home=settings().regions.peer(region), state="ACCEPTED")
    assert not passes("INSERT", sk="FILE#abc", home=region)


def matches(pattern: Any, value: Any) -> bool:
    """Lambda's event filtering, as far as it is used: nested objects of lists of values."""
    if isinstance(pattern, list):
        return value in pattern
    return isinstance(value, dict) and all(matches(inner, value.get(key)) for key, inner in pattern.items())


def test_the_stream_is_that_of_this_regions_replica(template: Template, region: str) -> None:
    lookup = one_of(template, "Custom::AWS")
    for call in (json.loads(lookup["Create"]), json.loads(lookup["Update"])):
        assert call["parameters"] == {"TableName": "clouddrive-drive"}
        assert call.get("region") in (None, region)
    assert stream(template)["EventSourceArn"]["Fn::GetAtt"][1] == "Table.LatestStreamArn"


def test_old_purchases_move_to_a_sideline_that_other_functions_drain(template: Template) -> None:
    assert "deliver-sideline" in queues_it_may_send_to(template, "deliver")
    fresh, old = (function(template, role) for role in ("deliver", "deliver-sideline"))
    assert fresh["Handler"] == old["Handler"]
    # What is left of the strength for fresh ones, however much is old.
    assert old["ReservedConcurrentExecutions"] < fresh["ReservedConcurrentExecutions"] / 10


def test_what_decides_about_a_lost_region_is_asked_in_this_one(template: Template) -> None:
    may = allowed(template, "reconciler")
    assert may["switch"] == {"dynamodb:GetItem"}
    assert function(template, "reconciler")["Environment"]["Variables"]["SWITCH_TABLE"] == "clouddrive-switch"


def test_nothing_but_the_peers_name_leads_to_the_other_region(template: Template, region: str) -> None:
    peer = settings().regions.peer(region)
    mentions = [path for path in paths_of(template["Resources"], peer) if path[-1] != "PEER_REGION"]
    assert not mentions


def paths_of(value: Any, text: str, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in paths_of(inner, text, (*path, key))]
    if isinstance(value, list):
        return [found for inner in value for found in paths_of(inner, text, path)]
    return [path] if text in str(value) else []


def test_uploads_and_copies_of_the_peers_files_are_looked_at(template: Template) -> None:
    rule = one_of(template, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    buckets = json.dumps(rule["EventPattern"]["detail"]["bucket"]["name"])
    assert "clouddrive-files-" in buckets
    assert "clouddrive-replica-" in buckets
    (target,) = rule["Targets"]
    assert target["DeadLetterConfig"]["Arn"] != target["Arn"]


def test_a_function_is_told_of_nothing_that_it_may_not_use(template: Template) -> None:
    for properties in all_of(template, "AWS::Lambda::Function").values():
        role = properties["FunctionName"].removeprefix("clouddrive-")
        may = " ".join(allowed(template, role))
        for variable, value in properties.get("Environment", {}).get("Variables", {}).items():
            if variable.endswith("_TABLE"):
                assert value.removeprefix("clouddrive-") in may, (role, variable)
            if variable.endswith("_QUEUE_URL"):
                assert json.dumps(value).rsplit("/clouddrive-", 1)[1].rstrip('"]}') in may, (role, variable)


def asked_for(module: Path, repository: Path) -> Iterator[str]:
    """The variables that a module, and what it imports of ours, asks its environment for by name."""
    seen: set[Path] = set()
    found = [module]
    while found:
        path = found.pop()
        # What is sent where depends on the message, so that no service needs all queues of this module.
        if path in seen or not path.is_file() or path.name == "messages.py":
            continue
        seen.add(path)
        text = path.read_text()
        yield from (name.upper() for name in re.findall(r"\bhere\.([a-z_]+)", text))
        for package, names in re.findall(r"^from (services[a-z_.]*) import (.+)$", text, re.MULTILINE):
            folder = repository / package.replace(".", "/")
            found += [folder.with_suffix(".py"), *(folder / f"{name.strip()}.py" for name in names.split(","))]


def test_every_function_is_told_what_its_code_asks_for(template: Template, repository: Path) -> None:
    for properties in all_of(template, "AWS::Lambda::Function").values():
        handler = properties["Handler"].rsplit(".", 1)[0]
        if handler.startswith("services."):
            told = {"AWS_REGION", *properties["Environment"]["Variables"]}
            asked = set(asked_for(repository / f"{handler.replace('.', '/')}.py", repository))
            assert asked
            assert asked <= told, handler


def test_every_policy_names_what_it_allows(template: Template) -> None:
    for name, policy in all_of(template, "AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Resource"] != "*", name
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action], name


def test_keys_are_used_by_the_aliases_that_are_named(template: Template) -> None:
    for name, policy in all_of(template, "AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if "kms:" in json.dumps(statement["Action"]):
                (aliases,) = statement["Condition"]["ForAnyValue:StringEquals"].values()
                assert all(alias.startswith("alias/clouddrive-") for alias in aliases), name


def test_every_role_stays_within_the_boundary(template: Template, region: str) -> None:
    for name, role in all_of(template, "AWS::IAM::Role").items():
        assert f":policy/clouddrive-boundary-{region}" in json.dumps(role["PermissionsBoundary"]), name


def test_what_customers_are_told_travels_encrypted(template: Template) -> None:
    assert "alias/clouddrive-topics" in json.dumps(one_of(template, "AWS::SNS::Topic")["KmsMasterKeyId"])
    policy = one_of(template, "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert any(statement["Effect"] == "Deny" and "SecureTransport" in json.dumps(statement) for statement in policy)
