"""See single_region_images.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, policy
from seawall.regions import RegionalCopy, is_elsewhere, judged_by_copies, named_region
from seawall.twins import twin_copies
from seawall.values import Answer, Text, Unknown, Value, field, items, reasons, same

AT = "ReplicationConfiguration.Rules"


@policy(applies_to="AWS::ECR::Repository")
def single_region_images(repository: Resource, design: Design) -> Verdict:
    """Container images are in one region only."""
    registries = design.of_type("AWS::ECR::ReplicationConfiguration")
    here = [one for one in registries if same(one.region, repository.region) is not False]
    copies = [copy for registry in here for copy in _copies(registry, repository)]
    return judged_by_copies(
        [*copies, *twin_copies(repository, design, name="RepositoryName")],
        otherwise="no rule replicates its images: when its region fails, or has to take over, nothing can pull them",
        fix="declare an AWS::ECR::ReplicationConfiguration with a rule whose destination is another region",
        at="RepositoryName",
    )


def _copies(registry: Resource, repository: Resource) -> list[RegionalCopy]:
    rules = items(registry.get(AT))
    if isinstance(rules, Unknown):
        return [RegionalCopy(rules, f"the rules of {registry.id}")]
    found: list[RegionalCopy] = []
    for rule in rules:
        takes = _takes(rule, repository)
        destinations = items(field(rule, "Destinations"))
        if isinstance(destinations, Unknown):
            found.append(RegionalCopy(destinations, f"{registry.id} replicates it"))
            continue
        for destination in destinations if takes is not False else ():
            region = field(destination, "Region")
            answer = is_elsewhere(region, repository.region)
            by = f"{registry.id} replicates it to {named_region(region, repository.region)}"
            found.append(RegionalCopy(takes if answer is True else answer, by))
    return found


def _takes(rule: Value, repository: Resource) -> Answer:
    """Whether a rule's filters, each the start of a name, take the repository; no filter takes every one."""
    filters = items(field(rule, "RepositoryFilters"))
    if isinstance(filters, Unknown):
        return filters
    if not filters:
        return True
    name = repository.get("RepositoryName")
    answers = [_starts(name, field(one, "Filter"), repository) for one in filters]
    if True in answers:
        return True
    return next((answer for answer in answers if answer is not False), False)


def _starts(name: Value, prefix: Value, repository: Resource) -> Answer:
    start = name.parts[0] if isinstance(name, Text) else name
    if isinstance(start, str) and isinstance(prefix, str):
        if start.startswith(prefix):
            return True
        if isinstance(name, str) or not prefix.startswith(start):
            return False
    return Unknown(reasons([name, prefix]) or (f"the name that {repository.id} gets",))
