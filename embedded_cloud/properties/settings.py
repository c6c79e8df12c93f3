"""AppConfig, parameters, secrets and keys."""

from embedded_cloud.reading import Read

_APPLICATION = {"ApplicationId": "{ApplicationId}"}
_TAGS = Read("appconfig.list_tags_for_resource", {"ResourceArn": "{arn}"}, same="Tags")

READS: dict[str, tuple[Read, ...]] = {
    "AWS::AppConfig::Application": (Read("appconfig.get_application", {"ApplicationId": "{id}"}, same="Name"), _TAGS),
    "AWS::AppConfig::ConfigurationProfile": (
        Read(
            "appconfig.get_configuration_profile",
            {**_APPLICATION, "ConfigurationProfileId": "{id}"},
            same="LocationUri Name Type Validators",
        ),
        _TAGS,
    ),
    "AWS::AppConfig::Deployment": (
        Read(
            "appconfig.get_deployment",
            {**_APPLICATION, "EnvironmentId": "{EnvironmentId}", "DeploymentNumber": "{number}"},
            same="ConfigurationProfileId ConfigurationVersion DeploymentStrategyId",
        ),
        _TAGS,
    ),
    "AWS::AppConfig::DeploymentStrategy": (
        Read(
            "appconfig.get_deployment_strategy",
            {"DeploymentStrategyId": "{id}"},
            same="DeploymentDurationInMinutes Description FinalBakeTimeInMinutes GrowthFactor GrowthType Name "
            "ReplicateTo",
        ),
        _TAGS,
    ),
    "AWS::AppConfig::Environment": (
        Read("appconfig.get_environment", {**_APPLICATION, "EnvironmentId": "{id}"}, same="Monitors Name"),
        _TAGS,
    ),
    "AWS::AppConfig::HostedConfigurationVersion": (
        Read(
            "appconfig.get_hosted_configuration_version",
            {
                **_APPLICATION,
                "ConfigurationProfileId": "{ConfigurationProfileId}",
                "VersionNumber": "{number}",
            },
            same="Content ContentType",
        ),
    ),
    "AWS::KMS::Alias": (
        Read(
            "kms.describe_key",
            {"KeyId": "{AliasName}"},
            at="KeyMetadata",
            renamed={"TargetKeyId": "KeyId"},
            worded={"TargetKeyId": lambda key: key.rsplit("/", 1)[-1]},  # by its number or by its ARN
        ),
    ),
    "AWS::KMS::Key": (
        Read("kms.describe_key", {"KeyId": "{id}"}, at="KeyMetadata", same="Description"),
        Read("kms.get_key_rotation_status", {"KeyId": "{id}"}, renamed={"EnableKeyRotation": "KeyRotationEnabled"}),
        Read("kms.get_key_policy", {"KeyId": "{id}", "PolicyName": "default"}, renamed={"KeyPolicy": "Policy"}),
        Read("kms.list_resource_tags", {"KeyId": "{id}"}, same="Tags"),
    ),
    "AWS::SSM::Parameter": (
        Read("ssm.get_parameter", {"Name": "{Name}"}, at="Parameter", same="Type Value"),
        Read(
            "ssm.list_tags_for_resource",
            {"ResourceType": "Parameter", "ResourceId": "{Name}"},
            renamed={"Tags": "TagList"},
        ),
    ),
    "AWS::SecretsManager::Secret": (
        Read("secretsmanager.describe_secret", {"SecretId": "{Name}"}, same="Description Tags"),
    ),
}
