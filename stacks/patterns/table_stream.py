"""The stream of a global table's replica, whose address only DynamoDB knows."""

from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import EventSourceMapping, FilterCriteria, StartingPosition
from aws_cdk.aws_lambda_event_sources import SqsDlq
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.custom_resources import AwsCustomResource, AwsSdkCall, PhysicalResourceId
from constructs import Construct

from seawall_constructs.findings import accept_wildcards
from seawall_constructs.work_queue import FailureQueue
from stacks.names import Names
from stacks.patterns.access import to_table
from stacks.patterns.boundary import boundary
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import WILDCARDS, ServiceFunction

READ_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")

STREAM_ARN = "Table.LatestStreamArn"


class TableStream(Construct):
    """Finds the stream of this region's replica of a table, and starts functions with its records.

    Survives a poison record: its batch is halved until it stands alone, it is noted in `failures` after its tries, and
    the records behind it go on.
    """

    arn: str
    failures: FailureQueue

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, table: str, failures: FailureQueue) -> None:
        super().__init__(scope, name)
        self.failures = failures
        region = scope.region
        self._stream = f"{names.table_arn(table, region)}/stream/*"
        logs = LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{names.name('stream-lookup')}",
            retention=RetentionDays.THREE_MONTHS,
            removal_policy=scope.data_removal,
        )
        role = Role(
            self,
            "LookupRole",
            role_name=names.in_region("stream-lookup", region),
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            permissions_boundary=boundary(self, names),
        )
        logs.grant_write(role)
        role.add_to_policy(to_table(names, region, table, "DescribeTable"))
        call = AwsSdkCall(
            service="DynamoDB",
            action="DescribeTable",
            parameters={"TableName": names.name(table)},
            output_paths=[STREAM_ARN],
            physical_resource_id=PhysicalResourceId.of(names.name(table)),
        )
        # CloudFormation tells a stream's ARN only in the stack, and the region, that the global table was made in.
        lookup = AwsCustomResource(
            self,
            "Lookup",
            on_create=call,
            on_update=call,
            install_latest_aws_sdk=False,
            function_name=names.name("stream-lookup"),
            log_group=logs,
            role=role,
        )
        self.arn = lookup.get_response_field(STREAM_ARN)

    def start(
        self, service: ServiceFunction, *, matching: dict[str, object], batch: int, parallel: int, tries: int
    ) -> None:
        """Start the service's function with `batch` records that match, in `parallel` per shard, in order per item."""
        read = PolicyStatement(actions=[f"dynamodb:{action}" for action in READ_STREAM], resources=[self._stream])
        service.role.add_to_policy(read)
        accept_wildcards(service.role, read, reason=WILDCARDS)
        mapping = EventSourceMapping(
            self,
            "Mapping",
            target=service.alias,
            event_source_arn=self.arn,
            starting_position=StartingPosition.TRIM_HORIZON,
            batch_size=batch,
            parallelization_factor=parallel,
            filters=[FilterCriteria.filter(matching)],
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=tries,
            on_failure=SqsDlq(self.failures.queue),
        )
        # Lambda tries to read the stream before it accepts the mapping.
        mapping.node.add_dependency(service.role)
