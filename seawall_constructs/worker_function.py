"""A function with room and rights of its own, called under a name that can be moved."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Duration
from aws_cdk.aws_iam import IManagedPolicy, PolicyStatement, Role, ServicePrincipal
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

from seawall_constructs.disposal import removal_policy
from seawall_constructs.findings import WILDCARDS, accept_wildcards
from seawall_constructs.queue_arithmetic import LAMBDA_VISIBILITY_FACTOR
from seawall_constructs.work_queue import WorkQueue

RUNTIME = Runtime.PYTHON_3_14

RESERVED = 10
"""Enough for work that arrives now and then; what a surge needs is computed from its rate."""


class WorkerFunction(Construct):
    """A Lambda function with its role, its log, and its share of the account's concurrency.

    Survives the loss of a zone: it is in no VPC, so Lambda runs it in every zone of its region.
    Survives its neighbours: it has a concurrency of its own, which others cannot use up.
    Survives a deployment under way: callers use `alias`, which moves to a version that is ready, at once or by steps.
    Survives a failing message of a batch: only what failed comes back, and what comes back too often is a dead letter.
    """

    function: Function
    role: Role
    alias: Alias
    """What callers use; its name is `live`."""
    timeout: Duration

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        code: Code,
        handler: str,
        timeout: Duration,
        description: str,
        environment: Mapping[str, str] | None = None,
        allow: Sequence[PolicyStatement] = (),
        wildcards: str = WILDCARDS,
        reserved: int | None = RESERVED,
        memory: int = 512,
        runtime: Runtime = RUNTIME,
        function_name: str | None = None,
        role_name: str | None = None,
        permissions_boundary: IManagedPolicy | None = None,
        disposable: bool = False,
    ) -> None:
        """Let the function write its own log and do what `allow` lists; `wildcards` says why any in there are needed.

        `reserved` is the most that run at a time. An account that is new may have too few to reserve any: None then.
        """
        super().__init__(scope, name)
        self.timeout = timeout
        self._reserved = reserved
        self._allow = list(allow)
        logs = LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{function_name}" if function_name else None,
            retention=RetentionDays.THREE_MONTHS,
            removal_policy=removal_policy(disposable),
        )
        # Not the role that CDK would make: AWS's managed policy lets it write all logs.
        self.role = Role(
            self,
            "Role",
            role_name=role_name,
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            permissions_boundary=permissions_boundary,
        )
        logs.grant_write(self.role)
        for statement in allow:
            self.role.add_to_policy(statement)
        accept_wildcards(self.role, *allow, reason=wildcards)
        self.function = Function(
            self,
            "Function",
            function_name=function_name,
            description=description,
            code=code,
            handler=handler,
            runtime=runtime,
            architecture=Architecture.ARM_64,
            memory_size=memory,
            timeout=timeout,
            reserved_concurrent_executions=reserved,
            logging_format=LoggingFormat.JSON,
            log_group=logs,
            role=self.role,
            environment=dict(environment or {}),
        )
        self.alias = Alias(self, "Live", alias_name="live", version=self.function.current_version)

    def take_from(self, work: WorkQueue, *, batch: int = 10, at_most: int | None = None) -> None:
        """Have messages of `work` start this function, `batch` at a time; those that fail come back on their own.

        `at_most` so many run for this queue at a time: by default as many as are reserved. The handler answers with
        `batchItemFailures`. Raises ValueError where the numbers do not fit: a poller that may start more than is
        reserved uses up the messages' tries without running any, and a message that reappears while it is worked on is
        worked on twice.
        """
        at_most = at_most or self._reserved
        if at_most is not None and self._reserved is not None and at_most > self._reserved:
            raise ValueError(f"{self.node.path}: concurrency {at_most} is not within {self._reserved} reserved")
        if work.visibility_timeout.to_seconds() < LAMBDA_VISIBILITY_FACTOR * self.timeout.to_seconds():
            raise ValueError(f"{self.node.path}: messages reappear before {LAMBDA_VISIBILITY_FACTOR} timeouts are over")
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
            max_concurrency=at_most,
            report_batch_item_failures=True,
        )

    def _sends_to(self, work: WorkQueue) -> bool:
        """Whether the function tells itself what is left to do.

        Lambda takes that for a mistake, and stops it after 16 rounds unless it is told otherwise (AWS Lambda Developer
        Guide, "Use Lambda recursive loop detection to prevent infinite loops").
        """
        itself = {work.arn, work.queue.queue_arn}
        return any(
            "sqs:SendMessage" in statement.actions and itself & set(statement.resources) for statement in self._allow
        )
