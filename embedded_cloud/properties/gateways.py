"""API Gateway and the firewall before it."""

from typing import Any

from embedded_cloud.reading import VALUE, Read, Write

_API = {"restApiId": "{RestApiId}"}
_STAGE = {**_API, "stageName": "{StageName}"}


def _endpoint(configuration: dict[str, Any]) -> list[dict[str, str]]:
    # ministack takes the last word of the path; on AWS that is the kind that is replaced.
    kinds = configuration["Types"]
    return [{"op": "replace", "path": f"/endpointConfiguration/types/{kind}", "value": kind} for kind in kinds]


def _log(setting: dict[str, Any]) -> list[dict[str, str]]:
    paths = {"destinationArn": setting["DestinationArn"], "format": setting["Format"]}
    return [{"op": "replace", "path": f"/accessLogSettings/{path}", "value": text} for path, text in paths.items()]


def _per_method(settings: list[dict[str, Any]]) -> dict[str, Any]:
    """By path and method, where a template has a list."""
    named = {}
    for setting in settings:
        path, method = setting["ResourcePath"].removeprefix("/"), setting["HttpMethod"]
        path = path if path == "*" else f"/{path}"
        named[f"{path}/{method}"] = {
            name: value for name, value in setting.items() if name not in {"ResourcePath", "HttpMethod"}
        }
    return named


def _integration(integration: dict[str, Any]) -> dict[str, Any]:
    words = {"IntegrationHttpMethod": "HttpMethod"}
    return {words.get(name, name): value for name, value in integration.items()}


READS: dict[str, tuple[Read, ...]] = {
    "AWS::ApiGateway::Account": (Read("apigateway.get_account", same="CloudWatchRoleArn"),),
    "AWS::ApiGateway::Deployment": (
        Read("apigateway.get_deployment", {**_API, "deploymentId": "{id}"}, same="Description"),
    ),
    "AWS::ApiGateway::GatewayResponse": (
        Read(
            "apigateway.get_gateway_response",
            {**_API, "responseType": "{ResponseType}"},
            same="ResponseParameters ResponseTemplates ResponseType StatusCode",
        ),
    ),
    "AWS::ApiGateway::Method": (
        Read(
            "apigateway.get_method",
            {**_API, "resourceId": "{ResourceId}", "httpMethod": "{HttpMethod}"},
            same="AuthorizationType HttpMethod",
            renamed={"Integration": "methodIntegration"},
            worded={"Integration": _integration},
        ),
    ),
    "AWS::ApiGateway::Resource": (
        Read("apigateway.get_resource", {**_API, "resourceId": "{id}"}, same="ParentId PathPart"),
    ),
    "AWS::ApiGateway::RestApi": (
        Read(
            "apigateway.get_rest_api",
            {"restApiId": "{id}"},
            same="EndpointConfiguration Name Tags",
            writes={
                "EndpointConfiguration": Write(
                    "apigateway.update_rest_api", {"restApiId": "{id}", "patchOperations": VALUE}, _endpoint
                )
            },
        ),
    ),
    "AWS::ApiGateway::Stage": (
        Read(
            "apigateway.get_stage",
            _STAGE,
            same="DeploymentId MethodSettings StageName Tags",
            renamed={"AccessLogSetting": "accessLogSettings"},
            worded={"MethodSettings": _per_method},
            writes={
                "AccessLogSetting": Write("apigateway.update_stage", {**_STAGE, "patchOperations": VALUE}, _log),
            },
        ),
    ),
    "AWS::ApiGatewayV2::Api": (Read("apigatewayv2.get_api", {"ApiId": "{id}"}, same="Name ProtocolType Tags"),),
    "AWS::ApiGatewayV2::Integration": (
        Read(
            "apigatewayv2.get_integration",
            {"ApiId": "{ApiId}", "IntegrationId": "{id}"},
            same="IntegrationType IntegrationUri PayloadFormatVersion",
        ),
    ),
    "AWS::ApiGatewayV2::Route": (
        Read(
            "apigatewayv2.get_route",
            {"ApiId": "{ApiId}", "RouteId": "{name}"},
            same="AuthorizationType RouteKey Target",
        ),
    ),
    "AWS::ApiGatewayV2::Stage": (
        Read(
            "apigatewayv2.get_stage",
            {"ApiId": "{ApiId}", "StageName": "{StageName}"},
            same="AccessLogSettings AutoDeploy DefaultRouteSettings StageName Tags",
            writes={
                "DefaultRouteSettings": Write(
                    "apigatewayv2.update_stage",
                    {"ApiId": "{ApiId}", "StageName": "{StageName}", "DefaultRouteSettings": VALUE},
                )
            },
        ),
    ),
    "AWS::WAFv2::WebACL": (
        Read(
            "wafv2.get_web_acl",
            {"Name": "{1}", "Id": "{2}", "Scope": "{Scope}"},
            at="WebACL",
            same="DefaultAction Name Rules VisibilityConfig",
        ),
        Read(
            "wafv2.list_tags_for_resource",
            {"ResourceARN": "{arn}"},
            at="TagInfoForResource",
            renamed={"Tags": "TagList"},
        ),
    ),
    "AWS::WAFv2::WebACLAssociation": (
        Read(
            "wafv2.get_web_acl_for_resource",
            {"ResourceArn": "{ResourceArn}"},
            at="WebACL",
            renamed={"WebACLArn": "ARN"},
        ),
    ),
}
