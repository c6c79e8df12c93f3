"""See mount_target_missing_zone.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.mounts import Client, clients_of, reached, reached_throughout
from seawall.placement import Place
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown
from seawall.zone_proofs import targets_of

FIX = "add an AWS::EFS::MountTarget in a subnet of each zone that its clients run in"


@policy(applies_to="AWS::EFS::FileSystem")
def mount_target_missing_zone(file_system: Resource, design: Design) -> Verdict:
    """File system has no mount target in a zone that its clients run in."""
    targets = targets_of(file_system, design)
    if len(targets) < 2:
        return not_applicable("a single mount target is another policy's finding, and none are elsewhere")
    clients = clients_of(file_system, design)
    if not clients:
        return not_applicable("nobody in the design mounts it")
    unknown: list[tuple[Client, Unknown]] = []
    for client in clients:
        for place in client.places:
            answer = reached(place, targets, design)
            if answer is False:
                return _flagged(file_system, client, place, targets)
            if isinstance(answer, Unknown):
                unknown.append((client, answer))
        unknown += [(client, whole) for whole in client.unbounded if reached_throughout(whole, targets) is not True]
    if unknown:
        client, why = unknown[0]
        message = f"whether {client.by.id} runs only in zones with a mount target depends on {why}"
        return undecided(why, message=message, fix=FIX)
    names = ", ".join(client.by.id for client in clients)
    return accepted("a mount target is in each zone that its clients run in", evidence=(f"{names} → {file_system.id}",))


def _flagged(file_system: Resource, client: Client, place: Place, targets: list[Resource]) -> Verdict:
    names = ", ".join(target.id for target in targets)
    zone = f" ({place.zone})" if isinstance(place.zone, str) else ""
    return flagged(
        f"{client.by.id} also runs in the zone of {place.name}{zone}, where no mount target is: what starts there when "
        "another zone is lost cannot reach its files",
        fix=FIX,
        evidence=(f"{client.by.id} → {place.name}", f"{file_system.id} → {names}"),
    )
