"""Which policies a run applies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seawall.configuration import Misuse, Objective
from seawall.policy import Policy

PREFIX = "SEA_"


class Selection(NamedTuple):
    """What the user chose: ids of policies, ids to leave out, names of groups; empty means no choice."""

    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def of(self, policies: Iterable[Policy], objective: Objective) -> tuple[Policy, ...]:
        """The policies to apply to a design with this objective; what is chosen by name is always judged."""
        possible = self.possible(policies)
        return possible if self.by_name else tuple(policy for policy in possible if objective.judges(policy.group))

    def possible(self, policies: Iterable[Policy]) -> tuple[Policy, ...]:
        """The policies that some objective applies, or that are chosen by name."""
        chosen = tuple(policy for policy in policies if policy.id not in self.without)
        if not self.by_name:
            return chosen
        return tuple(policy for policy in chosen if policy.id in self.only or policy.group in self.groups)

    @property
    def by_name(self) -> bool:
        """Whether the user chose policies or groups: these are judged whatever the objective."""
        return bool(self.only or self.groups)


def selection(
    policies: Sequence[Policy],
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    groups: Iterable[str] = (),
) -> Selection:
    """Names as users write them, checked; raises ``Misuse`` where no policy or group is called so."""
    known = sorted({policy.group for policy in policies})
    for group in groups:
        if group not in known:
            raise Misuse(f"no group is called {group!r}; there are {', '.join(known)}")
    return Selection(
        frozenset(policy_named(name, policies).id for name in only),
        frozenset(policy_named(name, policies).id for name in without),
        frozenset(groups),
    )


def policy_named(name: str, policies: Sequence[Policy]) -> Policy:
    """The policy with this id, in any case, with or without prefix; raises ``Misuse`` naming the nearest."""
    wanted = name.strip().upper().replace("-", "_").removeprefix(PREFIX)
    for policy in policies:
        if policy.id == PREFIX + wanted:
            return policy
    import difflib  # only a mistyped name needs it

    nearest = difflib.get_close_matches(PREFIX + wanted, [policy.id for policy in policies], 1, 0.5)
    hint = f"; did you mean {nearest[0]}?" if nearest else "; see seawall list"
    raise Misuse(f"no policy is called {name!r}{hint}")
