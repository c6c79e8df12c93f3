"""Survives its own decay: what is backed up can be restored, is looked into, and a bad restore is called bad.

What runs every week: what must be in a restore is written down before the backup; each table and bucket is backed up,
restored into a new one, and judged by the deployed validator; how long that took is held against what is promised, and
the evidence is written down. Then copies are damaged on purpose, and the verdict must be FAILED.
"""

import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drills.drill import CouldNotRun, Drill, Findings, Run, main
from drills.frame.ledger import Counts, objects
from drills.frame.plan import Design, Step, call, person
from drills.frame.plots import Limit, Line, Panel
from drills.frame.result import Promise
from drills.stores import backups, lost_items
from drills.stores.backups import Restored, Source
from drills.stores.holdings import Holder, contents, put_of

if TYPE_CHECKING:
    from drills.frame.running import Drive

FILES, FILES_IN_SHORT = 8, 3
FILE_BYTES = 40_000
SUBSCRIBERS = 5
GOLDEN = 3
HOURS_OF_A_DAY = 24

SIMULATED = (
    (
        "AWS Backup's jobs: a table's backup is DynamoDB's on-demand one, a real snapshot, a bucket's is the list of "
        "its current versions; AWS Backup's event of an ended restore is sent, too (embedded_cloud/restore_jobs.py)"
    ),
    "the schedule: the restore-testing plan has no API in the emulator; the drill starts what it would start",
)
NOT_PROVEN = (
    "AWS Backup's copies in the other region and account: there are no copy jobs in the emulator",
    "vault locks, and what AWS Backup's role may do",
    "how long a restore of tables and buckets of real size takes",
)


def run(drive: "Drive", run: Run) -> Findings:
    """Fill the stores, and run one week's restore test in each data region; then damage restores."""
    found = Findings()
    design = drive.design
    count = FILES_IN_SHORT if run.options.short else FILES
    regions = [design.primary] if run.options.short else list(design.data_regions)
    found.settings |= {"files": count, "subscribers": SUBSCRIBERS, "golden_objects": GOLDEN, "regions": regions}
    run.say("filling tables and buckets")
    user = Holder(drive, "keeper")
    kept = [user.put(f"kept/{number}", content) for number, content in enumerate(contents(count, FILE_BYTES, 7))]
    fill(drive)
    at: dict[Restored, float] = {}
    for region in regions:
        at |= week(drive, run, found, region)
    promise_restores(found, list(at))
    damaged(drive, run, found, design.primary)
    found.orders, found.objects = Counts(), objects([put_of(drive, one) for one in kept], drive.client("s3"))
    _picture(found, list(at), at)
    return found


def fill(drive: "Drive") -> None:
    table = drive.design.name("subscribers")
    for number in range(SUBSCRIBERS):
        item = {"pk": {"S": "SUBSCRIBER"}, "sk": {"S": f"{number:032x}"}, "email": {"S": f"{number}@example.com"}}
        drive.client("dynamodb").put_item(TableName=table, Item=item)
    for region in drive.design.data_regions:
        for number, content in enumerate(contents(GOLDEN, FILE_BYTES, 11)):
            drive.client("s3", region).put_object(
                Bucket=drive.bucket("golden", region), Key=f"golden/{number}", Body=content
            )


def week(drive: "Drive", run: Run, found: Findings, region: str) -> dict[Restored, float]:
    """Run what runs in one week in one region; return each source's restore, and at which second it was over."""
    run.say(f"writing down what restores in {region} must contain")
    backups.write_expectations(drive, region)
    restored: dict[Restored, float] = {}
    for source in backups.sources(drive, region):
        began = time.time()
        point = backups.back_up(drive, source)
        one = backups.try_restore(drive, source, point)
        run.say(f"{source}: {one.verdict}, restored in {one.seconds:.2f} s")
        restored[one] = run.seconds
        fresh = backups.evidence(drive, one, began)
        found.measurements[f"{source}"] = {"verdict": one.verdict, "message": one.message, "evidence": fresh,
                                           "restored_items_or_objects": _count(drive, one)}  # fmt: skip
        backups.remove(drive, source, one.name)
    return restored


