"""Survives the loss of the provider: files and catalogue are rebuilt from an encrypted copy at another one.

Everything is taken away: both regions, every copy in them, every backup. What is left is a store elsewhere that nobody
can read, and a key. A new, empty account gets a new drive, and the copy is restored into it with
`python -m services.offsite restore`; then each file and each record is counted, and fetched through the new API.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.drill import Drill, Findings, Run, main
from drills.frame.ledger import Put, objects
from drills.frame.plan import Design, Step, call, person
from drills.frame.plots import Line, Mark, Panel
from drills.frame.result import Promise
from drills.stores import lost_items, offsite_copy
from drills.stores.holdings import Holder, Kept, contents, versions_of
from drills.stores.offsite_copy import Elsewhere, Rebuilt

if TYPE_CHECKING:
    from drills.frame.running import Drive

FILES, FILES_IN_SHORT = 10, 4
FILE_BYTES = 40_000
DAY = 24 * 3600
REFUSED = 2
"""How `services.offsite` ends when it would do harm; 1: something is missing."""
PLACE = ("region", "bucket", "key", "s3_version", "durability")
"""What an item says about where its file lies: the one thing that a restore changes."""

SIMULATED = (
    "the other provider's store and the new account: further emulators, each in a folder of its own",
    (
        "the nightly export: the emulator takes the call and writes nothing, the drill writes the files in DynamoDB's "
        "format (drills/stores/offsite_copy.py)"
    ),
    "the copier's container: a process with the same entry point",
)
NOT_PROVEN = (
    "another provider's own conditional writes: this store is the same emulator",
    "how long a copy of real size takes to read, and how long a new account takes to get",
    "the road to the store: plain HTTP on loopback",
)


@dataclass(frozen=True)
class Before:
    """What there was when the provider was lost, as users and the table had it."""

    files: Sequence[Kept]
    newer: Kept
    """Put after the last copy."""
    keys: Mapping[str, str]
    """By file: the key of its object."""
    records: Sequence[lost_items.Item]
    link: int
    """The newest link of the chain that was logged."""
    copied_at: float
    lost_at: float


def run(drive: "Drive", run: Run) -> Findings:
    """Copy, lose everything, rebuild, count."""
    found = Findings()
    if offsite_copy.STACK not in drive.deployed.stacks:
        found.simulated.append("the stack Offsite is not in this assembly: its queue, rule and bucket are the drill's")
    with offsite_copy.store_elsewhere(run.folder / "elsewhere") as elsewhere:
        before = copied(drive, run, found, elsewhere)
        run.say("the provider is lost: both regions, their copies, their backups")
        found.marks.append(Mark(run.seconds, "provider lost"))
        _take_away(drive)
        refuse_the_wrong_key(run, found, elsewhere)
        with _new_account(drive, run) as new:
            _rebuild(new, run, found, elsewhere, before)
        spoil(run, found, elsewhere, before)
    return found


def copied(
    drive: "Drive", run: Run, found: Findings, elsewhere: Elsewhere, *, patience: float = offsite_copy.PATIENCE
) -> Before:
    """Let the copier work, stop it, and put one file more; return what there is then."""
    count = FILES_IN_SHORT if run.options.short else FILES
    found.settings |= {"files": count, "file_bytes": FILE_BYTES}
    told = offsite_copy.prepare(drive, elsewhere)
    with offsite_copy.copier(told, run.folder / "copier.log") as process:
        run.say(f"putting {count} files in both regions, which are copied to the other provider")
        files = _put(drive, count, run.options.seed)
        records = list(lost_items.items(_table(drive), drive.design.name("drive")))
        exported = offsite_copy.export(drive)
        keys = {kept.file: _key_of(drive, kept) for kept in files}
        read = offsite_copy.wait_for(elsewhere, set(keys.values()), process, patience=patience)
    run.say("the copier stops; one more file is put, which is in no copy")
    newer = Holder(drive, "keeper").put("newer.jpg", b"newer than the copy")
    keys[newer.file] = _key_of(drive, newer)
    found.measurements |= {"items_exported": exported, "links": read.newest, "copied": len(read.entries)}
    kept = [item for item in records if lost_items.is_kept(item)]
    return Before(files, newer, keys, kept, read.newest, read.written_at, time.time())


def _put(drive: "Drive", count: int, seed: int) -> list[Kept]:
    """Put files in both regions, and an album, whose records hold bytes."""
    from drills.frame.stock import Files, stock
    from drills.traffic.arrivals import Wanted

    album = Wanted(users=frozenset({"keeper"}), for_sale=frozenset({"album"}), owned=frozenset({("keeper", "album")}))
    stock(drive, album, Files(count=1, size=FILE_BYTES), seed=seed)
    files = []
    holders = [Holder(drive, "keeper", region) for region in drive.design.data_regions]
    for number, content in enumerate(contents(count, FILE_BYTES, seed)):
        files.append(holders[number % len(holders)].put(f"kept/{number}.jpg", content))
    return files


def _take_away(drive: "Drive") -> None:
    for workers in drive.workers.values():
        workers.kill(workers.tasks)
    drive.cloud.stop()


def refuse_the_wrong_key(run: Run, found: Findings, elsewhere: Elsewhere) -> None:
    wrong = bytes(offsite_copy.KEY_BYTES)
    tried = offsite_copy.rebuild(elsewhere, run.folder, ["--to-folder", str(run.folder / "wrong")], key=wrong)
    said = f"code {tried.code}, {'nothing' if not _written(run.folder / 'wrong') else 'something'} written"
    found.measurements["wrong_key"] = tried.errors.strip().splitlines()[-1:]
    found.promises.append(Promise.exactly("a wrong key is refused", said, f"code {REFUSED}, nothing written"))


def _written(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


@contextmanager
def _new_account(drive: "Drive", run: Run) -> Iterator["Drive"]:
    """Yield a new drive, deployed from the same assembly into an emulator that holds nothing."""
    from drills.local.levers import publish
    from drills.local.local_drive import deploy_drive
    from embedded_cloud.embedded import EmbeddedCloud

    run.say("deploying a new drive into an empty account")
    with EmbeddedCloud.started(run.folder / "new-account", time_scale=drive.cloud.time_scale) as cloud:
        deployed = deploy_drive(cloud, drive.design.folder, tell=run.say)
        for region in drive.design.data_regions:
            publish(deployed, region, "identity", drive.identity.profile)
        yield replace(drive, cloud=cloud, deployed=deployed, workers={})


def _rebuild(new: "Drive", run: Run, found: Findings, elsewhere: Elsewhere, before: Before) -> None:
    """Restore into the new drive, and count through its API."""
    from stacks.promises import PROVIDER_LOST

    place = Place(new.bucket("files"), new.design.name("drive"), new.client("s3"), _table(new))
    run.say("restoring files and catalogue from the offsite copy alone")
    restore_and_count(run, found, elsewhere, before, place, new.cloud.environment(new.design.primary))
    found.marks.append(Mark(run.seconds, "restored"))
    user = Holder(new, "keeper")
    served = sum(user.is_intact(kept) for kept in before.files)
    took = time.time() - before.lost_at
    age = before.lost_at - before.copied_at
    found.measurements |= {"seconds_until_served": took}
    found.promises += [
        Promise.exactly("files of the copy, fetched whole from the new drive", served, len(before.files)),
        Promise.at_most("RTO", took, PROVIDER_LOST.recovery_minutes * 60, "s"),
        Promise.at_most("RPO: the copy's age at the loss", age, run.scaled(PROVIDER_LOST.loss_minutes * 60), "s"),
    ]
    _picture(found, run, before, served)


@dataclass(frozen=True)
class Place:
    """An empty bucket and table to restore into, and clients of both."""

    bucket: str
    table: str
    s3: Any
    dynamodb: Any


def restore_and_count(  # noqa: PLR0917  one call each in the drill and in its tests
    run: Run, found: Findings, elsewhere: Elsewhere, before: Before, place: Place, environment: Mapping[str, str]
) -> None:
    """Restore from the store alone, and count what is missing, object by object and record by record."""
    to = ["--to-bucket", place.bucket, "--to-table", place.table]
    rebuilt = offsite_copy.rebuild(elsewhere, run.folder, to, link=before.link, environment=environment)
    missing, different = records_missing(before.records, lost_items.items(place.dynamodb, place.table))
    counted, newer = (
        objects([Put(place.bucket, before.keys[kept.file], kept.sha256) for kept in files], place.s3)
        for files in (before.files, [before.newer])
    )
    # The file that is in no copy went in as well, and may be lost, as is promised of the last day.
    found.objects = counted + newer
    found.measurements |= {
        "restore": dict(rebuilt.report),
        "restore_ended_with": rebuilt.code,
        "records": {"in": len(before.records), "missing": missing, "different": different},
        "files_newer_than_the_copy_lost": newer.lost,
    }
    found.promises += [
        Promise.exactly("restore: ended with", rebuilt.code, 0),
        Promise.exactly("files older than the copy: lost", counted.lost, 0),
        Promise.exactly("files older than the copy: doubled", counted.doubled, 0),
        Promise.exactly("records of the copy", f"{missing} missing, {different} different", "0 missing, 0 different"),
    ]


def records_missing(before: Sequence[lost_items.Item], now: Any) -> tuple[int, int]:
    """Return how many records are not there, and how many are there otherwise, but for where their files lie."""
    present = {(item["pk"]["S"], item["sk"]["S"]): item for item in now}
    missing = different = 0
    for item in before:
        there = present.get((item["pk"]["S"], item["sk"]["S"]))
        missing += there is None
        different += there is not None and _without_place(there) != _without_place(item)
    return missing, different


def _without_place(item: lost_items.Item) -> dict[str, Any]:
    if not item["sk"]["S"].startswith("VERSION#"):
        return dict(item)
    return {name: value for name, value in item.items() if name not in PLACE}


def spoil(run: Run, found: Findings, elsewhere: Elsewhere, before: Before) -> None:
    """Delete, truncate and alter one object each in the store: a restore must name these three."""
    from services.offsite import chain

    run.say("three objects of the copy are spoilt, and the restore must name each")
    files = [entry for entry in chain.read(elsewhere.store()).entries if entry.key in before.keys.values()]
    deleted, cut, altered = files[:3]
    elsewhere.s3.delete_object(Bucket=offsite_copy.BUCKET, Key=deleted.stored)
    for entry in (cut, altered):
        body = elsewhere.s3.get_object(Bucket=offsite_copy.BUCKET, Key=entry.stored)["Body"].read()
        spoilt = body[:-1] if entry is cut else body[:-1] + bytes([body[-1] ^ 1])
        elsewhere.s3.put_object(Bucket=offsite_copy.BUCKET, Key=entry.stored, Body=spoilt)
    rebuilt = offsite_copy.rebuild(elsewhere, run.folder, ["--to-folder", str(run.folder / "rescue")], link=before.link)
    found.measurements["spoilt"] = dict(rebuilt.report)
    found.promises.append(
        Promise.exactly(
            "a spoilt copy: what the restore names",
            named(rebuilt, [deleted.key], [cut.key, altered.key]),
            "code 1, 1 of 1 missing, 2 of 2 damaged",
        )
    )


def named(rebuilt: Rebuilt, missing: Sequence[str], damaged: Sequence[str]) -> str:
    """Return how a restore ended, and how many of what was spoilt its report names, and how many in all."""
    report = rebuilt.report
    sides = []
    for kind, keys in (("missing", missing), ("damaged", damaged)):
        shown = report.get(f"{kind}_first", [])
        named_there = sum(any(told.startswith(key) for told in shown) for key in keys)
        sides.append(f"{named_there} of {report.get(kind, 0)} {kind}")
    return f"code {rebuilt.code}, {', '.join(sides)}"


def _picture(found: Findings, run: Run, before: Before, served: int) -> None:
    count = len(before.files)
    lost, back = found.marks[-2].at, run.seconds
    points = [(0.0, 0.0), (lost * 0.5, float(count)), (lost, 0.0), (back, float(served))]
    found.panels.append(Panel("Files that a user can fetch", "files", [Line("fetched whole", points, steps=True)]))


def _key_of(drive: "Drive", kept: Kept) -> str:
    [item] = versions_of(drive, kept.file, kept.version)
    return str(item["key"]["S"])


def _table(drive: "Drive") -> Any:
    return drive.client("dynamodb")


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done: an account of one's own is left alone, another, empty one is restored into."""
    here = design.primary
    files, table = f"{design.prefix}-files-<new account>-{here}", design.name("drive")
    restore = "python -m services.offsite restore --endpoint https://<store> --bucket <bucket> --key-file <file>"
    return [
        call(design.standby, "lambda", "Invoke", "export the table today",
             FunctionName=f"{design.name('offsite-export')}:live"),
        person(design.standby, "aws logs tail", "note the newest link that the copier logged: `chain grew`",
               group=f"/aws/ecs/{design.name('offsite')}"),
        person(here, "write down", "checksums of a sample of files, and the number of items", table=table),
        person(here, "cdk deploy --all", "into an empty account, as docs/deploy.md says; this begins the RTO"),
        person(here, f"{restore} --to-folder wrong", "with another key: must end with code 2 and write nothing"),
        person(here, f"{restore} --to-bucket {files} --to-table {table} --expect-link <link>",
               "as an administrator of the new account; nothing of the old one is asked"),
        call(here, "dynamodb", "Scan", "count the items", TableName=table, Select="COUNT"),
        person(here, "drive get", "the sample, from the new address; compare checksums. This ends the RTO"),
        person(here, "delete the new account's drive", "it holds a copy of everything"),
    ]  # fmt: skip


DRILL = Drill(
    name="provider_loss",
    title="Provider loss",
    promise=__doc__,
    run=run,
    plan=plan,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
    shares=False,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
