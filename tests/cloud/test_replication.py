import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_cloud.embedded import EmbeddedCloud
from tests.cloud.small_functions import make_role
from tests.cloud.waiting import until

WEST, CENTRAL = "eu-west-1", "eu-central-1"
BUCKETS = {WEST: "files-west", CENTRAL: "files-central"}
TABLE = "catalogue"


@pytest.fixture(scope="module")
def buckets(cloud: EmbeddedCloud) -> dict[str, str]:
    """Two versioned buckets, each the other's replica."""
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = make_role(cloud, "replicator", ["s3:*"], trust)
    for region, name in BUCKETS.items():
        s3 = cloud.client("s3", region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        events: dict[str, Any] = {"EventBridgeConfiguration": {}}
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=events)
    for region, other in ((WEST, CENTRAL), (CENTRAL, WEST)):
        rule = {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{BUCKETS[other]}"},
        }
        cloud.client("s3", region).put_bucket_replication(
            Bucket=BUCKETS[region], ReplicationConfiguration={"Role": role, "Rules": [rule]}
        )
    return BUCKETS


@pytest.fixture(scope="module")
def table(cloud: EmbeddedCloud) -> str:
    """A global table in both regions, with a stream."""
    dynamodb = cloud.client("dynamodb", WEST)
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.update_table(TableName=TABLE, ReplicaUpdates=[{"Create": {"RegionName": CENTRAL}}])
    return TABLE


@pytest.fixture(autouse=True)
def as_before(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    for region in cloud.control("health")["down"]:
        cloud.bring_up(region)
    cloud.resume_replication()
    cloud.set_lag(0)
    until(lambda: not cloud.replication()["links"])


def put(cloud: EmbeddedCloud, region: str, key: str, value: str) -> None:
    cloud.client("dynamodb", region).put_item(TableName=TABLE, Item={"id": {"S": key}, "value": {"S": value}})


def value(cloud: EmbeddedCloud, region: str, key: str) -> str | None:
    item = cloud.client("dynamodb", region).get_item(TableName=TABLE, Key={"id": {"S": key}}).get("Item")
    return None if item is None else str(item["value"]["S"])


def content(cloud: EmbeddedCloud, region: str, key: str) -> bytes | None:
    try:
        return bytes(cloud.client("s3", region).get_object(Bucket=BUCKETS[region], Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise


def stream(cloud: EmbeddedCloud, region: str) -> list[tuple[str, str]]:
    """What the table's stream has said in this region: event and key."""
    arn = cloud.client("dynamodb", region).describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    streams = cloud.client("dynamodbstreams", region)
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return [(record["eventName"], record["dynamodb"]["Keys"]["id"]["S"]) for record in records]


@pytest.mark.usefixtures("table")
def test_without_lag_a_write_is_in_the_other_region_before_its_answer(
    cloud: EmbeddedCloud, buckets: dict[str, str]
) -> None:
    for number in range(20):
        put(cloud, WEST, f"at-once-{number}", "1")
        assert value(cloud, CENTRAL, f"at-once-{number}") == "1"
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="at-once", Body=b"1")
    assert content(cloud, CENTRAL, "at-once") == b"1"


@pytest.mark.parametrize("lag", [0.0, 0.3])
def test_a_replica_has_its_originals_version_tags_and_status(
    cloud: EmbeddedCloud, buckets: dict[str, str], lag: float
) -> None:
    cloud.set_lag(lag)
    key = f"versioned-{lag}"
    west, central = cloud.client("s3", WEST), cloud.client("s3", CENTRAL)
    version = west.put_object(Bucket=buckets[WEST], Key=key, Body=b"1", Tagging="colour=blue")["VersionId"]
    until(lambda: content(cloud, CENTRAL, key) is not None)

    assert central.head_object(Bucket=buckets[CENTRAL], Key=key, VersionId=version)["ReplicationStatus"] == "REPLICA"
    assert west.head_object(Bucket=buckets[WEST], Key=key, VersionId=version)["ReplicationStatus"] == "COMPLETED"
    tags = central.get_object_tagging(Bucket=buckets[CENTRAL], Key=key)["TagSet"]
    assert tags == [{"Key": "colour", "Value": "blue"}]


@pytest.mark.usefixtures("table")
def test_lag_keeps_writes_back_in_order_and_is_counted(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    cloud.set_lag(2)
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="lagging", Body=b"first")
    for number in range(5):
        put(cloud, WEST, "lagging", str(number))
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="lagging", Body=b"second")

    status = cloud.replication()["stores"]
    assert (status["s3"]["pending"], status["dynamodb"]["pending"]) == (2, 5)
    assert 0 < status["dynamodb"]["oldest_seconds"] < 2
    assert value(cloud, CENTRAL, "lagging") is None
    head = cloud.client("s3", WEST).head_object(Bucket=buckets[WEST], Key="lagging")
    assert head["ReplicationStatus"] == "PENDING"
    until(lambda: value(cloud, CENTRAL, "lagging") == "4")
    until(lambda: content(cloud, CENTRAL, "lagging") == b"second")
    versions = cloud.client("s3", CENTRAL).list_object_versions(Bucket=buckets[CENTRAL], Prefix="lagging")["Versions"]
    assert [version["IsLatest"] for version in versions] == [True, False]


@pytest.mark.usefixtures("table")
def test_lag_of_one_store_leaves_the_other_immediate(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    cloud.set_lag(5, store="s3")
    put(cloud, WEST, "immediate", "1")
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="later", Body=b"1")

    assert value(cloud, CENTRAL, "immediate") == "1"
    assert content(cloud, CENTRAL, "later") is None
    cloud.take_down(CENTRAL)
    cloud.bring_up(CENTRAL)


def test_multipart_copies_and_delete_markers_are_replicated(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    cloud.set_lag(0.2)
    west = cloud.client("s3", WEST)
    upload = west.create_multipart_upload(Bucket=buckets[WEST], Key="large")["UploadId"]
    part = west.upload_part(Bucket=buckets[WEST], Key="large", UploadId=upload, PartNumber=1, Body=b"x" * 6_000_000)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    west.complete_multipart_upload(Bucket=buckets[WEST], Key="large", UploadId=upload, MultipartUpload=parts)
    west.copy_object(Bucket=buckets[WEST], Key="copy", CopySource={"Bucket": buckets[WEST], "Key": "large"})

    until(lambda: len(content(cloud, CENTRAL, "large") or b"") == 6_000_000)
    until(lambda: content(cloud, CENTRAL, "copy") is not None)
    cloud.pause_replication()
    west.delete_object(Bucket=buckets[WEST], Key="large")
    assert content(cloud, CENTRAL, "large") is not None
    cloud.resume_replication()
    until(lambda: content(cloud, CENTRAL, "large") is None)
    markers = cloud.client("s3", CENTRAL).list_object_versions(Bucket=buckets[CENTRAL], Prefix="large")
    assert len(markers["DeleteMarkers"]) == 1


def test_a_replica_is_an_event_in_its_own_region(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    events, sqs = cloud.client("events", CENTRAL), cloud.client("sqs", CENTRAL)
    queue = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="arrivals", EventPattern='{"source": ["aws.s3"], "detail-type": ["Object Created"]}')
    events.put_targets(Rule="arrivals", Targets=[{"Id": "queue", "Arn": arn}])
    for lag, key in ((0.0, "announced"), (0.2, "announced-later")):
        cloud.set_lag(lag)
        cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key=key, Body=b"1")
        message = until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))[0]

        assert f'"{key}"' in message["Body"]
        assert buckets[CENTRAL] in message["Body"]


