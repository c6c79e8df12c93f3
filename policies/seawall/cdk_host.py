"""Seawall inside ``cdk synth``, as a validation plugin of CDK's stable interface.

    from aws_cdk import App, Validations
    from seawall.cdk_host import SeawallPlugin

    app = App()
    Validations.of(app).add_plugins(SeawallPlugin())

What is flagged fails the synthesis, unless it is acknowledged where the construct is, with a reason:
``Validations.of(construct).acknowledge(Acknowledgment(id="seawall::SEA_…", reason="…"))``.
This is the only file of the engine that imports ``aws_cdk`` (``pip install seawall[cdk]``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)
from seawall import baseline
from seawall.configuration import OBJECTIVES, Misuse, configuration_for
from seawall.finding import Finding, Report, Unread
from seawall.loading import GROUPS, load_policies
from seawall.policy import Outcome
from seawall.scan import Options, check
from seawall.version import VERSION

UNREAD = "SEA_NOT_JUDGED"
"""The rule under which CDK shows what could not be read or judged. It cannot be acknowledged."""


@jsii.implements(IPolicyValidationPlugin)
class SeawallPlugin:
    """Judges all stacks of an app as one design, in the regions where they are deployed.

    ``objective`` is ``multi-az`` or ``multi-region``; without it that of the ``seawall.yaml`` nearest to
    the working folder counts, or of ``config``, as does everything else that stands there. ``policies`` are folders
    of a team's own policies, ``parameters`` the values of the templates' parameters by name. Raises ``Misuse``
    for an unknown objective and for a configuration with a mistake.
    """

    def __init__(
        self,
        *,
        objective: str | None = None,
        policies: Iterable[str | os.PathLike[str]] = (),
        parameters: Mapping[str, Any] | None = None,
        config: str | os.PathLike[str] | None = None,
    ) -> None:
        if objective not in (None, *OBJECTIVES):
            raise Misuse(f"objective is {' or '.join(OBJECTIVES)}, not {objective!r}")
        loaded, self._broken = load_policies(map(Path, policies))
        file = None if config is None else Path(config)
        groups = {*GROUPS, *(policy.group for policy in loaded)}
        configuration = configuration_for(Path.cwd(), file=file, objective=objective, groups=groups)
        self._options = Options(tuple(loaded), parameters or {}, 1, configuration)
        self._baseline = _Baseline(configuration.baseline)

    @property
    def name(self) -> str:
        """What reports and acknowledgments call the plugin."""
        return "seawall"

    @property
    def version(self) -> str:
        """Seawall's own version."""
        return VERSION

    @property
    def rule_ids(self) -> list[str]:
        """The ids of all policies; which are judged the configuration decides, and tags of resources."""
        return [policy.id for policy in self._options.policies]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Judges the assembly that CDK has just written; called by CDK."""
        folder = os.path.commonpath([os.path.dirname(path) for path in context.template_paths])
        report = check([Path(folder)], self._options)
        self._baseline.apply(report)
        report.unread[:0] = [Unread(str(problem.file), None, problem.reason) for problem in self._broken]
        return PolicyValidationPluginReport(
            success=report.exit_code == 0, plugin_version=VERSION, violations=list(_violations(report))
        )


class _Baseline:
    """The findings that are known, if the configuration names a file that holds them."""

    def __init__(self, file: Path | None) -> None:
        self._folder = os.path.dirname(os.path.abspath(file)) if file else ""
        self._entries = baseline.read_baseline(file) if file else None

    def apply(self, report: Report) -> None:
        if self._entries is not None:
            report.findings = baseline.known_findings(report.findings, self._entries, self._folder)


def _violations(report: Report) -> Iterator[PolicyViolation]:
    for finding in report.findings:
        if finding.verdict is Outcome.FLAGGED:
            yield _violation(finding, _SEVERITIES[finding.severity])
        elif finding.verdict is Outcome.UNDECIDED:
            yield _violation(finding, "info")
    for unread in report.unread:
        place = f"{unread.file}:{unread.line}" if unread.line else unread.file
        resource = PolicyViolatingResource(locations=[], template_path=unread.file)
        yield PolicyViolation(
            rule_name=UNREAD,
            description=f"{place} could not be read or judged: {unread.reason}",
            severity="fatal",
            violating_resources=[resource],
        )


_SEVERITIES = {"error": "error", "warning": "warning", "note": "info"}


def _violation(finding: Finding, severity: str) -> PolicyViolation:
    why = [finding.message, *finding.evidence, finding.note]
    undecided = ", undecided" if finding.verdict is Outcome.UNDECIDED else ""
    resource = PolicyViolatingResource(
        resource_logical_id=finding.resource, template_path=finding.file, locations=_locations(finding.path)
    )
    return PolicyViolation(
        rule_name=finding.policy,
        description=f"{finding.title.rstrip('.')}{undecided}: {'; '.join(filter(None, why))}.",
        fix=f"{finding.fix} (why, with examples: seawall explain {finding.policy})" if finding.fix else None,
        severity=severity,
        rule_metadata={"group": finding.group},
        violating_resources=[resource],
    )


def _locations(path: str) -> list[str]:
    """Where in the resource the deciding property stands, the way CDK writes it."""
    if path.startswith("@"):
        return [path[1:]]
    return [f"Properties/{path.replace('.', '/')}"] if path else []
