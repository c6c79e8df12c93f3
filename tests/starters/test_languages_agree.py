"""A service is the same whichever language it is written in: the same resources, numbers, alarms and permissions."""

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from seawall.cli import main

from tests.starters.combinations import ALL, NAME, Combination
from tests.starters.conftest import OF_CHECKOV, Rendered
from tests.starters.deployed_designs import IF, IMAGE, Design, Key, of_assembly, of_templates

WRITTEN_OTHERWISE = {
    "AWS::Lambda::Alias": "the templates name the function itself: CloudFormation cannot publish a version of new code",
    "AWS::Lambda::Version": "the same",
    "AWS::EC2::RouteTable": "the CDK makes one for each subnet, though all routes are alike",
    "AWS::EC2::SecurityGroupEgress": "a rule stands in its group, or beside it",
    "AWS::EC2::SecurityGroupIngress": "the same",
    "AWS::EC2::SubnetRouteTableAssociation": "it has no name to compare",
}
"""Types that are not compared one by one."""

SAID_OTHERWISE = {
    "Code": "the CDK uploads it beforehand",
    "Description": "for people",
    "GroupDescription": "for people",
    "Image": "the CDK builds it into a repository of its own",
    "Name": "the CDK leaves the names of some rules to CloudFormation",
    "Qualifier": "the alias, or the function itself",
    "RouteTableIds": "one for each subnet, or one for all",
    "SecurityGroupEgress": "a rule stands in its group, or beside it",
    "SecurityGroupIngress": "the same",
}
"""Properties that are not compared."""

AWS_ASSUMES: dict[str, Any] = {
    "CopyActions": [],
    "EnableECSManagedTags": "false",
    "InstanceTenancy": "default",
    "InvokeMode": "BUFFERED",
    "LoadBalancers": [],
    "PEER_REGION": "",
    "Port": "5432",
    "DBClusterParameterGroupName": "default.aurora-postgresql17",
    "PubliclyAccessible": "false",
    "RoleARN": "arn:aws:iam::000000000000:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "ScheduleExpressionTimezone": "Etc/UTC",
    "State": "ENABLED",
}
"""What a property is when it is left out."""

TAGS = ("Tags", "BackupPlanTags", "BackupVaultTags")

POLICIES = ("AssumeRolePolicyDocument", "KeyPolicy", "ManagedPolicyArns", "Policies", "PolicyDocument")
"""Properties that say who may do what; they are compared by themselves."""

NOT_NEEDED = {
    r"sqs:GetQueue(Attributes|Url) arn:aws:sqs:[^ ]*-missed ": "Lambda only sends to it",
    r'"events.amazonaws.com"\} (kms:|sns:).*': "opened for rules, of which queue-worker has none",
    r"policy/AWSBackupServiceRolePolicyForS3(Backup|Restore)": "only where the store is a bucket",
}
"""What the library's constructs allow and the templates, which are written for one service, need not."""

ALARM_NUMBERS = ("Threshold", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "TreatMissingData")

HURRY = f"{NAME}-work-hurry"
"""What Terraform, where every alarm has a name, calls the one that starts workers."""

COUNTED_IN_TERRAFORM = (
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::Backup::BackupVault",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::Events::Rule",
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Url",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Scheduler::Schedule",
)
"""Types that Terraform has one by one too, and that Seawall's reader knows."""

READ_TERRAFORM = f"""
import json, sys
from pathlib import Path
from seawall.sources.terraform import read_modules
resources = [resource for design in read_modules(Path(sys.argv[1])) for resource in design.all.values()]
numbers = {("AlarmName", *ALARM_NUMBERS)!r}
print(json.dumps([[each.type, [str(each.get(name)) for name in numbers]] for each in resources]))
"""


@dataclasses.dataclass(frozen=True)
class Written:
    """One service in three languages."""

    cdk: Rendered
    cloudformation: Rendered
    terraform: Rendered

    @cache  # noqa: B019 - there are ten of them
    def designs(self) -> tuple[Design, Design]:
        """What the CDK deploys, and what CloudFormation does."""
        synthesized = self.cdk.run("app.py")
        assert synthesized.returncode == 0, synthesized.stderr
        templates = self.cloudformation.folder
        return of_assembly(self.cdk.folder / "cdk.out"), of_templates(templates, templates / "seawall.yaml")

    @cache  # noqa: B019 - the same
    def in_terraform(self) -> list[tuple[str, list[str]]]:
        """Type and alarm's name and numbers of each resource, as Seawall reads them."""
        read = self.terraform.run("-c", READ_TERRAFORM, self.terraform.folder / "terraform")
        assert read.returncode == 0, read.stderr
        return [(kind, numbers) for kind, numbers in json.loads(read.stdout)]


def _rendered(combination: Combination, scratch: Path) -> Rendered:
    folder = scratch / combination.language
    assert main(["new", NAME, *combination.options, "--defaults", "--into", str(folder)]) == 0
    return Rendered(combination, folder, scratch)


