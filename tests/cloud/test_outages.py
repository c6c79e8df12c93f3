import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.outages import is_data_plane
from tests.cloud.small_functions import invoke
from tests.cloud.waiting import until

WEST, CENTRAL = "eu-west-1", "eu-central-1"
TABLE = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
NOTES_MESSAGES = """
import boto3, json
def handler(event, context):
    table = boto3.client("dynamodb")
    for record in event["Records"]:
        name = record.get("body") or record["dynamodb"]["Keys"]["id"]["S"]
        table.put_item(TableName="noted", Item={"id": {"S": name}})
"""


@pytest.fixture
def west_down(cloud: EmbeddedCloud) -> None:
    cloud.take_down(WEST)


@pytest.fixture(autouse=True)
def as_before(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    for region in cloud.control("health")["down"]:
        cloud.bring_up(region)
    cloud.allow()
    cloud.allow_control_planes()


@pytest.fixture(scope="module")
def noted(cloud: EmbeddedCloud, function: Callable[..., str]) -> Callable[[], set[str]]:
    """A queue and a table with a stream, in the west, whose messages and writes a function notes in another table."""
    dynamodb, sqs, awslambda = (cloud.client(service, WEST) for service in ("dynamodb", "sqs", "lambda"))
    dynamodb.create_table(TableName="noted", **TABLE)
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    source = dynamodb.create_table(TableName="watched", StreamSpecification=stream, **TABLE)["TableDescription"]
    queue = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function("notes", NOTES_MESSAGES, may=("dynamodb:*", "sqs:*"))
    awslambda.create_event_source_mapping(EventSourceArn=arn, FunctionName="notes", BatchSize=1)
    awslambda.create_event_source_mapping(
        EventSourceArn=source["LatestStreamArn"], FunctionName="notes", StartingPosition="TRIM_HORIZON"
    )
    return lambda: {item["id"]["S"] for item in dynamodb.scan(TableName="noted")["Items"]}


@pytest.mark.usefixtures("west_down")
def test_a_lost_region_refuses_connections_and_the_others_go_on(cloud: EmbeddedCloud) -> None:
    with pytest.raises(EndpointConnectionError):
        cloud.client("sqs", WEST, attempts=1).list_queues()
    assert cloud.client("sqs", CENTRAL).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_established_connections_are_cut(cloud: EmbeddedCloud) -> None:
    sqs = cloud.client("sqs", WEST, attempts=1)
    queue = sqs.create_queue(QueueName="waited-for")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        time.sleep(0.5)
        started = time.monotonic()
        cloud.take_down(WEST)
        with pytest.raises(BotoCoreError):
            waiting.result(10)
        assert time.monotonic() - started < 5
    cloud.bring_up(WEST)


def test_a_function_that_calls_its_lost_peer_hangs_and_is_cut(
    cloud: EmbeddedCloud, function: Callable[..., str]
) -> None:
    source = f"""
import time, boto3
from botocore.config import Config
def handler(event, context):
    patient = Config(retries={{"total_max_attempts": 1}}, read_timeout=15)
    started = time.monotonic()
    try:
        boto3.client("sqs", region_name="{WEST}", config=patient).list_queues()
    except Exception as error:
        return [type(error).__name__, time.monotonic() - started]
    return ["answered", time.monotonic() - started]
"""
    function("calls-its-peer", source, CENTRAL, may=("sqs:ListQueues",))
    assert invoke(cloud, "calls-its-peer", CENTRAL)[0] == "answered"

    cloud.take_down(WEST, hang_seconds=2)
    error, seconds = invoke(cloud, "calls-its-peer", CENTRAL)
    cloud.bring_up(WEST)

    assert error == "ConnectionClosedError"
    assert 1.5 < seconds < 4


def test_a_lost_regions_bucket_cannot_be_read_through_another_region(cloud: EmbeddedCloud) -> None:
    place: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": WEST}}
    cloud.client("s3", WEST).create_bucket(Bucket="western-things", **place)
    s3 = cloud.client("s3", CENTRAL, attempts=1, read_timeout=0.5)
    s3.list_objects_v2(Bucket="western-things")

    cloud.take_down(WEST)
    with pytest.raises(BotoCoreError):
        s3.list_objects_v2(Bucket="western-things")
    cloud.bring_up(WEST)


def test_queues_and_streams_of_a_lost_region_stand_still_and_go_on_afterwards(
    cloud: EmbeddedCloud, noted: Callable[[], set[str]]
) -> None:
    sqs, dynamodb = cloud.client("sqs", WEST), cloud.client("dynamodb", WEST)
    queue = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="before")
    until(lambda: "before" in noted())

    sqs.send_message(QueueUrl=queue, MessageBody="in the queue", DelaySeconds=1)
    dynamodb.put_item(TableName="watched", Item={"id": {"S": "in the stream"}})
    cloud.take_down(WEST)
    assert not [process for process in cloud.processes() if process.name.startswith(WEST)]
    time.sleep(1.5)
    assert not [process for process in cloud.processes() if process.name.startswith(WEST)]
    cloud.bring_up(WEST)

    until(lambda: {"in the queue", "in the stream"} <= noted())


