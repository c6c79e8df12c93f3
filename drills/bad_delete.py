"""Survives a bad deletion: whatever was deleted by mistake, by a fault or by a thief is had back, byte for byte.

A user's mistake: deleted and overwritten files are taken back through the API and with the command `drive`.
A fault of ours: a table's deleted items come back from a backup restored beside it; what is newer stays.
A stolen role: it empties the files bucket, and cannot touch the locked copies in the other region.
The validator of restores is shown a good restore and a damaged one, and must say FAILED of the second.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.drill import CouldNotRun, Drill, Findings, Run, main
from drills.frame.ledger import Counts, Put, objects
from drills.frame.plan import Design, Step, call, person
from drills.frame.plots import Line, Mark, Panel, Point
from drills.frame.result import Promise
from drills.stores import backups, lost_items, thief
from drills.stores.backups import Restored, Source
from drills.stores.holdings import PAUSE, Holder, Kept, contents, put_of

if TYPE_CHECKING:
    from drills.frame.running import Drive

REPOSITORY = Path(__file__).parents[1]
FILE_BYTES = 40_000
FILES, FILES_IN_SHORT = 12, 4

SIMULATED = (
    "AWS Backup's jobs: a table's backup is DynamoDB's on-demand one, a real snapshot (embedded_cloud/restore_jobs.py)",
    "the default lock of the copies: S3 gives it to each replica, here the drill does, with the template's numbers",
)
NOT_PROVEN = (
    (
        "point-in-time recovery: the emulator takes a moment and restores the items of now. An on-demand backup "
        "stands for it, and what was written between backup and fault is left alone"
    ),
    "how long DynamoDB and S3 take: the emulator restores a small table in milliseconds",
    (
        "copies older than their lock: a thief may delete those, and only AWS Backup's locked vault, which is not "
        "in the emulator, keeps them"
    ),
    "a thief who may change the bucket policy of the copies first, and then lift a lock in governance mode",
    "deletion protection and termination protection of tables and stacks",
)


@dataclass
class Scene:
    """What the three deletions happen to."""

    drive: "Drive"
    run: Run
    user: Holder
    kept: list[Kept]
    found: Findings = field(default_factory=Findings)
    fetched: list[Point] = field(default_factory=list)
    stored: list[Point] = field(default_factory=list)

    def happens(self, text: str) -> None:
        """Tell it, and mark it in the plot."""
        self.run.say(text)
        self.found.marks.append(Mark(self.run.seconds, text))

    def intact(self, wanted: Sequence[Kept] | None = None) -> int:
        """Return how many files (all, unless some are named) a user can fetch as they were put."""
        count = sum(self.user.is_intact(kept) for kept in wanted or self.kept)
        if wanted is None:
            self.fetched.append((self.run.seconds, count))
        return count


def run(drive: "Drive", run: Run) -> Findings:
    """Put files, and delete them in three ways."""
    scene = begun(drive, run)
    by_mistake(scene)
    by_a_fault(scene)
    by_a_thief(scene)
    lines = [Line("fetched whole by their user", scene.fetched, steps=True)]
    lines += [Line("in the files bucket", scene.stored, steps=True)]
    scene.found.panels.append(Panel("Files", "files", lines))
    return scene.found


def begun(drive: "Drive", run: Run) -> Scene:
    """Put the files that are deleted afterwards."""
    count = FILES_IN_SHORT if run.options.short else FILES
    user = Holder(drive, "keeper")
    run.say(f"putting {count} files")
    kept = [user.put(f"album/{number}.jpg", content)
            for number, content in enumerate(contents(count, FILE_BYTES, run.options.seed))]  # fmt: skip
    scene = Scene(drive, run, user, kept)
    scene.found.settings |= {"files": count, "file_bytes": FILE_BYTES}
    scene.intact()
    return scene


def by_mistake(scene: Scene) -> None:
    """A user deletes some files and overwrites another, and takes all of them back."""
    from stacks.promises import FILE_DELETED

    half = len(scene.kept) // 2
    deleted, overwritten = scene.kept[:half], scene.kept[half]
    scene.happens("a user deletes and overwrites files")
    for kept in deleted:
        scene.user.delete(kept)
    newer = scene.user.put(overwritten.path, b"saved over the picture")
    missed = {kept.path for kept in deleted} & scene.user.paths()
    gone = len(deleted) - scene.intact(deleted) + 1 - scene.user.is_intact(overwritten)
    scene.intact()
    began = time.monotonic()
    by_command = deleted[: max(1, half // 2)]
    for kept in by_command:
        undelete_by_command(scene.drive, scene.run.folder, kept.path)
    for kept in [*deleted[len(by_command) :], overwritten]:
        scene.user.undelete(kept)
    whole = scene.intact()
    took = time.monotonic() - began
    scene.happens("all of them are back")
    scene.found.measurements |= {
        "undeleted_by_the_command": len(by_command),
        "undeleted_through_the_api": len(deleted) - len(by_command) + 1,
        "seconds_until_undeleted": took,
        "overwritten_by_version": newer.version,
    }
    scene.found.promises += [
        Promise.exactly("mistake: what was deleted or overwritten was gone for its user", (gone, len(missed)),
                        (len(deleted) + 1, 0)),
        Promise.exactly("mistake: files whole after their owner took them back", whole, len(scene.kept)),
        Promise.at_most("mistake: RTO", took, FILE_DELETED.recovery_minutes * 60, "s"),
    ]  # fmt: skip


def undelete_by_command(drive: "Drive", folder: Path, path: str) -> None:
    """Have a file back as a person does, with the command `drive`. Raises CouldNotRun when it does not end well."""
    endpoints = " ".join(drive.deployed.api(region) for region in drive.design.data_regions)
    told = {
        "DRIVE_ENDPOINTS": endpoints,
        "DRIVE_TOKEN": drive.identity.token("keeper"),
        "DRIVE_STATE": str(folder / "client"),
        "DRIVE_CONFIG": str(folder / "none.toml"),
    }
    command = [sys.executable, "-m", "client", "undelete", path, "--json"]
    ended = subprocess.run(command, cwd=REPOSITORY, env=os.environ | told, capture_output=True, text=True, check=False)
    if ended.returncode:
        message = f"`drive undelete {path}` ended with {ended.returncode}: {ended.stdout}{ended.stderr}"
        raise CouldNotRun(message)


def by_a_fault(scene: Scene) -> None:
    """A fault of ours deletes the records of files, in both regions at once; a backup is restored beside the table."""
    from stacks.promises import TABLE_CORRUPTED

    drive, design = scene.drive, scene.drive.design
    dynamodb, table = drive.client("dynamodb"), design.name("drive")
    source = backups.sources(drive, design.primary)[0]
    _wait_until_settled(scene)
    scene.run.say("writing down what a restore must contain, and backing the table up")
    backups.write_expectations(drive, design.primary)
    point = backups.back_up(drive, source)
    later = scene.user.put("written after the backup.jpg", b"newer than the backup")
    before = _records(scene, scene.kept)
    scene.happens("a fault deletes records")
    deleted = lost_items.delete(dynamodb, table, before)
    scene.found.measurements |= {
        "items_deleted": deleted,
        "items_left_in_the_other_region": _left(scene, before, design.standby),
        "files_fetched_meanwhile": scene.intact(),
    }
    began = time.monotonic()
    restored = f"{table}-before-the-fault"
    backups.restore(drive, source, point, restored)
    difference = lost_items.compare(dynamodb, table, restored)
    put = lost_items.put_back(dynamodb, table, difference.missing)
    now = _records(scene, scene.kept)
    whole = scene.intact()
    took = time.monotonic() - began
    scene.happens("the records are back")
    there = {(item["pk"]["S"], item["sk"]["S"]) for item in now}
    out = sum((item["pk"]["S"], item["sk"]["S"]) in there for item in before)
    altered = len(lost_items.compare_items(difference.missing, now))
    backups.remove(drive, source, restored)
    lost = Counts(into=len(before), out=out, lost=len(before) - out)
    scene.found.measurements |= {
        "items": lost.as_json(),
        "items_put_back": put,
        "items_changed_since_the_backup_and_left_alone": len(difference.changed),
        "seconds_until_the_table_was_right": took,
        "items_that_a_restore_to_a_moment_lacks_here": _by_moment(scene, source, before),
    }
    scene.found.promises += [
        Promise.exactly("fault: records lost", lost.lost, 0),
        Promise.exactly("fault: records that are not as they were in the backup", altered, 0),
        Promise.exactly("fault: files whole again", whole, len(scene.kept)),
        Promise.exactly("fault: what was written after the backup stays", scene.user.is_intact(later), promised=True),
        Promise.at_most("fault: RTO", took, TABLE_CORRUPTED.recovery_minutes * 60, "s"),
    ]
    judge(scene, source, point)


def judge(scene: Scene, source: Source, point: str) -> None:
    """Have the deployed validator look at a good restore of a table, and at a damaged one."""
    dynamodb = scene.drive.client("dynamodb", source.region)

    def damage(name: str) -> None:
        spoilt = next(item for item in lost_items.items(dynamodb, name) if item["sk"]["S"].startswith("VERSION#"))
        dynamodb.put_item(TableName=name, Item={**spoilt, "sha256": {"S": "0" * 64}})

    verdicts: list[Restored] = []
    spoilings: list[tuple[str, Callable[[str], None] | None]] = [("good", None), ("damaged", damage)]
    for name, spoil in spoilings:
        verdicts.append(backups.try_restore(scene.drive, source, point, spoil))
        scene.happens(f"{name} restore: {verdicts[-1].verdict}")
        backups.remove(scene.drive, source, verdicts[-1].name)
        scene.found.measurements[f"validator_on_a_{name}_restore"] = f"{verdicts[-1].verdict}: {verdicts[-1].message}"
    scene.found.promises += [
        Promise.exactly("validator: of a good restore", verdicts[0].verdict, "SUCCESSFUL"),
        Promise.exactly("validator: of a damaged restore", verdicts[1].verdict, "FAILED"),
    ]


def by_a_thief(scene: Scene) -> None:
    """A stolen role deletes all versions in the files bucket, and tries the same with the copies."""
    from stacks.promises import FILES_DELETED

    drive, design = scene.drive, scene.drive.design
    puts = [put_of(drive, kept) for kept in scene.kept]
    keys = [put.key for put in puts]
    copied = wait_for_copies(scene, keys)
    days = thief.lock_copies(drive, design.standby, keys)
    files, copies = drive.bucket("files"), drive.bucket("replica", design.standby)
    own = drive.cloud.client("s3", design.primary, thief.worker_role(drive, design.primary))
    refused = thief.delete_known(own, files, _known(drive, files, keys))
    _count_stored(scene, puts)
    with thief.stolen_role(drive) as stolen:
        here, there = (drive.cloud.client("s3", region, stolen) for region in design.data_regions)
        scene.happens("a stolen role empties the files bucket")
        emptied = thief.delete_versions(here, files, keys)
        thief.hide(there, copies, keys)
        locked = thief.delete_versions(there, copies, keys)
        lifted = thief.delete_versions(there, copies, keys, lift_the_lock=True)
    _count_stored(scene, puts)
    began = time.monotonic()
    served = scene.intact()
    at_once = time.monotonic() - began
    brought = thief.bring_back(drive, puts, design.primary, design.standby)
    whole = scene.intact()
    took = time.monotonic() - began
    scene.happens("the bucket is full again")
    scene.found.objects = objects(puts, drive.client("s3"))
    _count_stored(scene, puts)
    scene.found.measurements |= {
        "versions_deleted_by_the_thief": emptied.made - emptied.refused,
        "days_of_the_lock": days,
        "seconds_until_served_from_the_copies": at_once,
        "files_brought_back": brought,
        "seconds_until_brought_back": took,
    }
    scene.found.promises += [
        Promise.exactly("thief: files copied to the other region in time", copied, len(puts)),
        Promise.exactly("thief: deletions by the drive's own role", refused.text, all_refused(refused)),
        Promise.exactly("thief: deletions of locked copies", locked.text, all_refused(locked)),
        Promise.exactly("thief: deletions of copies that lift the lock", lifted.text, all_refused(lifted)),
        Promise.exactly("thief: files served from the copies at once", served, len(puts)),
        Promise.exactly("thief: files lost", scene.found.objects.lost, 0),
        Promise.exactly("thief: files whole after they were brought back", whole, len(puts)),
        Promise.at_most("thief: RTO", took, FILES_DELETED.recovery_minutes * 60, "s"),
    ]


def all_refused(attempts: thief.Attempts) -> str:
    """Return what is promised of attempts: there were some, and all were refused."""
    return thief.Attempts(max(1, attempts.made), max(1, attempts.made)).text


def _known(drive: "Drive", bucket: str, keys: Sequence[str]) -> list[tuple[str, str]]:
    return [(key, version) for key in keys for version in thief.versions(drive.client("s3"), bucket, key)]


def _count_stored(scene: Scene, puts: Sequence[Put]) -> None:
    scene.stored.append((scene.run.seconds, objects(puts, scene.drive.client("s3")).out))


def _records(scene: Scene, kept: Sequence[Kept]) -> list[lost_items.Item]:
    """Return the records of files and of all their versions."""
    files = {one.file for one in kept}
    stored = lost_items.items(scene.drive.client("dynamodb"), scene.drive.design.name("drive"))
    return [item for item in stored if item["sk"]["S"].partition("#")[2].partition("#")[0] in files]


def _left(scene: Scene, before: Sequence[lost_items.Item], region: str) -> int:
    stored = lost_items.items(scene.drive.client("dynamodb", region), scene.drive.design.name("drive"))
    there = {(item["pk"]["S"], item["sk"]["S"]) for item in stored}
    return sum((item["pk"]["S"], item["sk"]["S"]) in there for item in before)


def _by_moment(scene: Scene, source: Source, before: Sequence[lost_items.Item]) -> int:
    """Return how much a restore to a moment before the fault lacks: on AWS nothing, here what the fault deleted."""
    dynamodb, name = scene.drive.client("dynamodb", source.region), f"{source.name}-to-a-moment"
    lost_items.delete(dynamodb, source.name, before[:1])
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=source.name, TargetTableName=name, RestoreDateTime=time.time() - 1
    )
    present = {(item["pk"]["S"], item["sk"]["S"]) for item in lost_items.items(dynamodb, name)}
    lost_items.put_back(dynamodb, source.name, before[:1])
    dynamodb.delete_table(TableName=name)
    return sum((item["pk"]["S"], item["sk"]["S"]) not in present for item in before)


def wait_for_copies(scene: Scene, keys: Sequence[str]) -> int:
    """Return how many objects have a copy in the other region within the time that is promised for it."""
    from stacks.promises import COPY_SECONDS

    there = scene.drive.client("s3", scene.drive.design.standby)
    bucket = scene.drive.bucket("replica", scene.drive.design.standby)
    deadline = time.monotonic() + scene.run.scaled(COPY_SECONDS)
    while True:
        copied = sum(bool(thief.versions(there, bucket, key)) for key in keys)
        if copied == len(keys) or time.monotonic() > deadline:
            return copied
        time.sleep(PAUSE)


def _wait_until_settled(scene: Scene) -> None:
    """Wait until no record changes any more by itself: each says that its file lies in both regions."""
    from stacks.promises import COPY_SECONDS

    deadline = time.monotonic() + scene.run.scaled(COPY_SECONDS)
    while time.monotonic() < deadline:
        states = {item["durability"]["S"] for item in _records(scene, scene.kept) if "durability" in item}
        if states == {"MULTI_REGION"}:
            return
        time.sleep(PAUSE)


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account."""
    table, here, there = design.name("drive"), design.primary, design.standby
    before: dict[str, Any] = {"SourceTableName": table, "TargetTableName": f"{table}-before-the-fault"}
    bucket = f"{design.prefix}-files-<account>-{here}"
    copies = f"{design.prefix}-replica-<account>-{there}"
    return [
        person(here, "put, delete and overwrite files", "with `drive put` and a test user's token"),
        person(here, "drive undelete PATH [--version ID]", "each file's owner takes it back; compare checksums"),
        call(here, "lambda", "Invoke", "write down what a restore must contain",
             FunctionName=f"{design.name('restore-expectations')}:live"),
        call(here, "dynamodb", "DeleteItem", "each record of the test user's files", TableName=table),
        call(here, "dynamodb", "RestoreTableToPointInTime", "to the second before that", **before,
             RestoreDateTime="<a second before the fault>"),
        call(here, "dynamodb", "Scan", "compare both tables", TableName=f"{table}-before-the-fault"),
        call(here, "dynamodb", "PutItem", "put back each missing item where there is none", TableName=table,
             ConditionExpression="attribute_not_exists(pk)"),
        call(here, "dynamodb", "DeleteTable", "remove the restored copy", TableName=f"{table}-before-the-fault"),
        call(here, "iam", "CreateRole", "a role that may do everything with S3, for an hour",
             RoleName=design.name(thief.ROLE)),
        call(here, "s3", "DeleteObjectVersion", "as that role: every version of the test user's files", Bucket=bucket),
        call(there, "s3", "DeleteObjectVersion", "as that role: every copy; the lock must refuse each", Bucket=copies),
        call(there, "s3", "DeleteObjectVersion", "as that role, lifting the lock; the bucket policy must refuse each",
             Bucket=copies, BypassGovernanceRetention=True),
        person(here, "drive get", "every file, from the copies; compare checksums"),
        call(here, "s3", "CopyObject", "each file back from its copy", Bucket=bucket, CopySource=f"{copies}/<key>"),
        call(here, "dynamodb", "UpdateItem", "let each record name the new version", TableName=table),
        call(here, "iam", "DeleteRole", "remove the role", RoleName=design.name(thief.ROLE)),
    ]  # fmt: skip


DRILL = Drill(
    name="bad_delete",
    title="Bad delete",
    promise=__doc__,
    run=run,
    plan=plan,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