@pytest.fixture(
    scope="module",
    params=[combination for combination in ALL if combination.language == "cdk"],
    ids=lambda combination: combination.title.replace("-cdk", ""),
)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The service, written in each language."""
    scratch = tmp_path_factory.mktemp("languages")
    return Written(
        **{
            language: _rendered(dataclasses.replace(request.param, language=language), scratch)
            for language in ("cdk", "cloudformation", "terraform")
        }
    )


def test_the_cdk_and_cloudformation_deploy_the_same_resources(written: Written) -> None:
    cdk, cloudformation = ({key for key in design if key[1] not in WRITTEN_OTHERWISE} for design in written.designs())
    assert cdk - cloudformation == set()
    assert cloudformation - cdk == set()


def test_the_cdk_and_cloudformation_set_the_same_numbers(written: Written) -> None:
    cdk, cloudformation = written.designs()
    compared = [key for key in cdk if key in cloudformation and key[1] not in WRITTEN_OTHERWISE]
    assert [said for key in compared for said in _differences(_where(key), cdk[key], cloudformation[key])] == []


def test_cloudformation_allows_nothing_that_the_cdk_does_not(written: Written) -> None:
    cdk, cloudformation = (dict(_rights(design)) for design in written.designs())
    more = {
        place: [right for right in rights if right not in cdk[place] and _unconditional(right) not in cdk[place]]
        for place, rights in cloudformation.items()
    }
    assert {place: rights for place, rights in more.items() if rights} == {}


def test_cloudformation_allows_what_the_cdk_allows(written: Written) -> None:
    """The same, or on a condition that the CDK's constructs do not make."""
    cdk, cloudformation = (dict(_rights(design)) for design in written.designs())
    missing = {
        place: [right for right in rights if not _is_excused(right) and not _is_among(right, cloudformation[place])]
        for place, rights in cdk.items()
    }
    assert {place: rights for place, rights in missing.items() if rights} == {}


@pytest.mark.skipif(not OF_CHECKOV.exists(), reason="checkov finds the files, and has an environment of its own")
def test_terraform_has_as_many_of_each(written: Written) -> None:
    cdk, _ = written.designs()
    expected = Counter(kind for _, kind, _ in cdk if kind in COUNTED_IN_TERRAFORM)
    assert Counter(kind for kind, _ in written.in_terraform() if kind in COUNTED_IN_TERRAFORM) == expected


@pytest.mark.skipif(not OF_CHECKOV.exists(), reason="checkov finds the files, and has an environment of its own")
def test_terraform_has_the_same_alarms(written: Written) -> None:
    cdk, _ = written.designs()
    expected = Counter(
        (alarm.get("AlarmName", HURRY), *_numbers([_number(alarm, number) for number in ALARM_NUMBERS]))
        for (_, kind, _), alarm in cdk.items()
        if kind == "AWS::CloudWatch::Alarm"
    )
    found = Counter(
        (name, *_numbers(numbers))
        for kind, (name, *numbers) in written.in_terraform()
        if kind == "AWS::CloudWatch::Alarm"
    )
    assert found == expected


def _where(key: Key) -> str:
    return " ".join(key)


def _differences(place: str, one: Any, other: Any) -> Iterator[str]:
    """Every property that is not the same, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other} - {*SAID_OTHERWISE, *POLICIES}):
            if name in TAGS:
                yield from _differences(f"{place} {name}", _selected_by(one.get(name)), _selected_by(other.get(name)))
                continue
            assumed = AWS_ASSUMES.get(name)
            yield from _differences(f"{place} {name}", one.get(name, assumed), other.get(name, assumed))
    elif place.endswith(" Environment") and isinstance(one, list) and isinstance(other, list):
        yield from _differences(place, *({each["Name"]: each["Value"] for each in listed} for listed in (one, other)))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(_sorted(one), _sorted(other), strict=True)):
            yield from _differences(f"{place} {number}", *pair)
    elif str(_comparable(place, one)) != str(_comparable(place, other)):
        yield f"{place}: {one} in the CDK, {other} in CloudFormation"


def _comparable(place: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if place.endswith("Description"):
        # What it says is for people; where it sends them is not.
        return value.partition("Runbook: ")[2]
    # A name or an ARN: the event sources take either.
    return value.rpartition(":function:")[2] if place.endswith("FunctionName") else value


def _selected_by(tags: Any) -> list[str]:
    """What backup plans look at. All else is said of a whole stack, in CloudFormation when it is deployed."""
    listed = [tag.values() for tag in tags or ()] if isinstance(tags, list) else (tags or {}).items()
    return sorted(f"{key}={value}" for key, value in listed if key == "seawall:backup")


def _sorted(values: list[Any]) -> list[Any]:
    def order(value: Any) -> str:
        names = ("Region", "Id", "Name", "Key", "IndexName", "AttributeName")
        known = [value[name] for name in names if name in value] if isinstance(value, dict) else []
        return str(known or json.dumps(value, sort_keys=True))

    return sorted(values, key=order)


def _rights(design: Design) -> Iterator[tuple[str, list[str]]]:
    for key, properties in design.items():
        for name in POLICIES:
            if name in properties:
                yield f"{_where(key)} {name}", [_in_one_registry(right) for right in properties[name]]


def _in_one_registry(right: str) -> str:
    return re.sub(r"repository/cdk-[a-z0-9-]+", f"repository/{IMAGE.partition(':')[0]}", right)


def _unconditional(right: str) -> str:
    return f"{right.partition(IF)[0]}{IF}{{}}"


def _is_among(right: str, rights: list[str]) -> bool:
    return right in rights or (right == _unconditional(right) and right in map(_unconditional, rights))


def _is_excused(right: str) -> bool:
    return any(re.search(pattern, right) for pattern in NOT_NEEDED)


def _number(alarm: dict[str, Any], name: str) -> Any:
    """CloudWatch takes all evaluated periods where nothing is said of how many count."""
    return alarm.get(name, alarm["EvaluationPeriods"]) if name == "DatapointsToAlarm" else alarm[name]


def _numbers(values: list[str]) -> tuple[str, ...]:
    return tuple(f"{float(value):g}" if re.fullmatch(r"[0-9.]+", value) else value for value in values)
