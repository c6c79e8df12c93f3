"""What a template says and the emulator drops is set through the services' APIs."""

from typing import Any

import pytest

from embedded_cloud.completion import CompletionFailed, compare, complete
from embedded_cloud.deployed_stacks import DeployedStack
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.holes import Fate
from embedded_cloud.reading import Reader

REGION = "eu-west-1"
KEPT = {"Rules": [{"Id": "old", "ExpirationInDays": 40, "Status": "Enabled"}]}
SAID = {
    "BucketName": "photos",
    "LifecycleConfiguration": KEPT,
    "Tags": [{"Key": "seawall:drive", "Value": "clouddrive"}],
}


def _stack(cloud: EmbeddedCloud, properties: dict[str, Any], kind: str = "AWS::S3::Bucket") -> DeployedStack:
    """A stack whose one resource is the bucket `photos`, made as the emulator makes it: without these properties."""
    if kind == "AWS::S3::Bucket":
        where = {"LocationConstraint": REGION}
        cloud.client("s3", REGION).create_bucket(Bucket="photos", CreateBucketConfiguration=where)
    stack = DeployedStack(cloud, "Storage", REGION, {"Resources": {"Photos": {"Type": kind, "Properties": properties}}})
    stack.__dict__["_deployed"] = {"Photos": "photos"} if kind == "AWS::S3::Bucket" else {}
    return stack


@pytest.fixture(autouse=True)
def _no_bucket_is_left(cloud: EmbeddedCloud) -> Any:
    yield
    s3 = cloud.client("s3", REGION)
    for bucket in s3.list_buckets()["Buckets"]:
        s3.delete_bucket(Bucket=bucket["Name"])


def test_what_is_missing_is_set_and_told(cloud: EmbeddedCloud) -> None:
    stack = _stack(cloud, SAID)

    changes = complete(cloud, [stack])

    assert {(change.fate, change.what) for change in changes} == {
        (Fate.COMPLETED, "LifecycleConfiguration"),
        (Fate.COMPLETED, "Tags"),
    }
    [rule] = cloud.client("s3", REGION).get_bucket_lifecycle_configuration(Bucket="photos")["Rules"]
    assert (rule["ID"], rule["Expiration"]) == ("old", {"Days": 40})
    assert list(compare(Reader(cloud), stack.resource("Photos"))) == []


def test_a_second_completion_changes_nothing(cloud: EmbeddedCloud) -> None:
    stack = _stack(cloud, SAID)
    complete(cloud, [stack])

    assert complete(cloud, [stack], check=True) == []


def test_what_somebody_changed_is_set_again(cloud: EmbeddedCloud) -> None:
    stack = _stack(cloud, SAID)
    complete(cloud, [stack])
    cloud.client("s3", REGION).delete_bucket_tagging(Bucket="photos")

    assert [change.what for change in complete(cloud, [stack])] == ["Tags"]


def test_a_refusal_names_the_resource_and_the_property(cloud: EmbeddedCloud) -> None:
    wrong = {"Rules": [{"Id": "old", "ExpirationInDays": "soon", "Status": "Enabled"}]}
    stack = _stack(cloud, {**SAID, "LifecycleConfiguration": wrong})

    with pytest.raises(
        CompletionFailed, match=r"Storage/Photos \(AWS::S3::Bucket\): LifecycleConfiguration is refused"
    ):
        complete(cloud, [stack])


def test_a_difference_says_where_it_is(cloud: EmbeddedCloud) -> None:
    stack = _stack(cloud, SAID)
    complete(cloud, [stack])
    other = {"Rules": [{"Id": "old", "ExpirationInDays": 41, "Status": "Enabled"}]}
    said = DeployedStack(
        cloud,
        "Storage",
        REGION,
        {"Resources": {"Photos": {"Type": "AWS::S3::Bucket", "Properties": {**SAID, "LifecycleConfiguration": other}}}},
    )
    said.__dict__["_deployed"] = {"Photos": "photos"}

    [difference] = compare(Reader(cloud), said.resource("Photos"))

    assert (difference.name, difference.paths) == ("LifecycleConfiguration", ("expiration.days",))


def test_a_refused_alarm_is_made_with_its_metric_and_changed_when_its_template_changes(cloud: EmbeddedCloud) -> None:
    metric = {"MetricName": "Latency", "Namespace": "AWS/ApiGateway"}
    said = {
        "AlarmName": "slow",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 3,
        "Metrics": [{"Id": "m1", "ReturnData": True, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "p99"}}],
        "Threshold": 2000,
    }
    kind = "AWS::CloudWatch::Alarm"

    assert [change.what for change in complete(cloud, [_stack(cloud, said, kind)])] == ["made"]
    assert complete(cloud, [_stack(cloud, said, kind)]) == []
    assert [change.what for change in complete(cloud, [_stack(cloud, {**said, "Threshold": 1}, kind)])] == ["changed"]

    [alarm] = cloud.client("cloudwatch", REGION).describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    assert (alarm["MetricName"], alarm["ExtendedStatistic"], alarm["Threshold"]) == ("Latency", "p99", 1)


def test_an_alarm_without_a_name_is_made_under_one_of_its_own(cloud: EmbeddedCloud) -> None:
    said = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 3,
        "Metrics": [{"Id": "m1", "Expression": "1 + 1"}],
        "Threshold": 2000,
    }
    for made in (["made"], []):
        changes = complete(cloud, [_stack(cloud, said, "AWS::CloudWatch::Alarm")])
        assert [change.what for change in changes if change.fate is Fate.COMPLETED] == made

    assert cloud.client("cloudwatch", REGION).describe_alarms(AlarmNames=["Storage-Photos"])["MetricAlarms"]


def test_what_nobody_listed_is_compared_when_that_is_asked_for(cloud: EmbeddedCloud) -> None:
    said = {"BucketName": "photos", "VersioningConfiguration": {"Status": "Enabled"}, "Unheard": 1, "Tags": []}
    stack = _stack(cloud, said)

    assert complete(cloud, [stack]) == []
    assert {(change.fate, change.what) for change in complete(cloud, [stack], check=True)} == {
        (Fate.LOST, "VersioningConfiguration: the emulator has something else at status"),
        (Fate.UNCHECKED, "Unheard: nobody asks the emulator for it"),
    }
