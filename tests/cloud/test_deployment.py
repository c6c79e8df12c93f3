"""The drive, deployed once: every property that the templates use is at the emulator what the template says.

Or it is listed in holes.py, and what is listed there is still needed. Needs the assembly: `make synth`.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from drills.frame.users import Identity
from drills.local.levers import publish
from drills.local.local_drive import LocalDrive, deploy_drive
from embedded_cloud.attributes import GLOBAL_TABLE, Resource
from embedded_cloud.completion import compare, complete
from embedded_cloud.deployed_stacks import UNKNOWN
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.holes import PROPERTIES, REFUSED_TYPES, Fate, holes_of
from embedded_cloud.properties.table import parts
from embedded_cloud.reading import Reader
from tests.cloud.waiting import until

ASSEMBLY = Path(os.environ.get("SEAWALL_ASSEMBLY", Path(__file__).parents[2] / "cdk.out"))
PATIENCE = 120.0
"""Seconds."""
NOT_AT_THE_EMULATOR = {Fate.LOST, Fate.SIMULATED}


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDrive]:
    assert (ASSEMBLY / "manifest.json").exists(), "run `make synth` first"
    with EmbeddedCloud.started(tmp_path_factory.mktemp("cloud"), time_scale=20) as cloud:
        yield deploy_drive(cloud, ASSEMBLY)


def test_every_property_is_what_its_template_says(drive: LocalDrive) -> None:
    assert _unlisted(drive) == []


def test_every_resource_is_there_or_listed_as_refused(drive: LocalDrive) -> None:
    missing = {
        resource.type for stack in drive.stacks.values() for resource in stack.resources() if resource.physical is None
    }

    assert missing == {kind for kind, hole in REFUSED_TYPES.items() if hole.fate in NOT_AT_THE_EMULATOR}


def test_every_hole_is_still_one(drive: LocalDrive) -> None:
    """What is listed as completed was set, what is listed as lost or simulated differs, at least once."""
    there = {(resource.type, name) for resource in _deployed(drive) for name in resource.properties}
    there.add((GLOBAL_TABLE, "Replicas"))
    told = {(change.type, change.what.split(":")[0]) for change in drive.changes}
    listed = {
        (kind, path)
        for (kind, path), hole in PROPERTIES.items()
        if hole.fate != Fate.UNREAD and (kind, path.split(".")[0]) in there
    }

    assert listed - told == set()


def test_nothing_is_unknown_but_what_was_refused(drive: LocalDrive) -> None:
    refused = {kind for kind, hole in REFUSED_TYPES.items() if hole.fate in NOT_AT_THE_EMULATOR}
    unknown = [
        (stack.name, name)
        for stack in drive.stacks.values()
        for resource in stack.resources()
        for name in re.findall(rf"{UNKNOWN}(\w+)", json.dumps(resource.properties))
        if stack.resource(name).type not in refused
    ]

    assert unknown == []


def test_a_second_completion_sets_nothing(drive: LocalDrive) -> None:
    again = complete(drive.cloud, drive.stacks.values())

    assert [change for change in again if change.fate is Fate.COMPLETED] == []


def test_each_region_answers_whom_its_identity_provider_signed_in(drive: LocalDrive) -> None:
    identity = Identity.new()
    for region in drive.data_regions:
        publish(drive, region, "identity", identity.profile)
        header = {"Authorization": f"Bearer {identity.token('ann')}"}

        _answer(f"{drive.api(region)}/healthz/deep", {})
        assert httpx.get(f"{drive.api(region)}/v1/files", timeout=60).status_code == 401
        assert _answer(f"{drive.api(region)}/v1/files", header).json()["files"] == []


def test_stores_are_found_by_what_they_are_for(drive: LocalDrive) -> None:
    for region in drive.data_regions:
        bucket, queue = drive.bucket("files", region), drive.queue_url("deliver", region)
        drive.cloud.client("s3", region).head_bucket(Bucket=bucket)
        drive.cloud.client("sqs", region).get_queue_url(QueueName=queue.rsplit("/", 1)[-1])


def test_the_deployment_outlives_a_restart(drive: LocalDrive) -> None:
    drive.cloud.restart()

    for region in drive.data_regions:
        _answer(f"{drive.api(region)}/healthz/deep", {})
    assert _unlisted(drive) == []


def _answer(url: str, headers: dict[str, str]) -> httpx.Response:
    """What it answers as soon as its function is not too slow: on a busy machine the first calls run out of time."""

    def asked() -> httpx.Response | None:
        answer = httpx.get(url, headers=headers, timeout=60)
        return answer if answer.status_code == 200 else None

    answer = until(asked, PATIENCE)
    assert answer is not None
    return answer


def _unlisted(drive: LocalDrive) -> list[str]:
    """Every difference that holes.py does not list."""
    reader = Reader(drive.cloud)
    return [
        f"{resource.stack}/{resource.logical} ({resource.type}): {difference.name} at {', '.join(difference.paths)}"
        for resource in _deployed(drive)
        for difference in compare(reader, resource)
        if _fate(resource.type, difference.name) not in NOT_AT_THE_EMULATOR
    ]


def _deployed(drive: LocalDrive) -> Iterator[Resource]:
    for stack in drive.stacks.values():
        for resource in stack.resources():
            if resource.physical is not None:
                yield from parts(resource)


def _fate(kind: str, name: str) -> Fate | None:
    hole = holes_of(kind, name).get("")
    return hole.fate if hole else None
