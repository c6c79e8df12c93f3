"""A plan as ``terraform show -json`` prints it, written by hand to the documented format."""

import json
from pathlib import Path
from typing import Any

from seawall.design import Design
from seawall.sources.terraform_plan import read_document, read_plan


def resource(kind: str, name: str, values: dict[str, Any], path: str = "", index: Any = None) -> dict[str, Any]:
    shown = "" if index is None else f"[{json.dumps(index)}]"
    found = {"address": f"{path}{kind}.{name}{shown}", "mode": "managed", "type": kind, "name": name, "values": values}
    return found if index is None else {**found, "index": index}


def block(kind: str, name: str, provider: str = "aws", /, **expressions: Any) -> dict[str, Any]:
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_config_key": provider,
        "expressions": expressions,
    }


def change(address: str, **after_unknown: Any) -> dict[str, Any]:
    return {
        "address": address,
        "change": {"actions": ["create"], "before": None, "after": {}, "after_unknown": after_unknown},
    }


def references(*names: str) -> dict[str, Any]:
    return {"references": list(names)}


WORK = 'module.work["a.b"].'
PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "variables": {"region": {"value": "eu-west-1"}},
    "planned_values": {
        "root_module": {
            "resources": [
                resource(
                    "aws_db_instance",
                    "orders",
                    {
                        "engine": "mysql",
                        "multi_az": False,
                        "backup_retention_period": 7,
                        "skip_final_snapshot": True,
                        "tags": {"team": "shop"},
                        "tags_all": {"team": "shop", "backup": "daily"},
                    },
                ),
                resource("aws_db_instance", "copy", {"engine": "mysql"}),
                resource("aws_subnet", "private", {"availability_zone": "eu-west-1a"}, index=0),
                resource("aws_subnet", "private", {"availability_zone": "eu-west-1b"}, index=1),
                resource("aws_db_subnet_group", "private", {"name": "private"}),
                resource("aws_sns_topic_subscription", "work", {"protocol": "sqs"}),
            ],
            "child_modules": [
                {
                    "address": 'module.work["a.b"]',
                    "resources": [
                        resource("aws_sqs_queue", "main", {"name": "main"}, WORK),
                        resource("aws_sqs_queue", "dead", {"name": "dead"}, WORK),
                        resource("aws_lambda_function", "worker", {"vpc_config": [{"security_group_ids": []}]}, WORK),
                    ],
                }
            ],
        }
    },
    "resource_changes": [
        change("aws_db_instance.orders", arn=True, tags={}),
        change("aws_db_instance.copy", multi_az=True),
        change("aws_db_subnet_group.private", subnet_ids=True),
        change("aws_sns_topic_subscription.work", endpoint=True),
        change(f"{WORK}aws_sqs_queue.main", redrive_policy=True, arn=True),
        change(f"{WORK}aws_lambda_function.worker", vpc_config=[{"subnet_ids": True}]),
    ],
    "configuration": {
        "provider_config": {
            "aws": {"name": "aws", "expressions": {"region": references("var.region")}},
            "aws.far": {"name": "aws", "alias": "far", "expressions": {"region": {"constant_value": "us-east-1"}}},
        },
        "root_module": {
            "resources": [
                block("aws_db_instance", "orders"),
                block("aws_db_instance", "copy", "aws.far", multi_az=references("data.aws_ssm_parameter.multi.value")),
                block("aws_subnet", "private"),
                block("aws_db_subnet_group", "private", subnet_ids=references("aws_subnet.private")),
                block(
                    "aws_sns_topic_subscription",
                    "work",
                    endpoint=references("module.work.arn", "module.work"),
                ),
            ],
            "module_calls": {
                "work": {
                    "source": "./work",
                    "expressions": {"subnets": references("aws_subnet.private")},
                    "module": {
                        "outputs": {
                            "arn": {"expression": references("aws_sqs_queue.main.arn", "aws_sqs_queue.main")}
                        },
                        "resources": [
                            block(
                                "aws_sqs_queue",
                                "main",
                                redrive_policy=references("aws_sqs_queue.dead.arn", "aws_sqs_queue.dead"),
                            ),
                            block("aws_sqs_queue", "dead"),
                            block(
                                "aws_lambda_function",
                                "worker",
                                vpc_config=[{"subnet_ids": references("var.subnets")}],
                            ),
                        ],
                    },
                }
            },
        },
    },
}  # fmt: skip


def written_plan(folder: Path, plan: dict[str, Any]) -> Path:
    """The plan in a file, on one line as Terraform writes it."""
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    return file


def planned(folder: Path, plan: dict[str, Any]) -> Design:
    """The design of a plan."""
    document = read_document(written_plan(folder, plan), "plan.json")
    assert document is not None
    return read_plan(document)
