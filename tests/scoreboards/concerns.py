"""Which policies answer the questions that others ask."""

PEERS: dict[str, tuple[str, ...]] = {
    "asg-elb-health-check": ("health_check_ignores_load_balancer",),
    "docdb-backup-retention": ("database_without_backup",),
    "dynamodb-in-backup-plan": ("table_without_recovery",),
    "dynamodb-pitr": ("table_without_recovery",),
    "ebs-in-backup-plan": ("volume_without_backup",),
    "efs-in-backup-plan": ("file_system_without_backup",),
    "elasticache-backup": ("cache_without_snapshots",),
    "elasticache-memcached-cross-az": ("single_az_cache",),
    "elasticache-multi-az": ("single_az_cache",),
    "lambda-async-destination": ("async_function_without_failure_path",),
    "lambda-dlq": ("async_function_without_failure_path",),
    "lambda-esm-destination": ("stream_consumer_without_failure_path",),
    "neptune-backup-retention": ("database_without_backup",),
    "neptune-multi-az": ("lone_cluster_member", "single_az_subnet_group"),
    "opensearch-zone-awareness": ("single_az_search_domain",),
    "rds-automated-backup": ("database_without_backup",),
    "rds-backup-retention": ("database_without_backup",),
    "rds-deletion-protection": ("deletable_database",),
    "rds-in-backup-plan": ("database_without_backup",),
    "rds-instance-multi-az": ("single_az_database", "lone_cluster_member"),
    "s3-replication": ("single_region_bucket",),
    "s3-versioning": ("bucket_without_versions",),
    "sqs-dlq": ("queue_without_dead_letter",),
    "sqs-visibility-timeout": ("visibility_shorter_than_consumer",),
}
"""For a concern of the peers' test cases the policies that answer it; what is not here nobody answers yet."""

LABELLED: dict[str, tuple[str, ...]] = {
    "AZ": (
        "single_az_database", "lone_cluster_member", "single_az_subnet_group", "single_az_cache",
        "single_az_search_domain", "single_az_file_system", "single_az_scaling_group", "lone_instance",
        "single_az_load_balancer", "single_az_container_service", "single_az_function", "shared_nat_gateway",
        "single_az_replication_instance", "single_az_kubernetes_nodes",
    ),
    "BACKUP": (
        "database_without_backup", "table_without_recovery", "bucket_without_versions",
        "file_system_without_backup", "volume_without_backup", "cache_without_snapshots",
    ),
    "REGION": (
        "single_region_table", "single_region_bucket", "single_region_database",
        "single_region_file_system", "backup_without_regional_copy",
    ),
    "PROTECT": (
        "deletable_database", "deletable_table", "deletable_bucket", "deletable_file_system", "deletable_user_pool",
    ),
    "QUEUE": (
        "queue_without_dead_letter", "async_function_without_failure_path",
        "stream_consumer_without_failure_path",
    ),
    "VISIBILITY": ("visibility_shorter_than_consumer",),
    "HEALTH": ("health_check_ignores_load_balancer",),
    "CAPACITY": ("lone_scaling_group", "lone_container_task"),
    "DNS": ("dns_without_failover",),
}  # fmt: skip
"""For a concern of the labelled templates the policies that answer it."""

LATER: dict[tuple[str, str], str] = {
    ("REGION", "AWS::Elasticsearch::Domain"): "a policy about search domains in one region",
    ("SCALING", "AWS::ECS::Service"): "fixed_capacity_service",
}
"""Concerns of labelled types that no policy answers yet, and which one will."""
