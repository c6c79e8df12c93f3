"""Draws docs/architecture.svg from synthesized templates: `make picture` or `python -m stacks.picture ASSEMBLY`.

What is drawn is what the templates say: a symbol is a resource; a line is an event source, a replication, a backup
copy, an origin, a DNS record, or a permission to send, read or write. Nothing is placed by hand.
"""

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PICTURE = Path(__file__).parent.parent / "docs" / "architecture.svg"

SETTINGS = {
    "domain": "drive.example.com",
    "status_domain": "status.example.net",
    "offsite": "https://objects.example.org/drive-copy",
}
"""What is drawn: everything that one setting away can be had, within one account."""

Template = dict[str, Any]

EDGE = "the edge"
ELSEWHERE = "another provider"
"""Places that are no regions."""

SHOWN = {
    "AWS::ApiGateway::RestApi": ("network.APIGateway", "Name"),
    "AWS::Lambda::Function": ("compute.Lambda", "FunctionName"),
    "AWS::SQS::Queue": ("integration.SQS", "QueueName"),
    "AWS::ECS::Service": ("compute.Fargate", "ServiceName"),
    "AWS::S3::Bucket": ("storage.S3", "BucketName"),
    "AWS::DynamoDB::GlobalTable": ("database.Dynamodb", "TableName"),
    "AWS::Backup::BackupVault": ("storage.Backup", "BackupVaultName"),
    "AWS::CloudFront::Distribution": ("network.CloudFront", ""),
    "AWS::Route53::HostedZone": ("network.Route53", "Name"),
    "AWS::SNS::Topic": ("integration.SNS", "TopicName"),
    "AWS::Synthetics::Canary": ("management.Cloudwatch", "Name"),
}
"""Types worth a symbol, the symbol, and the property with the name."""

STORE = "storage.SimpleStorageServiceS3Bucket"
"""The symbol of a store at another provider."""

AT_THE_EDGE = {"AWS::CloudFront::Distribution", "AWS::Route53::HostedZone"}
"""What answers everywhere, whichever region its stack is deployed to."""

SERVICE_OF = {
    "compute.Lambda": "lambda",
    "integration.SQS": "sqs",
    "storage.S3": "s3",
    "database.Dynamodb": "dynamodb",
    "storage.Backup": "backup",
    "integration.SNS": "sns",
    "network.APIGateway": "execute-api",
}
"""How an ARN calls what a symbol stands for: a queue and its function may bear the same name."""

LEFT_OUT = re.compile(
    r"dead-letters|missed|failures|logs|golden|expectations|seen|page$|ticket$|canary-|restore-|pace$|heartbeat|sideline|"
    r"reconciler|subscri"
)
"""What each thing has beside it, what only watches, and what does again what others do.

All of it true, and a picture of nothing else if it were drawn. The reconciler sends again what the outbox sent.
"""

OPENS_NO_FILES = re.compile(r"-(api-(read|order|write)|switch)$")
"""What these may read in a bucket is a link that they sign, or how late the copies are."""

PSEUDO_PARAMETER = re.compile(r"AWS::(\w+)")
"""Written without colons, which divide an ARN."""

MOVES_DATA = re.compile(
    r"sqs:SendMessage|sqs:ReceiveMessage|s3:(Get|Put)Object|dynamodb:(Put|Update)Item|sns:Publish|lambda:Invoke"
)
SENDS = re.compile(r"Send|Put|Update|Publish|Invoke")


class Node(NamedTuple):
    """One resource; place and name tell it from all others of its kind."""

    place: str
    name: str
    symbol: str
    stack: str


class Edge(NamedTuple):
    """From one node to another, or between both where they copy each other."""

    source: Node
    target: Node
    both: bool = False


def flat(value: Any) -> str:
    """Return what an intrinsic function says in one line, with logical ids and pseudo parameters by their names."""
    if isinstance(value, str):
        return PSEUDO_PARAMETER.sub(r"(\1)", value)
    if isinstance(value, list):
        return " ".join(flat(entry) for entry in value)
    if isinstance(value, dict):
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return str(separator).join(flat(part) for part in parts)
        return " ".join(flat(entry) for entry in value.values())
    return str(value)


