"""What the user asked for as runs: the paths below one configuration, and what is applied to them.

``seawall check``, ``seawall baseline`` and ``seawall fix`` understand their arguments alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seawall.configuration import Configuration, Misuse, configuration_file, configuration_for
from seawall.finding import Report
from seawall.loading import GROUPS
from seawall.parameters import parameter_values
from seawall.policy import Policy
from seawall.scan import Options
from seawall.selection import selection

if TYPE_CHECKING:
    from argparse import Namespace


class Run(NamedTuple):
    """Paths that have one configuration. ``options`` hold all policies that may be applied to something there."""

    paths: list[Path]
    options: Options

    @property
    def configuration(self) -> Configuration:
        """The configuration of these paths, the defaults where there is no file."""
        return self.options.configuration or Configuration()

    def applied(self, report: Report) -> list[Policy]:
        """The policies that were applied by the objectives in the report, or because they were chosen."""
        if self.options.by_name:
            return list(self.options.policies)
        objectives = [self.configuration.objective._replace(name=name) for name in report.objectives]
        judges = self.configuration.judges
        return [
            policy
            for policy in self.options.policies
            if judges(policy.group) or any(judges(policy.group, objective) for objective in objectives)
        ]


def runs_of(given: Namespace, policies: list[Policy]) -> list[Run]:
    """What is judged under which configuration: paths may lie below different files. Raises ``Misuse``.

    Without a path it is the working folder.
    """
    chosen = selection(policies, given.policy, given.skip_policy, given.group)
    parameters = parameter_values(given.parameters, given.parameter)
    groups = {*GROUPS, *(policy.group for policy in policies)}
    found: dict[Path | None, Run] = {}
    for path in dict.fromkeys(given.paths or [Path()]):
        file = given.config or configuration_file(path)
        if file not in found:
            configuration = configuration_for(path, file=file, objective=given.objective, groups=groups)
            options = Options(chosen.possible(policies), parameters, given.jobs, configuration, chosen.by_name)
            run = Run([], options)
            if policies and not any(_may_judge(run, policy) for policy in options.policies):
                raise Misuse("no policy is left to apply; see seawall list")
            found[file] = run
        found[file].paths.append(path)
    return list(found.values())


def _may_judge(run: Run, policy: Policy) -> bool:
    objectives = [run.configuration.objective, *(rule.objective for rule in run.configuration.rules)]
    return run.options.by_name or any(run.configuration.judges(policy.group, one) for one in objectives)
