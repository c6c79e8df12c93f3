"""A function of services/: packaged once, with room and rights of its own, called under a name that can be moved."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import (
    Alias,
    Architecture,
    CfnFunction,
    Code,
    EventSourceMapping,
    Function,
    LoggingFormat,
    Runtime,
)
from aws_cdk.aws_logs import LogGroup, RetentionDays
from constructs import Construct

from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.wildcards import accept_wildcards
from stacks.patterns.work_queue import WorkQueue
from stacks.queues import LAMBDA_VISIBILITY_FACTOR

REPOSITORY = Path(__file__).parent.parent.parent

PACKAGE = REPOSITORY / "build" / "package"
"""What `make package` leaves: services/ and, beside it, the libraries of services/requirements.txt for arm64."""

WILDCARDS = (
    "Objects of one named bucket; keys that the condition names by their alias; "
    "reading levers or a stream, whose identifiers AWS makes up when they come to be"
)
"""Why the wildcards are accepted that access.py writes into policies."""

RUNTIME = Runtime.PYTHON_3_14


def service_code() -> Code:
    """Return the one package that all functions share; a change in one service publishes all of them alike.

    Before `make package` made it, the bare sources stand in, so that anybody can synthesize. They cannot run: the CDK
    command makes the package first ("build" in cdk.json), and app.py says so where it is missing.
    """
    if (PACKAGE / "made").is_file():  # written last: a package whose making broke off is none
        return Code.from_asset(str(PACKAGE))
    return Code.from_asset(str(REPOSITORY / "services"), exclude=["**/__pycache__"])


class ServiceFunction(Construct):
    """A Lambda function that runs `services/<service>`.

    Survives the loss of a zone: it is in no VPC, so Lambda runs it in every zone of its region.
    Survives its neighbours: it has a concurrency of its own, which others cannot use up.
    Survives a deployment under way: callers use `alias`, which moves to a version that is ready, at once or by steps.
    """

    function: Function
    role: Role
    alias: Alias
    """What callers use; its name is `live`."""

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        handler: str,
        timeout: Duration,
        reserved: int,
        environment: Mapping[str, str],
        allow: list[PolicyStatement],
        memory: int = 512,
        description: str,
    ) -> None:
        super().__init__(scope, name)
        self._reserved = reserved
        self._timeout = timeout
        self._allow = allow
        self._names = names
        logs = LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{names.name(role)}",
            retention=RetentionDays.THREE_MONTHS,
            removal_policy=scope.data_removal,
        )
        self.role = self._role(names, role, logs, allow)
        self.function = Function(
            self,
            "Function",
            function_name=names.name(role),
            description=description,
            code=service_code(),
            handler=handler,
            runtime=RUNTIME,
            architecture=Architecture.ARM_64,
            memory_size=memory,
            timeout=timeout,
            reserved_concurrent_executions=reserved,
            logging_format=LoggingFormat.JSON,
            log_group=logs,
            role=self.role,
            environment={**environment, "POWERTOOLS_SERVICE_NAME": role, "POWERTOOLS_METRICS_NAMESPACE": "Drive"},
        )
        self.alias = Alias(self, "Live", alias_name="live", version=self.function.current_version)

    def take_from(self, work: WorkQueue, *, batch: int = 10) -> None:
        """Have messages of `work` start this function, `batch` at a time; those that fail come back on their own.

        Raises ValueError where the queue's numbers do not fit: a poller that may start more than is reserved uses up
        the messages' tries without running any, and a message that reappears while it is worked on is worked on twice.
        """
        numbers = work.numbers
        if numbers.concurrency is None or numbers.concurrency > self._reserved:
            raise ValueError(
                f"{numbers.role}: concurrency {numbers.concurrency} is not within {self._reserved} reserved"
            )
        if numbers.visibility_seconds < LAMBDA_VISIBILITY_FACTOR * self._timeout.to_seconds():
            raise ValueError(f"{numbers.role}: messages reappear before {LAMBDA_VISIBILITY_FACTOR} timeouts are over")
        if self._sends_to(work):
            cast(CfnFunction, self.function.node.default_child).recursive_loop = "Allow"
        work.queue.grant_consume_messages(self.function)
        # Not CDK's event source: it names the mapping after the stack, so that two regions would have two names for it.
        EventSourceMapping(
            self,
            "Messages",
            target=self.alias,
            event_source_arn=work.queue.queue_arn,
            batch_size=batch,
            max_concurrency=numbers.concurrency,
            report_batch_item_failures=True,
        )

    def _sends_to(self, work: WorkQueue) -> bool:
        """Whether the function tells itself what is left to do.

        Lambda takes that for a mistake, and stops it after 16 rounds unless it is told otherwise (AWS Lambda Developer
        Guide, "Use Lambda recursive loop detection to prevent infinite loops").
        """
        itself = self._names.queue_arn(work.numbers.role, Stack.of(self).region)
        return any(
            "sqs:SendMessage" in statement.actions and itself in statement.resources for statement in self._allow
        )

    def _role(self, names: Names, role: str, logs: LogGroup, allow: list[PolicyStatement]) -> Role:
        """A role that may write its own log and do what is listed, instead of AWS's managed policy for all logs."""
        function_role = Role(
            self,
            "Role",
            role_name=names.in_region(role, Stack.of(self).region),
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            permissions_boundary=boundary(self, names),
        )
        logs.grant_write(function_role)
        for statement in allow:
            function_role.add_to_policy(statement)
        accept_wildcards(function_role, *allow, reason=WILDCARDS)
        return function_role