@pytest.mark.usefixtures("table")
def test_deletes_and_the_stream_arrive_with_the_item(cloud: EmbeddedCloud) -> None:
    cloud.pause_replication()
    put(cloud, WEST, "streamed", "1")
    cloud.client("dynamodb", WEST).delete_item(TableName=TABLE, Key={"id": {"S": "streamed"}})
    assert ("INSERT", "streamed") not in stream(cloud, CENTRAL)
    cloud.resume_replication()

    until(lambda: ("REMOVE", "streamed") in stream(cloud, CENTRAL))
    assert [event for event, key in stream(cloud, CENTRAL) if key == "streamed"] == ["INSERT", "REMOVE"]


@pytest.mark.usefixtures("table")
def test_the_later_write_wins_in_both_regions(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    cloud.pause_replication()
    put(cloud, WEST, "contested", "earlier")
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="contested", Body=b"earlier")
    time.sleep(0.05)
    put(cloud, CENTRAL, "contested", "later")
    cloud.client("s3", CENTRAL).put_object(Bucket=buckets[CENTRAL], Key="contested", Body=b"later")
    cloud.resume_replication()

    until(lambda: not cloud.replication()["links"])
    assert {value(cloud, region, "contested") for region in (WEST, CENTRAL)} == {"later"}
    assert {content(cloud, region, "contested") for region in (WEST, CENTRAL)} == {b"later"}
    assert cloud.replication()["stores"]["dynamodb"]["outdated"] >= 1


@pytest.mark.usefixtures("table")
def test_what_a_lost_region_had_not_sent_arrives_when_it_is_back(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    cloud.set_lag(3)
    put(cloud, WEST, "not-sent", "1")
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="not-sent", Body=b"1")
    cloud.take_down(WEST)
    until(lambda: cloud.replication()["stores"]["s3"]["oldest_seconds"] > 3.2)
    assert value(cloud, CENTRAL, "not-sent") is None
    put(cloud, CENTRAL, "meanwhile", "1")
    cloud.client("s3", CENTRAL).put_object(Bucket=buckets[CENTRAL], Key="meanwhile", Body=b"1")

    cloud.bring_up(WEST)

    assert (value(cloud, WEST, "meanwhile"), value(cloud, CENTRAL, "not-sent")) == ("1", "1")
    assert (content(cloud, WEST, "meanwhile"), content(cloud, CENTRAL, "not-sent")) == (b"1", b"1")


@pytest.mark.usefixtures("table")
def test_a_return_does_not_bring_back_what_was_overwritten_meanwhile(cloud: EmbeddedCloud) -> None:
    cloud.set_lag(30, store="dynamodb")
    put(cloud, WEST, "taken-over", "by the west")
    cloud.take_down(WEST)
    put(cloud, CENTRAL, "taken-over", "by central")
    cloud.bring_up(WEST)

    assert {value(cloud, region, "taken-over") for region in (WEST, CENTRAL)} == {"by central"}


@pytest.mark.usefixtures("table")
def test_paused_replication_delivers_nothing_until_it_is_resumed(cloud: EmbeddedCloud, buckets: dict[str, str]) -> None:
    cloud.pause_replication("dynamodb")
    put(cloud, WEST, "held", "1")
    cloud.client("s3", WEST).put_object(Bucket=buckets[WEST], Key="not-held", Body=b"1")
    cloud.take_down(WEST)
    cloud.bring_up(WEST)

    assert (value(cloud, CENTRAL, "held"), content(cloud, CENTRAL, "not-held")) == (None, b"1")
    cloud.resume_replication("dynamodb")
    until(lambda: value(cloud, CENTRAL, "held") == "1")
    assert cloud.replication()["stores"]["dynamodb"]["failed"] == 0
