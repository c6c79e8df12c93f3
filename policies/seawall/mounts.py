"""Who mounts an EFS file system, and in which zones: functions, tasks, and instances whose start-up names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from seawall.capacity import groups_under
from seawall.design import Design, Resource
from seawall.instances import zone_of_instance
from seawall.placement import Place, places_of_group, places_of_subnets, same_zone, zone_of_subnet
from seawall.subnet_lists import sign_of
from seawall.values import Answer, Key, Unknown, reasons
from seawall.zone_proofs import targets_of

FILE_SYSTEM = "AWS::EFS::FileSystem"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
INSTANCE = "AWS::EC2::Instance"
LAUNCHERS = ("AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate")


class Client(NamedTuple):
    """Something that mounts a file system: the places it runs in, and lists of places that cannot be seen into."""

    by: Resource
    places: list[Place]
    unbounded: list[Unknown]


def clients_of(file_system: Resource, design: Design) -> list[Client]:
    """The functions, container services, instances and Auto Scaling groups that mount a file system."""
    mounting = design.once("mounting", lambda: design.untraced(lambda: _mounting(design)))
    found = {by.key: by for by in (*mounting.get(file_system.key, []), *_machines(file_system, design))}
    return [client for by in found.values() if (client := _placed(by, design)) is not None]


def _mounting(design: Design) -> dict[Key, list[Resource]]:
    """Functions and container services by the file systems that they mount."""
    found: dict[Key, list[Resource]] = {}
    pairs = [
        (function, design.resolve(arn, "AWS::EFS::AccessPoint"))
        for function in design.of_type("AWS::Lambda::Function")
        for arn in function.values_at("FileSystemConfigs.Arn")
    ]
    named = [(function, point.get("FileSystemId")) for function, point in pairs if point is not None]
    for service in design.of_type("AWS::ECS::Service"):
        task = design.resolve(service.get("TaskDefinition"), "AWS::ECS::TaskDefinition")
        if task is not None:
            named += [(service, name) for name in task.values_at("Volumes.EFSVolumeConfiguration.FilesystemId")]
    for by, name in named:
        file_system = design.resolve(name, FILE_SYSTEM)
        if file_system is not None:
            found.setdefault(file_system.key, []).append(by)
    return found


def _machines(file_system: Resource, design: Design) -> Iterator[Resource]:
    """Instances and groups whose start-up, or whose template's, names the file system or a mount target of it."""
    naming = {
        other.key: other
        for named in (file_system, *targets_of(file_system, design))
        for other, path in design.referrers(named)
        if "UserData" in path
    }
    # cfn-init reads the metadata of whatever the stack's author put it on.
    written = (f"${{{file_system.id}}}", f"'Ref': '{file_system.id}'")
    for other in design.of_type(GROUP, INSTANCE, *LAUNCHERS):
        if other.metadata and any(name in str(other.metadata) for name in written):
            naming[other.key] = other
    for other in naming.values():
        if other.type in (GROUP, INSTANCE):
            yield other
        elif other.type in LAUNCHERS:
            yield from (user for user, _ in design.referrers(other) if user.type in (GROUP, INSTANCE))


def _placed(by: Resource, design: Design) -> Client | None:
    if by.type == INSTANCE:
        zone = zone_of_instance(by, design)
        return Client(by, [Place(by.id, by.get("SubnetId"), zone)], [])
    if by.type == GROUP:
        return Client(by, *places_of_group(by, design))
    function = by.type == "AWS::Lambda::Function"
    subnets = by.get("VpcConfig.SubnetIds" if function else "NetworkConfiguration.AwsvpcConfiguration.Subnets")
    if subnets is not None:
        return Client(by, *places_of_subnets(subnets, design))
    groups = [] if function else [places_of_group(group, design) for group in groups_under(by, design)]
    places = [place for seen, _ in groups for place in seen]
    return Client(by, places, [unknown for _, lists in groups for unknown in lists]) if groups else None


def reached(place: Place, targets: list[Resource], design: Design) -> Answer:
    """Whether one of these mount targets is in the zone of a place."""
    answers = [_in_zone(target, place, design) for target in targets]
    if True in answers:
        return True
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown)) if unknown else False


def reached_throughout(places: Unknown, targets: list[Resource]) -> Answer:
    """Whether each place of a list that nobody can see into has a mount target."""
    # ``for_each`` or ``count`` over the very list makes one for each of its elements.
    repeated = [target for target in targets if target.further]
    if any(set(reasons(target.get("SubnetId"))) == set(places.because) for target in repeated):
        return True
    # So does one that goes over all zones of the region, as the places do.
    if any(target.open_end is not None and target.open_end.because == places.because for target in targets):
        return True
    return places


def _in_zone(target: Resource, place: Place, design: Design) -> Answer:
    subnet = target.get("SubnetId")
    sign = sign_of(place.subnet) if place.subnet is not None else None
    if sign is not None and sign == sign_of(subnet):
        return target.exists
    answer = same_zone(zone_of_subnet(subnet, design), place.zone, design)
    return target.exists if answer is True else answer
