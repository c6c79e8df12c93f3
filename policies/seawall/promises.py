"""What each resource of a design promises to survive, where not all of them promise the same.

A resource's own tag ``seawall:objective`` counts first, then the first rule of ``seawall.yaml`` that fits its
file and tags, then the objective of the whole file. What the user gave with the command wins over all.
"""

from __future__ import annotations

from seawall.arns import Subject
from seawall.assumptions import bears
from seawall.configuration import OBJECTIVES, Configuration, Objective, ObjectiveRule
from seawall.design import Design, Resource
from seawall.finding import Unread
from seawall.governing import OBJECTIVE_TAG
from seawall.path_patterns import fits_any, relative
from seawall.policy import Policy
from seawall.values import Key, Unknown


class Promises:
    """The objectives of one design's resources; ``problems`` are tags that name no objective."""

    def __init__(self, design: Design, configuration: Configuration) -> None:
        self.configuration = configuration
        self.problems: list[Unread] = []
        self._paths: dict[str, str] = {}
        self._found: dict[Key, Objective] = design.untraced(
            lambda: {resource.key: self._of(resource) for resource in design.all.values()}
        )

    def take_problems(self) -> list[Unread]:
        """The problems, once: whoever judges in several turns says them in the first."""
        taken, self.problems = self.problems, []
        return taken

    @property
    def objectives(self) -> set[Objective]:
        """Every objective that some resource has."""
        return set(self._found.values())

    def judged(self, policy: Policy, resource: Resource) -> bool:
        """Whether the policy is applied to the resource."""
        return self.configuration.judges(policy.group, self._found.get(resource.key))

    def _of(self, resource: Resource) -> Objective:
        return self._tagged(resource) or self._by_rule(resource) or self.configuration.objective

    def _tagged(self, resource: Resource) -> Objective | None:
        tags = resource.tags
        value = tags.get(OBJECTIVE_TAG) if isinstance(tags, dict) else None
        if value is None or isinstance(value, Unknown):
            return None  # the deployment decides: what holds for the rest holds here
        if value in OBJECTIVES:
            return Objective(str(value), self.configuration.objective.recovery)
        reason = f"tag {OBJECTIVE_TAG} of {resource.id} is {' or '.join(OBJECTIVES)}, not {str(value)!r}"
        self.problems.append(Unread(resource.file, resource.line_of("Tags"), reason))
        return None

    def _by_rule(self, resource: Resource) -> Objective | None:
        return next((rule.objective for rule in self.configuration.rules if self._fits(rule, resource)), None)

    def _fits(self, rule: ObjectiveRule, resource: Resource) -> bool:
        if rule.paths and not fits_any(self._path(resource.file), rule.paths):
            return False
        if not rule.tags:
            return True
        subject = Subject.of(resource)
        return all(bears(key, values, subject) is True for key, values in rule.tags)

    def _path(self, file: str) -> str:
        if file not in self._paths:
            self._paths[file] = relative(file, self.configuration.folder)
        return self._paths[file]