def promise_restores(found: Findings, restored: Sequence[Restored]) -> None:
    from stacks.promises import TABLE_RESTORE_MINUTES

    good = sum(one.good for one in restored)
    bad = [f"{one.source}: {one.verdict}, {one.message}" for one in restored if not one.good]
    found.promises.append(Promise.exactly("restores that were found good", good, len(restored)))
    found.measurements["restores_not_good"] = bad
    evident = sum(bool(found.measurements[f"{one.source}"]["evidence"]) for one in restored)
    found.promises.append(Promise.exactly("good restores with evidence written down", evident, len(restored)))
    for kind, minutes in (("table", TABLE_RESTORE_MINUTES), ("bucket", HOURS_OF_A_DAY * 60)):
        slowest = max(one.seconds for one in restored if one.source.kind == kind)
        found.promises.append(Promise.at_most(f"RTO: slowest restore of a {kind}", slowest, minutes * 60, "s"))


def damaged(drive: "Drive", run: Run, found: Findings, region: str) -> None:
    """Damage restored copies, one thing in each, before the validator looks: it must say FAILED and name the thing."""
    sources = {source.role: source for source in backups.sources(drive, region)}
    for name, (role, spoil) in _damages(drive, region).items():
        source = sources[role]
        point = backups.back_up(drive, source)
        one = backups.try_restore(drive, source, point, spoil)
        run.say(f"{name}: {one.verdict}, {one.message}")
        found.measurements[name] = f"{one.verdict}: {one.message}"
        found.promises.append(Promise.exactly(f"verdict on {name}", one.verdict, "FAILED"))
        backups.remove(drive, source, one.name)


def _damages(drive: "Drive", region: str) -> dict[str, tuple[str, Any]]:
    dynamodb, s3 = drive.client("dynamodb", region), drive.client("s3", region)

    def alter_item(name: str) -> None:
        spoilt = next(item for item in lost_items.items(dynamodb, name) if item["sk"]["S"].startswith("VERSION#"))
        dynamodb.put_item(TableName=name, Item={**spoilt, "sha256": {"S": "0" * 64}})

    def lose_item(name: str) -> None:
        lost = [item for item in lost_items.items(dynamodb, name) if item["sk"]["S"].startswith("VERSION#")]
        lost_items.delete(dynamodb, name, lost[:1])

    def alter_object(name: str) -> None:
        first = s3.list_objects_v2(Bucket=name, MaxKeys=1)["Contents"][0]
        s3.put_object(Bucket=name, Key=first["Key"], Body=bytes(first["Size"]))

    return {
        "a table with an altered item": ("drive", alter_item),
        "a table without one item": ("drive", lose_item),
        "a bucket with an altered object": ("golden", alter_object),
    }


def _count(drive: "Drive", one: Restored) -> int:
    if one.source.kind == "table":
        return sum(1 for _ in lost_items.items(drive.client("dynamodb", one.source.region), one.name))
    listed = drive.client("s3", one.source.region).list_objects_v2(Bucket=one.name)
    return int(listed["KeyCount"])


