"""Small designs for tests, written as Python."""

import json
from typing import Any

from seawall.design import Design, Resource
from seawall.sources.cloudformation import parse, template_of
from seawall.stack import Template

PLAN = {
    "Type": "AWS::Backup::BackupPlan",
    "Properties": {
        "BackupPlan": {
            "BackupPlanName": "nightly",
            "BackupPlanRule": [
                {
                    "RuleName": "nightly",
                    "TargetBackupVault": "vault",
                    "ScheduleExpression": "cron(0 3 * * ? *)",
                    "Lifecycle": {"DeleteAfterDays": 35},
                    "CopyActions": [{"DestinationBackupVaultArn": "arn:aws:backup:eu-west-1:1:backup-vault:far"}],
                }
            ],
        }
    },
}


def template(resources: dict[str, Any], name: str = "", region: str | None = None, **more: Any) -> Template:
    text = json.dumps({"Resources": resources, **more})
    read = template_of(parse("template.json", text, []), name)
    read.region = region
    return read


def design(resources: dict[str, Any], **more: Any) -> Design:
    return Design([template(resources, **more)])


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def table(**properties: Any) -> dict[str, Any]:
    return resource("AWS::DynamoDB::Table", **properties)


def bucket(**properties: Any) -> dict[str, Any]:
    return resource("AWS::S3::Bucket", **properties)


def tags(**values: Any) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def selection(**chosen: Any) -> dict[str, Any]:
    return resource(
        "AWS::Backup::BackupSelection",
        BackupPlanId={"Ref": "Plan"},
        BackupSelection={"SelectionName": "s", **chosen},
    )


def tag_entry(key: str, value: Any) -> dict[str, Any]:
    return {"ConditionType": "STRINGEQUALS", "ConditionKey": key, "ConditionValue": value}


def condition(key: str, value: str) -> list[dict[str, str]]:
    return [{"ConditionKey": f"aws:ResourceTag/{key}", "ConditionValue": value}]


def one(found: Design, logical_id: str, stack: str = "") -> Resource:
    return found.all[stack, logical_id]
