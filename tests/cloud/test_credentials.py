import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from embedded_cloud.embedded import CloudNotRunning, EmbeddedCloud
from tests.cloud.small_functions import make_role

WEST = "eu-west-1"
TASKS = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
OPERATORS = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    "Action": "sts:AssumeRole",
    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
}
ASKS = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
print(boto3.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"])
try:
    boto3.client("dynamodb").list_tables()
except Exception as error:
    print(error.response["Error"]["Code"])
"""


@pytest.fixture(scope="module")
def task_role(cloud: EmbeddedCloud) -> str:
    return make_role(cloud, "bundler", ["sqs:ListQueues"], TASKS)


def without_keys(more: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | dict(more)


def test_a_task_runs_as_its_role_and_no_more(cloud: EmbeddedCloud, task_role: str) -> None:
    environment = without_keys(cloud.task_environment(task_role, WEST))
    done = subprocess.run([sys.executable, "-c", ASKS], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "arn:aws:sts::000000000000:assumed-role/bundler/task",
        "200",
        "AccessDeniedException",
    ]


def test_a_role_that_trusts_no_tasks_gives_none_its_credentials(cloud: EmbeddedCloud) -> None:
    role = make_role(cloud, "function-only", [])

    with pytest.raises(CloudNotRunning, match=r"trusts lambda\.amazonaws\.com, not ecs-tasks\.amazonaws\.com"):
        cloud.task_environment(role, WEST)
    with pytest.raises(CloudNotRunning, match="there is no role"):
        cloud.task_environment("arn:aws:iam::000000000000:role/nobody", WEST)


def test_the_credentials_address_asks_for_the_tasks_token(cloud: EmbeddedCloud, task_role: str) -> None:
    environment = cloud.task_environment(task_role, WEST)
    request = urllib.request.Request(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"])  # noqa: S310 - loopback
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)  # noqa: S310 - loopback
    request.add_header("Authorization", environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"])

    with urllib.request.urlopen(request) as response:  # noqa: S310 - loopback
        assert json.load(response)["RoleArn"] == task_role


def test_an_operator_with_a_second_factor_takes_on_the_role(cloud: EmbeddedCloud) -> None:
    role = make_role(cloud, "operator", ["sqs:ListQueues"], OPERATORS)
    credentials = cloud.assume(role)

    identity = cloud.client("sts", WEST, credentials).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::000000000000:assumed-role/operator/operator"
    cloud.client("sqs", WEST, credentials).list_queues()
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("sqs", WEST, credentials, attempts=1).create_queue(QueueName="no")


def test_without_a_second_factor_the_role_refuses(cloud: EmbeddedCloud) -> None:
    role = make_role(cloud, "careful-operator", [], OPERATORS)

    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("sts", WEST).assume_role(RoleArn=role, RoleSessionName="root")


def test_a_role_that_does_not_trust_people_refuses_them(cloud: EmbeddedCloud, task_role: str) -> None:
    with pytest.raises(CloudNotRunning, match="does not trust"):
        cloud.assume(task_role)
