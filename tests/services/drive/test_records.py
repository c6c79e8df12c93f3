from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from services.drive import aws, records
from services.drive.records import ABSENT, Below, key

pytestmark = pytest.mark.usefixtures("cloud")

HERE = key("USER#1", "FILE#1")


def test_what_is_written_is_read_back_with_its_types() -> None:
    item = {**HERE, "size": 12, "mean": 1.5, "part": b"\x00z", "after": {"n": 3, "more": [1, 2.5]}, "on": True}
    records.put("drive", item)
    assert records.get("drive", HERE) == item


def test_attributes_without_a_value_are_left_out() -> None:
    records.put("drive", {**HERE, "email": None})
    assert records.get("drive", HERE) == HERE


def test_an_item_is_inserted_once() -> None:
    assert records.insert("drive", {**HERE, "owner": "first"})
    assert not records.insert("drive", {**HERE, "owner": "second"})
    assert records.get("drive", HERE) == {**HERE, "owner": "first"}


def test_an_insert_whose_answer_was_lost_counts_as_made() -> None:
    assert records.insert("drive", {**HERE, "owner": "first"})
    assert records.insert("drive", {**HERE, "owner": "first"})


@pytest.mark.parametrize(
    ("expect", "happens"),
    [
        ({"state": "QUEUED"}, True),
        ({"state": "READY"}, False),
        ({"owner": ABSENT}, True),
        ({"state": ABSENT}, False),
        ({"at": Below(8)}, True),
        ({"at": Below(7)}, False),
        ({"owner": Below(7)}, False),
        ({"state": "QUEUED", "at": 8}, False),
    ],
)
def test_a_change_happens_only_to_what_is_as_expected(expect: dict[str, Any], *, happens: bool) -> None:
    records.put("drive", {**HERE, "state": "QUEUED", "at": 7})
    changed = records.change("drive", HERE, expect=expect, put={"state": "BUILDING"}, remove=["at"])
    assert changed == ({**HERE, "state": "BUILDING"} if happens else None)
    assert (records.get("drive", HERE) == changed) is happens


def test_a_change_creates_nothing() -> None:
    assert records.change("drive", HERE, expect={}, put={"state": "BUILDING"}) is None
    assert records.get("drive", HERE) is None


def test_a_change_whose_answer_was_lost_counts_as_made() -> None:
    records.put("drive", {**HERE, "state": "QUEUED", "open": "x"})
    for _ in range(2):
        made = records.change("drive", HERE, expect={"state": "QUEUED"}, put={"state": "BUILDING"}, remove=["open"])
        assert made == {**HERE, "state": "BUILDING"}


def test_an_item_is_deleted_only_if_it_is_as_expected() -> None:
    records.put("drive", {**HERE, "state": "OPEN"})
    assert not records.delete("drive", HERE, expect={"state": "DONE"})
    assert records.delete("drive", HERE, expect={"state": "OPEN"})
    assert records.delete("drive", HERE, expect={"state": "OPEN"}), "it is gone, which is what was wanted"


def test_pages_of_a_partition_follow_each_other() -> None:
    for number in range(5):
        records.put("drive", {**key("USER#1", f"FILE#{number}")})
    records.put("drive", {**key("USER#1", "UPLOAD#1")})
    first = records.query("drive", "USER#1", prefix="FILE#", limit=3)
    second = records.query("drive", "USER#1", prefix="FILE#", limit=3, after=first.after)
    assert [item["sk"] for item in (*first.items, *second.items)] == [f"FILE#{number}" for number in range(5)]
    assert second.after is None


def test_an_index_gives_the_oldest_first_and_none_that_is_too_young() -> None:
    for at in (30, 10, 20):
        records.put("drive", {**key(f"ORDER#{at}", "ORDER"), "open": "here#1", "accepted_at": at})
    page = records.query_index("drive", "open-orders", "open", "here#1", before=30, limit=1)
    rest = records.query_index("drive", "open-orders", "open", "here#1", before=30, after=page.after)
    assert [item["accepted_at"] for item in (*page.items, *rest.items)] == [10, 20]


def test_a_write_that_met_one_of_the_other_region_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    client: Any = aws.client("dynamodb")
    attempts = []
    conflict = _Answer(400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ReplicatedWriteConflictException"}')

    def answer(**_: object) -> object:
        attempts.append(1)
        return conflict if len(attempts) < 3 else None

    client.meta.events.register_first("before-send.dynamodb.PutItem", answer)
    records.put("drive", {**HERE, "state": "OPEN"})
    client.meta.events.unregister("before-send.dynamodb.PutItem", answer)
    assert len(attempts) == 3
    assert records.get("drive", HERE) == {**HERE, "state": "OPEN"}


def test_any_other_error_of_the_table_is_raised() -> None:
    with Stubber(aws.client("dynamodb")) as stub:
        stub.add_client_error("put_item", "ProvisionedThroughputExceededException")
        with pytest.raises(ClientError, match="Throughput"):
            records.insert("drive", dict(HERE))


class _Answer:
    """What the HTTP session of the SDK returns."""

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code, self.content, self.text = status_code, content, content.decode()
        self.headers = {"Content-Type": "application/x-amz-json-1.0"}
        self.raw = None
