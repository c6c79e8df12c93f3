"""What stands in another region of the same design, in place of a resource or beside it."""

from __future__ import annotations

from seawall.design import Design, Resource
from seawall.regions import RegionalCopy, is_elsewhere, named_region
from seawall.values import same


def twin_of(resource: Resource, design: Design, *, name: str = "") -> Resource | None:
    """A resource of the same type in another region; with ``name`` one that is declared or called alike.

    ``name`` is the property that sets the physical name. Regional stacks of one program repeat the logical ids.
    """
    for other in design.of_type(resource.type):
        if other.key == resource.key or is_elsewhere(other.region, resource.region) is not True:
            continue
        if not name or _declared_as(other) == _declared_as(resource) or _called_alike(other, resource, name):
            return other
    return None


def twin_copies(resource: Resource, design: Design, *, name: str = "") -> list[RegionalCopy]:
    """The twin as a copy, for ``judged_by_copies``; empty where there is none."""
    twin = twin_of(resource, design, name=name)
    if twin is None:
        return []
    return [RegionalCopy(True, f"{twin.id} stands in {named_region(twin.region, resource.region)}")]


def _declared_as(resource: Resource) -> str:
    # ``module.ireland.aws_ecr_repository.orders[0]`` and ``module.frankfurt.aws_ecr_repository.orders[0]``
    return resource.id.rpartition(f"{resource.declared_type}.")[2]


def _called_alike(one: Resource, other: Resource, name: str) -> bool:
    return one.get(name) not in (None, "") and same(one.get(name), other.get(name)) is True
