"""What differs from a deployment to AWS, for people and for programs."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from embedded_cloud.changes import Change
from embedded_cloud.holes import Fate


def print_changes(changes: Sequence[Change]) -> None:
    """Print them by stack and resource, and how many of each fate."""

    def by(*names: str) -> Callable[[Change], tuple[str, ...]]:
        return lambda change: tuple(getattr(change, name) for name in names)

    if not changes:
        print("\nNothing differs from a deployment to AWS.")
        return
    ordered = sorted(changes, key=by("stack", "resource", "fate", "what"))
    for (stack,), of_stack in groupby(ordered, by("stack")):
        print(f"\n{stack}")
        for (resource, kind), of_resource in groupby(of_stack, by("resource", "type")):
            print(f"  {resource}  {kind}")
            for change in of_resource:
                print(f"    {change.fate:10} {change.what}")
    print()
    for fate, count in counts(ordered).items():
        print(f"  {count:5} {fate}")


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes there are of each fate that occurs."""
    found = Counter(change.fate for change in changes)
    return {fate.value: found[fate] for fate in Fate if found[fate]}
