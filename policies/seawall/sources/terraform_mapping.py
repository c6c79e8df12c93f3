"""Terraform's resource types in CloudFormation's names: one entry a type.

An attribute becomes a property of the same words (``multi_az`` → ``MultiAZ``); an entry lists only what
differs, as ``attribute=Property``:

- a dotted attribute stands inside blocks; the property then stands inside the property of the block;
- ``^`` puts a property at the top instead; a dotted property makes the mappings on the way;
- ``[]`` keeps a list of blocks a list: any other single block is the mapping itself;
- ``{}`` reads the attribute as JSON text.

``defaults`` are properties that the provider sets where CloudFormation or the service would do otherwise.
Source: the resource pages of the hashicorp/aws provider and of the CloudFormation template reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall.sources import terraform_shapes as shapes

Finish = Callable[[Mapping[str, Any], dict[str, Any]], None]
"""Completes the properties (changed in place) of a resource from its attributes."""


def _names(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split())


@dataclass(frozen=True, slots=True)
class Kind:
    """What a Terraform type is judged as. ``nest`` is the property that holds all attributes not led by ``^``.

    ``snapshot`` names the attribute that decides on a last snapshot: with ``skip_…`` it is taken unless
    that is true, any other attribute asks for one.
    """

    type: str
    names: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    nest: str = ""
    snapshot: str = ""
    finish: Finish | None = None


def _kind(
    type_name: str,
    names: str = "",
    *,
    nest: str = "",
    snapshot: str = "",
    finish: Finish | None = None,
    **defaults: Any,
) -> Kind:
    return Kind(type_name, _names(names), defaults, nest, snapshot, finish)


_INSTANCE = "identifier=DBInstanceIdentifier instance_class=DBInstanceClass "
_CLUSTER = (
    "cluster_identifier=DBClusterIdentifier iam_database_authentication_enabled=EnableIAMDatabaseAuthentication"
    " restore_to_point_in_time=RestoreToPointInTime"
    " restore_to_point_in_time.source_cluster_identifier=^SourceDBClusterIdentifier "
)
_SUBNET_GROUP = "name=DBSubnetGroupName description=DBSubnetGroupDescription"
_ACTIONS = " ".join(
    f"{block}.forward=ForwardConfig {block}.forward.target_group=TargetGroups[]"
    f" {block}.forward.target_group.arn=TargetGroupArn"
    for block in ("default_action", "action")
)
_FSX = "subnet_ids=^SubnetIds storage_capacity=^StorageCapacity storage_type=^StorageType tags=^Tags"
_FSX += " backup_id=^BackupId kms_key_id=^KmsKeyId security_group_ids=^SecurityGroupIds"
_S3_REPLICATION = "{0}.destination.encryption_configuration.replica_kms_key_id=ReplicaKmsKeyID "

KINDS: dict[str, Kind] = {
    # Databases
    "aws_db_instance": _kind(
        "AWS::RDS::DBInstance",
        _INSTANCE + "replicate_source_db=SourceDBInstanceIdentifier snapshot_identifier=DBSnapshotIdentifier"
        " username=MasterUsername parameter_group_name=DBParameterGroupName vpc_security_group_ids=VPCSecurityGroups"
        " backup_window=PreferredBackupWindow maintenance_window=PreferredMaintenanceWindow",
        snapshot="skip_final_snapshot",
        finish=shapes.database_instance,
    ),
    "aws_rds_cluster": _kind(
        "AWS::RDS::DBCluster", _CLUSTER, snapshot="skip_final_snapshot", finish=shapes.database_cluster
    ),
    "aws_rds_cluster_instance": _kind("AWS::RDS::DBInstance", _INSTANCE + "cluster_identifier=DBClusterIdentifier"),
    "aws_rds_global_cluster": _kind("AWS::RDS::GlobalCluster"),
    "aws_db_subnet_group": _kind("AWS::RDS::DBSubnetGroup", _SUBNET_GROUP),
    "aws_db_proxy": _kind("AWS::RDS::DBProxy", "name=DBProxyName auth=Auth[]"),
    "aws_docdb_cluster": _kind(
        "AWS::DocDB::DBCluster", _CLUSTER, snapshot="skip_final_snapshot", finish=shapes.database_cluster
    ),
    "aws_docdb_cluster_instance": _kind("AWS::DocDB::DBInstance", _INSTANCE + "cluster_identifier=DBClusterIdentifier"),
    "aws_docdb_subnet_group": _kind("AWS::DocDB::DBSubnetGroup", _SUBNET_GROUP),
    "aws_docdb_global_cluster": _kind("AWS::DocDB::GlobalCluster"),
    "aws_neptune_cluster": _kind(
        "AWS::Neptune::DBCluster",
        _CLUSTER + "neptune_subnet_group_name=DBSubnetGroupName kms_key_arn=KmsKeyId"
        " serverless_v2_scaling_configuration=ServerlessScalingConfiguration",
        snapshot="skip_final_snapshot",
        finish=shapes.database_cluster,
    ),
    "aws_neptune_cluster_instance": _kind(
        "AWS::Neptune::DBInstance",
        _INSTANCE + "cluster_identifier=DBClusterIdentifier neptune_subnet_group_name=DBSubnetGroupName",
    ),
    "aws_neptune_subnet_group": _kind("AWS::Neptune::DBSubnetGroup", _SUBNET_GROUP),
    "aws_neptune_global_cluster": _kind("AWS::Neptune::GlobalCluster"),
    "aws_redshift_cluster": _kind(
        "AWS::Redshift::Cluster",
        "availability_zone_relocation_enabled=AvailabilityZoneRelocation database_name=DBName logging=LoggingProperties"
        " snapshot_copy.destination_region=^DestinationRegion",
        snapshot="skip_final_snapshot",
    ),
    "aws_redshiftserverless_namespace": _kind("AWS::RedshiftServerless::Namespace"),
    "aws_redshift_subnet_group": _kind("AWS::Redshift::ClusterSubnetGroup", "name=ClusterSubnetGroupName"),
    "aws_redshiftserverless_workgroup": _kind("AWS::RedshiftServerless::Workgroup"),
    "aws_dynamodb_table": _kind(
        "AWS::DynamoDB::Table",
        "name=TableName attribute=AttributeDefinitions[] attribute.name=AttributeName attribute.type=AttributeType"
        " point_in_time_recovery=PointInTimeRecoverySpecification"
        " point_in_time_recovery.enabled=PointInTimeRecoveryEnabled"
        " replica=Replicas[] replica.region_name=Region"
        " replica.point_in_time_recovery=PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"
        " read_capacity=ProvisionedThroughput.ReadCapacityUnits write_capacity=ProvisionedThroughput.WriteCapacityUnits"
        " global_secondary_index=GlobalSecondaryIndexes[] global_secondary_index.name=IndexName"
        " stream_view_type=StreamSpecification.StreamViewType ttl=TimeToLiveSpecification"
        " server_side_encryption=SSESpecification",
    ),
    "aws_dynamodb_global_table": _kind(
        "AWS::DynamoDB::GlobalTable", "name=TableName replica=Replicas[] replica.region_name=Region"
    ),
    "aws_keyspaces_table": _kind("AWS::Cassandra::Table", "point_in_time_recovery.status=^PointInTimeRecoveryEnabled"),
    # Caches and search
    "aws_elasticache_cluster": _kind(
        "AWS::ElastiCache::CacheCluster",
        "cluster_id=ClusterName node_type=CacheNodeType subnet_group_name=CacheSubnetGroupName"
        " availability_zone=PreferredAvailabilityZone security_group_ids=VpcSecurityGroupIds",
        snapshot="final_snapshot_identifier",
    ),
    "aws_elasticache_replication_group": _kind(
        "AWS::ElastiCache::ReplicationGroup",
        "node_type=CacheNodeType subnet_group_name=CacheSubnetGroupName description=ReplicationGroupDescription"
        " number_cache_clusters=NumCacheClusters node_group_configuration=NodeGroupConfiguration[]"
        " cluster_mode.num_node_groups=^NumNodeGroups cluster_mode.replicas_per_node_group=^ReplicasPerNodeGroup"
        " availability_zones=PreferredCacheClusterAZs",
        snapshot="final_snapshot_identifier",
        AutomaticFailoverEnabled=False,
        MultiAZEnabled=False,
    ),
    "aws_elasticache_global_replication_group": _kind(
        "AWS::ElastiCache::GlobalReplicationGroup", "primary_replication_group_id=PrimaryReplicationGroupId"
    ),
    "aws_elasticache_subnet_group": _kind("AWS::ElastiCache::SubnetGroup", "name=CacheSubnetGroupName"),
    "aws_elasticache_serverless_cache": _kind(
        "AWS::ElastiCache::ServerlessCache", "name=ServerlessCacheName", snapshot="final_snapshot_name"
    ),
    "aws_memorydb_cluster": _kind("AWS::MemoryDB::Cluster", "name=ClusterName", snapshot="final_snapshot_name"),
    "aws_memorydb_subnet_group": _kind("AWS::MemoryDB::SubnetGroup", "name=SubnetGroupName"),
    "aws_dax_cluster": _kind("AWS::DAX::Cluster", "iam_role_arn=IAMRoleARN"),
    "aws_dax_subnet_group": _kind("AWS::DAX::SubnetGroup", "name=SubnetGroupName"),
    # A type that CloudFormation has not: its domains can be connected by their API only.
    "aws_opensearch_outbound_connection": _kind("AWS::OpenSearchService::OutboundConnection"),
    "aws_osis_pipeline": _kind("AWS::OSIS::Pipeline", "pipeline_configuration_body=PipelineConfigurationBody"),
    "aws_opensearch_domain": _kind("AWS::OpenSearchService::Domain"),
    "aws_elasticsearch_domain": _kind("AWS::Elasticsearch::Domain", "cluster_config=ElasticsearchClusterConfig"),
    # Storage
    "aws_s3_bucket": _kind(
        "AWS::S3::Bucket",
        "bucket=BucketName versioning=VersioningConfiguration logging=LoggingConfiguration"
        " logging.target_bucket=DestinationBucketName logging.target_prefix=LogFilePrefix"
        " replication_configuration.rules=Rules[] "
        + _S3_REPLICATION.format("replication_configuration.rules")
        + "lifecycle_rule=LifecycleConfiguration.Rules[] lifecycle_rule.transition=Transitions[]"
        " lifecycle_rule.expiration.days=ExpirationInDays acl=AccessControl"
        " lifecycle_rule.noncurrent_version_expiration.days=NoncurrentDays",
        finish=shapes.bucket,
        ForceDestroy=False,
    ),
    "aws_s3_directory_bucket": _kind(
        "AWS::S3Express::DirectoryBucket", "bucket=BucketName location.name=^LocationName"
    ),
    "aws_s3_bucket_policy": _kind("AWS::S3::BucketPolicy", "policy=PolicyDocument{}"),
    "aws_efs_file_system": _kind("AWS::EFS::FileSystem", "lifecycle_policy=LifecyclePolicies[]"),
    "aws_efs_mount_target": _kind("AWS::EFS::MountTarget"),
    "aws_efs_access_point": _kind("AWS::EFS::AccessPoint"),
    "aws_fsx_lustre_file_system": _kind(
        "AWS::FSx::FileSystem", _FSX, nest="LustreConfiguration", finish=shapes.file_system("LUSTRE")
    ),
    "aws_fsx_windows_file_system": _kind(
        "AWS::FSx::FileSystem",
        _FSX,
        nest="WindowsConfiguration",
        snapshot="skip_final_backup",
        finish=shapes.file_system("WINDOWS"),
    ),
    "aws_fsx_ontap_file_system": _kind(
        "AWS::FSx::FileSystem", _FSX, nest="OntapConfiguration", finish=shapes.file_system("ONTAP")
    ),
    "aws_fsx_openzfs_file_system": _kind(
        "AWS::FSx::FileSystem",
        _FSX,
        nest="OpenZFSConfiguration",
        snapshot="skip_final_backup",
        finish=shapes.file_system("OPENZFS"),
    ),
    "aws_ebs_volume": _kind("AWS::EC2::Volume", "type=VolumeType", snapshot="final_snapshot"),
    "aws_volume_attachment": _kind("AWS::EC2::VolumeAttachment", "device_name=Device"),
    "aws_dlm_lifecycle_policy": _kind(
        "AWS::DLM::LifecyclePolicy",
        "policy_details.schedule=Schedules[] policy_details.schedule.cross_region_copy_rule=CrossRegionCopyRules[]",
        State="ENABLED",
    ),
    # Backup
    "aws_backup_plan": _kind(
        "AWS::Backup::BackupPlan",
        "name=BackupPlanName rule=BackupPlanRule[] rule.target_vault_name=TargetBackupVault"
        " rule.schedule=ScheduleExpression rule.start_window=StartWindowMinutes"
        " rule.completion_window=CompletionWindowMinutes rule.lifecycle.delete_after=DeleteAfterDays"
        " rule.lifecycle.cold_storage_after=MoveToColdStorageAfterDays rule.copy_action=CopyActions[]"
        " rule.copy_action.destination_vault_arn=DestinationBackupVaultArn"
        " rule.copy_action.lifecycle.delete_after=DeleteAfterDays"
        " rule.copy_action.lifecycle.cold_storage_after=MoveToColdStorageAfterDays"
        " advanced_backup_setting=AdvancedBackupSettings[] tags=^BackupPlanTags",
        nest="BackupPlan",
    ),
    "aws_backup_selection": _kind(
        "AWS::Backup::BackupSelection",
        "plan_id=^BackupPlanId name=SelectionName selection_tag=ListOfTags[] selection_tag.type=ConditionType"
        " selection_tag.key=ConditionKey selection_tag.value=ConditionValue condition=Conditions "
        + " ".join(
            f"condition.{name}={name.title().replace('_', '')}[] condition.{name}.key=ConditionKey"
            f" condition.{name}.value=ConditionValue"
            for name in ("string_equals", "string_like", "string_not_equals", "string_not_like")
        ),
        nest="BackupSelection",
    ),
    "aws_backup_vault": _kind(
        "AWS::Backup::BackupVault", "name=BackupVaultName kms_key_arn=EncryptionKeyArn", ForceDestroy=False
    ),
    "aws_backup_logically_air_gapped_vault": _kind(
        "AWS::Backup::LogicallyAirGappedBackupVault", "name=BackupVaultName"
    ),
    "aws_backup_restore_testing_plan": _kind("AWS::Backup::RestoreTestingPlan", "name=RestoreTestingPlanName"),
    "aws_backup_restore_testing_selection": _kind(
        "AWS::Backup::RestoreTestingSelection", "name=RestoreTestingSelectionName"
    ),
    "aws_kms_key": _kind("AWS::KMS::Key", "deletion_window_in_days=PendingWindowInDays policy=KeyPolicy{}"),
    "aws_kms_replica_key": _kind("AWS::KMS::ReplicaKey", "deletion_window_in_days=PendingWindowInDays"),
    "aws_secretsmanager_secret": _kind("AWS::SecretsManager::Secret", "replica=ReplicaRegions[]"),
    "aws_ecr_replication_configuration": _kind(
        "AWS::ECR::ReplicationConfiguration",
        "replication_configuration.rule=Rules[] replication_configuration.rule.destination=Destinations[]"
        " replication_configuration.rule.repository_filter=RepositoryFilters[]",
    ),
    "aws_ecr_repository": _kind("AWS::ECR::Repository", "name=RepositoryName force_delete=EmptyOnDelete"),
    # Messages and functions
    "aws_sqs_queue": _kind(
        "AWS::SQS::Queue",
        "name=QueueName visibility_timeout_seconds=VisibilityTimeout message_retention_seconds=MessageRetentionPeriod"
        " receive_wait_time_seconds=ReceiveMessageWaitTimeSeconds redrive_policy=RedrivePolicy{}"
        " redrive_allow_policy=RedriveAllowPolicy{} max_message_size=MaximumMessageSize",
    ),
    "aws_sqs_queue_policy": _kind("AWS::SQS::QueuePolicy", "queue_url=Queues policy=PolicyDocument{}"),
    "aws_sns_topic": _kind("AWS::SNS::Topic", "name=TopicName"),
    "aws_sns_topic_policy": _kind("AWS::SNS::TopicPolicy", "arn=Topics policy=PolicyDocument{}"),
    "aws_sns_topic_subscription": _kind(
        "AWS::SNS::Subscription", "redrive_policy=RedrivePolicy{} filter_policy=FilterPolicy{}"
    ),
    "aws_lambda_function": _kind("AWS::Lambda::Function", "file_system_config=FileSystemConfigs[] timeout=Timeout"),
    "aws_lambda_function_url": _kind("AWS::Lambda::Url", "function_name=TargetFunctionArn authorization_type=AuthType"),
    "aws_lambda_alias": _kind("AWS::Lambda::Alias"),
    "aws_lambda_permission": _kind("AWS::Lambda::Permission"),
    "aws_lambda_event_source_mapping": _kind(
        "AWS::Lambda::EventSourceMapping",
        "source_access_configuration=SourceAccessConfigurations[]"
        " destination_config.on_failure.destination_arn=Destination",
    ),
    "aws_lambda_function_event_invoke_config": _kind("AWS::Lambda::EventInvokeConfig"),
    "aws_cloudwatch_event_rule": _kind("AWS::Events::Rule", "event_pattern=EventPattern{}"),
    "aws_scheduler_schedule": _kind("AWS::Scheduler::Schedule"),
    "aws_pipes_pipe": _kind("AWS::Pipes::Pipe"),
    "aws_sfn_state_machine": _kind(
        "AWS::StepFunctions::StateMachine", "name=StateMachineName definition=Definition{} type=StateMachineType"
    ),
    "aws_kinesis_stream": _kind("AWS::Kinesis::Stream", "retention_period=RetentionPeriodHours"),
    "aws_kinesisanalyticsv2_application": _kind("AWS::KinesisAnalyticsV2::Application", "name=ApplicationName"),
    "aws_kinesis_firehose_delivery_stream": _kind(
        "AWS::KinesisFirehose::DeliveryStream",
        "name=DeliveryStreamName kinesis_source_configuration=KinesisStreamSourceConfiguration"
        " kinesis_source_configuration.kinesis_stream_arn=KinesisStreamARN",
    ),
    "aws_cloudwatch_metric_alarm": _kind(
        "AWS::CloudWatch::Alarm", "metric_query=Metrics[] metric_query.metric=MetricStat.Metric"
    ),
    "aws_cloudwatch_composite_alarm": _kind("AWS::CloudWatch::CompositeAlarm"),
    "aws_cloudwatch_dashboard": _kind("AWS::CloudWatch::Dashboard"),
    "aws_msk_cluster": _kind("AWS::MSK::Cluster"),
    "aws_msk_replicator": _kind("AWS::MSK::Replicator", "kafka_cluster=KafkaClusters[]"),
    "aws_msk_serverless_cluster": _kind("AWS::MSK::ServerlessCluster", "vpc_config=VpcConfigs[]"),
    "aws_msk_configuration": _kind("AWS::MSK::Configuration"),
    "aws_mq_broker": _kind("AWS::AmazonMQ::Broker", "user=Users[]"),
    "aws_sagemaker_endpoint_configuration": _kind(
        "AWS::SageMaker::EndpointConfig",
        "name=EndpointConfigName production_variants=ProductionVariants[]"
        " shadow_production_variants=ShadowProductionVariants[]",
    ),
    "aws_sagemaker_endpoint": _kind("AWS::SageMaker::Endpoint", "name=EndpointName"),
    "aws_sagemaker_model": _kind("AWS::SageMaker::Model", "name=ModelName container=Containers[]"),
    "aws_cloudtrail": _kind(
        "AWS::CloudTrail::Trail",
        "name=TrailName enable_logging=IsLogging event_selector=EventSelectors[]"
        " advanced_event_selector=AdvancedEventSelectors[]"
        " advanced_event_selector.field_selector=FieldSelectors[]",
    ),
    "aws_config_delivery_channel": _kind("AWS::Config::DeliveryChannel"),
    "aws_fis_experiment_template": _kind("AWS::FIS::ExperimentTemplate", "stop_condition=StopConditions[]"),
    "aws_codedeploy_deployment_group": _kind("AWS::CodeDeploy::DeploymentGroup"),
    "aws_cloudformation_stack_set": _kind("AWS::CloudFormation::StackSet"),
    "aws_resiliencehub_resiliency_policy": _kind(
        "AWS::ResilienceHub::ResiliencyPolicy", finish=shapes.resiliency_policy
    ),
    # Compute
    "aws_instance": _kind(
        "AWS::EC2::Instance",
        "ami=ImageId vpc_security_group_ids=SecurityGroupIds network_interface=NetworkInterfaces[]",
        finish=shapes.block_devices,
    ),
    "aws_launch_configuration": _kind(
        "AWS::AutoScaling::LaunchConfiguration", "name=LaunchConfigurationName", finish=shapes.block_devices
    ),
    "aws_launch_template": _kind(
        "AWS::EC2::LaunchTemplate",
        "name=^LaunchTemplateName tags=^Tags block_device_mappings=BlockDeviceMappings[]",
        nest="LaunchTemplateData",
    ),
    "aws_autoscaling_group": _kind(
        "AWS::AutoScaling::AutoScalingGroup",
        "name=AutoScalingGroupName launch_configuration=LaunchConfigurationName load_balancers=LoadBalancerNames"
        " launch_template.id=LaunchTemplateId launch_template.name=LaunchTemplateName tag=Tags[]"
        " default_cooldown=Cooldown traffic_source=TrafficSources[]"
        " mixed_instances_policy.launch_template.override=Overrides[]"
        " initial_lifecycle_hook=LifecycleHookSpecificationList[]",
        finish=shapes.scaling_group,
        HealthCheckGracePeriod=300,
    ),
    "aws_autoscaling_lifecycle_hook": _kind("AWS::AutoScaling::LifecycleHook"),
    "aws_autoscaling_policy": _kind(
        "AWS::AutoScaling::ScalingPolicy", "name=PolicyName step_adjustment=StepAdjustments[]"
    ),
    "aws_autoscaling_schedule": _kind("AWS::AutoScaling::ScheduledAction"),
    "aws_appautoscaling_target": _kind("AWS::ApplicationAutoScaling::ScalableTarget"),
    "aws_appautoscaling_policy": _kind(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "name=PolicyName step_scaling_policy_configuration.step_adjustment=StepAdjustments[]",
    ),
    "aws_appautoscaling_scheduled_action": _kind("AWS::ApplicationAutoScaling::ScheduledAction"),
    "aws_batch_compute_environment": _kind(
        "AWS::Batch::ComputeEnvironment",
        "name=ComputeEnvironmentName compute_resources.instance_type=InstanceTypes"
        " compute_resources.max_vcpus=MaxvCpus compute_resources.min_vcpus=MinvCpus",
    ),
    "aws_ecs_cluster": _kind("AWS::ECS::Cluster", "name=ClusterName setting=ClusterSettings[]"),
    "aws_ecs_capacity_provider": _kind("AWS::ECS::CapacityProvider"),
    "aws_ecs_service": _kind(
        "AWS::ECS::Service",
        "name=ServiceName load_balancer=LoadBalancers[] ordered_placement_strategy=PlacementStrategies[]"
        " placement_constraints=PlacementConstraints[] capacity_provider_strategy=CapacityProviderStrategy[]"
        " service_registries=ServiceRegistries[] network_configuration=NetworkConfiguration.AwsvpcConfiguration"
        " deployment_circuit_breaker=DeploymentConfiguration.DeploymentCircuitBreaker"
        " alarms=DeploymentConfiguration.Alarms"
        " deployment_minimum_healthy_percent=DeploymentConfiguration.MinimumHealthyPercent"
        " deployment_maximum_percent=DeploymentConfiguration.MaximumPercent",
        finish=shapes.container_service,
    ),
    "aws_ecs_task_definition": _kind(
        "AWS::ECS::TaskDefinition",
        "container_definitions=ContainerDefinitions{} volume=Volumes[]"
        " volume.efs_volume_configuration=EFSVolumeConfiguration"
        " volume.efs_volume_configuration.file_system_id=FilesystemId",
        finish=shapes.containers,
    ),
    "aws_eks_cluster": _kind("AWS::EKS::Cluster", "vpc_config=ResourcesVpcConfig"),
    "aws_eks_node_group": _kind("AWS::EKS::Nodegroup", "subnet_ids=Subnets node_role_arn=NodeRole"),
    "aws_eks_fargate_profile": _kind("AWS::EKS::FargateProfile", "subnet_ids=Subnets"),
    "aws_dms_replication_instance": _kind(
        "AWS::DMS::ReplicationInstance",
        "replication_instance_id=ReplicationInstanceIdentifier"
        " replication_subnet_group_id=ReplicationSubnetGroupIdentifier",
    ),
    "aws_dms_replication_subnet_group": _kind(
        "AWS::DMS::ReplicationSubnetGroup", "replication_subnet_group_id=ReplicationSubnetGroupIdentifier"
    ),
    # Network
    "aws_vpc": _kind("AWS::EC2::VPC"),
    "aws_default_vpc": _kind("AWS::EC2::VPC"),
    "aws_subnet": _kind("AWS::EC2::Subnet"),
    "aws_default_subnet": _kind("AWS::EC2::Subnet"),
    "aws_internet_gateway": _kind("AWS::EC2::InternetGateway"),
    "aws_nat_gateway": _kind("AWS::EC2::NatGateway", "availability_zone_address=AvailabilityZoneAddresses[]"),
    "aws_eip": _kind("AWS::EC2::EIP", "instance=InstanceId"),
    "aws_eip_association": _kind("AWS::EC2::EIPAssociation"),
    "aws_network_interface": _kind("AWS::EC2::NetworkInterface", "security_groups=GroupSet"),
    "aws_security_group": _kind(
        "AWS::EC2::SecurityGroup", "name=GroupName description=GroupDescription", finish=shapes.security_group
    ),
    "aws_security_group_rule": _kind("AWS::EC2::SecurityGroupIngress", finish=shapes.security_group_rule),
    "aws_vpc_security_group_ingress_rule": _kind("AWS::EC2::SecurityGroupIngress", finish=shapes.security_group_rule),
    "aws_route_table": _kind("AWS::EC2::RouteTable", "route=Routes[] route.cidr_block=DestinationCidrBlock"),
    "aws_default_route_table": _kind("AWS::EC2::RouteTable", "route=Routes[] route.cidr_block=DestinationCidrBlock"),
    "aws_route": _kind("AWS::EC2::Route"),
    "aws_route_table_association": _kind("AWS::EC2::SubnetRouteTableAssociation"),
    "aws_vpc_endpoint": _kind("AWS::EC2::VPCEndpoint", "policy=PolicyDocument{}"),
    "aws_route53_resolver_endpoint": _kind("AWS::Route53Resolver::ResolverEndpoint", "ip_address=IpAddresses[]"),
    "aws_networkfirewall_firewall": _kind(
        "AWS::NetworkFirewall::Firewall",
        "name=FirewallName subnet_mapping=SubnetMappings[] availability_zone_mapping=AvailabilityZoneMappings[]"
        " availability_zone_mapping.availability_zone_id=AvailabilityZone",
    ),
    "aws_networkfirewall_vpc_endpoint_association": _kind("AWS::NetworkFirewall::VpcEndpointAssociation"),
    "aws_vpn_connection": _kind("AWS::EC2::VPNConnection"),
    "aws_vpn_gateway": _kind("AWS::EC2::VPNGateway"),
    "aws_customer_gateway": _kind("AWS::EC2::CustomerGateway"),
    "aws_ec2_transit_gateway": _kind("AWS::EC2::TransitGateway"),
    "aws_ec2_transit_gateway_vpc_attachment": _kind("AWS::EC2::TransitGatewayVpcAttachment"),
    "aws_networkmanager_vpc_attachment": _kind("AWS::NetworkManager::VpcAttachment"),
    "aws_dx_gateway_association": _kind(
        "AWS::DirectConnect::DirectConnectGatewayAssociation", "dx_gateway_id=DirectConnectGatewayId"
    ),
    "aws_dx_private_virtual_interface": _kind(
        "AWS::DirectConnect::PrivateVirtualInterface", "vpn_gateway_id=VirtualGatewayId"
    ),
    "aws_flow_log": _kind("AWS::EC2::FlowLog"),
    "aws_lb": _kind(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "subnet_mapping=SubnetMappings[]",
        finish=shapes.load_balancer,
    ),
    "aws_elb": _kind(
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "name=LoadBalancerName listener=Listeners[] access_logs=AccessLoggingPolicy access_logs.bucket=S3BucketName"
        " listener.lb_protocol=Protocol cross_zone_load_balancing=CrossZone"
        " connection_draining=ConnectionDrainingPolicy.Enabled"
        " connection_draining_timeout=ConnectionDrainingPolicy.Timeout",
        CrossZone=True,
    ),
    "aws_lb_target_group": _kind("AWS::ElasticLoadBalancingV2::TargetGroup", finish=shapes.target_group),
    "aws_lb_listener": _kind(
        "AWS::ElasticLoadBalancingV2::Listener",
        "default_action=DefaultActions[] certificate_arn=Certificates " + _ACTIONS,
    ),
    "aws_lb_listener_rule": _kind(
        "AWS::ElasticLoadBalancingV2::ListenerRule", "action=Actions[] condition=Conditions[] " + _ACTIONS
    ),
    "aws_route53_zone": _kind("AWS::Route53::HostedZone", "vpc=VPCs[]"),
    "aws_route53_record": _kind(
        "AWS::Route53::RecordSet",
        "zone_id=HostedZoneId records=ResourceRecords alias=AliasTarget alias.name=DNSName alias.zone_id=HostedZoneId"
        " failover_routing_policy.type=^Failover weighted_routing_policy.weight=^Weight"
        " latency_routing_policy.region=^Region multivalue_answer_routing_policy=MultiValueAnswer"
        " geolocation_routing_policy=GeoLocation geolocation_routing_policy.country=CountryCode"
        " geolocation_routing_policy.continent=ContinentCode geoproximity_routing_policy=GeoProximityLocation"
        " cidr_routing_policy=CidrRoutingConfig",
    ),
    "aws_route53_health_check": _kind(
        "AWS::Route53::HealthCheck",
        "fqdn=FullyQualifiedDomainName ip_address=IPAddress child_healthchecks=ChildHealthChecks"
        " child_health_threshold=HealthThreshold enable_sni=EnableSNI invert_healthcheck=Inverted"
        " cloudwatch_alarm_name=AlarmIdentifier.Name cloudwatch_alarm_region=AlarmIdentifier.Region tags=^Tags",
        nest="HealthCheckConfig",
    ),
    "aws_cloudfront_distribution": _kind(
        "AWS::CloudFront::Distribution",
        "origin=Origins[] origin_group=OriginGroups.Items[] origin_group.member=Members.Items[]"
        " origin.origin_id=Id origin_group.origin_id=Id origin.vpc_origin_config=VpcOriginConfig"
        " default_cache_behavior.lambda_function_association=LambdaFunctionAssociations[]"
        " default_cache_behavior.lambda_function_association.lambda_arn=LambdaFunctionARN"
        " default_cache_behavior.function_association=FunctionAssociations[]"
        " default_cache_behavior.function_association.function_arn=FunctionARN"
        " ordered_cache_behavior.lambda_function_association=LambdaFunctionAssociations[]"
        " ordered_cache_behavior.lambda_function_association.lambda_arn=LambdaFunctionARN"
        " ordered_cache_behavior.function_association=FunctionAssociations[]"
        " ordered_cache_behavior.function_association.function_arn=FunctionARN"
        " logging_config=Logging ordered_cache_behavior=CacheBehaviors[] tags=^Tags",
        nest="DistributionConfig",
    ),
    "aws_cloudfront_function": _kind("AWS::CloudFront::Function", "code=FunctionCode"),
    "aws_s3control_multi_region_access_point": _kind(
        "AWS::S3::MultiRegionAccessPoint", "details.region=Regions[]", nest=""
    ),
    "aws_ssm_document": _kind("AWS::SSM::Document"),
    "aws_globalaccelerator_accelerator": _kind("AWS::GlobalAccelerator::Accelerator"),
    "aws_globalaccelerator_listener": _kind("AWS::GlobalAccelerator::Listener"),
    "aws_globalaccelerator_endpoint_group": _kind(
        "AWS::GlobalAccelerator::EndpointGroup", "endpoint_configuration=EndpointConfigurations[]"
    ),
    "aws_cloudwatch_log_subscription_filter": _kind("AWS::Logs::SubscriptionFilter"),
    "aws_config_config_rule": _kind("AWS::Config::ConfigRule"),
    "aws_iot_topic_rule": _kind(
        "AWS::IoT::TopicRule",
        "lambda=Actions[] lambda.function_arn=Lambda.FunctionArn",
        nest="TopicRulePayload",
    ),
    "aws_ses_receipt_rule": _kind("AWS::SES::ReceiptRule", "lambda_action=Actions[]", nest="Rule"),
    "aws_api_gateway_integration": _kind(
        "AWS::ApiGateway::Method",
        "uri=Integration.Uri type=Integration.Type request_parameters=Integration.RequestParameters"
        " timeout_milliseconds=Integration.TimeoutInMillis",
    ),
    "aws_api_gateway_method": _kind("AWS::ApiGateway::Method"),
    "aws_api_gateway_rest_api": _kind("AWS::ApiGateway::RestApi", "body=Body{}"),
    "aws_api_gateway_deployment": _kind("AWS::ApiGateway::Deployment"),
    "aws_api_gateway_stage": _kind("AWS::ApiGateway::Stage"),
    "aws_api_gateway_method_settings": _kind("AWS::ApiGateway::MethodSettings"),
    "aws_api_gateway_usage_plan": _kind(
        "AWS::ApiGateway::UsagePlan", "name=UsagePlanName throttle_settings=Throttle api_stages=ApiStages[]"
    ),
    "aws_apigatewayv2_api": _kind("AWS::ApiGatewayV2::Api"),
    "aws_apigatewayv2_stage": _kind("AWS::ApiGatewayV2::Stage", "name=StageName route_settings=RouteSettings[]"),
    "aws_wafv2_web_acl": _kind("AWS::WAFv2::WebACL", "rule=Rules[]"),
    "aws_wafv2_rule_group": _kind("AWS::WAFv2::RuleGroup", "rule=Rules[]"),
    "aws_wafv2_web_acl_association": _kind("AWS::WAFv2::WebACLAssociation", "web_acl_arn=WebACLArn"),
    "aws_apigatewayv2_integration": _kind("AWS::ApiGatewayV2::Integration", "timeout_milliseconds=TimeoutInMillis"),
    "aws_fsx_data_repository_association": _kind("AWS::FSx::DataRepositoryAssociation"),
    "aws_codepipeline": _kind("AWS::CodePipeline::Pipeline", "stage=Stages[]"),
    "aws_cognito_user_pool": _kind("AWS::Cognito::UserPool", "name=UserPoolName"),
}
KINDS["aws_alb"] = KINDS["aws_lb"]
KINDS["aws_alb_target_group"] = KINDS["aws_lb_target_group"]
KINDS["aws_alb_listener"] = KINDS["aws_lb_listener"]
KINDS["aws_alb_listener_rule"] = KINDS["aws_lb_listener_rule"]


@dataclass(frozen=True, slots=True)
class Part:
    """A Terraform resource that CloudFormation writes into another one, which ``owner`` (an attribute) names.

    ``adds`` is the list property of the owner that its properties become an element of (empty: they
    become the owner's own). ``value`` is the attribute that alone is the element.
    """

    owner: str
    types: tuple[str, ...]
    names: Mapping[str, str]
    adds: str = ""
    value: str = ""
    finish: Finish | None = None


def _part(
    owner: str, types: str, names: str = "", *, adds: str = "", value: str = "", finish: Finish | None = None
) -> Part:
    return Part(owner, tuple(types.split()), _names(names), adds, value, finish)


_BUCKET = "AWS::S3::Bucket"
_GROUP = "AWS::AutoScaling::AutoScalingGroup"

PARTS: dict[str, Part] = {
    "aws_s3_bucket_versioning": _part("bucket", _BUCKET),
    "aws_s3_bucket_replication_configuration": _part(
        "bucket",
        _BUCKET,
        "rule=ReplicationConfiguration.Rules[] role=ReplicationConfiguration.Role " + _S3_REPLICATION.format("rule"),
    ),
    "aws_s3_bucket_lifecycle_configuration": _part(
        "bucket",
        f"{_BUCKET} AWS::S3Express::DirectoryBucket",
        "rule=LifecycleConfiguration.Rules[] rule.transition=Transitions[]"
        " rule.noncurrent_version_transition=NoncurrentVersionTransitions[]",
        finish=shapes.bucket_lifecycle,
    ),
    "aws_s3_bucket_logging": _part(
        "bucket",
        _BUCKET,
        "target_bucket=LoggingConfiguration.DestinationBucketName target_prefix=LoggingConfiguration.LogFilePrefix",
    ),
    "aws_s3_bucket_notification": _part(
        "bucket",
        _BUCKET,
        "lambda_function=NotificationConfiguration.LambdaConfigurations[] lambda_function.lambda_function_arn=Function"
        " queue=NotificationConfiguration.QueueConfigurations[] queue.queue_arn=Queue"
        " topic=NotificationConfiguration.TopicConfigurations[] topic.topic_arn=Topic"
        " eventbridge=NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled",
    ),
    "aws_s3_bucket_object_lock_configuration": _part(
        "bucket",
        _BUCKET,
        "rule=ObjectLockConfiguration.Rule object_lock_enabled=ObjectLockConfiguration.ObjectLockEnabled",
    ),
    "aws_s3_bucket_acl": _part("bucket", _BUCKET, "acl=AccessControl", finish=shapes.bucket),
    "aws_s3_bucket_server_side_encryption_configuration": _part(
        "bucket", _BUCKET, "rule=BucketEncryption.ServerSideEncryptionConfiguration[]"
    ),
    "aws_sqs_queue_redrive_policy": _part("queue_url", "AWS::SQS::Queue", "redrive_policy=RedrivePolicy{}"),
    "aws_sqs_queue_redrive_allow_policy": _part(
        "queue_url", "AWS::SQS::Queue", "redrive_allow_policy=RedriveAllowPolicy{}"
    ),
    "aws_efs_backup_policy": _part("file_system_id", "AWS::EFS::FileSystem"),
    "aws_efs_replication_configuration": _part(
        "source_file_system_id", "AWS::EFS::FileSystem", "destination=ReplicationConfiguration.Destinations[]"
    ),
    "aws_dynamodb_table_replica": _part(
        "global_table_arn",
        "AWS::DynamoDB::Table",
        "point_in_time_recovery=PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        adds="Replicas",
    ),
    "aws_backup_vault_lock_configuration": _part(
        "backup_vault_name",
        "AWS::Backup::BackupVault",
        "min_retention_days=LockConfiguration.MinRetentionDays max_retention_days=LockConfiguration.MaxRetentionDays"
        " changeable_for_days=LockConfiguration.ChangeableForDays",
        finish=shapes.vault_lock,
    ),
    "aws_backup_vault_policy": _part(
        "backup_vault_name",
        "AWS::Backup::BackupVault AWS::Backup::LogicallyAirGappedBackupVault",
        "policy=AccessPolicy{}",
    ),
    "aws_backup_vault_notifications": _part(
        "backup_vault_name",
        "AWS::Backup::BackupVault AWS::Backup::LogicallyAirGappedBackupVault",
        "backup_vault_events=Notifications.BackupVaultEvents sns_topic_arn=Notifications.SNSTopicArn",
    ),
    "aws_autoscaling_attachment": _part(
        "autoscaling_group_name",
        _GROUP,
        "lb_target_group_arn=TargetGroupARNs alb_target_group_arn=TargetGroupARNs elb=LoadBalancerNames",
    ),
    "aws_autoscaling_traffic_source_attachment": _part(
        "autoscaling_group_name", _GROUP, "traffic_source.identifier=^TargetGroupARNs"
    ),
    "aws_lb_target_group_attachment": _part(
        "target_group_arn", "AWS::ElasticLoadBalancingV2::TargetGroup", "target_id=Id", adds="Targets"
    ),
    "aws_elb_attachment": _part("elb", "AWS::ElasticLoadBalancing::LoadBalancer", adds="Instances", value="instance"),
    "aws_cloudwatch_event_target": _part(
        "rule", "AWS::Events::Rule", "target_id=Id event_bus_name=EventBusName", adds="Targets"
    ),
    "aws_db_instance_automated_backups_replication": _part(
        "source_db_instance_arn",
        "AWS::RDS::DBInstance",
        "region=AutomaticBackupReplicationRegion retention_period=AutomaticBackupReplicationRetentionPeriod",
    ),
    "aws_redshift_snapshot_copy": _part("cluster_identifier", "AWS::Redshift::Cluster"),
    "aws_ecs_cluster_capacity_providers": _part("cluster_name", "AWS::ECS::Cluster"),
    "aws_vpc_endpoint_subnet_association": _part(
        "vpc_endpoint_id", "AWS::EC2::VPCEndpoint", adds="SubnetIds", value="subnet_id"
    ),
    "aws_lambda_provisioned_concurrency_config": _part(
        "function_name",
        "AWS::Lambda::Function",
        "provisioned_concurrent_executions=ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions",
    ),
    "aws_opensearch_domain_policy": _part(
        "domain_name", "AWS::OpenSearchService::Domain", "access_policies=AccessPolicies{}"
    ),
}
PARTS["aws_alb_target_group_attachment"] = PARTS["aws_lb_target_group_attachment"]


SPELLINGS = _names(
    "db_name=DBName db_subnet_group_name=DBSubnetGroupName multi_az=MultiAZ multi_az_enabled=MultiAZEnabled"
    " db_cluster_instance_class=DBClusterInstanceClass az_mode=AZMode ttl=TTL ok_actions=OKActions"
    " db_cluster_parameter_group_name=DBClusterParameterGroupName db_parameter_group_name=DBParameterGroupName"
    " serverlessv2_scaling_configuration=ServerlessV2ScalingConfiguration kms_key_id=KmsKeyId"
    " source_db_cluster_identifier=SourceDBClusterIdentifier preferred_cache_cluster_azs=PreferredCacheClusterAZs"
    " multi_az_with_standby_enabled=MultiAZWithStandbyEnabled ebs_options=EBSOptions ebs_enabled=EBSEnabled"
    " vpc_options=VPCOptions acl_name=ACLName tls_enabled=TLSEnabled target_group_arns=TargetGroupARNs"
    " vpc_zone_identifier=VPCZoneIdentifier autoscaling_group_name=AutoScalingGroupName"
    " enable_ecs_managed_tags=EnableECSManagedTags node_group_name=NodegroupName ebs_storage_info=EBSStorageInfo"
    " cloudwatch_logs=CloudWatchLogs service_linked_role_arn=ServiceLinkedRoleARN"
    " document_db_event_source_config=DocumentDBEventSourceConfig eventbridge_parameters=EventBridgeParameters"
    " dynamodb_stream_parameters=DynamoDBStreamParameters activemq_broker_parameters=ActiveMQBrokerParameters"
    " rabbitmq_broker_parameters=RabbitMQBrokerParameters cloudwatch_logs_parameters=CloudWatchLogsParameters"
    " eventbridge_event_bus_parameters=EventBridgeEventBusParameters memory_mib=MemoryMiB vcpu_count=VCpuCount"
    " sagemaker_pipeline_parameters=SageMakerPipelineParameters aws_vpc_configuration=AwsvpcConfiguration"
)
"""Words that CloudFormation spells in its own way, whatever the type."""


def spelled(attribute: str) -> str:
    """The property that an attribute becomes where no entry says otherwise."""
    return SPELLINGS.get(attribute) or "".join(word[:1].upper() + word[1:] for word in attribute.split("_"))
