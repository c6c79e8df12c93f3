"""Defaults for an app that exists already: one line, and what its stacks leave unsaid is chosen as Seawall would.

    SeawallDefaults.of(app)

CDK's property injection hands each construct's arguments through a function before it is made. What the app's own code
sets, always wins; a construct that was made before this line, or whose scope has an injector of its own, is left alone.
Nothing here makes CloudFormation replace what is deployed, unless `undeployed` says that nothing is.

What no default can give, since it has to be thought about: queues for what fails, alarms, copies in another region, the
days of a vault's lock (a backup that is kept for less would fail), how long logs are kept (less than now deletes some).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jsii
from aws_cdk import Duration, IPropertyInjector, PropertyInjectors
from aws_cdk.aws_ecs import DeploymentCircuitBreaker
from aws_cdk.aws_s3 import BlockPublicAccess, LifecycleRule
from constructs import Construct, IConstruct

from seawall_constructs.backup_plans import KEPT
from seawall_constructs.queue_arithmetic import DEAD_LETTER_DAYS
from seawall_constructs.resilient_bucket import FORGOTTEN, UNDELETE
from seawall_constructs.resilient_table import RECOVERY_DAYS

Defaults = Mapping[str, Any]
"""A construct's arguments under the names that CDK's TypeScript has for them."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an app says of one construct, and of itself."""

    given: Mapping[str, Any]
    disposable: bool
    undeployed: bool

    @property
    def protection(self) -> dict[str, Any]:
        """Against deletion, unless it was said that the thing goes with its stack."""
        unwanted = self.disposable or self.given.get("removalPolicy") == "destroy"
        return {} if unwanted else {"deletionProtection": True}

    def encryption(self, name: str) -> dict[str, Any]:
        """Of what would be replaced by it, only where nothing is deployed."""
        return {name: True} if self.undeployed else {}


STREAM_RETENTION = Duration.days(7)
"""From a reader that breaks on Friday evening to one that is repaired and has caught up."""

ROOM_TO_GROW = 10
MOST_STORAGE = 16_384
"""GiB: the most that every engine of Amazon RDS takes."""


def bucket(asked: Asked) -> Defaults:
    """Private, over TLS, encrypted, with versions that are kept for 30 days. Accepts SEA_BUCKET_WITHOUT_VERSIONS.

    Nothing about public access for a bucket that is public by `public_read_access`.
    """
    defaults: dict[str, Any] = {"versioned": True, "enforceSSL": True}
    if not asked.given.get("publicReadAccess"):
        defaults["blockPublicAccess"] = BlockPublicAccess.BLOCK_ALL
    if "encryptionKey" not in asked.given:
        defaults["encryption"] = "S3_MANAGED"
    if asked.given.get("versioned", True):
        defaults["lifecycleRules"] = [
            LifecycleRule(id="undelete", noncurrent_version_expiration=UNDELETE, expired_object_delete_marker=True),
            LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=FORGOTTEN),
        ]
    return defaults


def table(asked: Asked) -> Defaults:
    """Recovery to any second of 35 days, protection, capacity on demand: of both `Table` and `TableV2`.

    Accepts SEA_TABLE_WITHOUT_RECOVERY, SEA_DELETABLE_TABLE and SEA_FIXED_CAPACITY_TABLE.
    Whoever scales a `Table` by methods of its own has to set its `billing_mode`, or CDK refuses them.
    """
    defaults = asked.protection
    if "pointInTimeRecovery" not in asked.given:
        defaults["pointInTimeRecoverySpecification"] = {
            "pointInTimeRecoveryEnabled": True,
            "recoveryPeriodInDays": RECOVERY_DAYS,
        }
    return defaults


def table_of_one_region(asked: Asked) -> Defaults:
    """What every `table` has; `TableV2` takes requests on demand anyway."""
    if not asked.given.keys() & {"billingMode", "readCapacity", "writeCapacity"}:
        return {**table(asked), "billingMode": "PAY_PER_REQUEST"}
    return table(asked)


def queue(asked: Asked) -> Defaults:
    """TLS only, and 14 days for a queue that has no dead-letter queue, since it may be one.

    Accepts SEA_DEAD_LETTER_EXPIRES_FIRST.
    """
    kept = {} if "deadLetterQueue" in asked.given else {"retentionPeriod": Duration.days(DEAD_LETTER_DAYS)}
    return {"enforceSSL": True, **kept}


def database(asked: Asked) -> Defaults:
    """A standby in a second zone, 35 days of recovery, protection, and room for ten times as much.

    Accepts SEA_SINGLE_AZ_DATABASE, SEA_DATABASE_WITHOUT_BACKUP, SEA_BACKUP_EXPIRES_TOO_SOON, SEA_DELETABLE_DATABASE and
    SEA_STORAGE_CANNOT_GROW; encrypted where nothing is deployed yet, for encryption would replace it.
    """
    defaults = {"multiAz": True, "backupRetention": KEPT, **asked.protection, **asked.encryption("storageEncrypted")}
    storage = asked.given.get("allocatedStorage", 100)
    limit = min(ROOM_TO_GROW * storage, MOST_STORAGE)
    # RDS wants at least a tenth more; a number that is known only when it is deployed is negative here.
    if 1.1 * storage <= limit and storage > 0:
        defaults["maxAllocatedStorage"] = limit
    return defaults


