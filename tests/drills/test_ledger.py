"""Against a real emulator, with items as the drive's services write them."""

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from drills.frame.ledger import APRIL_2011_PERCENT, Counts, Ledger, Put, Store, objects, side_by_side
from drills.frame.users import Identity
from services.drive.orders import Kind, order_id

REGION = "eu-west-1"
BUNDLES = "bundles"
HOUR = 3_600_000


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity.new()


class Shop:
    """A drive's stores, filled by hand, and what clients were told."""

    def __init__(self, endpoint: str, folder: Path, identity: Identity, region: str = REGION) -> None:
        keys: dict[str, Any] = {
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "region_name": region,
        }
        self.dynamodb: Any = boto3.client("dynamodb", endpoint_url=endpoint, **keys)
        self.s3: Any = boto3.client("s3", endpoint_url=endpoint, **keys)
        self.identity, self.region, self.answers = identity, region, folder / "answers.jsonl"
        self.ledger_file = folder / "ledger.sqlite"
        self.answers.touch()
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        self.tables = {role: f"{role}-{name}" for role in ("drive", "jobs")}
        self.bucket = f"{BUNDLES}-{name}-{region}"
        for table in self.tables.values():
            self.dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": region})

    def put(self, table: str, **item: Any) -> None:
        serializer = TypeSerializer()
        encoded = {name: serializer.serialize(value) for name, value in item.items()}
        self.dynamodb.put_item(TableName=self.tables[table], Item=encoded)

    def tell(self, key: str, kind: Kind, content: str, state: str = "accepted", *, user: str = "user-1") -> None:
        line = {"key": key, "user": user, "who": "crowd", "kind": kind, "content": content, "state": state}
        with self.answers.open("a") as lines:
            lines.write(json.dumps({**line, "region": self.region}) + "\n")

    def album(self, name: str) -> None:
        self.put("drive", pk=f"CONTENT#{name}", sk="CONTENT", title=name, manifest=f"manifest-of-{name}")

    def record(self, key: str, kind: Kind, content: str, state: str, *, user: str = "user-1", **more: Any) -> str:
        owner = self.identity.user_id(user)
        order = order_id(owner, kind, key)
        item = {"user": owner, "kind": kind, "content": content, "state": state, "home": self.region}
        self.put("drive", pk=f"ORDER#{order}", sk="ORDER", **item, accepted_at=HOUR, **more)
        return order

    def give(self, order: str, content: str, *, user: str = "user-1") -> None:
        owner = self.identity.user_id(user)
        self.put("drive", pk=f"USER#{owner}", sk=f"ITEM#{content}", order=order, granted_at=HOUR)

    def publish(self, content: str, *, objects: int = 1, present: bool = True, started: int = 1) -> None:
        item = {"state": "READY", "key": f"{content}/0.zip", "builds_started": started}
        self.put("jobs", pk=f"BUNDLE#{self.region}#{content}", sk="JOB", **item)
        for number in range(0 if present else 1, objects):
            self.s3.put_object(Bucket=self.bucket, Key=f"{content}/{number}.zip", Body=b"zip")

    @property
    def store(self) -> Store:
        return Store(self.region, self.dynamodb, self.s3, self.tables["drive"], self.tables["jobs"], self.bucket)

    def ledger(self) -> Ledger:
        ledger = Ledger(self.ledger_file)
        ledger.add_answers(self.answers, self.identity)
        ledger.add_region(self.store)
        return ledger


@pytest.fixture
def shop(endpoint: str, tmp_path: Path, identity: Identity) -> Shop:
    return Shop(endpoint, tmp_path, identity)


def test_what_was_delivered_is_out(shop: Shop) -> None:
    shop.album("album")
    shop.tell("1", Kind.PURCHASE, "single")
    shop.give(shop.record("1", Kind.PURCHASE, "single", "DELIVERED", delivered_at=HOUR + 2500), "single")
    shop.tell("2", Kind.BUNDLE, "album")
    shop.record("2", Kind.BUNDLE, "manifest-of-album", "DELIVERED", delivered_at=HOUR + 500)
    shop.publish("manifest-of-album")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=2, out=2)
        assert ledger.orders("purchase") == Counts(into=1, out=1)
        assert sorted(wait.seconds for wait in ledger.waits()) == [0.5, 2.5]