def _picture(found: Findings, restored: Sequence[Restored], at: Mapping[Restored, float]) -> None:
    from stacks.promises import TABLE_RESTORE_MINUTES

    # Each at the second of the drill at which it was over.
    lines = [Line(str(one.source), [(at[one] - one.seconds, one.seconds), (at[one], one.seconds)]) for one in restored]
    promised = [Limit(TABLE_RESTORE_MINUTES * 60, "promised for a table")]
    found.panels.append(Panel("How long each restore took", "seconds", lines, promised, logarithmic=True))


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account: one restore of each source in each data region."""
    steps: list[Step] = []
    place = Account(design, "<account>")
    for region in design.data_regions:
        vault = design.name("vault")
        steps.append(
            call(region, "lambda", "Invoke", "write down what a restore must contain",
                 FunctionName=f"{design.name('restore-expectations')}:live"))  # fmt: skip
        for source in backups.sources(place, region):
            metadata = backups.metadata_of(source, f"{design.prefix}-restore-drill-<id>")
            role = backups.role_of(place, source)
            steps += [
                call(region, "backup", "StartBackupJob", f"back up the {source.kind} {source.role}",
                     BackupVaultName=vault, ResourceArn=source.arn, IamRoleArn=role),
                call(region, "backup", "StartRestoreJob", "restore it into a new one",
                     RecoveryPointArn="<of that job>", Metadata=metadata, IamRoleArn=role),
                call(region, "backup", "DescribeRestoreJob", "until it has ended; this is the measured RTO",
                     RestoreJobId="<of that job>"),
                person(region, "compare", "with what was written down, by services/restore_validator/checks.py"),
            ]  # fmt: skip
            operation = ("dynamodb", "DeleteTable") if source.kind == "table" else ("s3", "DeleteBucket")
            steps.append(call(region, *operation, why="remove the restored copy", Name="<the restored one>"))
    return steps


@dataclass(frozen=True)
class Account:
    """A real account, with the credentials that the environment gives."""

    design: Design
    account: str

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of a region."""
        import boto3

        return boto3.session.Session(region_name=region or self.design.primary).client(service)

    def bucket(self, role: str, region: str | None = None) -> str:
        """Return a bucket's name."""
        return f"{self.design.prefix}-{role}-{self.account}-{region or self.design.primary}"


def execute(design: Design, run: Run) -> Findings:
    """Restore every source of both data regions in a real account, and compare. Not yet proven. Raises CouldNotRun.

    Restores that were not started by a restore-testing plan take no verdict from AWS Backup: the comparison runs here,
    with the credentials of whoever runs the drill. A file refers to objects of the region that is compared.
    """
    place = Account(design, str(run.options.execute))
    _check_account(place)
    found = Findings(not_proven=["the deployed validator: this comparison ran with the drill's own credentials"])
    at: dict[Restored, float] = {}
    for region in design.data_regions:
        backups.write_expectations(place, region)
        for source in backups.sources(place, region):
            point = backups.back_up(place, source, patience=HOURS_OF_A_DAY * 3600)
            one = _restored_for_real(place, source, point)
            at[one] = run.seconds
            run.say(f"{source}: {one.verdict} {one.message}, {one.seconds:.0f} s")
            found.measurements[f"{source}"] = {"verdict": one.verdict, "evidence": True}
    promise_restores(found, list(at))
    _picture(found, list(at), at)
    return found


def _check_account(place: Account) -> None:
    here = place.client("sts").get_caller_identity()["Account"]
    if here != place.account:
        message = f"these are credentials of account {here}, not of {place.account}: nothing was done"
        raise CouldNotRun(message)


def _restored_for_real(place: Account, source: Source, point: str) -> Restored:
    name = f"{place.design.prefix}-restore-drill-{uuid.uuid4().hex[:12]}"
    day = HOURS_OF_A_DAY * 3600
    job = backups.restore(place, source, point, name, patience=day)
    os.environ |= {
        "AWS_REGION": source.region,
        "EXPECTATIONS_BUCKET": place.bucket("expectations", source.region),
        "REPLICA_BUCKET": place.bucket("replica", source.region),
    }
    findings = compared(source, name, job["RecoveryPointCreationDate"].timestamp(), time.monotonic() + day)
    backups.remove(place, source, name)
    took = (job["CompletionDate"] - job["CreationDate"]).total_seconds()
    return Restored(source, name, took, "FAILED" if findings else "SUCCESSFUL", "; ".join(findings))


def compared(source: Source, name: str, moment: float, until: float) -> list[str]:
    """Return what the validator's own comparison finds in a restored table or bucket; the environment says where."""
    from services.restore_validator import checks
    from services.restore_validator.expectations import newest_before
    from services.restore_validator.sources import Deadline

    expected = newest_before(source.kind, source.name, int(moment * 1000))
    if expected is None:
        return [f"nothing was written down about {source.name} before the moment that was restored"]
    return checks.findings(name, expected, moment, Deadline(until))


DRILL = Drill(
    name="restore_test",
    title="Restore test",
    promise=__doc__,
    run=run,
    plan=plan,
    execute=execute,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