def restored_database(asked: Asked) -> Defaults:
    """What a `database` has, but for its storage, which the snapshot decides."""
    return {"multiAz": True, "backupRetention": KEPT, **asked.protection}


def cluster(asked: Asked) -> Defaults:
    """35 days of recovery and protection, of Aurora and of Amazon DocumentDB.

    Accepts SEA_DATABASE_WITHOUT_BACKUP, SEA_BACKUP_EXPIRES_TOO_SOON and SEA_DELETABLE_DATABASE; how many readers there
    are, and of what size, is the app's own choice (SEA_LONE_CLUSTER_MEMBER).
    """
    return {"backup": {"retention": KEPT}, **asked.protection}


def new_cluster(asked: Asked) -> Defaults:
    """What every `cluster` has; encrypted where nothing is deployed yet, for encryption would replace it."""
    return {**cluster(asked), **asked.encryption("storageEncrypted")}


def file_system(asked: Asked) -> Defaults:
    """Automatic daily backups. Accepts SEA_FILE_SYSTEM_WITHOUT_BACKUP; encrypted where nothing is deployed yet."""
    return {"enableAutomaticBackups": True, **asked.encryption("encrypted")}


def stream(asked: Asked) -> Defaults:
    """A week of records, and shards on demand where no number of them is set.

    Accepts SEA_STREAM_FORGETS_TOO_SOON and SEA_FIXED_CAPACITY_STREAM.
    """
    mode = {} if "shardCount" in asked.given else {"streamMode": "ON_DEMAND"}
    return {"retentionPeriod": STREAM_RETENTION, **mode}


def service(asked: Asked) -> Defaults:
    """Deployments that stop no task before its successor runs, and that are taken back when they fail.

    Accepts SEA_DEPLOYMENT_WITHOUT_ROLLBACK and SEA_DEPLOYMENT_STOPS_EVERY_TASK; of Fargate services that ECS deploys.
    """
    if "deploymentController" in asked.given:
        return {}
    return {"minHealthyPercent": 100, "circuitBreaker": DeploymentCircuitBreaker(rollback=True)}


def load_balancer(asked: Asked) -> Defaults:
    """Protection against deletion. Accepts SEA_DELETABLE_LOAD_BALANCER."""
    return asked.protection


def network_load_balancer(asked: Asked) -> Defaults:
    """What every `load_balancer` has, and targets in all zones. Accepts SEA_LOAD_BALANCER_WITHOUT_CROSS_ZONE."""
    return {"crossZoneEnabled": True, **load_balancer(asked)}


# By name: importing the modules of all these constructs takes seconds, and an app imports those that it uses.
INJECTORS: dict[str, Callable[[Asked], Defaults]] = {
    "aws-cdk-lib.aws-s3.Bucket": bucket,
    "aws-cdk-lib.aws-dynamodb.Table": table_of_one_region,
    "aws-cdk-lib.aws-dynamodb.TableV2": table,
    "aws-cdk-lib.aws-sqs.Queue": queue,
    "aws-cdk-lib.aws-rds.DatabaseInstance": database,
    "aws-cdk-lib.aws-rds.DatabaseInstanceFromSnapshot": restored_database,
    "aws-cdk-lib.aws-rds.DatabaseCluster": new_cluster,
    "aws-cdk-lib.aws-rds.DatabaseClusterFromSnapshot": cluster,
    "aws-cdk-lib.aws-docdb.DatabaseCluster": new_cluster,
    "aws-cdk-lib.aws-efs.FileSystem": file_system,
    "aws-cdk-lib.aws-kinesis.Stream": stream,
    "aws-cdk-lib.aws-ecs.FargateService": service,
    "aws-cdk-lib.aws-elasticloadbalancingv2.ApplicationLoadBalancer": load_balancer,
    "aws-cdk-lib.aws-elasticloadbalancingv2.NetworkLoadBalancer": network_load_balancer,
}
"""What chooses the defaults of each construct, by the name that CDK knows the construct by."""


@jsii.implements(IPropertyInjector)
class _Injector:
    def __init__(self, construct: str, *, disposable: bool, undeployed: bool) -> None:
        self._construct = construct
        self._disposable = disposable
        self._undeployed = undeployed

    @property
    def construct_unique_id(self) -> str:
        return self._construct

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:  # noqa: ARG002, A002 CDK's signature
        given = {name: value for name, value in (original_props or {}).items() if value is not None}
        asked = Asked(given=given, disposable=self._disposable, undeployed=self._undeployed)
        return {**INJECTORS[self._construct](asked), **given}


class SeawallDefaults:
    """The injectors of all constructs that have defaults here."""

    @staticmethod
    def all(*, disposable: bool = False, undeployed: bool = False) -> list[IPropertyInjector]:
        """Return them for `App(property_injectors=…)`, or that of a stage or a stack.

        A `disposable` app gets no protection against deletion. One of which nothing is deployed yet (`undeployed`) gets
        the defaults too that would replace what is.
        """
        return [_Injector(construct, disposable=disposable, undeployed=undeployed) for construct in INJECTORS]

    @staticmethod
    def of(scope: IConstruct, *, disposable: bool = False, undeployed: bool = False) -> None:
        """Use them in all that is made in `scope` from now on, but for constructs that it has an injector for."""
        injectors = PropertyInjectors.of(scope)
        taken = injectors.supported_classes()
        wanted = SeawallDefaults.all(disposable=disposable, undeployed=undeployed)
        injectors.add(*(injector for injector in wanted if injector.construct_unique_id not in taken))