def test_a_record_that_vanished_is_lost(shop: Shop) -> None:
    shop.tell("1", Kind.PURCHASE, "single")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, lost=1)
        assert ledger.examples("lost") == [order_id(shop.identity.user_id("user-1"), Kind.PURCHASE, "1")]


def test_a_record_without_its_pointer_is_lost_whatever_the_record_says(shop: Shop) -> None:
    shop.tell("1", Kind.PURCHASE, "single")
    shop.record("1", Kind.PURCHASE, "single", "DELIVERED", delivered_at=HOUR)
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, lost=1)


def test_a_published_bundle_without_its_object_is_lost(shop: Shop) -> None:
    shop.album("album")
    shop.tell("1", Kind.BUNDLE, "album")
    shop.record("1", Kind.BUNDLE, "manifest-of-album", "DELIVERED", delivered_at=HOUR)
    shop.publish("manifest-of-album", present=False)
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, lost=1)
        assert ledger.builds()["published_and_gone"] == 1


def test_an_order_for_something_else_is_lost(shop: Shop) -> None:
    shop.album("album")
    shop.tell("1", Kind.BUNDLE, "album")
    shop.record("1", Kind.BUNDLE, "another", "DELIVERED", delivered_at=HOUR)
    shop.publish("another")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, lost=1)


def test_a_second_pointer_is_doubled(shop: Shop) -> None:
    shop.tell("1", Kind.PURCHASE, "single")
    order = shop.record("1", Kind.PURCHASE, "single", "DELIVERED", delivered_at=HOUR)
    shop.give(order, "single")
    shop.give(order, "single", user="user-2")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, out=1, doubled=1)


def test_what_waits_or_was_given_up_is_neither_out_nor_lost(shop: Shop) -> None:
    shop.album("album")
    for key in ("1", "2", "3"):
        shop.tell(key, Kind.BUNDLE, "album")
    shop.record("1", Kind.BUNDLE, "manifest-of-album", "ACCEPTED")
    shop.record("2", Kind.BUNDLE, "manifest-of-album", "ACCEPTED", failed_at=HOUR)
    shop.record("3", Kind.BUNDLE, "manifest-of-album", "EXPIRED", expired_at=HOUR)
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=3, waiting=1, given_up=2)


def test_a_purchase_never_expires(shop: Shop) -> None:
    shop.tell("1", Kind.PURCHASE, "single")
    shop.record("1", Kind.PURCHASE, "single", "EXPIRED", expired_at=HOUR)
    with shop.ledger() as ledger:
        assert ledger.orders().lost == 1


def test_a_bundle_that_was_ready_leaves_no_order_and_is_out(shop: Shop) -> None:
    shop.album("album")
    shop.tell("1", Kind.BUNDLE, "album", "ready")
    shop.publish("manifest-of-album")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, out=1)
        assert list(ledger.waits()) == []


def test_who_was_refused_has_lost_nothing(shop: Shop) -> None:
    shop.tell("1", Kind.BUNDLE, "album", "refused")
    shop.tell("2", Kind.PURCHASE, "single", "failed")
    shop.record("2", Kind.PURCHASE, "single", "ACCEPTED")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts()
        assert (ledger.refused("bundle"), ledger.refused("purchase"), ledger.unheard()) == (1, 1, 1)


def test_an_order_asked_for_twice_is_one_order(shop: Shop) -> None:
    for state in ("failed", "accepted", "refused"):
        shop.tell("1", Kind.PURCHASE, "single", state)
    shop.give(shop.record("1", Kind.PURCHASE, "single", "DELIVERED", delivered_at=HOUR), "single")
    with shop.ledger() as ledger:
        assert ledger.orders() == Counts(into=1, out=1)


