"""The table of what the emulator cannot do: it covers all that the templates use, and each entry makes sense."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.cloud import pinned
from drills.cloud.attributes import GLOBAL_TABLE, REPLICA
from drills.cloud.creation import CREATES
from drills.cloud.holes import PROPERTIES, REFUSED_SHAPES, REFUSED_TYPES, SCALED, Fate, holes_of
from drills.cloud.properties.table import READS, is_read, read_of

SNAPSHOTS = Path(__file__).parents[1] / "stacks" / "snapshots"


def _used() -> Iterator[tuple[str, str]]:
    """Every type and property of the stacks' templates."""
    for snapshot in SNAPSHOTS.glob("*.json"):
        for resource in json.loads(snapshot.read_text()).get("Resources", {}).values():
            for name in resource.get("Properties", {}):
                yield resource["Type"], name
            if resource["Type"] == GLOBAL_TABLE:
                for replica in resource["Properties"]["Replicas"]:
                    yield from ((REPLICA, name) for name in replica)


USED = sorted(set(_used()))


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in USED}))
def test_every_property_that_a_template_uses_is_read_back_or_listed(kind: str) -> None:
    if kind in REFUSED_TYPES and kind not in CREATES:
        return
    unknown = [
        name
        for used, name in USED
        if used == kind
        and not is_read(kind, name)
        and not holes_of(kind, name)
        and (kind, name) not in {(REPLICA, "Region"), (GLOBAL_TABLE, "TimeToLiveSpecification")}  # see table.parts
    ]

    assert unknown == []


@pytest.mark.parametrize("listed", [*sorted(PROPERTIES), *sorted(SCALED), *REFUSED_SHAPES], ids=".".join)
def test_every_listed_property_is_one_that_a_template_uses(listed: tuple[str, str]) -> None:
    kind, path = listed
    copied = (REPLICA, "TimeToLiveSpecification")
    # The drive scales all durations of a queue, and uses no delay and no window today.
    assert (kind, path.split(".")[0]) in {*USED, copied} or listed in SCALED


@pytest.mark.parametrize("kind", sorted(REFUSED_TYPES))
def test_every_refused_type_is_one_that_a_template_uses(kind: str) -> None:
    assert kind in {used for used, _ in USED}


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
