"""A small API for everybody: one function behind it, and few requests let in."""

from aws_cdk.aws_apigatewayv2 import CfnStage, HttpApi, HttpMethod, HttpStage, ThrottleSettings
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_logs import LogGroup, RetentionDays
from constructs import Construct

from seawall_constructs.findings import accept_finding
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

LOGGED = {
    "request": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
}
"""No addresses: who asks for messages is nobody's business, and what is sent to whom stands in the table."""


class PublicDoor(Construct):
    """An HTTP API that hands everything to one function.

    Not a function URL: the function has to know its own address, which such a URL has only after the function.
    Survives a flood: more than `requests_per_second` are refused before they reach the function.
    """

    url: str

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, role: str, requests_per_second: int) -> None:
        super().__init__(scope, name)
        self._api = HttpApi(self, "Api", api_name=names.name(role), create_default_stage=False)
        log = LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/apigateway/{names.name(role)}",
            retention=RetentionDays.THREE_MONTHS,
            removal_policy=scope.data_removal,
        )
        stage = HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=ThrottleSettings(rate_limit=requests_per_second, burst_limit=requests_per_second),
        )
        settings = stage.node.default_child
        if not isinstance(settings, CfnStage):
            raise TypeError("a stage of an HTTP API is made of something else than it was")
        # CDK's own access log setting adds the account-wide role that another stack has made.
        settings.access_log_settings = CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn, format=scope.to_json_string(LOGGED)
        )
        self.url = self._api.api_endpoint

    def lead_to(self, function: IFunction) -> None:
        """Hand every request to `function`; may be called after the function was told `url`."""
        routes = self._api.add_routes(
            path="/{action}",
            methods=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST],
            integration=HttpLambdaIntegration("Function", function),
        )
        for route in routes:
            accept_finding(
                route,
                "AwsSolutions-APIG4",
                reason="Whoever wants messages has no account; what is asked is a token in the mail sent there",
            )
