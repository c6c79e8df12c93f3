"""The alarms of the drive's functions."""

from aws_cdk import Duration
from constructs import Construct

from seawall_constructs import function_alarms
from stacks.names import Names
from stacks.patterns.alarms import on_call


class FunctionAlarms(function_alarms.FunctionAlarms):
    """The alarms of one function whose timeout is `timeout` seconds."""

    def __init__(self, scope: Construct, name: str, *, names: Names, role: str, timeout: float) -> None:
        super().__init__(
            scope,
            name,
            on_call=on_call(scope, names, name),
            function_name=names.name(role),
            timeout=Duration.seconds(timeout),
            title=role,
        )