def test_finished_zips_that_nobody_published_are_counted(shop: Shop) -> None:
    shop.publish("manifest-1", objects=3, started=3)
    shop.publish("manifest-2")
    with shop.ledger() as ledger:
        assert ledger.builds() == {
            "contents": 2,
            "started": 4,
            "published": 2,
            "published_and_gone": 0,
            "spare": 2,
        }


def test_two_regions_that_differ_are_seen_and_the_further_one_is_believed(
    shop: Shop, endpoint: str, tmp_path: Path, identity: Identity
) -> None:
    (tmp_path / "other").mkdir()
    other = Shop(endpoint, tmp_path / "other", identity, "eu-central-1")
    shop.tell("1", Kind.PURCHASE, "single")
    order = shop.record("1", Kind.PURCHASE, "single", "ACCEPTED")
    other.record("1", Kind.PURCHASE, "single", "DELIVERED", delivered_at=HOUR)
    other.give(order, "single")
    with shop.ledger() as ledger:
        ledger.add_region(other.store)
        assert ledger.orders() == Counts(into=1, out=1)
        count, keys = ledger.disagreements()
        assert count == 2
        assert f"ORDER#{order} ORDER" in keys


def test_regions_that_hold_the_same_agree(shop: Shop, endpoint: str, tmp_path: Path, identity: Identity) -> None:
    (tmp_path / "other").mkdir()
    other = Shop(endpoint, tmp_path / "other", identity, "eu-central-1")
    for one in (shop, other):
        one.put("drive", pk="USER#1", sk="ITEM#1", order="1", granted_at=1)
    with shop.ledger() as ledger:
        ledger.add_region(other.store)
        assert ledger.disagreements() == (0, [])


def test_objects_are_read_again_and_compared(shop: Shop) -> None:
    shop.s3.put_bucket_versioning(Bucket=shop.bucket, VersioningConfiguration={"Status": "Enabled"})
    puts = [Put(shop.bucket, key, hashlib.sha256(key.encode()).hexdigest()) for key in ("a", "b", "c", "d")]
    for put in puts[:3]:
        shop.s3.put_object(Bucket=shop.bucket, Key=put.key, Body=put.key.encode())
    shop.s3.put_object(Bucket=shop.bucket, Key="b", Body=b"b")
    shop.s3.put_object(Bucket=shop.bucket, Key="c", Body=b"damaged")
    assert objects(puts, shop.s3) == Counts(into=4, out=2, lost=2, doubled=2)


def test_a_copy_in_another_bucket_is_as_good_and_no_double(shop: Shop) -> None:
    shop.s3.put_object(Bucket=shop.bucket, Key="a", Body=b"a")
    put = Put("gone", "a", hashlib.sha256(b"a").hexdigest())
    assert objects([put], shop.s3, elsewhere={"gone": shop.bucket}) == Counts(into=1, out=1)


def test_the_percentage_stands_beside_that_of_april_2011() -> None:
    shown = side_by_side(Counts(into=9999, out=9998, lost=1), Counts(into=1, out=1))
    assert shown["lost_percent"] == 0.01
    assert shown["april_2011_percent"] == APRIL_2011_PERCENT == 0.07
    assert shown["orders"] == {"in": 9999, "out": 9998, "lost": 1, "doubled": 0, "waiting": 0, "given_up": 0}


def test_memory_does_not_grow_with_the_orders(identity: Identity, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        answers = tmp_path / f"{count}.jsonl"
        line = {
            "user": "user-1",
            "who": "buyer",
            "kind": "purchase",
            "content": "c",
            "state": "accepted",
            "region": "r",
        }
        with answers.open("w") as lines:
            lines.writelines(json.dumps({**line, "key": str(number)}) + "\n" for number in range(count))
        tracemalloc.start()
        with Ledger(tmp_path / f"{count}.sqlite") as ledger:
            assert ledger.add_answers(answers, identity) == count
            assert ledger.orders() == Counts(into=count, lost=count)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and cached once
    assert peak(10_000) < peak(500) + 200_000
