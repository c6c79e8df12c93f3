"""Which policies answer the questions that others ask."""

PEERS: dict[str, tuple[str, ...]] = {
    "apigw-throttling": ("unthrottled_api",),
    "asg-elb-health-check": ("health_check_ignores_load_balancer",),
    "asg-health-check-grace": ("health_check_without_grace",),
    "clb-connection-draining": ("balancer_cuts_requests",),
    "clb-cross-zone": ("load_balancer_without_cross_zone", "single_az_load_balancer"),
    "docdb-backup-retention": ("database_without_backup", "backup_expires_too_soon"),
    "dynamodb-autoscaling": ("fixed_capacity_table",),
    "dynamodb-in-backup-plan": ("table_without_recovery",),
    "dynamodb-pitr": ("table_without_recovery",),
    "ebs-in-backup-plan": ("volume_without_backup",),
    "ec2-termination-protection": ("deletable_instance",),
    "ecs-health-check": ("container_without_health_check",),
    "ecs-min-tasks": ("deployment_stops_every_task",),
    "efs-in-backup-plan": ("file_system_without_backup",),
    "elasticache-backup": ("cache_without_snapshots", "backup_expires_too_soon"),
    "elasticache-memcached-cross-az": ("single_az_cache",),
    "elasticache-multi-az": ("single_az_cache",),
    "elbv2-deletion-protection": ("deletable_load_balancer",),
    "eventbridge-dlq": ("event_rule_without_dead_letter",),
    "flink-checkpointing": ("application_without_checkpoints",),
    "lambda-async-destination": ("async_function_without_failure_path",),
    "lambda-dlq": ("async_function_without_failure_path",),
    "lambda-esm-destination": ("stream_consumer_without_failure_path",),
    "neptune-backup-retention": ("database_without_backup", "backup_expires_too_soon"),
    "neptune-multi-az": ("lone_cluster_member", "single_az_subnet_group"),
    "opensearch-dedicated-master": ("too_few_search_masters",),
    "opensearch-zone-awareness": ("single_az_search_domain",),
    "rds-automated-backup": ("database_without_backup",),
    "rds-backup-retention": ("database_without_backup", "backup_expires_too_soon"),
    "rds-deletion-protection": ("deletable_database",),
    "rds-in-backup-plan": ("database_without_backup",),
    "rds-instance-multi-az": ("single_az_database", "lone_cluster_member"),
    "redshift-snapshots": ("warehouse_without_snapshots",),
    "s3-object-lock": ("object_lock_missing",),
    "s3-replication": ("single_region_bucket",),
    "s3-versioning": ("bucket_without_versions",),
    "sns-dlq": ("subscription_without_dead_letter",),
    "sqs-dlq": ("queue_without_dead_letter",),
    "sqs-visibility-timeout": ("visibility_shorter_than_consumer",),
    "stackset-retain": ("unretained_stack_instance",),
}
"""For a concern of the peers' test cases the policies that answer it."""

UNASKED: dict[str, str] = {
    "asg-behind-lb": "workers need no load balancer",
    "asg-cooldown": "it has a default, and only simple scaling heeds it",
    "aurora-backtrack": "recovery to any second of the retention is on by itself",
    "ecs-behind-lb": "workers need no load balancer",
    "lambda-concurrency": "what is reserved for each function is taken from all others; limits of consumers count",
    "log-retention": "by default logs are kept for ever",
}
"""The concerns that Seawall does not take for a failure, and why."""

LABELLED: dict[str, tuple[str, ...]] = {
    "AZ": (
        "single_az_database", "lone_cluster_member", "single_az_subnet_group", "single_az_cache",
        "single_az_search_domain", "single_az_file_system", "single_az_scaling_group", "lone_instance",
        "single_az_load_balancer", "single_az_container_service", "single_az_function", "shared_nat_gateway",
        "single_az_replication_instance", "single_az_kubernetes_nodes", "single_az_broker", "single_az_endpoint",
        "single_az_firewall", "single_az_memory_database", "single_az_model_endpoint", "single_az_network",
        "single_az_storage_class", "single_az_table_accelerator", "single_az_transit_attachment",
        "single_az_warehouse", "single_device_vpn", "mount_target_missing_zone", "too_few_kafka_copies",
    ),
    "BACKUP": (
        "database_without_backup", "table_without_recovery", "bucket_without_versions",
        "file_system_without_backup", "volume_without_backup", "cache_without_snapshots",
        "warehouse_without_snapshots", "snapshot_policy_disabled",
    ),
    "REGION": (
        "single_region_table", "single_region_bucket", "single_region_database", "single_region_file_system",
        "single_region_cache", "single_region_warehouse", "single_region_search_domain", "single_region_broker",
        "single_region_secret", "single_region_images", "single_region_key", "backup_without_regional_copy",
    ),
    "PROTECT": (
        "deletable_database", "deletable_table", "deletable_bucket", "deletable_file_system", "deletable_user_pool",
        "store_emptied_on_delete",
    ),
    "QUEUE": (
        "queue_without_dead_letter", "async_function_without_failure_path",
        "stream_consumer_without_failure_path",
    ),
    "VISIBILITY": ("visibility_shorter_than_consumer",),
    "HEALTH": ("health_check_ignores_load_balancer",),
    "CAPACITY": ("lone_scaling_group", "lone_container_task"),
    "SCALING": (
        "fixed_capacity_service", "fixed_capacity_table", "fixed_capacity_stream", "fixed_size_scaling_group",
        "storage_cannot_grow",
    ),
    "DNS": ("dns_without_failover", "failover_record_without_health_check"),
}  # fmt: skip
"""For a concern of the labelled templates the policies that answer it."""
