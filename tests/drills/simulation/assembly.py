"""A data region's limits for tests: cut down from what `cdk synth` writes, with its names and its shapes."""

import json
from pathlib import Path
from typing import Any

from drills.simulation.design import Design, read_region
from stacks.queues import QUEUES

Resources = dict[str, Any]


def design(**numbers: Any) -> Design:
    return read_region("eu-west-1", [resources(**numbers)])


def resources(*, least: int = 9, most: int = 18, event: int | None = None) -> Resources:
    return {**_queues(), **_functions(), **_door(), **_workers(least, most, event)}


def assembly(folder: Path, **numbers: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/eu-west-1",
        "properties": {"templateFile": "Everything-eu-west-1.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Everything-eu-west-1": artifact}}))
    (folder / "Everything-eu-west-1.template.json").write_text(json.dumps({"Resources": resources(**numbers)}))
    return folder


def _queues() -> Resources:
    found: Resources = {}
    for numbers in QUEUES:
        name = "".join(word.title() for word in numbers.role.split("-"))
        found[f"{name}Queue"] = _resource(
            "AWS::SQS::Queue",
            QueueName=f"drive-{numbers.role}",
            VisibilityTimeout=numbers.visibility_seconds,
            MessageRetentionPeriod=numbers.retention_days * 86400,
            RedrivePolicy={"maxReceiveCount": numbers.tries},
        )
        found[f"{name}DeadLetters"] = _resource("AWS::SQS::Queue", QueueName=f"drive-{numbers.dead_letter_role}")
        if numbers.concurrency:
            found[f"{name}Messages"] = _resource(
                "AWS::Lambda::EventSourceMapping",
                EventSourceArn={"Fn::GetAtt": [f"{name}Queue", "Arn"]},
                FunctionName={"Ref": f"{name}Live"},
                BatchSize=10,
                ScalingConfig={"MaximumConcurrency": numbers.concurrency},
            )
    return found


def _functions() -> Resources:
    def function(name: str, reserved: int) -> Resources:
        return _resource("AWS::Lambda::Function", FunctionName=f"drive-{name}", ReservedConcurrentExecutions=reserved)

    return {
        "Order": function("api-order", 6),
        "OrderLive": _resource("AWS::Lambda::Alias", FunctionName={"Ref": "Order"}),
        "OrderTarget": _resource(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            MinCapacity=3,
            MaxCapacity=6,
            ResourceId={"Ref": "OrderLive"},
            ScalableDimension="lambda:function:ProvisionedConcurrency",
        ),
        "Outbox": function("outbox", 60),
        "OutboxLive": _resource("AWS::Lambda::Alias", FunctionName={"Ref": "Outbox"}),
        "OutboxMapping": _resource(
            "AWS::Lambda::EventSourceMapping",
            EventSourceArn={"Ref": "Stream"},
            FunctionName={"Ref": "OutboxLive"},
            BatchSize=100,
        ),
    }


def _door() -> Resources:
    settings = [
        {"ResourcePath": "/*", "ThrottlingRateLimit": 150},
        {"ResourcePath": "/~1v1~1downloads", "ThrottlingRateLimit": 75},
    ]
    return {
        "Stage": _resource("AWS::ApiGateway::Stage", MethodSettings=settings),
        "Throttled": _resource(
            "AWS::ApiGateway::GatewayResponse",
            ResponseType="THROTTLED",
            ResponseParameters={"gatewayresponse.header.Retry-After": "'5'"},
        ),
    }


def _workers(least: int, most: int, event: int | None) -> Resources:
    schedule = [
        {
            "ScheduledActionName": f"promo-{edge}",
            "Schedule": f"at(2027-03-0{day}T07:00:00)",
            "ScalableTargetAction": {"MinCapacity": minimum},
        }
        for edge, day, minimum in (("starts", 1, event), ("is-over", 2, least))
    ]
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 180, "ScalingAdjustment": 50},
        {"MetricIntervalLowerBound": 180, "ScalingAdjustment": 100},
    ]
    return {
        "Task": _resource(
            "AWS::ECS::TaskDefinition",
            Cpu="1024",
            Memory="2048",
            ContainerDefinitions=[{"Environment": [{"Name": "BUNDLE_QUEUE_URL"}]}],
        ),
        "Target": _resource(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            MinCapacity=least,
            MaxCapacity=most,
            ResourceId={"Ref": "Service"},
            ScalableDimension="ecs:service:DesiredCount",
            **({"ScheduledActions": schedule} if event else {}),
        ),
        "Backlog": _resource(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            PolicyType="TargetTrackingScaling",
            ScalingTargetId={"Ref": "Target"},
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 12,
                "ScaleOutCooldown": 60,
                "ScaleInCooldown": 600,
            },
        ),
        "Late": _resource(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            PolicyType="StepScaling",
            ScalingTargetId={"Ref": "Target"},
            StepScalingPolicyConfiguration={"Cooldown": 60, "MinAdjustmentMagnitude": 3, "StepAdjustments": steps},
        ),
        "LateAlarm": _resource("AWS::CloudWatch::Alarm", AlarmActions=[{"Ref": "Late"}], Threshold=120),
    }


def _resource(kind: str, **properties: Any) -> Resources:
    return {"Type": kind, "Properties": properties}
