"""See single_az_file_system.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import counted
from seawall.design import Design, Resource
from seawall.placement import judged_by_spread, spread_of_subnets
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, reasons
from seawall.zone_proofs import targets_of

SECTIONS = {
    "WINDOWS": "WindowsConfiguration",
    "ONTAP": "OntapConfiguration",
    "OPENZFS": "OpenZFSConfiguration",
    "LUSTRE": "LustreConfiguration",
}
DEFAULTS = {"WINDOWS": "SINGLE_AZ_1", "LUSTRE": "SCRATCH_1"}


@policy(applies_to=("AWS::EFS::FileSystem", "AWS::FSx::FileSystem"))
def single_az_file_system(file_system: Resource, design: Design) -> Verdict:
    """File system lives in a single availability zone."""
    if file_system.type == "AWS::FSx::FileSystem":
        return _by_deployment_type(file_system, design)
    zone = file_system.get("AvailabilityZoneName")
    if isinstance(zone, Unknown):
        return undecided(zone, at="AvailabilityZoneName")
    if zone not in (None, ""):
        return flagged(
            "a One Zone file system keeps its only copy in one zone: it is gone when that zone is lost",
            fix="leave AvailabilityZoneName out: a regional file system keeps copies in three zones",
            at="AvailabilityZoneName",
        )
    return _by_mount_targets(file_system, design)


def _by_mount_targets(file_system: Resource, design: Design) -> Verdict:
    targets = targets_of(file_system, design)
    if not targets:
        return accepted("a regional file system keeps copies in several zones")
    count = counted(targets)
    names = ", ".join(target.id for target in targets)
    fix = "add an AWS::EFS::MountTarget in a subnet of each zone that its clients use"
    if count.at_most < 2:
        return flagged(
            "it has one mount target: nobody can reach its files when that zone is lost",
            fix=fix,
            evidence=(f"{file_system.id} → {names}",),
        )
    if count.at_least < 2:
        because = Unknown(count.because)
        return undecided(because, message=f"whether it has a second mount target depends on {because}", fix=fix)
    return judged_by_spread(
        spread_of_subnets([target.get("SubnetId") for target in targets], file_system, design),
        at="",
        otherwise="all its mount targets are in one zone: nobody can reach its files when that zone is lost",
        fix=fix,
        accepting="it has mount targets in two zones or more",
    )


def _by_deployment_type(file_system: Resource, design: Design) -> Verdict:
    kind = file_system.get("FileSystemType")
    if not isinstance(kind, str) or kind not in SECTIONS:
        return undecided(Unknown(reasons(kind) or ("its FileSystemType",)), at="FileSystemType")
    at = f"{SECTIONS[kind]}.DeploymentType"
    deployment = file_system.get(at) or DEFAULTS.get(kind)
    if not isinstance(deployment, str):
        return undecided(Unknown(reasons(deployment) or (at,)), at=at)
    if kind == "LUSTRE":
        return _lustre(file_system, design, deployment, at)
    if deployment.startswith("MULTI_AZ"):
        return accepted(f"{deployment} keeps a standby in a second zone", at=at)
    return flagged(
        f"{deployment} keeps both its servers and its disks in one zone"
        if "HA" in deployment
        else f"{deployment} is one zone: nobody can reach its files when that zone is lost",
        fix=f"set {at} to MULTI_AZ_1; an existing file system is replaced, so restore it from a backup",
        at=at,
    )


def _lustre(file_system: Resource, design: Design, deployment: str, at: str) -> Verdict:
    settings = ("LustreConfiguration.ImportPath", "LustreConfiguration.ExportPath")
    linked = any(file_system.get(path) is not None for path in settings) or any(
        design.resolve(link.get("FileSystemId")) is file_system
        for link in design.of_type("AWS::FSx::DataRepositoryAssociation")
    )
    if linked or deployment.startswith("SCRATCH"):
        why = "its bucket keeps the files" if linked else "scratch storage holds nothing that must last"
        return undecided("how soon it can be made anew in another zone", at=at, message=f"one zone, but {why}")
    return flagged(
        "FSx for Lustre has no type that spans zones, and nothing else holds these files",
        fix="link it to a bucket with AWS::FSx::DataRepositoryAssociation and make it anew from there",
        at=at,
    )
