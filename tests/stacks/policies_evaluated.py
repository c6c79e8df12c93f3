"""What IAM answers to a request under the policies of one role, as far as the drive's policies need it.

The order is IAM's own: a denial wins, then something must allow (IAM User Guide, "Policy evaluation logic").
"""

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

ACCOUNT = "111122223333"
REFERENCES = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}

Statement = Mapping[str, Any]


def with_arns(template: Mapping[str, Any], region: str) -> Any:
    """Return a template in which what refers to its own queues, logs, functions and secrets is their ARN."""
    arns = {name: arn for name, resource in template["Resources"].items() if (arn := _arn(resource, region))}

    def replaced(value: Any) -> Any:
        if isinstance(value, list):
            return [replaced(part) for part in value]
        if not isinstance(value, dict):
            return value
        referred = value.get("Ref") or value.get("Fn::GetAtt", [None])[0]
        return arns.get(referred) or {key: replaced(part) for key, part in value.items()}

    return replaced(template)


def _arn(resource: Mapping[str, Any], region: str) -> str | None:
    properties = resource.get("Properties", {})
    names = {
        "AWS::SQS::Queue": ("sqs", properties.get("QueueName")),
        "AWS::Logs::LogGroup": ("logs", f"log-group:{properties.get('LogGroupName')}:*"),
        "AWS::SecretsManager::Secret": ("secretsmanager", f"secret:{properties.get('Name')}-AbCdEf"),
        "AWS::Lambda::Alias": ("lambda", "function:some"),
    }
    service, name = names.get(resource["Type"], (None, None))
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}" if service else None


def statements_of(template: Mapping[str, Any], role: str) -> list[Statement]:
    """Return the statements that a template gives to the role with this logical id, references filled in."""
    return [
        json.loads(json.dumps(_filled(statement)))
        for resource in template["Resources"].values()
        if resource["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
        if {"Ref": role} in resource["Properties"].get("Roles", [])
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


def boundary_of(template: Mapping[str, Any]) -> list[Statement]:
    """Return the statements of the permission boundary that Foundation's template makes."""
    [policy] = [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::ManagedPolicy"]
    return [json.loads(json.dumps(_filled(one))) for one in policy["Properties"]["PolicyDocument"]["Statement"]]


def allowed(
    statements: Sequence[Statement], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Return whether the action on the resource is allowed; `context` holds the condition keys of the request."""
    matching = [s["Effect"] for s in statements if _matches(s, action, resource, context or {})]
    return "Allow" in matching and "Deny" not in matching


def denied(statements: Sequence[Statement], action: str) -> bool:
    """Return whether the action is denied explicitly, whatever else allows it, on every resource."""
    return any(s["Effect"] == "Deny" and s["Resource"] == "*" and _names(s, action) for s in statements)


def _matches(statement: Statement, action: str, resource: str, context: Mapping[str, str]) -> bool:
    resources = _listed(statement["Resource"])
    if not _names(statement, action) or not any(fnmatchcase(resource, pattern) for pattern in resources):
        return False
    # The operators used here compare one value with several patterns; a key that is missing is like none of them.
    return all(
        any(fnmatchcase(context.get(key, ""), pattern) for pattern in _listed(value))
        != operator.startswith("StringNot")
        for operator, comparison in statement.get("Condition", {}).items()
        for key, value in comparison.items()
    )


def _names(statement: Statement, action: str) -> bool:
    if "NotAction" in statement:
        return not any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement["NotAction"]))
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement["Action"]))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return REFERENCES[value["Ref"]]
    if isinstance(value.get("Fn::Sub"), str):
        return value["Fn::Sub"].replace("${AWS::AccountId}", ACCOUNT)
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(_filled(part) for part in parts)
    return {key: _filled(part) for key, part in value.items()}
