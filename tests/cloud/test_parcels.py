"""Somebody else's CDK app, deployed unchanged to two regions: what goes in comes out, what is deleted comes back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from embedded_cloud.attributes import REPLICA, Resource
from embedded_cloud.backups import RestoreFailed, back_up, restore, verdict
from embedded_cloud.deployment import Deployed, DeploymentFailed, FunctionFailed, NotFound, deploy
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.holes import PROPERTIES, Fate
from embedded_cloud.workers import NoEntryPoint, Workers
from tests.cloud.assemblies import SNAPSHOTS, used
from tests.cloud.parcels_assembly import SERVICES
from tests.cloud.waiting import until

WEST, CENTRAL = "eu-west-1", "eu-central-1"
PATIENCE = 60.0
"""Seconds: the machine may be busy."""
TABLE_ARN = f"arn:aws:dynamodb:{WEST}:000000000000:table/parcels-parcels"
CLUSTER_ARN = f"arn:aws:rds:{WEST}:000000000000:cluster:parcels-ledger"


@pytest.fixture(scope="module")
def parcels(parcels_assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with EmbeddedCloud.started(tmp_path_factory.mktemp("cloud"), regions=(WEST, CENTRAL), time_scale=20) as cloud:
        yield deploy(cloud, parcels_assembly)


def test_nothing_is_lost_that_is_not_listed(parcels: Deployed) -> None:
    words = ("is not there", "the emulator has something else")
    lost = [change for change in parcels.changes if change.fate is Fate.LOST]

    assert [change for change in parcels.changes if change.fate is Fate.UNCHECKED] == []
    assert [change for change in lost if any(word in change.what for word in words)] == []


def test_every_hole_that_the_drive_does_not_have_is_still_one(parcels: Deployed) -> None:
    of_the_drive = {*used(SNAPSHOTS.glob("*.json")), (REPLICA, "TimeToLiveSpecification")}
    told = {(change.type, change.what.split(":")[0]) for change in parcels.changes}
    listed = {(kind, path) for kind, path in PROPERTIES if (kind, path.split(".")[0]) not in of_the_drive}

    assert listed
    assert listed - told == set()


def test_what_a_template_may_not_have_is_told(parcels: Deployed) -> None:
    told = {(change.type, change.fate) for change in parcels.changes}

    assert ("AWS::Backup::RestoreTestingPlan", Fate.LOST) in told
    assert ("AWS::Backup::BackupSelection", Fate.COMPLETED) in told
    assert ("image", Fate.SIMULATED) in told
    assert ("AWS::SQS::Queue", Fate.SCALED) in told


def test_a_second_deployment_changes_nothing(parcels: Deployed) -> None:
    again = deploy(parcels.cloud, parcels.assembly)

    assert [change for change in again.changes if change.fate is Fate.COMPLETED and "refused" not in change.what] == []


@pytest.mark.parametrize("region", [WEST, CENTRAL])
def test_a_parcel_that_is_accepted_is_delivered_in_its_region(parcels: Deployed, region: str) -> None:
    answer = parcels.call("accept", region, content={"id": f"parcel of {region}"})

    assert (answer.status, answer.json()) == (202, {"id": f"parcel of {region}"})
    until(lambda: _item(parcels, f"parcel of {region}").get("delivered_in") == {"S": region}, PATIENCE)


def test_a_url_refuses_whoever_did_not_sign(parcels: Deployed) -> None:
    assert httpx.post(parcels.function_url("accept", WEST), json={"id": "x"}).status_code == 403


def test_a_url_of_a_region_that_is_down_does_not_answer_elsewhere(parcels: Deployed) -> None:
    url = parcels.function_url("accept", CENTRAL)
    elsewhere = url.replace(parcels.cloud.endpoint(CENTRAL), parcels.cloud.endpoint(WEST))
    parcels.cloud.take_down(CENTRAL, hang_seconds=0.2)
    try:
        with pytest.raises(httpx.ConnectError):
            httpx.post(url)
        assert httpx.post(elsewhere).status_code == 404
    finally:
        parcels.cloud.bring_up(CENTRAL)


def test_a_poison_message_ends_in_the_dead_letters(parcels: Deployed) -> None:
    sqs = parcels.cloud.client("sqs", WEST)
    body = json.dumps({"id": "poison", "unreadable": True})
    sqs.send_message(QueueUrl=parcels.queue_url("work", WEST), MessageBody=body)

    def dead() -> str:
        url = parcels.queue_url("work-dead-letters", WEST)
        held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return str(held["Attributes"]["ApproximateNumberOfMessages"])

    until(lambda: dead() == "1", PATIENCE)


def test_a_rule_of_a_minute_runs_at_the_clouds_pace(parcels: Deployed) -> None:
    until(lambda: int(_item(parcels, f"count in {CENTRAL}").get("times", {"N": 0})["N"]) >= 2, PATIENCE)


def test_a_function_answers_and_its_failure_is_raised(parcels: Deployed) -> None:
    assert parcels.invoke("count", WEST, {}) >= 1
    with pytest.raises(FunctionFailed, match="this event is broken"):
        parcels.invoke("count", WEST, {"broken": True})


def test_a_table_is_found_in_both_regions_and_everything_else_in_its_own(parcels: Deployed) -> None:
    assert parcels.regions == (WEST, CENTRAL)
    assert parcels.table("parcels", CENTRAL) == parcels.table("parcels", WEST) == "parcels-parcels"
    assert parcels.queue_url("work", CENTRAL) == f"https://sqs.{CENTRAL}.amazonaws.com/000000000000/parcels-work"
    assert parcels.bucket("Labels", WEST).startswith("parcels-eu-west-1-labels")
    with pytest.raises(NotFound, match="several are called 'work'"):
        parcels.queue_url("work")
    with pytest.raises(NotFound, match="parcels-work-dead-letters"):
        parcels.queue_url("wrok", WEST)


def test_tasks_run_with_the_role_and_the_environment_of_their_container(parcels: Deployed) -> None:
    dockerfile = SERVICES / "Dockerfile"
    with Workers.running(parcels, WEST, "carrier", code=SERVICES, dockerfile=dockerfile, zones=("a", "b")) as workers:
        until(lambda: all(_alive(parcels, task.process.pid) for task in workers.tasks), PATIENCE)
        [lost] = workers.in_zone("a")
        workers.kill([lost])
        [kept] = workers.tasks

        assert not lost.alive
        assert kept.alive
        assert _item(parcels, f"carrier {kept.process.pid}")["by"] == {"S": "bicycle"}
        workers.stop([kept], within=20)
        assert kept.process.returncode == 0


def test_tasks_run_what_their_definition_says_unless_they_are_told(parcels: Deployed, tmp_path: Path) -> None:
    (tmp_path / "parcels").mkdir()
    (tmp_path / "parcels" / "carrier.py").write_text("print('from the definition')")
    with Workers.running(parcels, WEST, "carrier", code=tmp_path, zones=("a",)) as workers:
        workers.tasks[0].process.wait(60)
        assert workers.tasks[0].log_file.read_text() == "from the definition\n"
        assert len(workers.replace_dead()) == 1
    command = ["python", "-c", "import os; print(os.environ['PEER_REGION'], os.environ['WEATHER'])"]
    told = {"WEATHER": "rain"}
    with Workers.running(
        parcels, WEST, "carrier", code=tmp_path, zones=("a",), command=command, environment=told
    ) as workers:
        workers.tasks[0].process.wait(60)
        assert workers.tasks[0].log_file.read_text() == f"{CENTRAL} rain\n"


def test_a_table_comes_back_with_what_was_deleted(parcels: Deployed) -> None:
    table = parcels.cloud.client("dynamodb", WEST)
    key = {"id": {"S": "kept"}}
    table.put_item(TableName="parcels-parcels", Item=key)
    point = back_up(parcels.cloud, WEST, TABLE_ARN, vault="parcels")
    table.delete_item(TableName="parcels-parcels", Key=key)

    restore(parcels.cloud, WEST, point, "parcels-again")

    assert table.get_item(TableName="parcels-again", Key=key)["Item"] == key


def test_a_bucket_comes_back_with_what_was_deleted(parcels: Deployed) -> None:
    s3, bucket = parcels.cloud.client("s3", WEST), parcels.bucket("Labels", WEST)
    s3.put_object(Bucket=bucket, Key="label", Body=b"to the north")
    point = back_up(parcels.cloud, WEST, f"arn:aws:s3:::{bucket}", vault="parcels")
    s3.delete_object(Bucket=bucket, Key="label")

    restore(parcels.cloud, WEST, point, "labels-again")

    assert s3.get_object(Bucket="labels-again", Key="label")["Body"].read() == b"to the north"


@pytest.mark.parametrize("kind", ["table", "bucket", "cluster"])
def test_a_restore_test_starts_the_validator_whose_verdict_is_kept(parcels: Deployed, kind: str) -> None:
    bucket = f"arn:aws:s3:::{parcels.bucket('Labels', WEST)}"
    source = {"table": TABLE_ARN, "bucket": bucket, "cluster": CLUSTER_ARN}[kind]
    point = back_up(parcels.cloud, WEST, source, vault="parcels")

    job = restore(parcels.cloud, WEST, point, f"awsbackup-restore-test-{kind}")

    said = f"{job['CreatedResourceArn']} was looked at"
    assert verdict(parcels.cloud, WEST, job) == ("SUCCESSFUL", said)


def test_a_restored_cluster_is_like_its_source_and_not_protected_yet(parcels: Deployed) -> None:
    rds = parcels.cloud.client("rds", WEST)
    restore(parcels.cloud, WEST, back_up(parcels.cloud, WEST, CLUSTER_ARN, vault="parcels"), "ledger-again")

    source, copy = (
        rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        for name in ("parcels-ledger", "ledger-again")
    )
    assert [copy[name] for name in ("Engine", "DatabaseName", "StorageEncrypted", "DBSubnetGroup")] == [
        source[name] for name in ("Engine", "DatabaseName", "StorageEncrypted", "DBSubnetGroup")
    ]
    assert copy["DBClusterArn"] != source["DBClusterArn"]
    assert (source["DeletionProtection"], copy["DeletionProtection"]) == (True, False)


def test_recovery_points_are_listed_as_a_restore_looks_for_them(parcels: Deployed) -> None:
    client = parcels.cloud.client("backup", CENTRAL)
    began = datetime.now(UTC)
    arn = f"arn:aws:dynamodb:{CENTRAL}:000000000000:table/parcels-parcels"
    point = back_up(parcels.cloud, CENTRAL, arn, vault="parcels")

    def listed(**filters: Any) -> list[str]:
        found = client.list_recovery_points_by_backup_vault(BackupVaultName="parcels", **filters)["RecoveryPoints"]
        return [one["RecoveryPointArn"] for one in found]

    assert listed(ByCreatedAfter=began, ByResourceArn=arn) == [point]
    assert listed(ByCreatedBefore=began) == []
    assert listed(ByResourceType="S3") == []
    [of_it] = client.list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"]
    assert of_it["RecoveryPointArn"] == point
    described = client.describe_recovery_point(BackupVaultName="parcels", RecoveryPointArn=point)
    assert (described["Status"], described["ResourceType"]) == ("COMPLETED", "DynamoDB")
    metadata = client.get_recovery_point_restore_metadata(BackupVaultName="parcels", RecoveryPointArn=point)
    assert "targetTableName" in metadata["RestoreMetadata"]


def test_a_restore_over_what_is_there_fails(parcels: Deployed) -> None:
    point = back_up(parcels.cloud, WEST, TABLE_ARN, vault="parcels")
    with pytest.raises(RestoreFailed, match="was not restored"):
        restore(parcels.cloud, WEST, point, "parcels-parcels")


def test_a_region_that_the_cloud_does_not_have_is_named(parcels_assembly: Path, folder: Path) -> None:
    with (
        EmbeddedCloud.started(folder, regions=[WEST], time_scale=20) as cloud,
        pytest.raises(DeploymentFailed, match=f"for {CENTRAL}, too; the cloud has the regions {WEST}"),
    ):
        deploy(cloud, parcels_assembly)


def test_a_task_without_an_entry_point_is_refused(parcels: Deployed, tmp_path: Path) -> None:
    definition = _task(parcels)
    [container] = definition.properties["ContainerDefinitions"]
    silent = {name: value for name, value in container.items() if name != "Command"}
    image = Resource(
        definition.stack,
        WEST,
        definition.logical,
        definition.type,
        {**definition.properties, "ContainerDefinitions": [silent]},
        definition.physical,
    )

    class Silent(Deployed):
        def named(self, *_: Any) -> Resource:
            return image

    with pytest.raises(NoEntryPoint, match="what does carrier run"):
        Workers(Silent(parcels.cloud, parcels.assembly, parcels.stacks, ()), WEST, "carrier", code=tmp_path)


def _task(parcels: Deployed) -> Resource:
    return parcels.named("AWS::ECS::TaskDefinition", "carrier", WEST)


def _item(parcels: Deployed, key: str) -> Any:
    table = parcels.cloud.client("dynamodb", WEST)
    return table.get_item(TableName="parcels-parcels", Key={"id": {"S": key}}).get("Item", {})


def _alive(parcels: Deployed, process: int) -> bool:
    return bool(_item(parcels, f"carrier {process}"))
