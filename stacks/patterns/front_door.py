"""API Gateway in front of functions: throttled, guarded, logged, and polite when it refuses."""

from json import dumps
from math import ceil

from aws_cdk import RemovalPolicy
from aws_cdk.aws_apigateway import (
    AccessLogFormat,
    EndpointType,
    LogGroupLogDestination,
    MethodDeploymentOptions,
    MethodLoggingLevel,
    ResponseType,
    RestApi,
    StageOptions,
)
from aws_cdk.aws_iam import PermissionsBoundary
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.aws_wafv2 import CfnWebACLAssociation
from constructs import Construct

from seawall_constructs.findings import accept_finding
from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.rate_limit import RateLimit
from stacks.patterns.regional_stack import RegionalStack

STAGE = "live"

LARGEST_BURST = 5000
"""API Gateway's burst quota of an account, which cannot be raised (Amazon API Gateway Developer Guide, "Quotas")."""

STAMPEDE_SHARE = 0.5
"""A stampede for downloads may take half of what is let in: the rest lists files, uploads and buys."""

LOGGING_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"

REFUSALS = (
    (ResponseType.THROTTLED, 429, "More requests came than are served at a time: repeat this one a little later.", 5),
    (ResponseType.INTEGRATION_TIMEOUT, 504, "The answer took too long: repeat the request with the same key.", 5),
    (ResponseType.INTEGRATION_FAILURE, 502, "The request could not be served: repeat it with the same key.", 5),
    (ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, "There is nothing at this address.", None),
    (ResponseType.DEFAULT_4_XX, None, "The request could not be read.", None),
    (ResponseType.DEFAULT_5_XX, None, "The request could not be served: repeat it with the same key.", 5),
)
"""What API Gateway says where no function is asked: type, status, sentence, and after how many seconds to return."""


class FrontDoor(Construct):
    """A regional REST API with one stage.

    Survives a surge: what is beyond `requests_per_second` is answered 429 with Retry-After.
    Survives a stampede: the path `stampede` gets half of that at most.
    Survives one greedy client: AWS WAF answers its address 429.
    """

    api: RestApi

    def __init__(
        self, scope: RegionalStack, name: str, *, names: Names, role: str, requests_per_second: int, stampede: str
    ) -> None:
        super().__init__(scope, name)
        log = LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/apigateway/{names.name(role)}",
            retention=RetentionDays.THREE_MONTHS,
            removal_policy=scope.data_removal,
        )
        self.api = RestApi(
            self,
            "Api",
            rest_api_name=names.name(role),
            endpoint_types=[EndpointType.REGIONAL],
            # The role is one for the account and region: another API may use it by now.
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,
            deploy_options=StageOptions(
                stage_name=STAGE,
                access_log_destination=LogGroupLogDestination(log),
                access_log_format=AccessLogFormat.json_with_standard_fields(
                    caller=False,
                    http_method=True,
                    ip=True,
                    protocol=True,
                    request_time=True,
                    resource_path=True,
                    response_length=True,
                    status=True,
                    user=False,
                ),
                logging_level=MethodLoggingLevel.ERROR,
                metrics_enabled=True,
                throttling_rate_limit=requests_per_second,
                throttling_burst_limit=min(LARGEST_BURST, requests_per_second),
                method_options={stampede: _throttled(ceil(requests_per_second * STAMPEDE_SHARE))},
            ),
        )
        PermissionsBoundary.of(self.api).apply(boundary(self, names))
        self._refuse_politely()
        limit = RateLimit(self, "RateLimit", acl_name=names.in_region(role, scope.region), serves="REGIONAL")
        # AWS WAF has no high-level construct.
        CfnWebACLAssociation(
            self, "Guard", resource_arn=self.api.deployment_stage.stage_arn, web_acl_arn=limit.acl.attr_arn
        )
        accept_finding(
            self.api,
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{LOGGING_POLICY}]",
            reason="API Gateway tests this role for what AWS's own policy grants, and only API Gateway can assume it",
        )

    def _refuse_politely(self) -> None:
        for kind, status, sentence, seconds in REFUSALS:
            problem = {"type": "about:blank", "title": sentence, "request": "$context.requestId"}
            headers = {"Content-Type": "'application/problem+json'"}
            if seconds is not None:
                headers["Retry-After"] = f"'{seconds}'"
            self.api.add_gateway_response(
                f"Refusal{kind.response_type.title().replace('_', '')}",
                type=kind,
                status_code=None if status is None else str(status),
                response_headers=headers,
                templates={"application/json": dumps(problem)},
            )


def _throttled(requests_per_second: int) -> MethodDeploymentOptions:
    return MethodDeploymentOptions(
        throttling_rate_limit=requests_per_second,
        throttling_burst_limit=min(LARGEST_BURST, requests_per_second),
        logging_level=MethodLoggingLevel.ERROR,
        metrics_enabled=True,
    )