class Picture:
    """Nodes and edges of one assembly, of whose data regions one is drawn whole."""

    def __init__(self, assembly: Path) -> None:
        manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
        self._stacks: dict[str, tuple[str, Template]] = {
            name: (
                artifact["environment"].rsplit("/", 1)[-1],
                json.loads((assembly / f"{name}.template.json").read_text()).get("Resources", {}),
            )
            for name, artifact in sorted(manifest.items())
            if artifact["type"] == "aws:cloudformation:stack"
        }
        self._nodes: dict[tuple[str, str], Node] = {}
        self.edges: set[Edge] = set()
        for stack, (region, resources) in self._stacks.items():
            self._place(stack, region, resources)
        for stack, (region, resources) in self._stacks.items():
            for logical, resource in resources.items():
                self._connect(stack, region, logical, resource, resources)
        self._keep_one_side()
        self._drop_what_a_queue_brings()

    @property
    def nodes(self) -> list[Node]:
        """Everything that a line begins or ends at."""
        return sorted({node for edge in self.edges for node in edge[:2]})

    @property
    def places(self) -> list[str]:
        """Where they are: the edge, then the regions by how much there is in each."""
        filled = Counter(node.place for node in self.nodes)
        return sorted(filled, key=lambda place: (place != EDGE, -filled[place], place))

    @property
    def fingerprint(self) -> str:
        """Changes when the picture does."""
        said = [[*edge.source, "->", *edge.target, edge.both] for edge in sorted(self.edges)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def label(self, place: str) -> str:
        """Return what a place is for."""
        roles = {self._region_of("Catalogue"): "primary", self._region_of("Status"): "observer"}
        if place == EDGE:
            return "The edge: CloudFront and Route 53, in every location"
        if place == ELSEWHERE:
            return "Another provider"
        role = roles.get(place, "standby")
        return (
            f"{place}: standby, the same again (drawn: what others touch)" if role == "standby" else f"{place}: {role}"
        )

    @property
    def observer(self) -> str:
        """The region that watches the others."""
        return self._region_of("Status")

    def _region_of(self, stack: str) -> str:
        return self._stacks[stack][0] if stack in self._stacks else ""

    def _keep_one_side(self) -> None:
        """Keep of the standby only what something elsewhere touches: its stacks are the same as the primary's."""
        primary, observer = self._region_of("Catalogue"), self._region_of("Status")
        once = {"Offsite"}
        kept = set()
        for edge in self.edges:
            (source, target) = (edge.source.place, edge.target.place)
            twin = {source, target} - {primary, observer, EDGE, ELSEWHERE}
            inside = source == target and bool(twin) and not once & {edge.source.stack, edge.target.stack}
            mirrored = bool(twin) and source in twin and target == primary and not edge.both
            if not inside and not mirrored:
                kept.add(edge)
        self.edges = kept

    def _drop_what_a_queue_brings(self) -> None:
        """Drop the line from a bucket to what hears of the bucket through a queue: it reads what it is told of."""
        ends = {(edge.source, edge.target) for edge in self.edges}
        told = {
            (bucket, reader)
            for bucket, queue in ends
            for other, reader in ends
            if bucket.symbol == "storage.S3" and queue == other and queue.symbol == "integration.SQS"
        }
        self.edges = {edge for edge in self.edges if (edge.source, edge.target) not in told}

    def _place(self, stack: str, region: str, resources: Template) -> None:
        for logical, resource in resources.items():
            if resource["Type"] not in SHOWN:
                continue
            symbol, named_by = SHOWN[resource["Type"]]
            properties = resource.get("Properties", {})
            path = resource.get("Metadata", {}).get("aws:cdk:path", logical).split("/")
            name = flat(properties[named_by]) if named_by in properties else _named_after(path)
            place = EDGE if resource["Type"] in AT_THE_EDGE else region
            if place != EDGE and LEFT_OUT.search(name.split("-(AccountId)")[0]):
                continue
            for replica in [entry["Region"] for entry in properties.get("Replicas", [])] or [place]:
                node = Node(replica, name.split("-(AccountId)")[0], symbol, stack.removesuffix(f"-{region}"))
                self._nodes[replica, f"{SERVICE_OF.get(symbol, '')}:{name}"] = node
                if replica in (region, place):
                    self._nodes[stack, logical] = node

    def _connect(self, stack: str, region: str, logical: str, resource: Template, resources: Template) -> None:
        for source, target, *both in self._lines(stack, region, logical, resource, resources):
            if source and target and source != target:
                first, second = sorted((source, target)) if both else (source, target)
                self.edges.add(Edge(first, second, both=bool(both)))

    def _lines(  # noqa: C901, PLR0912 - one case a type
        self, stack: str, region: str, logical: str, resource: Template, resources: Template
    ) -> Iterator[tuple[Node | None, ...]]:
        properties = resource.get("Properties", {})
        here = self._nodes.get((stack, logical))
        match resource["Type"]:
            case "AWS::Lambda::EventSourceMapping":
                source = self._mentioned(stack, properties["EventSourceArn"]) or self._table(region)
                yield source, self._function(stack, properties["FunctionName"], resources)
            case "AWS::ApiGateway::Method":
                api = self._mentioned(stack, properties["RestApiId"])
                yield api, self._function(stack, properties.get("Integration", {}).get("Uri", ""), resources)
            case "AWS::S3::Bucket":
                for rule in properties.get("ReplicationConfiguration", {}).get("Rules", []):
                    yield here, self._named(flat(rule["Destination"]["Bucket"]))
            case "AWS::DynamoDB::GlobalTable" if here:
                for replica in properties["Replicas"]:
                    yield here, self._nodes[replica["Region"], f"dynamodb:{here.name}"], here
            case "AWS::CloudFront::Distribution":
                for origin in properties["DistributionConfig"]["Origins"]:
                    address = flat(origin["DomainName"])
                    yield here, self._named(address) or self._mentioned(stack, origin["DomainName"])
            case "AWS::Route53::RecordSet":
                yield self._mentioned(stack, properties.get("HostedZoneId", "")), self._answering(properties)
            case "AWS::Synthetics::Canary":
                address = properties["RunConfig"].get("EnvironmentVariables", {}).get("ADDRESS", "")
                yield here, self._api_in(str(address))
            case "AWS::Events::Rule":
                named = flat(
                    properties.get("EventPattern", {}).get("detail", {}).get("bucket", {}).get("name", "")
                ).split()
                for target in properties.get("Targets", []):
                    for bucket in named:
                        yield self._named(bucket), self._mentioned(stack, target["Arn"])
            case "AWS::Backup::BackupPlan":
                for rule in properties["BackupPlan"]["BackupPlanRule"]:
                    vault = self._nodes.get((region, f"backup:{flat(rule['TargetBackupVault'])}"))
                    vault = vault or self._mentioned(stack, rule["TargetBackupVault"])
                    for copy in rule.get("CopyActions", []):
                        yield vault, self._named(flat(copy["DestinationBackupVaultArn"]))
            case "AWS::ECS::Service":
                yield here, self._elsewhere(properties, resources)
            case "AWS::IAM::Policy":
                yield from self._permissions(stack, properties, resources)

    def _permissions(self, stack: str, properties: Template, resources: Template) -> Iterator[tuple[Node | None, ...]]:
        """Lines from what carries a role to what the role may send to or write to, and to it from what it may read."""
        roles = {flat(role) for role in properties.get("Roles", [])}
        holders = [
            node
            for (place, logical), node in self._nodes.items()
            if place == stack and roles & set(flat(_role_of(resources[logical], resources)).split())
        ]
        for statement in properties["PolicyDocument"]["Statement"]:
            actions = flat(statement["Action"])
            if statement["Effect"] != "Allow" or not MOVES_DATA.search(actions):
                continue
            for arn in statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]:
                target = self._named(flat(arn)) or self._mentioned(stack, arn)
                for holder in holders:
                    if target and target.symbol == "storage.S3" and OPENS_NO_FILES.search(holder.name):
                        continue
                    yield (holder, target) if SENDS.search(actions) else (target, holder)

    def _named(self, arn: str) -> Node | None:
        """The node whose name is in an ARN or a host name; a bucket's name holds its region."""
        for (place, name), node in self._nodes.items():
            if place == node.place and name.startswith("s3:") and name.removeprefix("s3:") in arn:
                return node
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return None
        service, region, resource = parts[2], parts[3], parts[5]
        return self._nodes.get((region, f"{service}:{re.split('[:/]', resource)[-1]}"))

    def _mentioned(self, stack: str, value: Any) -> Node | None:
        return next((self._nodes[stack, word] for word in flat(value).split() if (stack, word) in self._nodes), None)

    def _function(self, stack: str, value: Any, resources: Template) -> Node | None:
        """The function behind an alias or a version."""
        for word in re.findall(r"[A-Za-z0-9]+", flat(value)):
            if (stack, word) in self._nodes:
                return self._nodes[stack, word]
            if word in resources and resources[word]["Type"] == "AWS::Lambda::Alias":
                return self._function(stack, resources[word]["Properties"]["FunctionName"], resources)
        return None

    def _table(self, region: str) -> Node | None:
        """The stream of a replica has an address that only its region knows; it is always this table's."""
        return next(
            (node for node in self._nodes.values() if node.place == region and node.name.endswith("-drive")), None
        )

    def _answering(self, record: Template) -> Node | None:
        """The API that a record leads to: the name it points at is made by the API's own stack."""
        for target in record.get("ResourceRecords", []):
            for stack, (region, resources) in self._stacks.items():
                if any(resource.get("Properties", {}).get("Name") == target for resource in resources.values()):
                    return self._api_of(stack, region)
        return None

    def _api_in(self, address: str) -> Node | None:
        """The API whose domain name is in an address."""
        for stack, (region, resources) in self._stacks.items():
            for resource in resources.values():
                name = resource.get("Properties", {}).get("DomainName")
                if resource["Type"] == "AWS::ApiGateway::DomainName" and f"https://{name}" == address:
                    return self._api_of(stack, region)
        return None

    def _api_of(self, stack: str, region: str) -> Node | None:
        symbol = SHOWN["AWS::ApiGateway::RestApi"][0]
        kind = stack.removesuffix(f"-{region}")
        return next((n for n in self._nodes.values() if (n.place, n.stack, n.symbol) == (region, kind, symbol)), None)

    def _elsewhere(self, service: Template, resources: Template) -> Node | None:
        """The store of another provider that a task is told to write to."""
        task = resources[flat(service["TaskDefinition"])]["Properties"]
        told = {entry["Name"]: entry["Value"] for each in task["ContainerDefinitions"] for entry in each["Environment"]}
        if "OFFSITE_ENDPOINT" not in told:
            return None
        return Node(ELSEWHERE, told["OFFSITE_ENDPOINT"].removeprefix("https://"), STORE, "")


def _named_after(path: list[str]) -> str:
    """The name of what has none, from its construct's path: `Status/Page/Distribution/Resource`."""
    return f"{path[0]}-{path[1]}".lower()


def _role_of(resource: Template, resources: Template) -> Any:
    properties = resource.get("Properties", {})
    if "TaskDefinition" in properties:
        task = resources.get(flat(properties["TaskDefinition"]), {})
        return task.get("Properties", {}).get("TaskRoleArn", "")
    return properties.get("Role", "")


if __name__ == "__main__":
    if sys.argv[1:] == ["--settings"]:
        print(json.dumps(SETTINGS))
    else:
        from stacks.drawing import draw

        PICTURE.parent.mkdir(exist_ok=True)
        draw(Picture(Path(sys.argv[1])), PICTURE)
