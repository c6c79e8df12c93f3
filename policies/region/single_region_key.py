"""See single_region_key.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.regions import is_elsewhere, named_region
from seawall.twins import twin_of
from seawall.values import Unknown

FIX = "set MultiRegion: true on a new key and declare an AWS::KMS::ReplicaKey of it in the other region"
GIVEN = ("Environment.Variables", "ContainerDefinitions")
"""Properties by which code learns which key to use."""
ALIAS = "AWS::KMS::Alias"


@policy(applies_to="AWS::KMS::Key")
def single_region_key(key: Resource, design: Design) -> Verdict:
    """Code encrypts or signs with a key that exists in one region only."""
    several = key.boolean("MultiRegion")
    if several is True:
        return _replicated(key, design)
    users = _users(key, design)
    usage = key.get("KeyUsage") or "ENCRYPT_DECRYPT"
    code = [user for user, path in users if path.startswith(GIVEN)]
    if any(user.type == "AWS::Route53::KeySigningKey" for user, _ in users):
        return not_applicable("Route 53 signs with a key of one region only")
    if not code or (usage == "ENCRYPT_DECRYPT" and any(_is_store(path) for _, path in users)):
        return not_applicable("services encrypt a copy anew, with a key of the region it goes to")
    evidence = (f"{code[0].id} → {key.id}",)
    if isinstance(several, Unknown) or isinstance(usage, Unknown):
        return undecided(several or usage, at="MultiRegion", fix=FIX, evidence=evidence)
    twin = twin_of(key, design, name="Description") if usage == "SIGN_VERIFY" else None
    if twin is not None:
        where = named_region(twin.region, key.region)
        return accepted(f"{twin.id} signs in {where}", evidence=evidence)
    loss = "checks what was signed" if usage != "ENCRYPT_DECRYPT" else "reads what was encrypted"
    problem = f"{code[0].id} works with it, and no other region has it: when its region fails nobody {loss}"
    return flagged(problem, fix=FIX, at="MultiRegion", evidence=evidence)


def _replicated(key: Resource, design: Design) -> Verdict:
    for replica in design.of_type("AWS::KMS::ReplicaKey"):
        is_its = design.resolve(replica.get("PrimaryKeyArn"), key.type) is key
        if is_its and is_elsewhere(replica.region, key.region) is True:
            where = named_region(replica.region, key.region)
            return accepted(f"{replica.id} is its replica in {where}", at="MultiRegion")
    message = "it may be replicated; in which regions it is cannot be seen here"
    return undecided("where its replicas are", message=message, at="MultiRegion", fix=FIX)


def _users(key: Resource, design: Design) -> list[tuple[Resource, str]]:
    """Who names a key, or an alias of it, with the property that does."""
    found = design.referrers(key)
    aliases = [other for other, path in found if other.type == ALIAS and path == "TargetKeyId"]
    return [*found, *(user for alias in aliases for user in design.referrers(alias))]


def _is_store(path: str) -> bool:
    """Whether a property hands a key to a service that encrypts with it: ``KmsKeyId``, ``SSESpecification.…``."""
    name = path.rpartition(".")[2].lower()
    return not path.startswith(GIVEN) and ("kms" in name or "encryption" in path.lower())
