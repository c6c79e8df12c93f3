import json
from pathlib import Path
from typing import Any

import pytest
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.source import Document
from seawall.sources.terraform_plan import is_plan, read_document, read_plan
from seawall.values import Reference, Unknown

from tests.terraform_plans import PLAN, block, change, planned, references, resource, written_plan


def test_planned_values_are_the_properties(tmp_path: Path) -> None:
    orders = planned(tmp_path, PLAN).all["", "aws_db_instance.orders"]
    assert (orders.type, orders.get("MultiAZ"), orders.get("BackupRetentionPeriod")) == (
        "AWS::RDS::DBInstance",
        False,
        7,
    )
    assert orders.attribute("DeletionPolicy") == "Delete"


def test_default_tags_of_the_provider_count(tmp_path: Path) -> None:
    assert planned(tmp_path, PLAN).all["", "aws_db_instance.orders"].tags == {"team": "shop", "backup": "daily"}


def test_what_is_known_after_apply_refers_to_planned_resources(tmp_path: Path) -> None:
    group = planned(tmp_path, PLAN).all["", "aws_db_subnet_group.private"]
    assert group.get("SubnetIds") == [Reference(("", f"aws_subnet.private[{index}]")) for index in (0, 1)]


def test_a_reference_through_a_module_s_variable_is_followed(tmp_path: Path) -> None:
    design = planned(tmp_path, PLAN)
    function = design.all["", 'module.work["a.b"].aws_lambda_function.worker']
    subnets = function.get("VpcConfig.SubnetIds")
    assert [one.key[1] for one in subnets] == ["aws_subnet.private[0]", "aws_subnet.private[1]"]


def test_an_unknown_redrive_policy_still_names_its_dead_letter_queue(tmp_path: Path) -> None:
    design = planned(tmp_path, PLAN)
    queue = design.all["", 'module.work["a.b"].aws_sqs_queue.main']
    dead = design.resolve(queue.get("RedrivePolicy.deadLetterTargetArn"), "AWS::SQS::Queue")
    assert dead is not None
    assert dead.id == 'module.work["a.b"].aws_sqs_queue.dead'


def test_a_module_s_output_is_followed(tmp_path: Path) -> None:
    subscription = planned(tmp_path, PLAN).all["", "aws_sns_topic_subscription.work"]
    assert subscription.get("Endpoint") == Reference(("", 'module.work["a.b"].aws_sqs_queue.main'))


def test_a_variable_that_is_not_known_is_named(tmp_path: Path) -> None:
    multi = planned(tmp_path, PLAN).all["", "aws_db_instance.copy"].get("MultiAZ")
    assert isinstance(multi, Unknown)
    assert multi.because == ("data source aws_ssm_parameter.multi",)


def test_the_region_comes_from_the_provider_s_configuration(tmp_path: Path) -> None:
    design = planned(tmp_path, PLAN)
    assert design.all["", "aws_db_instance.orders"].region == "eu-west-1"
    assert design.all["", "aws_db_instance.copy"].region == "us-east-1"


def test_lines_are_told_where_the_plan_has_several(tmp_path: Path) -> None:
    file = written_plan(tmp_path, PLAN)
    file.write_text(json.dumps(PLAN, indent=1))
    document = read_document(file, "plan.json")
    assert document is not None
    resource = read_plan(document).all["", "aws_db_subnet_group.private"]
    assert '"address": "aws_db_subnet_group.private"' in document.text_of(resource.line)


@pytest.mark.parametrize(
    "content",
    ["{}", "[]", "", "null", '{"format_version": 3}', '{"Resources": {}}', '{"planned_values": {}}'],
)
def test_other_documents_are_no_plan(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    assert read_document(file, "other.json") is None


def test_a_broken_plan_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"format_version": "1.2", "terraform_version": "1.9.0",\n "planned_values": {,\n')
    with pytest.raises(Unreadable) as raised:
        read_document(file, "plan.json")
    assert raised.value.line == 2


@pytest.mark.parametrize("wrong", [3, "x", [], None, [3], {"resources": 3}, {"resources": [3, {"address": 4}]}])
def test_wrong_types_anywhere_do_not_end_the_reading(wrong: Any) -> None:
    for place in ("planned_values", "configuration", "resource_changes", "variables"):
        root = {**PLAN, place: wrong}
        if is_plan(root):
            read_plan(Document("plan.json", "", root, is_json=True))
        root = {**PLAN, place: {"root_module": wrong, "provider_config": wrong}}
        if is_plan(root):
            read_plan(Document("plan.json", "", root, is_json=True))


def loop(kind: str, name: str, over: str, **expressions: Any) -> dict[str, Any]:
    return {**block(kind, name, **expressions), "for_each_expression": references(over)}


def looped(tmp_path: Path, blocks: list[dict[str, Any]], changes: list[dict[str, Any]], *resources: Any) -> Design:
    return planned(
        tmp_path,
        {
            "format_version": "1.2",
            "planned_values": {"root_module": {"resources": list(resources)}},
            "resource_changes": changes,
            "configuration": {"root_module": {"resources": blocks}},
        },
    )


def test_a_loop_over_resources_refers_to_the_one_with_the_same_key(tmp_path: Path) -> None:
    design = looped(
        tmp_path,
        [
            loop("aws_subnet", "zone", "var.zones"),
            loop(
                "aws_efs_mount_target", "door", "aws_subnet.zone", subnet_id=references("each.value.id", "each.value")
            ),
        ],
        [change('aws_efs_mount_target.door["b"]', subnet_id=True)],
        resource("aws_subnet", "zone", {}, index="a"),
        resource("aws_subnet", "zone", {}, index="b"),
        resource("aws_efs_mount_target", "door", {}, index="b"),
    )
    door = design.all["", 'aws_efs_mount_target.door["b"]']
    assert door.get("SubnetId") == Reference(("", 'aws_subnet.zone["b"]'))


def test_a_setting_that_a_condition_may_leave_out_is_unknown(tmp_path: Path) -> None:
    # redrive_policy = each.value.dead ? jsonencode({… aws_sqs_queue.dead[each.key].arn …}) : null
    policy = references("each.value.dead", "each.value", "aws_sqs_queue.dead", "each.key")
    design = looped(
        tmp_path,
        [
            loop("aws_sqs_queue", "main", "local.queues", redrive_policy=policy),
            loop("aws_sqs_queue", "dead", "local.x"),
        ],
        [change(f'aws_sqs_queue.main["{name}"]', redrive_policy=True) for name in ("orders", "audit")],
        resource("aws_sqs_queue", "main", {}, index="orders"),
        resource("aws_sqs_queue", "main", {}, index="audit"),
        resource("aws_sqs_queue", "dead", {}, index="orders"),
    )
    assert isinstance(design.all["", 'aws_sqs_queue.main["audit"]'].get("RedrivePolicy"), Unknown)
    assert not isinstance(design.all["", 'aws_sqs_queue.main["orders"]'].get("RedrivePolicy"), Unknown)
