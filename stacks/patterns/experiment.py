"""Faults that are brought about on purpose, and stopped as soon as customers notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk.aws_fis import CfnExperimentTemplate as Template
from aws_cdk.aws_iam import IRole
from aws_cdk.aws_logs import ILogGroup
from constructs import Construct

from stacks.names import Names

LOG_SCHEMA = 2


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is hit: found by its ARNs, or by the parameters that its kind has (AWS FIS User Guide, "Targets").

    `key` is the name under which the action takes it, such as "Tasks".
    """

    key: str
    resource_type: str
    arns: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    selection: str = "ALL"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One action of an experiment, such as "aws:ecs:stop-task"."""

    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    target: Target | None = None


class Experiment(Construct):
    """An experiment: `faults` by name, all at once, expected to pass as `expects` says.

    Survives being wrong about the drive: `stop`, an alarm, ends it and undoes what it did.
    Survives being wrong about the target: an experiment that finds nothing to hit has failed, not passed.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        role: str,
        expects: str,
        faults: Mapping[str, Fault],
        runs_as: IRole,
        logs: ILogGroup,
        stop: str,
        region: str,
    ) -> None:
        super().__init__(scope, name)
        # AWS FIS has no high-level construct.
        Template(
            self,
            "Template",
            description=f"{names.name(role)}: {expects}",
            role_arn=runs_as.role_arn,
            actions={fault: _action(fault, told) for fault, told in faults.items()},
            targets={fault: _target(told.target) for fault, told in faults.items() if told.target},
            stop_conditions=[
                Template.ExperimentTemplateStopConditionProperty(
                    source="aws:cloudwatch:alarm",
                    value=names.arn("cloudwatch", region, f"alarm:{names.name(stop)}"),
                )
            ],
            log_configuration=Template.ExperimentTemplateLogConfigurationProperty(
                log_schema_version=LOG_SCHEMA,
                # CDK passes this one on as it is.
                cloud_watch_logs_configuration={"LogGroupArn": logs.log_group_arn},
            ),
            experiment_options=Template.ExperimentTemplateExperimentOptionsProperty(
                account_targeting="single-account", empty_target_resolution_mode="fail"
            ),
            tags={"Name": names.name(role)},
        )


def _action(name: str, fault: Fault) -> Template.ExperimentTemplateActionProperty:
    return Template.ExperimentTemplateActionProperty(
        action_id=fault.action,
        parameters=dict(fault.parameters) or None,
        targets={fault.target.key: name} if fault.target else None,
    )


def _target(target: Target) -> Template.ExperimentTemplateTargetProperty:
    return Template.ExperimentTemplateTargetProperty(
        resource_type=target.resource_type,
        resource_arns=list(target.arns) or None,
        resource_tags=dict(target.tags) or None,
        parameters=dict(target.parameters) or None,
        filters=[
            Template.ExperimentTemplateTargetFilterProperty(path=path, values=[value])
            for path, value in target.filters.items()
        ]
        or None,
        selection_mode=target.selection,
    )
