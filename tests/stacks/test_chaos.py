import json
from typing import Any

import pytest

from stacks.capacity import RESERVED
from tests.stacks.synthesized import Template, all_of, one_of

PRIMARY, STANDBY = "eu-west-1", "eu-central-1"


@pytest.fixture(scope="session", params=[(PRIMARY, STANDBY), (STANDBY, PRIMARY)])
def regions(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A region and its peer."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], regions: tuple[str, str]) -> Template:
    return templates[f"Chaos-{regions[0]}"]


def experiments(template: Template) -> dict[str, dict[str, Any]]:
    return {
        experiment["Tags"]["Name"].removeprefix("clouddrive-"): experiment
        for experiment in all_of(template, "AWS::FIS::ExperimentTemplate").values()
    }


def test_each_belief_is_tried(template: Template) -> None:
    assert set(experiments(template)) == {
        "zone-lost",
        "workers-lost",
        "copies-paused",
        "tables-paused",
        "deliver-refused",
        "outbox-refused",
    }


def test_customers_failing_requests_stop_every_experiment(
    template: Template, templates: dict[str, Template], regions: tuple[str, str]
) -> None:
    alarms = all_of(templates[f"Observability-{regions[0]}"], "AWS::CloudWatch::Alarm").values()
    assert "clouddrive-slo-fast-burn" in {alarm["AlarmName"] for alarm in alarms}
    for name, experiment in experiments(template).items():
        (stop,) = experiment["StopConditions"]
        assert stop["Source"] == "aws:cloudwatch:alarm", name
        # In the region of the experiment: AWS FIS starts none whose alarm lies elsewhere.
        assert f":cloudwatch:{regions[0]}:" in json.dumps(stop["Value"]), name
        assert json.dumps(stop["Value"]).endswith(':alarm:clouddrive-slo-fast-burn"]]}'), name


def test_an_experiment_that_finds_nothing_to_hit_has_failed(template: Template) -> None:
    for name, experiment in experiments(template).items():
        assert experiment["ExperimentOptions"]["EmptyTargetResolutionMode"] == "fail", name


def test_every_experiment_leaves_a_log(template: Template) -> None:
    for name, experiment in experiments(template).items():
        configuration = experiment["LogConfiguration"]
        assert configuration["LogSchemaVersion"] == 2, name
        assert "LogGroupArn" in configuration["CloudWatchLogsConfiguration"], name


def test_a_lost_zone_takes_its_network_and_its_workers(template: Template) -> None:
    targets = experiments(template)["zone-lost"]["Targets"]
    zone = {"Fn::Select": [0, {"Fn::GetAZs": ""}]}
    assert {target["ResourceType"] for target in targets.values()} == {"aws:ec2:subnet", "aws:ecs:task"}
    for target in targets.values():
        assert target["Filters"] == [{"Path": "AvailabilityZone", "Values": [zone]}]


def test_what_is_hit_exists_under_that_name(
    template: Template, templates: dict[str, Template], regions: tuple[str, str]
) -> None:
    region, _ = regions
    tasks = experiments(template)["workers-lost"]["Targets"]["Stop"]["Parameters"]
    bundling = templates[f"Bundling-{region}"]
    assert tasks["cluster"] == one_of(bundling, "AWS::ECS::Cluster")["ClusterName"]
    assert tasks["service"] == one_of(bundling, "AWS::ECS::Service")["ServiceName"]
    tags = experiments(template)["zone-lost"]["Targets"]["CutOff"]["ResourceTags"]
    for subnet in all_of(bundling, "AWS::EC2::Subnet").values():
        assert tags.items() <= {tag["Key"]: tag["Value"] for tag in subnet["Tags"]}.items()
    buckets = json.dumps(all_of(templates[f"Storage-{region}"], "AWS::S3::Bucket"))
    (bucket,) = experiments(template)["copies-paused"]["Targets"]["Pause"]["ResourceArns"]
    assert bucket["Fn::Join"][1][-1] == f"-{region}"
    assert "clouddrive-files-" in buckets


def test_a_pause_of_copies_outlasts_the_alarm_about_it(template: Template, regions: tuple[str, str]) -> None:
    parameters = experiments(template)["copies-paused"]["Actions"]["Pause"]["Parameters"]
    assert parameters["region"] == regions[1]
    minutes = int(parameters["duration"].removeprefix("PT").removesuffix("M"))
    assert minutes > 15 + 3


@pytest.mark.parametrize("role", ["deliver", "outbox"])
def test_a_function_gets_back_the_concurrency_that_it_had(template: Template, role: str) -> None:
    told = experiments(template)[f"{role}-refused"]["Actions"]["Refuse"]["Parameters"]["documentParameters"]
    assert json.loads(told) == {"FunctionName": [f"clouddrive-{role}"], "Reserved": [str(RESERVED[role])]}


def test_calls_are_allowed_again_also_when_the_experiment_is_broken_off(template: Template) -> None:
    steps = one_of(template, "AWS::SSM::Document")["Content"]["mainSteps"]
    *before, last = steps
    assert last["inputs"]["ReservedConcurrentExecutions"] == "{{ Reserved }}"
    assert last["isEnd"] is True
    for step in before:
        assert step["onCancel"] == step["onFailure"] == f"step:{last['name']}"


def test_experiments_can_neither_change_nor_delete_data(template: Template) -> None:
    (policy,) = all_of(template, "AWS::IAM::Policy").values()
    granted = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert not any("*" in action for action in granted)
    forbidden = ("PutItem", "UpdateItem", "DeleteItem", "DeleteTable", "PutObject", "DeleteObject", "PassRole")
    assert not any(action.endswith(forbidden) for action in granted)


def test_only_reading_and_what_has_no_name_is_granted_on_everything(template: Template) -> None:
    (policy,) = all_of(template, "AWS::IAM::Policy").values()
    writing = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == "*" and "Condition" not in statement
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if not action.split(":")[1].startswith(("Describe", "List", "Get"))
    }
    assert writing == {"logs:CreateLogDelivery"}


def test_both_regions_try_the_same(templates: dict[str, Template]) -> None:
    def neutral(region: str, peer: str) -> str:
        text = json.dumps(templates[f"Chaos-{region}"], sort_keys=True)
        return text.replace(region, "HERE").replace(peer, "THERE")

    assert neutral(PRIMARY, STANDBY) == neutral(STANDBY, PRIMARY)
