"""Sets through the services' APIs what the emulator drops or refuses from the templates, with the templates' values.

Which properties these are stands in holes.py, how each is read and written in properties/. What already has its value
is left alone, so a second completion changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded_cloud.attributes import GLOBAL_TABLE, Resource
from embedded_cloud.changes import Change
from embedded_cloud.comparison import differences, without
from embedded_cloud.creation import CREATES, Create
from embedded_cloud.deployed_stacks import DeployedStack, without_unknown
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.holes import PROPERTIES, Fate, holes_of, scaled
from embedded_cloud.properties.table import is_read, parts, read_of
from embedded_cloud.reading import Reader, Write, at_path


class CompletionFailed(RuntimeError):
    """A service refused what a template says; the message names the resource and the property."""


@dataclass(frozen=True)
class Difference:
    """A property whose value at the emulator is not the template's."""

    resource: Resource
    name: str
    paths: tuple[str, ...]
    """Where in the property; empty when the service has nothing of it."""


def complete(cloud: EmbeddedCloud, stacks: Iterable[DeployedStack], *, check: bool = False) -> list[Change]:
    """Complete every resource; return what was set, and what is listed as lost or simulated.

    With `check` every other property is compared, too: it takes twice as long. Raises CompletionFailed.
    """
    ordered = list(stacks)
    replicated = replicate_tables(cloud, ordered)
    regions = sorted({stack.region for stack in ordered})
    # Two at a time: one side waits while the other works.
    with ThreadPoolExecutor(max_workers=2) as pool:
        of_region = [[stack for stack in ordered if stack.region == region] for region in regions]
        completed = pool.map(lambda own: _complete(cloud, own, check), of_region)
        return [*replicated, *(change for changes in completed for change in changes)]


def _complete(cloud: EmbeddedCloud, stacks: Iterable[DeployedStack], check: bool) -> list[Change]:
    reader = Reader(cloud)
    changes: list[Change] = []
    for stack in stacks:
        for kind, create in CREATES.items():
            refused = [one for one in stack.resources(kind) if create.only_with in {"", *one.properties}]
            changes += _created(reader, stack, refused, create)
        for resource in stack.resources():
            if resource.physical is not None:
                for part in parts(resource):
                    changes += _completed(reader, part)
                    if check:
                        changes += _checked(reader, part)
    return changes


def replicate_tables(cloud: EmbeddedCloud, stacks: Iterable[DeployedStack]) -> list[Change]:
    """Make the global tables' replicas, which stacks that come later look up."""
    changes = []
    for stack in stacks:
        for table in stack.resources(GLOBAL_TABLE):
            for region in _replicate(cloud, table):
                what = f"Replicas: {region}"
                changes.append(Change(stack.key, table.logical, table.type, Fate.COMPLETED, what))
    return changes


def compare(reader: Reader, resource: Resource) -> Iterator[Difference]:
    """Yield every property of a deployed resource that the services hold differently, in the order of the template."""
    for name in resource.properties:
        difference = difference_of(reader, resource, name)
        if difference:
            yield difference


def difference_of(reader: Reader, resource: Resource, name: str, *, without_holes: bool = True) -> Difference | None:
    """How the services hold one property; parts of it that holes.py lists are left out, if they should."""
    found = read_of(resource.type, name)
    if found is None:
        return None
    read, path = found
    try:
        answered = reader.answer(read, resource)
    except (BotoCoreError, ClientError) as error:
        raise CompletionFailed(f"{_named(resource)}: {name} cannot be read: {error}") from error
    if name not in read.properties:
        return Difference(resource, name, ()) if answered is None else None
    said = worded(reader, resource, name, without_holes=without_holes)
    paths = tuple(dict.fromkeys(differences(at_path(answered, path), said)))
    return Difference(resource, name, paths) if paths else None


def worded(reader: Reader, resource: Resource, name: str, *, without_holes: bool = True) -> Any:
    """A property's value at the emulator, in the service's words, without what names something that is not there."""
    found = read_of(resource.type, name)
    said = without_unknown(scaled(resource.type, name, resource.properties[name], reader.cloud.time_scale))
    for path, hole in holes_of(resource.type, name).items():
        if path and without_holes and hole.fate is not Fate.COMPLETED:
            said = without(said, path)
    return found[0].worded.get(name, lambda value: value)(said) if found and said is not None else said


