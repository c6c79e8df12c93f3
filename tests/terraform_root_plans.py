"""Plans of two of the root modules in ``engine/roots``, written by hand to the format that Terraform documents.

One creates everything, so that ARNs are known only after the apply; the other changes nothing and knows all.
"""

import json
from typing import Any

from tests.terraform_plans import block, change, references, resource

Json = dict[str, Any]
ACCOUNT = "123456789012"


def _assumed_by(service: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _each(found: Json) -> Json:
    """The block of a resource or call that is repeated by ``for_each``."""
    return {**found, "for_each_expression": references("local.queues")}


QUEUES: dict[str, Json] = {
    "orders": {"visibility": 360, "timeout": 60, "fifo": False, "watched": True},
    "mails": {"visibility": 30, "timeout": 120, "fifo": False, "watched": False},
    "ledger": {"visibility": 90, "timeout": 15, "fifo": True, "watched": True},
}


def _queue(name: str, path: str, label: str, visibility: int, fifo: bool) -> Json:
    values = {
        "content_based_deduplication": False,
        "delay_seconds": 0,
        "fifo_queue": fifo,
        "kms_master_key_id": None,
        "max_message_size": 262144,
        "message_retention_seconds": 345600,
        "name": f"{name}.fifo" if fifo else name,
        "receive_wait_time_seconds": 0,
        "tags": None,
        "visibility_timeout_seconds": visibility,
    }
    return resource("aws_sqs_queue", label, values, path)


def _alarm(name: str, label: str, metric: str, queue: str, threshold: int) -> Json:
    values = {
        "actions_enabled": True,
        "alarm_actions": [f"arn:aws:sns:us-east-1:{ACCOUNT}:on-call"],
        "alarm_name": f"{name}-{label}",
        "comparison_operator": "GreaterThanThreshold",
        "dimensions": {"QueueName": queue},
        "evaluation_periods": 1,
        "metric_name": metric,
        "metric_query": [],
        "namespace": "AWS/SQS",
        "period": 300,
        "statistic": "Maximum",
        "threshold": threshold,
        "treat_missing_data": "missing",
    }
    return resource("aws_cloudwatch_metric_alarm", label, values, f'module.queue["{name}"].', index=0)


def _queue_module(name: str, said: Json) -> Json:
    path = f'module.queue["{name}"].'
    suffix = ".fifo" if said["fifo"] else ""
    resources = [
        _queue(name, path, "this", said["visibility"], said["fifo"]),
        _queue(f"{name}-dead", path, "dead", 30, said["fifo"]),
        resource("aws_sqs_queue_redrive_allow_policy", "dead", {}, path),
    ]
    if said["watched"]:
        resources += [
            _alarm(name, "dead", "ApproximateNumberOfMessagesVisible", f"{name}-dead{suffix}", 0),
            _alarm(name, "age", "ApproximateAgeOfOldestMessage", f"{name}{suffix}", 900),
        ]
    return {"address": f'module.queue["{name}"]', "resources": resources}


def _worker(name: str, said: Json) -> list[Json]:
    function = {
        "dead_letter_config": [],
        "filename": f"./build/{name}.zip",
        "function_name": f"worker-{name}",
        "handler": "worker.handle",
        "memory_size": 128,
        "package_type": "Zip",
        "reserved_concurrent_executions": -1,
        "runtime": "python3.12",
        "timeout": said["timeout"],
        "vpc_config": [],
    }
    mapping = {"batch_size": 10, "enabled": True, "scaling_config": [{"maximum_concurrency": 20}]}
    role = {"name": f"worker-{name}", "assume_role_policy": _assumed_by("lambda")}
    return [
        resource("aws_iam_role", "worker", role, index=name),
        resource("aws_iam_role_policy", "worker", {}, index=name),
        resource("aws_lambda_function", "worker", function, index=name),
        resource("aws_lambda_event_source_mapping", "worker", mapping, index=name),
    ]


def _changes_of_queues() -> list[Json]:
    found = [
        change("aws_sqs_queue.inbox", arn=True, id=True, url=True),
        change("aws_sns_topic.partner", arn=True, id=True),
        change("aws_sns_topic_subscription.inbox", arn=True, topic_arn=True, endpoint=True),
        change("aws_sqs_queue_policy.inbox", queue_url=True, policy=True),
    ]
    for name in QUEUES:
        path = f'module.queue["{name}"].'
        found += [
            change(f"{path}aws_sqs_queue.this", arn=True, id=True, url=True, redrive_policy=True),
            change(f"{path}aws_sqs_queue.dead", arn=True, id=True, url=True),
            change(f"{path}aws_sqs_queue_redrive_allow_policy.dead", queue_url=True, redrive_allow_policy=True),
            change(f'aws_lambda_function.worker["{name}"]', arn=True, role=True),
            change(f'aws_lambda_event_source_mapping.worker["{name}"]', event_source_arn=True, function_name=True),
            change(f'aws_iam_role_policy.worker["{name}"]', policy=True, role=True),
        ]
    return found


_QUEUE_MODULE: Json = {
    "source": "./modules/queue",
    "expressions": {
        "name": references("each.key"),
        "visibility_timeout": references("each.value.visibility", "each.value"),
        "max_receive_count": references("each.value.attempts", "each.value"),
        "fifo": references("each.value.fifo", "each.value"),
        "alarm_actions": references("each.key", "var.alarm_topic_arn"),
    },
    "module": {
        "outputs": {"arn": {"expression": references("aws_sqs_queue.this.arn", "aws_sqs_queue.this")}},
        "resources": [
            block(
                "aws_sqs_queue",
                "this",
                name=references("var.name", "local.suffix"),
                redrive_policy=references("aws_sqs_queue.dead.arn", "aws_sqs_queue.dead", "var.max_receive_count"),
            ),
            block("aws_sqs_queue", "dead", name=references("var.name", "local.suffix")),
            block(
                "aws_sqs_queue_redrive_allow_policy",
                "dead",
                queue_url=references("aws_sqs_queue.dead.id", "aws_sqs_queue.dead"),
                redrive_allow_policy=references("aws_sqs_queue.this.arn", "aws_sqs_queue.this"),
            ),
            *(
                {
                    **block(
                        "aws_cloudwatch_metric_alarm",
                        label,
                        alarm_actions=references("var.alarm_actions"),
                        dimensions=references(f"aws_sqs_queue.{queue}.name", f"aws_sqs_queue.{queue}"),
                    ),
                    "count_expression": references("var.alarm_actions"),
                }
                for label, queue in (("dead", "dead"), ("age", "this"))
            ),
        ],
    },
}

QUEUE_WORKERS: Json = {
    "format_version": "1.2",
    "terraform_version": "1.9.5",
    "variables": {"alarm_topic_arn": {"value": f"arn:aws:sns:us-east-1:{ACCOUNT}:on-call"}},
    "planned_values": {
        "root_module": {
            "resources": [
                *(one for name, said in QUEUES.items() for one in _worker(name, said)),
                resource(
                    "aws_sqs_queue",
                    "inbox",
                    {
                        "fifo_queue": False,
                        "message_retention_seconds": 1209600,
                        "name": "partner-inbox",
                        "visibility_timeout_seconds": 30,
                    },
                ),
                resource("aws_sns_topic", "partner", {"name": "partner-events"}),
                resource("aws_sns_topic_subscription", "inbox", {"protocol": "sqs", "redrive_policy": None}),
                resource("aws_sqs_queue_policy", "inbox", {}),
            ],
            "child_modules": [_queue_module(name, said) for name, said in QUEUES.items()],
        }
    },
    "resource_changes": _changes_of_queues(),
    "configuration": {
        "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}},
        "root_module": {
            "resources": [
                _each(block("aws_iam_role", "worker", name=references("each.key"))),
                _each(
                    block(
                        "aws_iam_role_policy",
                        "worker",
                        role=references("aws_iam_role.worker", "each.key"),
                        policy=references("module.queue", "each.key"),
                    )
                ),
                _each(
                    block(
                        "aws_lambda_function",
                        "worker",
                        function_name=references("each.key"),
                        role=references("aws_iam_role.worker", "each.key"),
                        timeout=references("each.value.timeout", "each.value"),
                    )
                ),
                _each(
                    block(
                        "aws_lambda_event_source_mapping",
                        "worker",
                        event_source_arn=references("module.queue", "each.key"),
                        function_name=references("aws_lambda_function.worker", "each.key"),
                    )
                ),
                block("aws_sqs_queue", "inbox"),
                block("aws_sns_topic", "partner"),
                block(
                    "aws_sns_topic_subscription",
                    "inbox",
                    topic_arn=references("aws_sns_topic.partner.arn", "aws_sns_topic.partner"),
                    endpoint=references("aws_sqs_queue.inbox.arn", "aws_sqs_queue.inbox"),
                ),
                block(
                    "aws_sqs_queue_policy",
                    "inbox",
                    queue_url=references("aws_sqs_queue.inbox.id", "aws_sqs_queue.inbox"),
                    policy=references(
                        "aws_sqs_queue.inbox.arn", "aws_sqs_queue.inbox", "aws_sns_topic.partner.arn",
                        "aws_sns_topic.partner",
                    ),
                ),
            ],
            "module_calls": {"queue": _each(_QUEUE_MODULE)},
        },
    },
}  # fmt: skip


def _table(path: str, name: str, regions: dict[str, bool], protected: bool) -> Json:
    values = {
        "arn": f"arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/{name}",
        "attribute": [{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}],
        "billing_mode": "PAY_PER_REQUEST",
        "deletion_protection_enabled": protected,
        "global_secondary_index": [],
        "hash_key": "pk",
        "id": name,
        "name": name,
        "point_in_time_recovery": [{"enabled": True}],
        "range_key": "sk",
        "read_capacity": 0,
        "replica": [
            {"kms_key_arn": "", "point_in_time_recovery": recovery, "propagate_tags": False, "region_name": region}
            for region, recovery in regions.items()
        ],
        "restore_source_name": None,
        "stream_enabled": bool(regions),
        "stream_view_type": "NEW_AND_OLD_IMAGES" if regions else "",
        "table_class": "STANDARD",
        "write_capacity": 0,
    }
    return {"address": path[:-1], "resources": [resource("aws_dynamodb_table", "this", values, path)]}


_TABLE_MODULE: Json = {
    "source": "./modules/table",
    "module": {
        "outputs": {
            "name": {"expression": references("aws_dynamodb_table.this.name", "aws_dynamodb_table.this")},
            "arn": {"expression": references("aws_dynamodb_table.this.arn", "aws_dynamodb_table.this")},
        },
        "resources": [
            block(
                "aws_dynamodb_table",
                "this",
                name=references("var.name"),
                deletion_protection_enabled=references("var.protected"),
            )
        ],
    },
}
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/carts-api"
_KEY = "mrk-1234abcd12ab34cd56ef1234567890ab"


def _api(label: str, region: str) -> Json:
    return resource(
        "aws_lambda_function",
        label,
        {
            "arn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:carts-api",
            "dead_letter_config": [],
            "environment": [
                {"variables": {"KEY": f"arn:aws:kms:{region}:{ACCOUNT}:key/{_KEY}", "TABLE": "carts"}}
            ],
            "function_name": "carts-api",
            "handler": "index.handler",
            "id": "carts-api",
            "role": _ROLE,
            "runtime": "nodejs20.x",
            "timeout": 3,
            "vpc_config": [],
        },
    )  # fmt: skip


def _group(label: str, **values: Any) -> Json:
    common = {"description": "stock levels", "engine": "redis", "node_type": "cache.r7g.large", "port": 6379}
    return resource("aws_elasticache_replication_group", label, {**common, **values})


def _api_block(label: str, provider: str, table: str, key: str) -> Json:
    names = references(f"{table}.name", table, "module.table", f"{key}.arn", key)
    return block(
        "aws_lambda_function",
        label,
        provider,
        environment=[{"variables": names}],
        role=references("aws_iam_role.api.arn", "aws_iam_role.api"),
    )


_STOCK = "aws_elasticache_replication_group.stock"
_GLOBAL = "aws_elasticache_global_replication_group.stock"
_POLICY = (
    '{"Version":"2012-10-17","Statement":['
    '{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],'
    f'"Resource":["arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/carts"]}},'
    '{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt"],'
    f'"Resource":["arn:aws:kms:us-west-2:{ACCOUNT}:key/{_KEY}","arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/{_KEY}"]}}]}}'
)

ACTIVE_TABLES: Json = {
    "format_version": "1.2",
    "terraform_version": "1.9.5",
    "variables": {"extra_region": {"value": "eu-north-1"}},
    "planned_values": {
        "root_module": {
            "resources": [
                resource(
                    "aws_kms_key",
                    "west",
                    {
                        "arn": f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{_KEY}",
                        "deletion_window_in_days": None,
                        "description": "tokens",
                        "id": _KEY,
                        "key_id": _KEY,
                        "key_usage": "ENCRYPT_DECRYPT",
                        "multi_region": True,
                    },
                ),
                resource(
                    "aws_kms_replica_key",
                    "tokyo",
                    {
                        "arn": f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/{_KEY}",
                        "deletion_window_in_days": 30,
                        "key_id": _KEY,
                        "primary_key_arn": f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{_KEY}",
                    },
                ),
                _api("api_west", "us-west-2"),
                _api("api_tokyo", "ap-northeast-1"),
                resource("aws_iam_role", "api", {"name": "carts-api", "assume_role_policy": _assumed_by("lambda")}),
                resource("aws_iam_role_policy", "api", {"role": "carts-api", "policy": _POLICY}),
                _group(
                    "stock",
                    automatic_failover_enabled=True,
                    final_snapshot_identifier="stock-last",
                    id="stock",
                    multi_az_enabled=True,
                    num_cache_clusters=2,
                    replication_group_id="stock",
                    snapshot_retention_limit=7,
                ),
                resource(
                    "aws_elasticache_global_replication_group",
                    "stock",
                    {
                        "global_replication_group_id": "ldgnf-stock",
                        "global_replication_group_id_suffix": "stock",
                        "id": "ldgnf-stock",
                        "primary_replication_group_id": "stock",
                    },
                ),
                _group(
                    "stock_tokyo",
                    automatic_failover_enabled=False,
                    final_snapshot_identifier=None,
                    global_replication_group_id="ldgnf-stock",
                    id="stock-tokyo",
                    multi_az_enabled=False,
                    num_cache_clusters=1,
                    replication_group_id="stock-tokyo",
                    snapshot_retention_limit=0,
                ),
            ],
            "child_modules": [
                _table('module.table["carts"].', "carts", {"ap-northeast-1": True, "eu-west-1": False}, True),
                _table('module.table["wishes"].', "wishes", {}, True),
                _table('module.table["profiles"].', "profiles", {"ap-northeast-1": True}, False),
                _table("module.audit.", "audit", {"eu-north-1": True}, True),
            ],
        }
    },
    "resource_changes": [],
    "configuration": {
        "provider_config": {
            "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-west-2"}}},
            "aws.tokyo": {
                "name": "aws",
                "alias": "tokyo",
                "expressions": {"region": {"constant_value": "ap-northeast-1"}},
            },
        },
        "root_module": {
            "resources": [
                block("aws_kms_key", "west", multi_region={"constant_value": True}),
                block(
                    "aws_kms_replica_key",
                    "tokyo",
                    "aws.tokyo",
                    primary_key_arn=references("aws_kms_key.west.arn", "aws_kms_key.west"),
                ),
                _api_block("api_west", "aws", 'module.table["carts"]', "aws_kms_key.west"),
                _api_block("api_tokyo", "aws.tokyo", 'module.table["carts"]', "aws_kms_replica_key.tokyo"),
                block("aws_iam_role", "api"),
                block(
                    "aws_iam_role_policy",
                    "api",
                    role=references("aws_iam_role.api.id", "aws_iam_role.api"),
                    policy=references("module.table", "aws_kms_key.west.arn", "aws_kms_key.west"),
                ),
                block("aws_elasticache_replication_group", "stock"),
                block(
                    "aws_elasticache_global_replication_group",
                    "stock",
                    primary_replication_group_id=references(f"{_STOCK}.id", _STOCK),
                ),
                block(
                    "aws_elasticache_replication_group",
                    "stock_tokyo",
                    "aws.tokyo",
                    global_replication_group_id=references(f"{_GLOBAL}.global_replication_group_id", _GLOBAL),
                ),
            ],
            "module_calls": {
                "table": {**_TABLE_MODULE, "for_each_expression": references("local.tables")},
                "audit": _TABLE_MODULE,
            },
        },
    },
}

PLANS: dict[str, Json] = {"queue_workers": QUEUE_WORKERS, "active_tables": ACTIVE_TABLES}
