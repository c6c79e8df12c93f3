"""Functions, tasks and the roles they run as."""

from embedded_cloud.reading import VALUE, Read, Write

_FUNCTION = {"FunctionName": "{id}"}
_SERVICE = {"cluster": "{Cluster}", "service": "{id}"}


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _attached(arns: list[str]) -> list[dict[str, str]]:
    return [{"PolicyArn": arn} for arn in arns]


READS: dict[str, tuple[Read, ...]] = {
    "AWS::ECS::Cluster": (
        Read(
            "ecs.describe_clusters",
            {"clusters": ["{ClusterName}"], "include": ["TAGS", "SETTINGS"]},
            at="clusters",
            same="Tags",
            renamed={"ClusterSettings": "settings"},
        ),
    ),
    "AWS::ECS::Service": (
        Read(
            "ecs.describe_services",
            {"cluster": "{Cluster}", "services": ["{ServiceName}"], "include": ["TAGS"]},
            at="services",
            same="AvailabilityZoneRebalancing DeploymentConfiguration DesiredCount EnableECSManagedTags "
            "EnableExecuteCommand LaunchType LoadBalancers NetworkConfiguration PlatformVersion PropagateTags Tags "
            "TaskDefinition",
            writes={
                "PlatformVersion": Write("ecs.update_service", {**_SERVICE, "platformVersion": VALUE}),
            },
        ),
    ),
    "AWS::ECS::TaskDefinition": (
        Read(
            "ecs.describe_task_definition",
            {"taskDefinition": "{id}", "include": ["TAGS"]},
            at="taskDefinition",
            same="ContainerDefinitions Cpu ExecutionRoleArn Family Memory NetworkMode RequiresCompatibilities "
            "RuntimePlatform TaskRoleArn Volumes",
        ),
        Read("ecs.list_tags_for_resource", {"resourceArn": "{id}"}, same="Tags"),
    ),
    "AWS::IAM::ManagedPolicy": (
        Read(
            "iam.get_policy",
            {"PolicyArn": "{id}"},
            at="Policy",
            same="Description Path",
            renamed={"ManagedPolicyName": "PolicyName"},
        ),
        Read(
            "iam.get_policy_version",
            {"PolicyArn": "{id}", "VersionId": "v1"},
            at="PolicyVersion",
            renamed={"PolicyDocument": "Document"},
        ),
    ),
    "AWS::IAM::Policy": (
        Read(
            "iam.get_role_policy",
            {"RoleName": "{first:Roles}", "PolicyName": "{PolicyName}"},
            same="PolicyDocument",
        ),
    ),
    "AWS::IAM::Role": (
        Read(
            "iam.get_role",
            {"RoleName": "{id}"},
            at="Role",
            same="AssumeRolePolicyDocument RoleName Tags Description MaxSessionDuration",
            renamed={"PermissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn"},
            writes={
                "PermissionsBoundary": Write(
                    "iam.put_role_permissions_boundary", {"RoleName": "{id}", "PermissionsBoundary": VALUE}
                )
            },
        ),
        Read(
            "iam.list_attached_role_policies",
            {"RoleName": "{id}"},
            renamed={"ManagedPolicyArns": "AttachedPolicies"},
            worded={"ManagedPolicyArns": _attached},
        ),
        Read(
            "iam.get_account_authorization_details",
            {"Filter": ["Role"]},
            at="RoleDetailList",
            where={"RoleName": "{id}"},
            renamed={"Policies": "RolePolicyList"},
        ),
    ),
    "AWS::Lambda::Alias": (
        Read("lambda.get_alias", {"FunctionName": "{FunctionName}", "Name": "{Name}"}, same="FunctionVersion"),
    ),
    "AWS::Lambda::EventInvokeConfig": (
        Read(
            "lambda.get_function_event_invoke_config",
            {"FunctionName": "{FunctionName}", "Qualifier": "{Qualifier}"},
            same="DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts",
        ),
    ),
    "AWS::Lambda::EventSourceMapping": (
        Read(
            "lambda.get_event_source_mapping",
            {"UUID": "{id}"},
            same="BatchSize EventSourceArn FunctionResponseTypes ScalingConfig BisectBatchOnFunctionError "
            "DestinationConfig FilterCriteria MaximumRetryAttempts ParallelizationFactor StartingPosition "
            "MaximumBatchingWindowInSeconds",
        ),
        Read(
            "lambda.list_event_source_mappings",
            {"FunctionName": "{FunctionName}"},
            at="EventSourceMappings",
            where={"UUID": "{id}"},
        ),
        Read(
            "lambda.list_tags",
            {"Resource": "{arn}"},
            same="Tags",
            worded={"Tags": _tags},
            writes={"Tags": Write("lambda.tag_resource", {"Resource": "{arn}", "Tags": VALUE})},
        ),
    ),
    "AWS::Lambda::Function": (
        Read(
            "lambda.get_function_configuration",
            _FUNCTION,
            same="Architectures Description Environment FunctionName Handler LoggingConfig MemorySize Role Runtime "
            "Timeout",
        ),
        Read(
            "lambda.get_function_concurrency",
            _FUNCTION,
            same="ReservedConcurrentExecutions",
            writes={
                "ReservedConcurrentExecutions": Write(
                    "lambda.put_function_concurrency", {**_FUNCTION, "ReservedConcurrentExecutions": VALUE}
                )
            },
        ),
        Read(
            "lambda.get_function_recursion_config",
            _FUNCTION,
            same="RecursiveLoop",
            writes={
                "RecursiveLoop": Write("lambda.put_function_recursion_config", {**_FUNCTION, "RecursiveLoop": VALUE})
            },
        ),
        Read("lambda.list_tags", {"Resource": "{arn}"}, same="Tags", worded={"Tags": _tags}),
    ),
    "AWS::Lambda::Permission": (
        Read(
            "lambda.get_policy",
            {"FunctionName": "{FunctionName}"},
            at="Policy.Statement",
            where={"Sid": "{id}"},
            same="Action",
            renamed={"Principal": "Principal.Service", "SourceArn": "Condition.ArnLike.AWS:SourceArn"},
        ),
    ),
    "AWS::Lambda::Url": (
        Read(
            "lambda.get_function_url_config",
            {"FunctionName": "{TargetFunctionArn}", "Qualifier": "{Qualifier}"},
            same="AuthType Cors InvokeMode",
        ),
    ),
    "AWS::Lambda::Version": (
        Read("lambda.get_function_configuration", {"FunctionName": "{FunctionName}", "Qualifier": "{name}"}),
    ),
}
