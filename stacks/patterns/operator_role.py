"""The role of people who move the drive out of a lost region: writes of items and messages, and nothing else.

Control planes are what fails together with a region (AWS, "Static stability using Availability Zones"; Reliability
Pillar, REL11-BP04 "Rely on the data plane and not the control plane during recovery"). A drill as this role proves
that a recovery needs none of them: they are denied, so whoever adds a step that does is told before the day.
"""

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk.aws_iam import AccountRootPrincipal, Effect, PolicyStatement, Role
from constructs import Construct

from seawall_constructs.findings import accept_finding, accept_wildcards
from stacks.names import Names
from stacks.patterns.access import to_queues, to_table
from stacks.patterns.boundary import boundary
from stacks.patterns.heartbeat import reading_beats
from stacks.queues import QUEUES

SESSION = Duration.hours(12)
"""One sign-in lasts through an outage in which signing in may fail."""

WHOLE_SERVICES = (
    "acm:*",
    "apigateway:*",
    "appconfig:*",
    "application-autoscaling:*",
    "autoscaling:*",
    "backup:*",
    "cloudformation:*",
    "cloudfront:*",
    "codedeploy:*",
    "ec2:*",
    "ecr:*",
    "ecs:*",
    "elasticloadbalancing:*",
    "events:*",
    "iam:*",
    "organizations:*",
    "route53:*",
    "route53domains:*",
    "scheduler:*",
    "servicequotas:*",
    "synthetics:*",
    "wafv2:*",
)
"""Nothing in them is needed, not even to read."""

TABLES = (
    "dynamodb:Create*",
    "dynamodb:Delete*",
    "dynamodb:Disable*",
    "dynamodb:Enable*",
    "dynamodb:Export*",
    "dynamodb:Import*",
    "dynamodb:PutResourcePolicy",
    "dynamodb:Restore*",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateGlobalTable*",
    "dynamodb:UpdateKinesis*",
    "dynamodb:UpdateTable*",
    "dynamodb:UpdateTimeToLive",
)
BUCKETS = (
    "s3:BypassGovernanceRetention",
    "s3:Create*",
    "s3:Delete*",
    "s3:Put*Configuration",
    "s3:PutAccountPublicAccessBlock",
    "s3:PutBucket*",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
)
FUNCTIONS = (
    "lambda:Add*",
    "lambda:Create*",
    "lambda:Delete*",
    "lambda:Enable*",
    "lambda:Disable*",
    "lambda:Publish*",
    "lambda:Put*",
    "lambda:Remove*",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:Update*",
)
QUEUES_AND_KEYS = (
    "kms:Cancel*",
    "kms:Create*",
    "kms:Delete*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Import*",
    "kms:Put*",
    "kms:Replicate*",
    "kms:Revoke*",
    "kms:Schedule*",
    "kms:Update*",
    "sns:AddPermission",
    "sns:Create*",
    "sns:Delete*",
    "sns:Set*",
    "sqs:AddPermission",
    "sqs:Create*",
    "sqs:Delete*",
    "sqs:PurgeQueue",
    "sqs:RemovePermission",
    "sqs:Set*",
)
CONTROL_PLANES = (*WHOLE_SERVICES, *TABLES, *BUCKETS, *FUNCTIONS, *QUEUES_AND_KEYS)


class OperatorRole(Role):
    """What an operator, signed in with a second factor, takes on to evacuate a region and to tell the users.

    Survives the loss of a region: all it does happens in the other data region, or in the observer.
    Survives the loss of all control planes: it is denied them, every day, so that no recovery comes to need one.
    Survives a mistake at night: it can delete nothing.
    """

    def __init__(
        self, scope: Construct, name: str, *, names: Names, data_regions: Sequence[str], observer: str
    ) -> None:
        super().__init__(
            scope,
            name,
            role_name=names.name("operator"),
            description="Evacuates a region by writes alone; control planes are denied",
            assumed_by=AccountRootPrincipal().with_conditions({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            max_session_duration=SESSION,
            permissions_boundary=boundary(scope, names),
        )
        for region in data_regions:
            self._recover(names, region)
        self._tell_users(names, observer)
        self.add_to_policy(
            PolicyStatement(
                sid="See", actions=["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"], resources=["*"]
            )
        )
        self.add_to_policy(
            PolicyStatement(sid="NoControlPlane", effect=Effect.DENY, actions=list(CONTROL_PLANES), resources=["*"])
        )
        accept_finding(
            self, "AwsSolutions-IAM5[Resource::*]", reason="CloudWatch's reads know no resources; the rest is a denial"
        )

    def _recover(self, names: Names, region: str) -> None:
        function = names.arn("lambda", region, f"function:{names.name('switch')}")
        turning = [function, f"{function}:live"]
        work = [queue.role for queue in QUEUES]
        address = names.arn("ssm", region, f"parameter/{names.name('switch')}/url")
        for statement in (
            to_table(names, region, "switch", "GetItem", "PutItem", "UpdateItem"),
            to_queues(names, region, work, "SendMessage", "GetQueueAttributes"),
            PolicyStatement(actions=["ssm:GetParameter"], resources=[address]),
            PolicyStatement(
                actions=["lambda:InvokeFunctionUrl"],
                resources=turning,
                conditions={"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
            ),
            # A call of the URL needs both (AWS Lambda Developer Guide, "Control access to Lambda function URLs").
            PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=turning,
                conditions={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
            ),
        ):
            self.add_to_policy(statement)
        reading = reading_beats(names, region)
        for statement in reading:
            self.add_to_policy(statement)
        accept_wildcards(self, *reading)

    def _tell_users(self, names: Names, observer: str) -> None:
        status = f"arn:{Aws.PARTITION}:s3:::{names.bucket('status', observer)}"
        written = [f"{status}/incident.json", f"{status}/drafts/*", f"{status}/announcements/*"]
        telling = PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=written)
        self.add_to_policy(telling)
        # The page as it stands, which a draft of a message starts from; only its publisher writes it.
        self.add_to_policy(PolicyStatement(actions=["s3:GetObject"], resources=[f"{status}/status.json"]))
        accept_wildcards(self, telling, reason="incidents and messages bear names that nobody knows beforehand")
        self.add_to_policy(PolicyStatement(actions=["s3:ListBucket"], resources=[status]))
        self.add_to_policy(to_queues(names, observer, ["announce"], "SendMessage"))
