import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws

from services.drive import aws, clock, records, switch_records
from services.drive.limits import GAUGE_STALE
from services.switch import __main__ as command
from services.switch import gauge, handler, heartbeat, switching
from services.switch.switching import Order, RefusedError

HERE, PEER = "us-east-2", "us-west-2"
ORDER = Order(PEER, by="operator", reason="S3 fails since 08:04")

CLIENTS: dict[Any, Any] = {}
"""Making a client takes longer than most tests; they are the same for every moto."""


@dataclass
class Regions:
    """Two regions with their switch tables; `now` in seconds UTC."""

    now: float


def _table(name: str, region: str, *sort_key: str) -> None:
    keys = ["pk", *sort_key]
    aws.client("dynamodb", region).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": "RANGE" if key == "sk" else "HASH"} for key in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
    )


@pytest.fixture
def regions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Regions]:
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": HERE,
        "PEER_REGION": PEER,
        "SWITCH_TABLE": "switch",
        "DRIVE_TABLE": "drive",
        "FILES_BUCKET": "files",
        "REPLICA_BUCKET": "replica",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    regions = Regions(1_764_000_000.0)
    monkeypatch.setattr(clock, "now", lambda: regions.now)
    with mock_aws():
        monkeypatch.setattr(aws, "_clients", CLIENTS)
        place: Any = {"LocationConstraint": HERE}
        for bucket in ("files", "replica"):
            aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        for region in (HERE, PEER):
            _table("switch", region)
        _table("drive", HERE, "sk")
        _arrive(regions)
        yield regions


def _arrive(regions: Regions) -> None:
    """Let the peer's beat arrive here, as replication does."""
    at = int(regions.now * 1000)
    body = json.dumps({"at": at}).encode()
    aws.client("s3").put_object(Bucket="replica", Key=gauge.beat_object(PEER), Body=body)
    records.put("drive", {**gauge.beat_item(PEER), "at": at})


def _fail(monkeypatch: pytest.MonkeyPatch, name: str, region: str | None) -> None:
    def fail(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url=f"https://{name}")

    monkeypatch.setattr(aws.client(name, region), "get_item", fail)  # type: ignore[call-overload]


@pytest.mark.usefixtures("regions")
def test_evacuating_is_one_write_in_the_healthy_region() -> None:
    switching.evacuate(ORDER)
    assert switch_records.is_evacuated(PEER)
    assert aws.client("dynamodb", PEER).scan(TableName="switch")["Items"] == []


@pytest.mark.usefixtures("regions")
def test_evacuating_works_while_the_sick_region_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, "dynamodb", PEER)
    switching.evacuate(ORDER)
    assert switch_records.is_evacuated(PEER)


@pytest.mark.usefixtures("regions")
def test_evacuating_twice_changes_nothing() -> None:
    assert switching.evacuate(ORDER) == switching.evacuate(Order(PEER, by="another", reason="also saw it"))


@pytest.mark.usefixtures("regions")
def test_the_region_one_is_in_cannot_be_evacuated() -> None:
    with pytest.raises(RefusedError, match="use the switch of us-west-2"):
        switching.evacuate(Order(HERE, by="operator", reason="?"))


@pytest.mark.usefixtures("regions")
@pytest.mark.parametrize("region", ["", "us-west-1", "US-WEST-2"])
def test_a_region_that_is_not_the_drives_cannot_be_evacuated(region: str) -> None:
    with pytest.raises(RefusedError, match="no region of this drive"):
        switching.evacuate(Order(region, by="operator", reason="?"))


@pytest.mark.usefixtures("regions")
def test_the_last_region_that_serves_cannot_be_evacuated() -> None:
    item = {"pk": {"S": f"REGION#{HERE}"}, "state": {"S": "evacuated"}}
    aws.client("dynamodb", PEER).put_item(TableName="switch", Item=item)
    with pytest.raises(RefusedError, match="last region that serves"):
        switching.evacuate(Order(PEER, by="operator", reason="?", accept_loss=True))
    assert not switch_records.is_evacuated(PEER)


@pytest.mark.usefixtures("regions")
def test_nobody_is_sent_into_a_region_whose_own_table_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    real = records.get

    def fail(table: str, *rest: Any, **more: Any) -> Any:
        if table == "drive":
            raise ConnectTimeoutError(endpoint_url="https://dynamodb")
        return real(table, *rest, **more)

    monkeypatch.setattr(records, "get", fail)
    with pytest.raises(RefusedError, match="not well enough"):
        switching.evacuate(Order(PEER, by="operator", reason="?", accept_loss=True))


@pytest.mark.usefixtures("regions")
def test_nobody_is_sent_into_a_region_whose_health_check_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_HEALTH_URL", "http://127.0.0.1:9/healthz/deep")
    with pytest.raises(RefusedError, match="health check does not answer"):
        switching.evacuate(Order(PEER, by="operator", reason="?", accept_loss=True))


def test_a_machine_does_not_decide_when_the_copies_are_old(regions: Regions) -> None:
    regions.now += GAUGE_STALE + 1
    with pytest.raises(RefusedError, match="too old for a machine"):
        switching.evacuate(Order(PEER, by="alarm", reason="down", automatic=True, accept_loss=True))
    assert not switch_records.is_evacuated(PEER)


def test_a_machine_decides_when_the_copies_are_fresh(regions: Regions) -> None:
    regions.now += 180
    switching.evacuate(Order(PEER, by="alarm", reason="down", automatic=True))
    assert switch_records.is_evacuated(PEER)


