"""The same kinds of things as the drive has on an order's way, without our code: table, queues, topic, API, function.

The table has the drive's keys, indexes, stream and replica. The function answers at once. Roles are enforced as the
drive's are: the calls come from a role, not from root, whom the emulator does not check.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drills.frame.running import Drive

NAME = "bare"
CODE = """
def handle(event, context):
    return {"statusCode": 202, "body": "{}"} if "httpMethod" in event else {"batchItemFailures": []}
"""
BATCHES = {"deliver": 10, "notify": 1}
"""Messages that a function gets at a time, as in the templates."""
FUNCTIONS_AND_TASKS = {"Service": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}
ANYBODY = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": FUNCTIONS_AND_TASKS}
EVERYTHING = {"Effect": "Allow", "Action": ["dynamodb:*", "sqs:*", "sns:*", "lambda:*", "logs:*"], "Resource": "*"}


@dataclass(frozen=True)
class BareCloud:
    """Where its parts are."""

    url: str
    role: str
    names: dict[str, str]
    """What stands in place of which name of the drive."""
    queues: dict[str, str]


def bare_cloud(drive: "Drive") -> BareCloud:
    """Make it beside the drive, where it stays, idle."""
    role = _role(drive)
    # A function of its own for each task, as the drive has: each may have as many processes.
    queues = {
        name: _queue(drive, name, batch, _function(drive, f"{NAME}-{name}", role)) for name, batch in BATCHES.items()
    }
    topic = drive.client("sns").create_topic(Name=NAME)["TopicArn"]
    _table(drive)
    # Addresses before the table's name, which is a part of none of them.
    names = {drive.queue_url(name): url for name, url in queues.items()}
    names |= {functions_environment(drive)["NOTICES_TOPIC_ARN"]: topic, drive.design.name("drive"): NAME}
    return BareCloud(_api(drive, _function(drive, f"{NAME}-api", role)), role, names, queues)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _role(drive: "Drive") -> str:
    iam = drive.client("iam")
    try:
        made = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=_policy(ANYBODY))
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName=NAME)
    iam.put_role_policy(RoleName=NAME, PolicyName=NAME, PolicyDocument=_policy(EVERYTHING))
    return str(made["Role"]["Arn"])


def _function(drive: "Drive", name: str, role: str) -> str:
    awslambda = drive.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("bare.py", CODE)
    try:
        made = awslambda.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="bare.handle",
            Code={"ZipFile": package.getvalue()},
            Timeout=10,
        )
    except awslambda.exceptions.ResourceConflictException:
        made = awslambda.get_function(FunctionName=name)["Configuration"]
    return str(made["FunctionArn"])


def _queue(drive: "Drive", name: str, batch: int, function: str) -> str:
    sqs, awslambda = drive.client("sqs"), drive.client("lambda")
    url = str(sqs.create_queue(QueueName=f"{NAME}-{name}")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if not awslambda.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]:
        awslambda.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=batch)
    return url


def functions_environment(drive: "Drive") -> dict[str, str]:
    """Return all that the functions on an order's way are told, and root's keys."""
    region = drive.design.primary
    told: dict[str, str] = {}
    for name in ("Api", "Downloads"):
        for function in drive.deployed.stack(name, region).resources("AWS::Lambda::Function"):
            told |= function.properties.get("Environment", {}).get("Variables", {})
    return {**{name: str(value) for name, value in told.items()}, **drive.cloud.environment(region)}


def _table(drive: "Drive") -> None:
    dynamodb: Any = drive.client("dynamodb")
    model = dynamodb.describe_table(TableName=drive.design.name("drive"))["Table"]
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in model["GlobalSecondaryIndexes"]
    ]
    try:
        dynamodb.create_table(
            TableName=NAME,
            KeySchema=model["KeySchema"],
            AttributeDefinitions=model["AttributeDefinitions"],
            GlobalSecondaryIndexes=indexes,
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
    except dynamodb.exceptions.ResourceInUseException:
        return
    update = {"Create": {"RegionName": drive.design.standby}}
    dynamodb.update_table(TableName=NAME, ReplicaUpdates=[update])


def _api(drive: "Drive", function: str) -> str:
    gateway: Any = drive.client("apigateway")
    api = gateway.create_rest_api(name=NAME)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="orders")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE")
    region = drive.design.primary
    address = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=address)
    gateway.create_deployment(restApiId=api, stageName="live")
    drive.client("lambda").add_permission(
        FunctionName=f"{NAME}-api",
        StatementId=api,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return f"{drive.cloud.endpoint(region)}/restapis/{api}/live/_user_request_/orders"
