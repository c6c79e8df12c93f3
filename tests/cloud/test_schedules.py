import time
from collections.abc import Callable, Iterator

import pytest

from embedded_cloud.embedded import EmbeddedCloud
from tests.cloud.small_functions import make_role
from tests.cloud.waiting import until

WEST, CENTRAL = "eu-west-1", "eu-central-1"
NOTES_ITS_RUN = """
import time, boto3
def handler(event, context):
    started = time.time()
    time.sleep(SECONDS)
    boto3.client("sqs").send_message(
        QueueUrl=boto3.client("sqs").get_queue_url(QueueName="runs")["QueueUrl"], MessageBody=f"{started} {time.time()}"
    )
"""


@pytest.fixture(scope="module")
def caller(cloud: EmbeddedCloud) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return make_role(cloud, "caller", ["lambda:InvokeFunction"], trust)


@pytest.fixture
def runs(
    cloud: EmbeddedCloud, function: Callable[..., str], caller: str, request: pytest.FixtureRequest
) -> Iterator[Callable[[], list[tuple[float, float]]]]:
    """A function on a schedule of one minute that takes so many seconds; the runs it has noted: from, to."""
    sqs, scheduler = cloud.client("sqs", WEST), cloud.client("scheduler", WEST)
    seconds = request.param
    name = f"takes-{seconds}".replace(".", "-")
    url = sqs.create_queue(QueueName="runs", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    arn = function(name, NOTES_ITS_RUN.replace("SECONDS", str(seconds)), WEST, may=("sqs:*",))
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": caller},
    )
    seen: list[tuple[float, float]] = []

    def noted() -> list[tuple[float, float]]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            begin, end = message["Body"].split()
            seen.append((float(begin), float(end)))
        return sorted(seen)

    yield noted
    scheduler.delete_schedule(Name=name)
    time.sleep(seconds)
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("runs", [0], indirect=True)
def test_a_minute_is_three_seconds_and_a_lost_region_runs_nothing(
    cloud: EmbeddedCloud, runs: Callable[[], list[tuple[float, float]]]
) -> None:
    until(lambda: len(runs()) >= 2, 15)
    first, second = (begin for begin, _end in runs()[:2])
    assert 2 < second - first < 5  # a minute at twenty times the pace

    cloud.take_down(WEST)
    down = time.time()
    time.sleep(4)
    up = time.time()
    cloud.bring_up(WEST)
    until(lambda: runs()[-1][0] > up, 15)
    assert [begin for begin, _end in runs() if down < begin < up] == []


@pytest.mark.parametrize("runs", [4.5], indirect=True)
def test_a_run_that_takes_longer_than_its_minute_is_not_overlapped(
    cloud: EmbeddedCloud, runs: Callable[[], list[tuple[float, float]]]
) -> None:
    until(lambda: len(runs()) >= 2, 25)

    (_, first_end), (second_begin, _) = runs()[:2]
    assert second_begin >= first_end - 0.1
    assert cloud.control("health")["schedules"]["held_back"] >= 1
