"""Whether a copy of something is in another region, or only beside the original.

A copy that a template makes in its own region falls with it. Where the template does not say where it is
deployed, a region that it names literally counts as another one: nobody writes down the name of the
region the stack is in anyway. Messages say so.
"""

from __future__ import annotations

from typing import NamedTuple

from seawall.coverage import Copy, PlanCoverage
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, undecided
from seawall.protection import CLUSTERS, INSTANCE, backup_coverage, volume_coverage
from seawall.texts import split
from seawall.values import Answer, Key, Reference, Text, Unknown, Value, reasons, same

VAULTS = ("AWS::Backup::BackupVault", "AWS::Backup::LogicallyAirGappedBackupVault")


class RegionalCopy(NamedTuple):
    """One copy: whether it is in another region, what makes it, and the property that says so."""

    elsewhere: Answer
    by: str
    at: str = ""


def is_elsewhere(region: Value, own: Value) -> Answer:
    """Whether ``region`` is another one than ``own``: True, False or the Unknown that decides."""
    answer = same(region, own)
    if isinstance(answer, bool):
        return not answer
    if isinstance(region, str) and isinstance(own, Unknown):
        return True
    return Unknown(reasons(region)) if reasons(region) else answer


def named_region(region: Value, own: Value) -> str:
    """The region as a message says it, with the proviso where the own region is not known."""
    if not isinstance(region, str):
        return "its own region" if same(region, own) is True else "a region that the deployment decides"
    return f"{region}, unless this is deployed there too" if isinstance(own, Unknown) else region


def region_of_arn(value: Value, design: Design, *types: str) -> Value:
    """The region of what a reference or ARN names; ``None`` where the value is neither."""
    if isinstance(value, Reference):
        named = design.resolve(value, *types)
        return named.region if named is not None else Unknown((f"the region of {value}",))
    if isinstance(value, Unknown):
        return value
    pieces = split(":", value) if isinstance(value, (str, Text)) else None
    if isinstance(pieces, list) and len(pieces) > 3 and pieces[0] == "arn":
        return pieces[3]
    if isinstance(value, Text):
        return Unknown(reasons(value) or (str(value),))
    return None


def region_of_copy(copy: Copy, design: Design) -> Value:
    """The region that a backup rule's copy goes to."""
    return copy.region if copy.region is not None else region_of_arn(copy.vault, design, *VAULTS)


def copies_of_plan(plan: PlanCoverage, own: Value, design: Design) -> list[RegionalCopy]:
    """Every copy that the rules of a plan make of what is in the region ``own``."""
    at = "BackupPlan.BackupPlanRule.CopyActions"
    found: list[RegionalCopy] = []
    for rule in plan.rules:
        for copy in rule.copies:
            region = region_of_copy(copy, design)
            answer = is_elsewhere(region, own) if region is not None else Unknown((f"the region of {copy.vault}",))
            found.append(RegionalCopy(answer, f"{plan.name} copies backups to {named_region(region, own)}", at))
    if plan.rules_unknown is not None:
        found.append(RegionalCopy(plan.rules_unknown, f"what {plan.name} copies", at))
    return found


def backup_copies(resource: Resource, design: Design) -> list[RegionalCopy]:
    """The copies that backup plans make of a resource; unknown ones where a plan only may select it."""
    volume = resource.type == "AWS::EC2::Volume"
    coverage = volume_coverage(resource, design) if volume else backup_coverage(resource, design)
    found = [copy for plan in coverage.plans for copy in copies_of_plan(plan, resource.region, design)]
    if isinstance(coverage.answer, Unknown):
        found += [
            RegionalCopy(coverage.answer, f"what {plan.name} selects")
            for plan in coverage.possible
            if any(copy.elsewhere is not False for copy in copies_of_plan(plan, resource.region, design))
        ]
    return found


def database_copies(database: Resource, design: Design) -> list[RegionalCopy]:
    """Replicas, global clusters and replicated backups of a database instance or cluster."""
    own = database.region
    found: list[RegionalCopy] = []
    at = "AutomaticBackupReplicationRegion"
    if database.get(at) not in (None, ""):
        region = database.get(at)
        found.append(
            RegionalCopy(is_elsewhere(region, own), f"automated backups go to {named_region(region, own)}", at)
        )
    found += [
        RegionalCopy(is_elsewhere(other.region, own), f"{other.id} is a replica in {named_region(other.region, own)}")
        for other in _replicas(design).get(database.key, ())
        if other.exists is not False
    ]
    return [*found, *_of_global_cluster(database, design)]


def _replicas(design: Design) -> dict[Key, list[Resource]]:
    """The databases that replicate another one of the design, by its key; whether or not they exist."""
    return design.once("database replicas", lambda: design.untraced(lambda: _replicas_by_source(design)))


def _replicas_by_source(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    for replica in design.declared(INSTANCE, *CLUSTERS):
        source = design.resolve(_source_of(replica), INSTANCE, *CLUSTERS)
        if source is not None and source is not replica:
            found.setdefault(source.key, []).append(replica)
    return found


def _source_of(database: Resource) -> Value:
    names = ("SourceDBInstanceIdentifier", "SourceDBClusterIdentifier", "ReplicationSourceIdentifier")
    return next((database.get(name) for name in names if database.get(name) is not None), None)


def _of_global_cluster(database: Resource, design: Design) -> list[RegionalCopy]:
    at = "GlobalClusterIdentifier"
    joined = database.get(at)
    for group in design.of_type(*(kind.replace("DBCluster", "GlobalCluster") for kind in CLUSTERS)):
        if design.resolve(group.get("SourceDBClusterIdentifier"), database.type) is database:
            joined = Reference(group.key)
    if joined in (None, ""):
        return []
    members = [other for other in design.of_type(database.type) if other is not database]
    members = [other for other in members if same(other.get(at), joined) is True]
    found = [
        RegionalCopy(is_elsewhere(other.region, database.region), f"{other.id} is a member of its global cluster", at)
        for other in members
    ]
    if any(copy.elsewhere is True for copy in found):
        return found
    others = Unknown((f"the other members of global cluster {joined}",))
    return [*found, RegionalCopy(others, "its global cluster", at)]


def judged_by_copies(copies: list[RegionalCopy], *, otherwise: str, fix: str, at: str) -> Verdict:
    """Accepts one copy in another region, flags none; undecided where only the deployment knows."""
    evidence = tuple(copy.by for copy in copies[:4])
    sure = next((copy for copy in copies if copy.elsewhere is True), None)
    if sure is not None:
        return accepted(sure.by, at=sure.at, evidence=evidence)
    unknown = [copy for copy in copies if isinstance(copy.elsewhere, Unknown)]
    if unknown:
        because = unknown[0].elsewhere
        message = f"whether a copy is in another region depends on {because}"
        return undecided(because, at=unknown[0].at or at, message=message, fix=fix, evidence=evidence)
    beside = " (every copy there is stays in its own region)" if copies else ""
    return flagged(otherwise + beside, fix=fix, at=at, evidence=evidence)
