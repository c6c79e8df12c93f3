"""SAM functions, tables, state machines, applications and layers as the resources that they become.

Source: the resource pages of the SAM specification, and its page about generated resources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.sources import sam_apis
from seawall.sources.sam_events import Generated
from seawall.sources.sam_nodes import is_function, mapping, picked, same_names, sequence, with_entry

Made = tuple[str, Any, list[Generated]]
"""What a SAM resource becomes: a type, its properties, and the resources that are generated beside it."""

_FUNCTION = same_names(
    "Architectures CapacityProviderConfig CodeSigningConfigArn Description DurableConfig Environment"
    " EphemeralStorage FileSystemConfigs FunctionName FunctionScalingConfig Handler ImageConfig KmsKeyArn"
    " Layers LoggingConfig MemorySize PackageType RecursiveLoop ReservedConcurrentExecutions Role Runtime"
    " RuntimeManagementConfig SnapStart SourceKMSKeyArn Tags TenancyConfig Timeout VpcConfig"
)


def _function(logical_id: str, properties: Any) -> Made:
    renamed = {"CodeUri": "Code", "InlineCode": "Code", "DeadLetterQueue": "DeadLetterConfig"}
    function = picked(properties, {**_FUNCTION, **renamed})
    if "Tracing" in properties:
        mode = mapping(properties, {"Mode": properties["Tracing"]})
        function = with_entry(function, "TracingConfig", mode)
    generated: list[Generated] = []
    if "Role" not in function:
        generated.append(_role(logical_id, properties))
        function = with_entry(function, "Role", _attribute(properties, f"{logical_id}Role", "Arn"))
    name = mapping(properties, {"Ref": logical_id})
    alias = properties.get("AutoPublishAlias")
    if alias is not None:
        generated += _alias(logical_id, name, alias, properties)
        generated += _deployments(logical_id, properties.get("DeploymentPreference"))
    generated += _on_invocation(logical_id, name, alias, properties.get("EventInvokeConfig"))
    address = properties.get("FunctionUrlConfig")
    if isinstance(address, dict) and not is_function(address):
        names = same_names("AuthType Cors InvokeMode")
        url = with_entry(picked(address, names), "TargetFunctionArn", name)
        generated.append(Generated(f"{logical_id}Url", "AWS::Lambda::Url", url))
    return "AWS::Lambda::Function", function, generated


def _attribute(origin: Any, logical_id: str, attribute: str) -> Any:
    return mapping(origin, {"Fn::GetAtt": sequence(origin, logical_id, attribute)})


def _role(logical_id: str, properties: Any) -> Generated:
    return Generated(f"{logical_id}Role", "AWS::IAM::Role", picked(properties, {"RolePath": "Path"}))


def _alias(logical_id: str, name: Any, alias: Any, properties: Any) -> list[Generated]:
    shown = alias if isinstance(alias, str) else ""
    version = mapping(properties, {"FunctionName": name})
    names = {"ProvisionedConcurrencyConfig": "ProvisionedConcurrencyConfig", "AutoPublishAlias": "Name"}
    pointing = with_entry(picked(properties, names), "FunctionName", name)
    pointing = with_entry(pointing, "FunctionVersion", _attribute(properties, f"{logical_id}Version", "Version"))
    return [
        Generated(f"{logical_id}Version", "AWS::Lambda::Version", version),
        Generated(f"{logical_id}Alias{shown}", "AWS::Lambda::Alias", pointing),
    ]


def _deployments(logical_id: str, preference: Any) -> list[Generated]:
    """What shifts traffic to a new version, and the alarms that stop it."""
    if not isinstance(preference, dict) or is_function(preference) or "Alarms" not in preference:
        return []
    alarms = mapping(preference, {"Alarms": preference["Alarms"]})
    properties = mapping(preference, {"AlarmConfiguration": alarms})
    return [Generated(f"{logical_id}DeploymentGroup", "AWS::CodeDeploy::DeploymentGroup", properties)]


def _on_invocation(logical_id: str, name: Any, alias: Any, configuration: Any) -> list[Generated]:
    """What asynchronous invocations do when they fail; a destination without an address gets one made."""
    if not isinstance(configuration, dict) or is_function(configuration):
        return []
    identifier = f"{logical_id}EventInvokeConfig"
    names = same_names("DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts")
    properties = picked(configuration, names)
    properties = with_entry(properties, "FunctionName", name)
    properties = with_entry(properties, "Qualifier", "$LATEST" if alias is None else alias)
    generated: list[Generated] = []
    destinations = properties.get("DestinationConfig")
    for outcome in ("OnSuccess", "OnFailure"):
        destination = destinations.get(outcome) if isinstance(destinations, dict) else None
        made = _destination(f"{identifier}{outcome}", destination)
        if made is not None:
            generated.append(made[1])
            destinations = with_entry(destinations, outcome, made[0], destination)
    if generated:
        properties = with_entry(properties, "DestinationConfig", destinations, destinations)
    return [*generated, Generated(identifier, "AWS::Lambda::EventInvokeConfig", properties)]


def _destination(prefix: str, destination: Any) -> tuple[Any, Generated] | None:
    if not isinstance(destination, dict) or is_function(destination) or "Destination" in destination:
        return None
    kind = {"SQS": "Queue", "SNS": "Topic"}.get(str(destination.get("Type")))
    if kind is None:
        return None
    arn = _attribute(destination, f"{prefix}Queue", "Arn")
    if kind == "Topic":
        arn = mapping(destination, {"Ref": f"{prefix}Topic"})
    made = Generated(f"{prefix}{kind}", f"AWS::{destination['Type']}::{kind}", mapping(destination, {}))
    return with_entry(destination, "Destination", arn), made


def _table(logical_id: str, properties: Any) -> Made:
    del logical_id
    table = picked(
        properties,
        same_names("PointInTimeRecoverySpecification ProvisionedThroughput SSESpecification TableName Tags"),
    )
    key = properties.get("PrimaryKey")
    key = key if isinstance(key, dict) else {}
    name = key.get("Name", "id")
    schema = mapping(properties, {"AttributeName": name, "KeyType": "HASH"})
    kind = {"String": "S", "Number": "N", "Binary": "B"}.get(str(key.get("Type", "String")), "S")
    attribute = mapping(properties, {"AttributeName": name, "AttributeType": kind})
    table = with_entry(table, "KeySchema", sequence(properties, schema))
    table = with_entry(table, "AttributeDefinitions", sequence(properties, attribute))
    if "ProvisionedThroughput" not in table:
        table = with_entry(table, "BillingMode", "PAY_PER_REQUEST")
    return "AWS::DynamoDB::Table", table, []


def _state_machine(logical_id: str, properties: Any) -> Made:
    names = same_names("Definition DefinitionSubstitutions EncryptionConfiguration Tags")
    renamed = {
        "DefinitionUri": "DefinitionS3Location",
        "Name": "StateMachineName",
        "Type": "StateMachineType",
        "Role": "RoleArn",
        "Logging": "LoggingConfiguration",
        "Tracing": "TracingConfiguration",
    }
    machine = picked(properties, {**names, **renamed})
    if "RoleArn" in machine:
        return "AWS::StepFunctions::StateMachine", machine, []
    machine = with_entry(machine, "RoleArn", _attribute(properties, f"{logical_id}Role", "Arn"))
    return "AWS::StepFunctions::StateMachine", machine, [_role(logical_id, properties)]


def _application(logical_id: str, properties: Any) -> Made:
    del logical_id
    names = same_names("NotificationARNs Parameters Tags TimeoutInMinutes")
    renamed = {"Location": "TemplateURL", "NotificationArns": "NotificationARNs"}
    return "AWS::CloudFormation::Stack", picked(properties, {**names, **renamed}), []


def _layer(logical_id: str, properties: Any) -> Made:
    del logical_id
    names = same_names("CompatibleArchitectures CompatibleRuntimes Description LayerName LicenseInfo")
    return "AWS::Lambda::LayerVersion", picked(properties, {**names, "ContentUri": "Content"}), []


def _unchanged(type_name: str) -> Callable[[str, Any], Made]:
    return lambda _, properties: (type_name, properties, [])


MAKERS: dict[str, Callable[[str, Any], Made]] = {
    "Function": _function,
    "SimpleTable": _table,
    "StateMachine": _state_machine,
    "Application": _application,
    "LayerVersion": _layer,
    "Api": sam_apis.rest_api,
    "HttpApi": sam_apis.http_api,
    "WebSocketApi": sam_apis.web_socket_api,
    "GraphQLApi": _unchanged("AWS::AppSync::GraphQLApi"),
    "CapacityProvider": _unchanged("AWS::Lambda::CapacityProvider"),
}
"""What makes the resources of each SAM type, called with a logical id and its properties."""
