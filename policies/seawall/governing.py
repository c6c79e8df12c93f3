"""Judges a design under its configuration: what is asked of which resource, and how much a finding weighs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from seawall.configuration import Configuration, Objective
from seawall.design import Design
from seawall.finding import Finding, Unread
from seawall.judging import judge_design
from seawall.policy import Policy

if TYPE_CHECKING:
    from seawall.promises import Promises

OBJECTIVE_TAG = "seawall:objective"
"""The tag by which a resource says itself what it promises."""


class Governed:
    """A design under a configuration. ``objectives`` are the names of those that its resources have.

    ``by_name`` tells that the policies were chosen by name or group: then all of them are applied.
    """

    def __init__(self, design: Design, configuration: Configuration, *, by_name: bool = False) -> None:
        self.design = design
        self.configuration = configuration
        self.by_name = by_name
        self.objectives: set[str] = {configuration.objective.name}
        design.thresholds, design.assumed = configuration.thresholds, configuration.assumed

    def findings(self, policies: Iterable[Policy]) -> Iterator[Finding | Unread]:
        """Every verdict, and an ``Unread`` for each tag that names no objective and each policy that raised."""
        for found in self._judged(policies):
            if isinstance(found, Finding) and self.configuration.severity:
                yield found._replace(severity=self.configuration.severity_of(found.group))
            else:
                yield found

    def judged(self, policies: Iterable[Policy]) -> set[str]:
        """The ids of the policies that are applied to some resource, once ``findings`` are through."""
        objectives = [Objective(name, self.configuration.objective.recovery) for name in self.objectives]
        judges = self.configuration.judges
        return {
            policy.id for policy in policies if self.by_name or any(judges(policy.group, one) for one in objectives)
        }

    @cached_property
    def _promises(self) -> Promises:
        from seawall.promises import Promises  # most designs promise one thing

        return Promises(self.design, self.configuration)

    def _judged(self, policies: Iterable[Policy]) -> Iterator[Finding | Unread]:
        configuration = self.configuration
        if not configuration.fixed and (configuration.rules or self._mentions_tag):
            promises = self._promises
            self.objectives = {objective.name for objective in promises.objectives} or self.objectives
            yield from promises.take_problems()
            yield from judge_design(self.design, policies, None if self.by_name else promises.judged)
            return
        if not self.by_name:
            policies = tuple(policies)
            judged = {group for group in {policy.group for policy in policies} if configuration.judges(group)}
            policies = [policy for policy in policies if policy.group in judged]
        yield from judge_design(self.design, policies)

    @cached_property
    def _mentions_tag(self) -> bool:
        """Whether the tag is written anywhere: looking at the tags of every resource costs far more."""
        templates = self.design.templates
        if not templates:  # Terraform's tags may come from any file, and are evaluated already
            every = (resource.tags for resource in self.design.all.values())
            return any(isinstance(tags, dict) and OBJECTIVE_TAG in tags for tags in every)
        return any(OBJECTIVE_TAG in template.tags or OBJECTIVE_TAG in template.document.text for template in templates)
