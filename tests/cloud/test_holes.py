"""The table of what the emulator cannot do: it covers all that the templates use, and each entry makes sense."""

from pathlib import Path

import pytest

from embedded_cloud import pinned
from embedded_cloud.attributes import GLOBAL_TABLE, REPLICA
from embedded_cloud.creation import CREATES
from embedded_cloud.holes import PROPERTIES, REFUSED_SHAPES, REFUSED_TYPES, SCALED, Fate, holes_of
from embedded_cloud.properties.table import READS, is_read, read_of
from tests.cloud.assemblies import SNAPSHOTS, used

USED = sorted(used(SNAPSHOTS.glob("*.json")))


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in USED}))
def test_every_property_that_a_template_uses_is_read_back_or_listed(kind: str) -> None:
    if kind in REFUSED_TYPES and kind not in CREATES:
        return
    unknown = [
        name
        for one, name in USED
        if one == kind
        and not is_read(kind, name)
        and not holes_of(kind, name)
        and (kind, name) not in {(REPLICA, "Region"), (GLOBAL_TABLE, "TimeToLiveSpecification")}  # see table.parts
    ]

    assert unknown == []


def test_every_listed_property_is_one_that_a_template_uses(parcels_assembly: Path) -> None:
    copied = (REPLICA, "TimeToLiveSpecification")
    there = {*USED, *used(parcels_assembly.glob("*.template.json")), copied}

    # All durations of a queue are scaled, though nobody uses a delay or a window today.
    listed = [*PROPERTIES, *REFUSED_SHAPES]
    assert [(kind, path) for kind, path in listed if (kind, path.split(".")[0]) not in there] == []


def test_every_refused_type_is_one_that_a_template_uses(parcels_assembly: Path) -> None:
    there = {kind for kind, _ in (*USED, *used(parcels_assembly.glob("*.template.json")))}

    assert set(REFUSED_TYPES) - there == set()


@pytest.mark.parametrize("kind", sorted(REFUSED_TYPES))
def test_a_refused_type_is_still_refused(kind: str) -> None:
    provisioners = pinned.module("services.cloudformation.provisioners")

    assert "AWS::SQS::Queue" in provisioners._RESOURCE_HANDLERS
    assert kind not in provisioners._RESOURCE_HANDLERS


@pytest.mark.parametrize("kind", sorted(kind for kind, hole in REFUSED_TYPES.items() if hole.fate is Fate.COMPLETED))
def test_a_refused_type_that_the_api_takes_is_made_and_read_back(kind: str) -> None:
    assert kind in CREATES
    assert kind in READS


@pytest.mark.parametrize("listed", sorted(PROPERTIES), ids=".".join)
def test_what_is_completed_can_be_read_and_what_is_unread_cannot(listed: tuple[str, str]) -> None:
    kind, path = listed
    hole = PROPERTIES[listed]
    if hole.fate is Fate.COMPLETED and listed != (GLOBAL_TABLE, "Replicas"):
        assert read_of(kind, path) is not None
    if hole.fate is Fate.UNREAD:
        assert read_of(kind, path) is None


def test_every_reason_is_one_line() -> None:
    holes = [*REFUSED_TYPES.values(), *PROPERTIES.values(), *SCALED.values(), *REFUSED_SHAPES.values()]
    assert all(hole.reason and "\n" not in hole.reason for hole in holes)
