"""SAM APIs: the API, its stage and its usage plan, also where functions only imply one."""

from __future__ import annotations

from typing import Any

from seawall.sources.sam_events import Generated
from seawall.sources.sam_nodes import is_function, mapping, picked, same_names, sequence, with_entry

_REST_API = {
    "DefinitionBody": "Body",
    "DefinitionUri": "BodyS3Location",
    **same_names(
        "ApiKeySourceType BinaryMediaTypes Description DisableExecuteApiEndpoint FailOnWarnings"
        " MinimumCompressionSize Mode Name Policy SecurityPolicy Tags"
    ),
}
_REST_STAGE = same_names(
    "AccessLogSetting CacheClusterEnabled CacheClusterSize CanarySetting MethodSettings StageName Tags"
    " TracingEnabled Variables"
)
_HTTP_API = {
    "DefinitionBody": "Body",
    "DefinitionUri": "BodyS3Location",
    **same_names("CorsConfiguration Description DisableExecuteApiEndpoint FailOnWarnings Name Tags"),
}
_HTTP_STAGE = same_names("AccessLogSettings DefaultRouteSettings RouteSettings StageName StageVariables Tags")

Made = tuple[str, Any, list[Generated]]


def rest_api(logical_id: str, properties: Any) -> Made:
    """``AWS::Serverless::Api`` as an API with its stage."""
    api = picked(properties, _REST_API)
    endpoint = properties.get("EndpointConfiguration")
    if isinstance(endpoint, dict) and not is_function(endpoint) and "Type" in endpoint:
        converted = picked(endpoint, {"VPCEndpointIds": "VpcEndpointIds", "IpAddressType": "IpAddressType"})
        endpoint = with_entry(converted, "Types", sequence(endpoint, endpoint["Type"]))
    elif isinstance(endpoint, str):
        endpoint = mapping(properties, {"Types": sequence(properties, endpoint)})
    if endpoint is not None:
        api = with_entry(api, "EndpointConfiguration", endpoint)
    reference = mapping(properties, {"Ref": logical_id})
    deployment = mapping(properties, {"RestApiId": reference})
    stage = with_entry(picked(properties, _REST_STAGE), "RestApiId", reference)
    stage = with_entry(stage, "DeploymentId", mapping(properties, {"Ref": f"{logical_id}Deployment"}))
    stage_id = f"{logical_id}{_stage_name(properties)}Stage"
    generated = [
        Generated(f"{logical_id}Deployment", "AWS::ApiGateway::Deployment", deployment),
        Generated(stage_id, "AWS::ApiGateway::Stage", stage),
        *_usage_plan(logical_id, stage_id, properties.get("Auth")),
        *_authorizers(logical_id, properties.get("Auth")),
    ]
    return "AWS::ApiGateway::RestApi", api, generated


def _authorizers(logical_id: str, authorization: Any) -> list[Generated]:
    """The permissions by which an API asks its authorizers' functions, and waits for what they say."""
    authorizers = authorization.get("Authorizers") if isinstance(authorization, dict) else None
    if not isinstance(authorizers, dict) or is_function(authorizers):
        return []
    made = []
    for name, authorizer in authorizers.items():
        function = authorizer.get("FunctionArn") if isinstance(authorizer, dict) else None
        if function is not None:
            permission = mapping(
                authorizer,
                {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": function,
                    "Principal": "apigateway.amazonaws.com",
                },
            )
            generated_id = f"{logical_id}{name}AuthorizerPermission"
            made.append(Generated(generated_id, "AWS::Lambda::Permission", permission))
    return made


def _usage_plan(logical_id: str, stage_id: str, authorization: Any) -> list[Generated]:
    plan = authorization.get("UsagePlan") if isinstance(authorization, dict) else None
    if not isinstance(plan, dict) or is_function(plan) or plan.get("CreateUsagePlan") in (None, "NONE"):
        return []
    stage = mapping(plan, {"ApiId": mapping(plan, {"Ref": logical_id}), "Stage": mapping(plan, {"Ref": stage_id})})
    properties = picked(plan, same_names("Description Quota Tags Throttle UsagePlanName"))
    properties = with_entry(properties, "ApiStages", sequence(plan, stage))
    return [Generated(f"{logical_id}UsagePlan", "AWS::ApiGateway::UsagePlan", properties)]


def http_api(logical_id: str, properties: Any) -> Made:
    """``AWS::Serverless::HttpApi`` as an API with its stage."""
    api = with_entry(picked(properties, _HTTP_API), "ProtocolType", "HTTP")
    name = _stage_name(properties) if properties.get("StageName") != "$default" else ""
    stage_id = f"{logical_id}{name}Stage" if name else f"{logical_id}ApiGatewayDefaultStage"
    authorizers = _authorizers(logical_id, properties.get("Auth"))
    return "AWS::ApiGatewayV2::Api", api, [_stage(logical_id, stage_id, properties), *authorizers]


def web_socket_api(logical_id: str, properties: Any) -> Made:
    """``AWS::Serverless::WebSocketApi`` as an API with its stage."""
    names = {**_HTTP_API, **same_names("ApiKeySelectionExpression RouteSelectionExpression")}
    api = with_entry(picked(properties, names), "ProtocolType", "WEBSOCKET")
    stage_id = f"{logical_id}{_stage_name(properties)}Stage"
    return "AWS::ApiGatewayV2::Api", api, [_stage(logical_id, stage_id, properties)]


def _stage(logical_id: str, stage_id: str, properties: Any) -> Generated:
    stage = with_entry(picked(properties, _HTTP_STAGE), "ApiId", mapping(properties, {"Ref": logical_id}))
    if "StageName" not in stage:
        stage = with_entry(stage, "StageName", "$default")
    return Generated(stage_id, "AWS::ApiGatewayV2::Stage", with_entry(stage, "AutoDeploy", "true"))


def _stage_name(properties: Any) -> str:
    name = properties.get("StageName")
    return name if isinstance(name, str) and name.isalnum() else ""


def implicit(kind: str, defaults: Any) -> list[Generated]:
    """The API that functions share whose events name none: ``kind`` is ``Api`` or ``HttpApi``."""
    if kind == "HttpApi":
        type_name, api, generated = http_api("ServerlessHttpApi", defaults)
        return [Generated("ServerlessHttpApi", type_name, api), *generated]
    stage = defaults if "StageName" in defaults else with_entry(defaults, "StageName", "Prod")
    type_name, api, generated = rest_api("ServerlessRestApi", stage)
    return [Generated("ServerlessRestApi", type_name, api), *generated]