def _completed(reader: Reader, resource: Resource) -> Iterator[Change]:
    listed = {path.split(".")[0] for kind, path in PROPERTIES if kind == resource.type}
    # What is set together with another property comes after it, and all are compared before any is set.
    names = sorted(
        (name for name in resource.properties if name in listed), key=lambda name: not _writes(resource, name)
    )
    differing = {name for name in names if _is_completed(resource, name) and difference_of(reader, resource, name)}
    for name in names:
        if name in differing:
            _write(reader, resource, name)
            yield Change(resource.stack, resource.logical, resource.type, Fate.COMPLETED, name)
        for path, hole in holes_of(resource.type, name).items():
            if hole.fate in {Fate.LOST, Fate.SIMULATED} and _is_lost(reader, resource, name, path):
                what = f"{name}.{path}" if path else name
                yield Change(resource.stack, resource.logical, resource.type, hole.fate, f"{what}: {hole.reason}")


def _checked(reader: Reader, resource: Resource) -> Iterator[Change]:
    """What nobody has listed: it should be as the template says, and is told when it is not, or cannot be asked."""
    for name in resource.properties:
        fate, why = (None, "") if holes_of(resource.type, name) else _looked_at(reader, resource, name)
        if fate is not None:
            yield Change(resource.stack, resource.logical, resource.type, fate, f"{name}: {why}")


def _looked_at(reader: Reader, resource: Resource, name: str) -> tuple[Fate | None, str]:
    if not is_read(resource.type, name):
        return Fate.UNCHECKED, "nobody asks the emulator for it"
    try:
        difference = difference_of(reader, resource, name)
    except (CompletionFailed, KeyError) as error:
        return Fate.UNCHECKED, f"the emulator cannot be asked: {error}"
    if difference is None:
        return None, ""
    there = at_path(resource.properties, name)
    where = ", ".join(path for path in difference.paths if path)
    return Fate.LOST, f"{there!r:.80} is not there" if not where else f"the emulator has something else at {where}"


def _is_completed(resource: Resource, name: str) -> bool:
    hole = holes_of(resource.type, name).get("")
    return hole is not None and hole.fate is Fate.COMPLETED


def _writes(resource: Resource, name: str) -> Write | None:
    found = read_of(resource.type, name)
    return found[0].writes.get(name) if found else None


def _is_lost(reader: Reader, resource: Resource, name: str, path: str) -> bool:
    """Whether the template says it and the service does not have it, as far as anybody can ask."""
    if at_path(resource.properties, f"{name}.{path}" if path else name) is None:
        return False
    return not is_read(resource.type, name) or bool(difference_of(reader, resource, name, without_holes=False))


def _write(reader: Reader, resource: Resource, name: str) -> None:
    write = _writes(resource, name)
    if write is not None:
        _call(reader, write, resource, name, write.worded(worded(reader, resource, name)))
    left = difference_of(reader, resource, name)
    if left:
        raise CompletionFailed(f"{_named(resource)}: {name} was set and still differs at {', '.join(left.paths)}")


def _created(reader: Reader, stack: DeployedStack, resources: Sequence[Resource], create: Create) -> Iterator[Change]:
    # All are looked for before any is made: one list answers for all of them.
    found = {one.logical: at_path(reader.answer(create.find, one), create.found) for one in resources}
    changed = {one.logical for one in resources if found[one.logical] and create.puts and _differs(reader, one, create)}
    for one in resources:
        if found[one.logical] is None or one.logical in changed:
            response = _call(reader, create.write, one, "the resource", one.properties)
            found[one.logical] = at_path(response, create.made) if create.made else create.name_of(one)
            what = "changed" if one.logical in changed else "made"
            yield Change(stack.key, one.logical, one.type, Fate.COMPLETED, what)
        stack.adopt(one.logical, str(found[one.logical]))


def _differs(reader: Reader, resource: Resource, create: Create) -> bool:
    """Whether one that is there under the template's own name differs from the template."""
    there = replace(resource, physical=create.name_of(resource))
    return any("" not in holes_of(resource.type, difference.name) for difference in compare(reader, there))


def _call(reader: Reader, write: Write, resource: Resource, name: str, value: Any) -> Any:
    try:
        return reader.write(write, resource, value)
    except (BotoCoreError, ClientError) as error:
        raise CompletionFailed(f"{_named(resource)}: {name} is refused: {error}") from error


def _named(resource: Resource) -> str:
    return f"{resource.stack}/{resource.logical} ({resource.type})"


def _replicate(cloud: EmbeddedCloud, table: Resource) -> Iterator[str]:
    client = cloud.client("dynamodb", table.region)
    there = {row["RegionName"] for row in client.describe_table(TableName=table.physical)["Table"].get("Replicas", [])}
    for replica in table.properties["Replicas"]:
        if replica["Region"] not in {table.region, *there}:
            update = {"Create": {"RegionName": replica["Region"]}}
            client.update_table(TableName=table.physical, ReplicaUpdates=[update])
            yield replica["Region"]