def test_a_person_must_accept_the_loss_when_the_copies_are_old(regions: Regions) -> None:
    regions.now += GAUGE_STALE + 100
    with pytest.raises(RefusedError, match=r"files at most 1000 s behind.*--accept-loss"):
        switching.evacuate(ORDER)
    switching.evacuate(Order(PEER, by="operator", reason="known", accept_loss=True))
    assert switch_records.is_evacuated(PEER)


@pytest.mark.usefixtures("regions")
def test_copies_of_unknown_age_count_as_old() -> None:
    aws.client("s3").delete_object(Bucket="replica", Key=gauge.beat_object(PEER))
    with pytest.raises(RefusedError, match="files at most unknown behind"):
        switching.evacuate(ORDER)


@pytest.mark.usefixtures("regions")
def test_two_operators_at_the_same_moment_turn_the_switch_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = switch_records.read(PEER)
    switching.evacuate(ORDER)
    monkeypatch.setattr(switch_records, "read", lambda _: seen)
    with pytest.raises(RefusedError, match="at the same moment"):
        switching.evacuate(Order(PEER, by="another", reason="also saw it"))


@pytest.mark.usefixtures("regions")
def test_a_region_is_let_back_by_people_only() -> None:
    switching.evacuate(ORDER)
    with pytest.raises(RefusedError, match="when a person says so"):
        switching.restore(Order(PEER, by="alarm", reason="up again", automatic=True))
    switching.restore(Order(PEER, by="operator", reason="caught up"))
    assert not switch_records.is_evacuated(PEER)


@pytest.mark.usefixtures("regions")
def test_restoring_a_region_that_serves_changes_nothing() -> None:
    assert switching.restore(Order(PEER, by="operator", reason="?")).version == 0


@pytest.mark.usefixtures("regions")
@pytest.mark.parametrize("order", [Order(PEER, by="operator", reason=" "), Order(PEER, by="", reason="x")])
def test_a_switch_is_not_turned_without_a_reason_and_a_name(order: Order) -> None:
    with pytest.raises(RefusedError, match="a reason and a name"):
        switching.evacuate(order)


def test_the_heartbeat_is_what_the_other_region_measures(regions: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat.handle({}, None)
    monkeypatch.setenv("REPLICA_BUCKET", "files")  # as if this region's files had arrived in the peer's replica bucket
    regions.now += 42
    assert gauge.measure(HERE) == gauge.Gauge(files=42.0, records=42.0)


def test_how_far_the_copies_are_behind_is_measured_every_minute(
    regions: Regions, capsys: pytest.CaptureFixture[str]
) -> None:
    regions.now += 120
    heartbeat.handle({}, None)
    printed = capsys.readouterr().out
    assert '"ReplicaFilesAge":[120.0]' in printed
    assert '"ReplicaRecordsAge":[120.0]' in printed


def _call(**body: Any) -> tuple[int, dict[str, Any]]:
    caller = {"authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:role/recovery"}}}
    answer = handler.handle({"requestContext": caller, "body": json.dumps(body)}, None)
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.usefixtures("regions")
def test_the_function_turns_the_switch_in_the_name_of_who_signed_the_request() -> None:
    status, answer = _call(action="evacuate", region=PEER, reason="S3 fails", by="somebody else")
    assert (status, answer["switch"]["by"]) == (200, "arn:aws:iam::123456789012:role/recovery")
    assert _call(action="show")[1]["switch"]["state"] == "evacuated"
    assert _call(action="restore", region=PEER, reason="caught up")[0] == 200


@pytest.mark.usefixtures("regions")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "evacuate", "region": HERE, "reason": "?"}, 409),
        ({"action": "evacuate", "region": PEER}, 409),
        ({"action": "explode", "region": PEER, "reason": "?"}, 400),
        ({"action": "evacuate", "region": PEER, "reason": "?", "automatic": "false"}, 400),
        ({}, 400),
    ],
)
def test_the_function_says_why_it_does_not_turn_the_switch(body: dict[str, Any], status: int) -> None:
    answered, answer = _call(**body)
    assert (answered, bool(answer["error"])) == (status, True)
    assert not switch_records.is_evacuated(PEER)


@pytest.mark.usefixtures("regions")
@pytest.mark.parametrize("body", ["", "[]", "{", '"evacuate"'])
def test_what_is_not_a_request_is_answered_with_400(body: str) -> None:
    assert handler.handle({"body": body}, None)["statusCode"] == 400


@pytest.mark.usefixtures("regions")
def test_the_command_evacuates_shows_and_restores(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["evacuate", PEER, "--reason", "S3 fails", "--by", "operator"]) == 0
    assert "us-west-2 is evacuated (change 1, by operator: S3 fails)" in capsys.readouterr().out
    assert command.main(["show"]) == 0
    assert "files at most 0 s behind, records at most 0 s behind" in capsys.readouterr().out
    assert command.main(["restore", PEER, "--reason", "caught up"]) == 0


@pytest.mark.usefixtures("regions")
def test_the_command_says_that_it_may_be_repeated_when_its_table_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCH_TABLE", "nowhere")
    assert command.main(["restore", PEER, "--reason", "caught up"]) == 3
    told = capsys.readouterr().err
    assert "ResourceNotFoundException" in told
    assert "repeat the command, that is safe" in told


def test_the_command_says_what_accepting_the_loss_means(regions: Regions, capsys: pytest.CaptureFixture[str]) -> None:
    regions.now += GAUGE_STALE * 2
    assert command.main(["evacuate", PEER, "--reason", "S3 fails"]) == 2
    assert "what is newer may be lost" in capsys.readouterr().err
    assert command.main(["evacuate", PEER, "--reason", "S3 fails", "--accept-loss"]) == 0
