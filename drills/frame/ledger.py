"""The loss ledger: what went in, what can be had, and what was lost or doubled on the way.

In: what clients were told was accepted (drills/traffic/load.py writes it down), not what the drive believes.
Out: what a user can really have: the pointer in the library, the published bundle in its bucket, the file's bytes.

    with Ledger(folder / "ledger.sqlite") as ledger:
        ledger.add_answers(answers, identity)
        ledger.add_region(Store(region, dynamodb, s3, drive_table=…, jobs_table=…, bundles_bucket=…))
        counts = ledger.orders()

Everything is streamed into a SQLite file and counted there: memory does not grow with the orders.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError

from drills.frame.users import Identity

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

APRIL_2011_PERCENT = 0.07
"""Of the volumes in the affected zone, so many could not be restored (Amazon, "Summary of the Amazon EC2 and Amazon RDS
Service Disruption in the US East Region", 29 April 2011, https://aws.amazon.com/message/65648/)."""

RESTLESS = "HEARTBEAT#"
"""The switch writes these every minute, to see how late copies are: two regions never hold them alike for long."""

PAGE = 500
PIECE = 1024 * 1024

_TABLES = """
create table asked (id text primary key, kind, owner, who, content, state, region) without rowid;
create table recorded (id text primary key, kind, owner, content, state, home, accepted_at int, ended_at int,
    failed_at int) without rowid;
create table pointers (owner, content, id, primary key (owner, content)) without rowid;
create index pointers_by_order on pointers (id);
create table jobs (region, content, state, object, started int, is_there int, objects int,
    primary key (region, content)) without rowid;
create table albums (id text primary key, manifest) without rowid;
create table copies (pk, sk, region, digest, primary key (pk, sk, region)) without rowid;
"""

# What each accepted order has become; the first case that is true. `pointers` is how many it led to.
_BECAME = """
create temp view became as
select asked.id, asked.kind, asked.who, recorded.accepted_at, recorded.ended_at,
  (select count(*) from pointers where pointers.id = asked.id) as pointers,
  case
    when asked.state not in ('accepted', 'ready') then 'refused'
    when asked.state = 'ready' and recorded.id is null and exists (
      select 1 from jobs where jobs.content = albums.manifest and jobs.region = asked.region and jobs.is_there)
      then 'out'
    when recorded.id is null then 'lost'
    when recorded.owner <> asked.owner or recorded.kind <> asked.kind then 'lost'
    when recorded.content is not (case asked.kind when 'bundle' then albums.manifest else asked.content end) then 'lost'
    when recorded.state = 'ACCEPTED' and recorded.failed_at is not null then 'given_up'
    when recorded.state = 'ACCEPTED' then 'waiting'
    when recorded.state = 'EXPIRED' and asked.kind = 'bundle' then 'given_up'
    when recorded.state <> 'DELIVERED' then 'lost'
    when asked.kind = 'purchase' and exists (
      select 1 from pointers where pointers.owner = asked.owner and pointers.content = asked.content) then 'out'
    when asked.kind = 'bundle' and exists (
      select 1 from jobs where jobs.content = recorded.content and jobs.region = recorded.home and jobs.is_there)
      then 'out'
    else 'lost'
  end as became
from asked left join recorded on recorded.id = asked.id left join albums on albums.id = asked.content;
"""


@dataclass(frozen=True)
class Counts:
    """A side of the ledger. `into` = out + waiting + given_up + lost.

    waiting: accepted and not delivered yet; given_up: the user was told that it cannot be had (a poison content, a
    bundle that nobody built within a day); doubled: beyond the one that each order, or each file, leads to.
    """

    into: int = 0
    out: int = 0
    lost: int = 0
    doubled: int = 0
    waiting: int = 0
    given_up: int = 0

    @property
    def lost_percent(self) -> float:
        """Percent of what went in."""
        return 100 * self.lost / self.into if self.into else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as results show it."""
        counted = asdict(self)
        return {"in": counted.pop("into"), **counted}

    def __add__(self, other: "Counts") -> "Counts":
        mine, others = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + others[name] for name in mine})


@dataclass(frozen=True)
class Store:
    """The stores of one region that survived. The clients' endpoint must be that region's."""

    region: str
    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    drive_table: str
    jobs_table: str
    bundles_bucket: str


@dataclass(frozen=True)
class Wait:
    """One delivered order; moments in seconds since 1970."""

    who: str
    kind: str
    accepted_at: float
    delivered_at: float

    @property
    def seconds(self) -> float:
        """From acceptance to delivery."""
        return self.delivered_at - self.accepted_at


class Ledger:
    """One drill's ledger, in a file of its own that is overwritten."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._database = sqlite3.connect(path)
        self._database.executescript(_TABLES)
        self._database.executescript(_BECAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add_answers(self, answers: Path, identity: Identity) -> int:
        """Enter what clients were told; return how many orders that is. Arrivals with one key are one order."""
        owners: dict[str, str] = {}
        before = self._one("select count(*) from asked")
        with self._database, answers.open() as lines:
            for line in lines:
                told = json.loads(line)
                if told["user"] not in owners:
                    owners[told["user"]] = identity.user_id(told["user"])
                self._ask(told, owners[told["user"]])
        return self._one("select count(*) from asked") - before

    def _ask(self, told: Mapping[str, Any], owner: str) -> None:
        from services.drive.orders import Kind, order_id

        names = ("id", "kind", "owner", "who", "content", "state", "region")
        row = dict(told) | {"id": order_id(owner, Kind(told["kind"]), told["key"]), "owner": owner}
        # Of two answers to one order the better one counts: who was accepted once may rely on it.
        self._database.execute(
            "insert into asked values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do update "
            "set state = excluded.state, region = excluded.region where asked.state not in ('accepted', 'ready')",
            [row[name] for name in names],
        )

    def add_region(self, store: Store) -> None:
        """Enter what a region holds. Entering a second region adds what the first one does not have."""
        with self._database:
            for item in _scan(store.dynamodb, store.drive_table):
                if not item["pk"].startswith(RESTLESS):
                    self._replace("copies", [item["pk"], item["sk"], store.region, _digest(item)])
                self._enter(item)
            for item in _scan(store.dynamodb, store.jobs_table):
                if item["pk"].startswith("BUNDLE#"):
                    self._enter_job(item, store)

    def _enter(self, item: Mapping[str, Any]) -> None:
        pk, sk = str(item["pk"]), str(item["sk"])
        if sk == "ORDER":
            ended = item.get("delivered_at") or item.get("expired_at")
            row = [pk.removeprefix("ORDER#"), *(item[name] for name in ("kind", "user", "content", "state", "home"))]
            row += [int(item["accepted_at"]), _whole(ended), _whole(item.get("failed_at"))]
            # Where two regions do not agree yet, the one that knows more is believed; `disagreements` counts them.
            self._database.execute(
                "insert into recorded values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set "
                "state = excluded.state, home = excluded.home, ended_at = excluded.ended_at, "
                "failed_at = coalesce(excluded.failed_at, recorded.failed_at) where recorded.ended_at is null",
                row,
            )
        elif sk.startswith("ITEM#"):
            self._replace("pointers", [pk.removeprefix("USER#"), sk.removeprefix("ITEM#"), item["order"]])
        elif sk == "CONTENT":
            self._replace("albums", [pk.removeprefix("CONTENT#"), item["manifest"]])

    def _enter_job(self, item: Mapping[str, Any], store: Store) -> None:
        _, region, content = item["pk"].split("#", 2)
        if region != store.region:
            return  # its bucket lies there, and there it is looked for
        objects = _zips(store, content)
        published = item.get("key") if item["state"] == "READY" else None
        row = [region, content, item["state"], published, _whole(item.get("builds_started", 0))]
        self._replace("jobs", [*row, published in objects, len(objects)])

    def orders(self, kind: str | None = None) -> Counts:
        """Return the orders' side, of one kind or of both."""
        kinds = (kind, kind)
        query = "select became, count(*) from became where became <> 'refused' and (kind = ? or ? is null) group by 1"
        became = dict(self._database.execute(query, kinds))
        query = "select coalesce(sum(pointers - 1), 0) from became where pointers > 1 and (kind = ? or ? is null)"
        doubled = self._one(query, kinds)
        return Counts(into=sum(became.values()), doubled=doubled, **became)

    def examples(self, became: str, limit: int = 5) -> list[str]:
        """Return the ids of some orders that became "lost", "waiting" or the like, to look them up."""
        query = "select id from became where became = ? order by id limit ?"
        return [row[0] for row in self._database.execute(query, [became, limit])]

    def unheard(self) -> int:
        """Return how many orders the drive recorded whose client was never told: not lost, for it will ask again."""
        return self._one("select count(*) from became join recorded using (id) where became = 'refused'")

    def refused(self, kind: str) -> int:
        """Return how many orders of a kind were refused, or not answered, for good."""
        return self._one("select count(*) from became where became = 'refused' and kind = ?", [kind])

    def waits(self) -> Iterator[Wait]:
        """Return each delivered order's wait, by the records' own clock."""
        query = (
            "select who, kind, accepted_at / 1000.0, ended_at / 1000.0 from became "
            "where became = 'out' and ended_at is not null order by accepted_at"
        )
        with closing(self._database.execute(query)) as rows:
            yield from (Wait(*row) for row in rows)

    def disagreements(self, limit: int = 5) -> tuple[int, list[str]]:
        """Return how many items the entered regions do not hold alike, and the keys of some of them."""
        query = (
            "select pk || ' ' || sk from copies group by pk, sk "
            "having count(distinct digest) > 1 or count(*) < (select count(distinct region) from copies)"
        )
        with closing(self._database.execute(query)) as rows:
            found = [row[0] for row in rows]
        return len(found), found[:limit]

    def builds(self) -> dict[str, int]:
        """Return how many builds there were: contents (per region), started, published, and spare objects.

        A spare object is a finished zip that was not published: its worker had lost its lease.
        """
        names = ("contents", "started", "published", "published_and_gone", "spare")
        row = self._database.execute(
            "select count(*), coalesce(sum(started), 0), coalesce(sum(state = 'READY'), 0), "
            "coalesce(sum(state = 'READY' and not is_there), 0), coalesce(sum(objects - is_there), 0) from jobs"
        ).fetchone()
        return dict(zip(names, row, strict=True))

    def _replace(self, table: str, row: list[Any]) -> None:
        self._database.execute(f"insert or replace into {table} values ({','.join('?' * len(row))})", row)  # noqa: S608

    def _one(self, query: str, values: Iterable[Any] = ()) -> int:
        return int(self._database.execute(query, list(values)).fetchone()[0])


@dataclass(frozen=True)
class Put:
    """A file that was put and confirmed: the SHA-256 of its bytes, in hex."""

    bucket: str
    key: str
    sha256: str


def objects(puts: Iterable[Put], s3: "S3Client", *, elsewhere: Mapping[str, str] | None = None) -> Counts:
    """Return the objects' side: each is read again, whole, in flat memory.

    `elsewhere` says for a bucket that is gone which one holds its copies. Lost: cannot be read, or with other bytes.
    Doubled: further versions of a key that was put once; a copy in another bucket is none.
    """
    counts = Counts()
    for put in puts:
        bucket = (elsewhere or {}).get(put.bucket, put.bucket)
        is_there = _sha256(s3, bucket, put.key) == put.sha256
        spare = max(0, _versions(s3, bucket, put.key) - 1)
        counts += Counts(into=1, out=int(is_there), lost=int(not is_there), doubled=spare)
    return counts


def side_by_side(orders: Counts, stored: Counts | None = None) -> dict[str, Any]:
    """Return the ledger as a result shows it: orders, objects, and the percentage beside that of April 2011."""
    both = orders + (stored or Counts())
    return {
        "orders": orders.as_json(),
        "objects": (stored or Counts()).as_json(),
        "lost_percent": round(both.lost_percent, 4),
        "april_2011_percent": APRIL_2011_PERCENT,
    }


_deserializer = TypeDeserializer()


def _scan(dynamodb: "DynamoDBClient", table: str) -> Iterator[dict[str, Any]]:
    following: Any = {}
    while True:
        answer = dynamodb.scan(TableName=table, Limit=PAGE, ConsistentRead=True, **following)
        for item in answer["Items"]:
            yield {name: _deserializer.deserialize(value) for name, value in item.items()}
        if not answer.get("LastEvaluatedKey"):
            return
        following = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _digest(item: Mapping[str, Any]) -> str:
    # `repr` of what the deserializer gives: numbers are Decimals, whose text is the number's.
    return hashlib.sha256(repr(sorted(item.items())).encode()).hexdigest()


def _zips(store: Store, content: str) -> list[str]:
    answer = store.s3.list_objects_v2(Bucket=store.bundles_bucket, Prefix=f"{content}/")
    return [found["Key"] for found in answer.get("Contents", [])]


def _sha256(s3: "S3Client", bucket: str, key: str) -> str | None:
    digest = hashlib.sha256()
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        with closing(body):
            for piece in body.iter_chunks(PIECE):
                digest.update(piece)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in {404, 405}:
            return None
        raise
    except BotoCoreError as error:  # an answer that breaks off is as good as none
        if type(error).__name__ in {"IncompleteReadError", "ResponseStreamingError"}:
            return None
        raise
    return digest.hexdigest()


def _versions(s3: "S3Client", bucket: str, key: str) -> int:
    answer = s3.list_object_versions(Bucket=bucket, Prefix=key)
    return sum(version["Key"] == key for version in answer.get("Versions", []))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