def test_functions_that_run_when_their_region_is_lost_are_killed(
    cloud: EmbeddedCloud, function: Callable[..., str]
) -> None:
    source = """
import time, boto3
def handler(event, context):
    time.sleep(2)
    boto3.client("sqs").create_queue(QueueName="finished-after-all")
"""
    function("long-work", source, may=("sqs:*",))
    cloud.client("lambda", WEST).invoke(FunctionName="long-work", InvocationType="Event")
    until(lambda: [process for process in cloud.processes() if process.name == f"{WEST}:long-work"])

    cloud.take_down(WEST)
    time.sleep(2.5)
    cloud.bring_up(WEST)

    assert cloud.client("sqs", WEST).list_queues(QueueNamePrefix="finished-after-all").get("QueueUrls", []) == []


def test_control_planes_are_refused_and_data_goes_on(cloud: EmbeddedCloud) -> None:
    s3, sqs, dynamodb = (cloud.client(service, CENTRAL, attempts=1) for service in ("s3", "sqs", "dynamodb"))
    s3.create_bucket(Bucket="data-goes-on", CreateBucketConfiguration={"LocationConstraint": CENTRAL})
    queue = sqs.create_queue(QueueName="data-goes-on")["QueueUrl"]
    dynamodb.create_table(TableName="data-goes-on", **TABLE)

    cloud.refuse_control_planes()
    s3.put_object(Bucket="data-goes-on", Key="a", Body=b"1")
    s3.list_objects_v2(Bucket="data-goes-on")
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    dynamodb.put_item(TableName="data-goes-on", Item={"id": {"S": "1"}})
    refused: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (s3.create_bucket, {"Bucket": "another", "CreateBucketConfiguration": {"LocationConstraint": CENTRAL}}),
        (sqs.create_queue, {"QueueName": "another"}),
        (dynamodb.update_table, {"TableName": "data-goes-on", "BillingMode": "PAY_PER_REQUEST"}),
        (cloud.client("lambda", CENTRAL, attempts=1).list_functions, {}),
        (cloud.client("ecs", CENTRAL, attempts=1).list_clusters, {}),
        (cloud.client("iam", "us-east-1", attempts=1).list_roles, {}),
    ]
    for call, settings in refused:
        with pytest.raises(ClientError) as failure:
            call(**settings)
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503, call

    assert cloud.allow_control_planes()["control_plane_calls_refused"] >= len(refused)
    sqs.create_queue(QueueName="another")


def test_one_action_is_refused_in_one_region_and_as_often_as_asked(cloud: EmbeddedCloud) -> None:
    cloud.refuse("sqs:ListQueues", region=WEST, times=1)

    cloud.client("sqs", CENTRAL).list_queues()
    with pytest.raises(ClientError, match="sqs:ListQueues in eu-west-1 is refused by the drill"):
        cloud.client("sqs", WEST, attempts=1).list_queues()
    cloud.client("sqs", WEST).list_queues()
    assert cloud.allow()["refusals"][0]["refused"] == 1


@pytest.mark.parametrize(
    ("action", "data_plane"),
    [
        ("s3:PutObject", True),
        ("s3:DeleteObjectVersion", True),
        ("s3:PutBucketObjectLockConfiguration", False),
        ("s3:CreateBucket", False),
        ("dynamodb:TransactWriteItems", True),
        ("dynamodb:UpdateTable", False),
        ("lambda:InvokeFunction", True),
        ("lambda:UpdateFunctionCode", False),
        ("appconfig:GetLatestConfiguration", True),
        ("appconfig:StartDeployment", False),
        ("route53:ChangeResourceRecordSets", False),
        ("ecs:UpdateService", False),
    ],
)
def test_what_counts_as_data_plane(action: str, data_plane: bool) -> None:
    assert is_data_plane(action) is data_plane


def test_a_distribution_cannot_reach_its_origin_in_a_lost_region(cloud: EmbeddedCloud) -> None:
    s3, cloudfront = cloud.client("s3", WEST), cloud.client("cloudfront", "us-east-1")
    s3.create_bucket(Bucket="origin-west", CreateBucketConfiguration={"LocationConstraint": WEST})
    s3.delete_public_access_block(Bucket="origin-west")
    open_to_all = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::origin-west/*",
    }
    s3.put_bucket_policy(Bucket="origin-west", Policy=json.dumps({"Version": "2012-10-17", "Statement": [open_to_all]}))
    s3.put_object(Bucket="origin-west", Key="page", Body=b"here")
    domain = f"origin-west.s3.{WEST}.amazonaws.com"
    origin = {"Id": "west", "DomainName": domain, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behaviour = {
        "TargetOriginId": "west",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",  # AWS's own: caching disabled
    }
    settings = {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behaviour,
    }
    made = cloudfront.create_distribution(DistributionConfig=settings)["Distribution"]

    def status() -> int:
        page = f"{cloud.endpoint('us-east-1')}/page"
        return httpx.get(page, headers={"Host": made["DomainName"]}).status_code

    assert status() == 200
    cloud.take_down(WEST)
    assert status() >= 500
    cloud.bring_up(WEST)
    assert status() == 200
