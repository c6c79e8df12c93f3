"""Every call that the services make is allowed to them, by their role and by the boundary, and leads somewhere.

What a service calls is written down here by hand, from its code: a permission that somebody takes away, or a call that
somebody adds without one, is found here instead of in the first night.
"""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from services.drive.environment import Environment
from stacks.offsite import Offsite
from stacks.status import Status
from tests.stacks.policies_evaluated import ACCOUNT, allowed, boundary_of, statements_of, with_arns
from tests.stacks.synthesized import NAMES, Template, all_of, one_of, settings, synthesized

PRIMARY, STANDBY = settings().regions.data
OBSERVER = settings().regions.observer
PEERS = {PRIMARY: STANDBY, STANDBY: PRIMARY}

DOMAIN = "status.example.org"


@dataclass(frozen=True)
class Call:
    """One request to AWS in a region; `context` are the condition keys that it carries."""

    action: str
    resource: str
    region: str
    context: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} {dict(self.context) or ''}"


@dataclass(frozen=True)
class Place:
    """A region, and how to call what lies in it."""

    region: str

    def table(self, role: str, *actions: str, index: str = "") -> Iterator[Call]:
        path = f"table/{NAMES.prefix}-{role}" + (f"/index/{index}" if index else "")
        return self._calls("dynamodb", actions, self._arn("dynamodb", path))

    def beats(self, *actions: str) -> Iterator[Call]:
        keys = {"dynamodb:LeadingKeys": f"HEARTBEAT#{self.region}"}
        return self._calls("dynamodb", actions, self._arn("dynamodb", f"table/{NAMES.prefix}-drive"), keys)

    def queue(self, role: str, *actions: str) -> Iterator[Call]:
        return self._calls("sqs", actions, self._arn("sqs", f"{NAMES.prefix}-{role}"))

    def polled(self, role: str) -> Iterator[Call]:
        return self.queue(role, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")

    def objects(self, bucket: str, *actions: str, key: str = "a/b") -> Iterator[Call]:
        return self._calls("s3", actions, f"{self._bucket(bucket)}/{key}")

    def bucket(self, bucket: str, *actions: str) -> Iterator[Call]:
        return self._calls("s3", actions, self._bucket(bucket))

    def key(self, role: str, *actions: str) -> Iterator[Call]:
        alias = {"kms:ResourceAliases": f"alias/{NAMES.prefix}-{role}"}
        return self._calls("kms", actions, self._arn("kms", "key/0f1e2d3c"), alias)

    def topic(self, role: str) -> Iterator[Call]:
        yield from self._calls("sns", ["Publish"], self._arn("sns", f"{NAMES.prefix}-{role}"))
        yield from self.key("topics", "GenerateDataKey", "Decrypt")

    def levers(self) -> Iterator[Call]:
        profile = self._arn("appconfig", "application/a1/environment/e1/configuration/c1")
        return self._calls("appconfig", ["StartConfigurationSession", "GetLatestConfiguration"], profile)

    def secret(self, role: str) -> Iterator[Call]:
        return self._calls(
            "secretsmanager", ["GetSecretValue"], self._arn("secretsmanager", f"secret:{NAMES.prefix}-{role}-AbCdEf")
        )

    def mail(self) -> Iterator[Call]:
        return self._calls("ses", ["SendEmail"], self._arn("ses", f"identity/{DOMAIN}"))

    def stream(self) -> Iterator[Call]:
        reading = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]
        return self._calls(
            "dynamodb", reading, self._arn("dynamodb", f"table/{NAMES.prefix}-drive/stream/2026-01-01T00:00:00.000")
        )

    def log(self, group: str) -> Iterator[Call]:
        stream = self._arn("logs", f"log-group:{group}:log-stream:s")
        return self._calls("logs", ["CreateLogStream", "PutLogEvents"], stream)

    def images(self) -> Iterator[Call]:
        repository = self._arn("ecr", f"repository/cdk-hnb659fds-container-assets-{ACCOUNT}-{self.region}")
        yield from self._calls("ecr", ["GetAuthorizationToken"], "*")
        yield from self._calls(
            "ecr", ["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"], repository
        )

    def metrics(self, namespace: str) -> Iterator[Call]:
        return self._calls("cloudwatch", ["PutMetricData"], "*", {"cloudwatch:namespace": namespace})

    def address(self) -> Iterator[Call]:
        return self._calls("ssm", ["GetParameter"], self._arn("ssm", f"parameter/{NAMES.prefix}-api/url"))

    def _bucket(self, role: str) -> str:
        return f"arn:aws:s3:::{NAMES.prefix}-{role}-{ACCOUNT}-{self.region}"

    def _arn(self, service: str, path: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{path}"

    def _calls(
        self, service: str, actions: Any, resource: str, context: Mapping[str, str] | None = None
    ) -> Iterator[Call]:
        for action in actions:
            yield Call(f"{service}:{action}", resource, self.region, context or {})


Calls = dict[str, list[Call]]
"""By the role's name without prefix and region."""


def of_downloads(here: Place) -> Calls:
    delivering = [*here.table("drive", "GetItem", "PutItem", "UpdateItem"), *here.table("pace", "PutItem")]
    delivering += here.levers()
    checking = ["GetObject", "GetObjectVersion", "GetObjectAttributes", "GetObjectVersionAttributes"]
    tending = [
        call
        for queue in ("deliver", "deliver-sideline", "bundle", "bundle-sideline")
        for call in here.queue(queue, "SendMessage", "GetQueueAttributes")
    ]
    return {
        "ingest": [
            *here.polled("ingest"),
            *here.table("drive", "GetItem", "PutItem", "UpdateItem"),
            *here.objects("files", *checking, "DeleteObjectVersion"),
            *here.bucket("files", "ListBucket", "ListBucketVersions"),
            *here.key("files", "Decrypt"),
        ],
        "deliver": [*here.polled("deliver"), *delivering, *here.queue("deliver-sideline", "SendMessage")],
        "deliver-sideline": [*here.polled("deliver-sideline"), *delivering],
        "notify": [
            *here.polled("notify"),
            *here.queue("notify", "SendMessage"),
            *here.table("drive", "GetItem", "UpdateItem"),
            *here.table("drive", "Query", index="waiting-orders"),
            *here.table("jobs", "GetItem"),
            *here.topic("notices"),
            *here.levers(),
        ],
        "outbox": [
            *here.stream(),
            *here.table("drive", "UpdateItem"),
            *here.table("jobs", "GetItem", "PutItem", "UpdateItem"),
            *(call for queue in ("deliver", "bundle", "notify") for call in here.queue(queue, "SendMessage")),
            *here.queue("outbox-failures", "SendMessage"),
        ],
        "reconciler": [
            *here.table("drive", "UpdateItem"),
            *here.table("drive", "Query", index="open-orders"),
            *here.table("jobs", "GetItem", "PutItem", "UpdateItem"),
            *here.table("jobs", "Query", index="working-jobs"),
            *here.table("pace", "GetItem", "PutItem", "Query"),
            *here.table("switch", "GetItem"),
            *tending,
            *here.levers(),
        ],
    }


def of_the_api(here: Place, there: Place) -> Calls:
    """A link carries the rights of whoever signed it, in both regions."""
    linking = [
        call
        for place in (here, there)
        for bucket in ("files", "replica")
        for call in (*place.objects(bucket, "GetObject", "GetObjectVersion"), *place.key(bucket, "Decrypt"))
    ]
    linking += [*here.objects("bundles", "GetObject"), *here.secret("signing-key")]
    asking = [
        *here.levers(),
        *here.table("drive", "GetItem", "BatchGetItem", "Query"),
        *here.table("jobs", "GetItem"),
        *here.table("pace", "Query"),
        *here.queue("bundle", "GetQueueAttributes"),
        *here.queue("bundle-sideline", "GetQueueAttributes"),
    ]
    parts = ["PutObject", "GetObject", "AbortMultipartUpload"]
    return {
        "api-read": [*asking, *linking, *here.table("switch", "GetItem"), *here.bucket("files", "ListBucket")],
        "api-order": [*asking, *linking, *here.table("drive", "PutItem", "UpdateItem")],
        "api-write": [
            *here.levers(),
            *here.table("drive", "GetItem", "PutItem", "UpdateItem"),
            *here.objects("files", *parts),
            *here.bucket("files", "ListBucket"),
            *here.key("files", "GenerateDataKey", "Decrypt"),
            *there.objects("files", "PutObject"),
            *there.key("files", "GenerateDataKey"),
        ],
    }


def of_bundling(here: Place) -> Calls:
    taking = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"]
    reading = [
        call
        for bucket in ("files", "replica")
        for call in (
            *here.objects(bucket, "GetObject", "GetObjectVersion"),
            *here.bucket(bucket, "ListBucket", "ListBucketVersions"),
            *here.key(bucket, "Decrypt"),
        )
    ]
    return {
        "bundler": [
            *here.queue("bundle", *taking),
            *here.queue("bundle-sideline", *taking, "SendMessage"),
            *here.queue("notify", "SendMessage"),
            *here.table("drive", "GetItem"),
            *here.table("jobs", "GetItem", "UpdateItem"),
            *here.table("pace", "PutItem"),
            *reading,
            *here.objects("bundles", "PutObject", "DeleteObject", "AbortMultipartUpload"),
            *here.bucket("bundles", "ListBucketMultipartUploads"),
            *here.key("files", "GenerateDataKey"),
            *here.levers(),
        ],
        "bundler-start": [*here.log(f"/aws/ecs/{NAMES.prefix}-bundler"), *here.images()],
    }


def of_the_switch(here: Place, there: Place) -> Calls:
    measuring = [
        *here.beats("GetItem"),
        *here.objects("replica", "GetObject", key=f"heartbeat/{there.region}.json"),
        *here.bucket("replica", "ListBucket"),
        *here.key("replica", "Decrypt"),
    ]
    return {
        "switch": [
            *here.table("switch", "GetItem", "PutItem", "UpdateItem"),
            *there.table("switch", "GetItem"),
            *measuring,
            *here.topic("page"),
        ],
        "switch-heartbeat": [
            *measuring,
            *here.table("drive", "PutItem"),
            *here.objects("files", "PutObject", key=f"heartbeat/{here.region}.json"),
            *here.key("files", "GenerateDataKey"),
        ],
    }


def of_storage(here: Place, there: Place) -> Calls:
    reading = ["GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"]
    return {
        "replication": [
            *here.bucket("files", "GetReplicationConfiguration", "ListBucket"),
            *here.objects("files", *reading),
            *here.key("files", "Decrypt"),
            *there.objects("replica", "ReplicateObject", "ReplicateTags"),
            *there.key("replica", "Encrypt", "GenerateDataKey"),
        ]
    }


def of_canaries(here: Place, *asked: Place) -> Calls:
    return {
        "canary": [
            *here.objects("canaries", "PutObject"),
            *here.bucket("canaries", "GetBucketLocation"),
            *here.log(f"/aws/lambda/cwsyn-{NAMES.prefix}-self-a1b2"),
            *here.metrics("CloudWatchSynthetics"),
            *(call for place in asked for call in (*place.metrics("Drive"), *place.address())),
        ]
    }


def of_status(here: Place) -> Calls:
    reading = [*here.objects("status", "GetObject"), *here.bucket("status", "ListBucket")]
    writing = [*reading, *here.objects("status", "PutObject")]
    return {
        "status": writing,
        "announce": [*writing, *here.queue("announce", "SendMessage")],
        "announce-sender": [
            *reading,
            *here.polled("announce"),
            *here.queue("announce", "SendMessage"),
            *here.table("subscribers", "GetItem", "Query", "PutItem", "UpdateItem"),
            *here.mail(),
        ],
        "subscriptions": [*here.table("subscribers", "GetItem", "PutItem", "UpdateItem", "DeleteItem"), *here.mail()],
        **of_canaries(here, Place(PRIMARY), Place(STANDBY)),
    }


def of_offsite(here: Place) -> Calls:
    reading = [
        call
        for bucket in ("files", "replica")
        for call in (
            *here.objects(bucket, "GetObject", "GetObjectVersion"),
            *here.bucket(bucket, "ListBucket", "ListBucketVersions"),
            *here.key(bucket, "Decrypt"),
        )
    ]
    return {
        "offsite": [
            *here.queue("offsite", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
            *reading,
            *here.objects("offsite-export", "GetObject"),
            *here.bucket("offsite-export", "ListBucket"),
            *here.secret("offsite-credentials"),
            *here.secret("offsite-key"),
        ],
        "offsite-export": [
            *here.table("drive", "ExportTableToPointInTime"),
            *here.objects("offsite-export", "PutObject", "PutObjectAcl", "AbortMultipartUpload"),
            *here.key("files", "GenerateDataKey", "Decrypt"),
            *here.queue("offsite-dead-letters", "SendMessage"),
        ],
        "offsite-start": [*here.log(f"/aws/ecs/{NAMES.prefix}-offsite"), *here.images()],
    }


def by_stack() -> dict[str, Calls]:
    found: dict[str, Calls] = {"Status": of_status(Place(OBSERVER)), "Offsite": of_offsite(Place(STANDBY))}
    for region, peer in PEERS.items():
        here, there = Place(region), Place(peer)
        found |= {
            f"Downloads-{region}": of_downloads(here),
            f"Api-{region}": of_the_api(here, there),
            f"Bundling-{region}": of_bundling(here),
            f"Switch-{region}": of_the_switch(here, there),
            f"Storage-{region}": of_storage(here, there),
            f"Observability-{region}": of_canaries(here, here, there),
        }
    return found


NEEDED = [(stack, role, tuple(calls)) for stack, roles in by_stack().items() for role, calls in roles.items()]

VARIABLES = {
    "ingest": {"DRIVE_TABLE", "FILES_BUCKET", "REPLICA_BUCKET"},
    "deliver": {"DRIVE_TABLE", "PACE_TABLE", "DELIVER_SIDELINE_QUEUE_URL", "LEVERS_APPLICATION", "LEVERS_ENVIRONMENT"},
    "deliver-sideline": {"DRIVE_TABLE", "PACE_TABLE", "DELIVER_SIDELINE_QUEUE_URL"},
    "notify": {"DRIVE_TABLE", "JOBS_TABLE", "NOTIFY_QUEUE_URL", "NOTICES_TOPIC_ARN", "LEVERS_APPLICATION"},
    "outbox": {"DRIVE_TABLE", "JOBS_TABLE", "DELIVER_QUEUE_URL", "BUNDLE_QUEUE_URL", "NOTIFY_QUEUE_URL"},
    "reconciler": {
        *("PEER_REGION", "DRIVE_TABLE", "JOBS_TABLE", "PACE_TABLE", "SWITCH_TABLE", "LEVERS_APPLICATION"),
        *("DELIVER_QUEUE_URL", "DELIVER_SIDELINE_QUEUE_URL", "BUNDLE_QUEUE_URL", "BUNDLE_SIDELINE_QUEUE_URL"),
    },
    "api-read": {
        *("PEER_REGION", "DRIVE_TABLE", "JOBS_TABLE", "PACE_TABLE", "SWITCH_TABLE", "BUNDLE_QUEUE_URL"),
        "BUNDLE_SIDELINE_QUEUE_URL",
        *("FILES_BUCKET", "REPLICA_BUCKET", "PEER_FILES_BUCKET", "PEER_REPLICA_BUCKET", "BUNDLES_BUCKET"),
        *("SIGNING_SECRET", "IDENTITY_ISSUER", "IDENTITY_AUDIENCE", "LEVERS_APPLICATION", "LEVERS_ENVIRONMENT"),
    },
    "api-order": {
        *("PEER_REGION", "DRIVE_TABLE", "JOBS_TABLE", "PACE_TABLE", "BUNDLES_BUCKET"),
        *("BUNDLE_QUEUE_URL", "BUNDLE_SIDELINE_QUEUE_URL"),
    },
    "api-write": {"PEER_REGION", "DRIVE_TABLE", "FILES_BUCKET", "PEER_FILES_BUCKET", "IDENTITY_ISSUER"},
    "switch": {"PEER_REGION", "SWITCH_TABLE", "DRIVE_TABLE", "REPLICA_BUCKET"},
    "switch-heartbeat": {"PEER_REGION", "DRIVE_TABLE", "FILES_BUCKET", "REPLICA_BUCKET"},
    "status": {"STATUS_BUCKET", "STATUS_URL", "SUBSCRIBE_URL", "PROBES"},
    "announce": {"STATUS_BUCKET", "STATUS_URL", "ANNOUNCE_QUEUE_URL"},
    "announce-sender": {
        *("STATUS_BUCKET", "STATUS_URL", "SUBSCRIBE_URL", "SUBSCRIBERS_TABLE", "ANNOUNCE_QUEUE_URL", "SENDER"),
    },
    "subscriptions": {"STATUS_URL", "SUBSCRIBE_URL", "SUBSCRIBERS_TABLE", "SENDER"},
    "offsite-export": {"DRIVE_TABLE_ARN", "EXPORT_BUCKET"},
}
"""What each function asks its environment for, beside AWS_REGION, which Lambda and Amazon ECS set themselves."""

SET_BY_US = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


@pytest.fixture(scope="session")
def complete(templates: dict[str, Template]) -> dict[str, Template]:
    """All templates, with the two stacks that cdk.json leaves out, or leaves without a domain."""
    offsite = synthesized(Offsite, region=STANDBY, address="https://s3.example.net/copies")
    status = synthesized(
        Status, region=OBSERVER, data_regions=(PRIMARY, STANDBY), domain="drive.example.com", status_domain=DOMAIN
    )
    return {**templates, "Offsite": offsite, "Status": status}


def functions(templates: dict[str, Template]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the functions that run services/, by name without prefix."""
    for template in templates.values():
        for function in all_of(template, "AWS::Lambda::Function").values():
            if str(function["Handler"]).startswith("services."):
                yield function["FunctionName"].removeprefix(f"{NAMES.prefix}-"), function


@pytest.mark.parametrize(("stack", "role", "calls"), NEEDED, ids=[f"{stack}-{role}" for stack, role, _ in NEEDED])
def test_a_role_may_make_every_call_that_its_service_makes(
    complete: dict[str, Template], stack: str, role: str, calls: tuple[Call, ...]
) -> None:
    region = {"Status": OBSERVER, "Offsite": STANDBY}.get(stack) or stack.partition("-")[2]
    template = with_arns(complete[stack], region)
    [logical_id] = [
        name
        for name, found in all_of(template, "AWS::IAM::Role").items()
        if found.get("RoleName") == NAMES.in_region(role, region)
    ]
    statements = statements_of(template, logical_id)
    boundary = boundary_of(complete[f"Foundation-{region}"])
    refused = [
        str(call)
        for call in calls
        for context in [{**call.context, "aws:RequestedRegion": call.region}]
        if not all(allowed(policy, call.action, call.resource, context) for policy in (statements, boundary))
    ]
    assert refused == []


def test_the_boundary_lets_nobody_leave_the_regions(complete: dict[str, Template]) -> None:
    boundary = boundary_of(complete[f"Foundation-{PRIMARY}"])
    [call] = Place("ap-south-1").table("drive", "PutItem")
    assert not allowed(boundary, call.action, call.resource, {"aws:RequestedRegion": call.region})


def test_every_function_is_told_what_it_asks_for(complete: dict[str, Template]) -> None:
    known = {name.upper() for name, value in vars(Environment).items() if not name.startswith("_")}
    seen = set()
    for role, function in functions(complete):
        told = set(function["Environment"]["Variables"])
        assert VARIABLES.get(role, set()) <= told, role
        assert told - SET_BY_US <= known, f"{role} is told what nobody reads"
        seen.add(role)
    assert set(VARIABLES) <= seen


def test_every_function_has_a_handler(complete: dict[str, Template]) -> None:
    for _, function in functions(complete):
        module, _, name = function["Handler"].rpartition(".")
        source = Path(*module.split(".")).with_suffix(".py").read_text()
        assert re.search(rf"^def {name}\(\w+: .+, \w+: .+\)", source, re.MULTILINE), module


def test_every_task_s_health_check_can_be_run(complete: dict[str, Template]) -> None:
    [container] = one_of(complete[f"Bundling-{PRIMARY}"], "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    command = container["HealthCheck"]["Command"]
    assert command[:3] == ["CMD", "python", "-m"]
    assert hasattr(importlib.import_module(command[3]), "is_alive")


def test_the_closed_network_leads_to_every_service_that_the_bundler_calls(complete: dict[str, Template]) -> None:
    sources = [path.read_text() for folder in ("bundler", "drive") for path in Path("services", folder).glob("*.py")]
    called = {name for source in sources for name in re.findall(r'\baws\.client\("(\w+)"', source)}
    assert {"s3", "dynamodb", "sqs", "appconfigdata"} <= called
    endpoints = all_of(complete[f"Bundling-{PRIMARY}"], "AWS::EC2::VPCEndpoint").values()
    reached = {json.dumps(endpoint["ServiceName"]).rstrip('"]}').rpartition(".")[2] for endpoint in endpoints}
    assert called <= reached
    # Private names need both, and both are on unless somebody turns them off.
    vpc = one_of(complete[f"Bundling-{PRIMARY}"], "AWS::EC2::VPC")
    assert vpc["EnableDnsSupport"]
    assert vpc["EnableDnsHostnames"]


def test_a_stolen_task_reaches_no_other_account_s_queues(complete: dict[str, Template]) -> None:
    for endpoint in all_of(complete[f"Bundling-{PRIMARY}"], "AWS::EC2::VPCEndpoint").values():
        if json.dumps(endpoint["ServiceName"]).endswith('.sqs"'):
            [statement] = endpoint["PolicyDocument"]["Statement"]
            assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
            return
    pytest.fail("there is no endpoint for queues")


def test_a_message_that_may_take_long_does_not_share_the_notifier_s_time(complete: dict[str, Template]) -> None:
    [mapping] = [
        mapping
        for name, mapping in all_of(complete[f"Downloads-{PRIMARY}"], "AWS::Lambda::EventSourceMapping").items()
        if name.startswith("Notify")
    ]
    assert mapping["BatchSize"] == 1


def test_what_checks_the_levers_is_written_in_the_edition_that_appconfig_knows(complete: dict[str, Template]) -> None:
    profiles = all_of(complete[f"Foundation-{PRIMARY}"], "AWS::AppConfig::ConfigurationProfile").values()
    editions = {json.loads(one["Content"])["$schema"] for profile in profiles for one in profile["Validators"]}
    assert editions == {"http://json-schema.org/draft-04/schema#"}
