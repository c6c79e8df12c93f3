"""Whether a copy of something is in another region, or only beside the original."""

import json
from typing import Any

import pytest
from seawall.design import Design, Resource
from seawall.dns_records import moves_away, target_of
from seawall.regions import database_copies, is_elsewhere, region_of_arn
from seawall.restore_testing import restore_tests
from seawall.sources.cloudformation import parse, template_of
from seawall.stack import Template
from seawall.values import Answer, Reference, Text, Unknown

HERE = Unknown(("the region",), identity=("AWS::Region", ""))


def template(resources: dict[str, Any], name: str = "", region: str | None = None) -> Template:
    read = template_of(parse("template.json", json.dumps({"Resources": resources}), []), name)
    read.region = region
    return read


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def named(found: Design, name: str, stack: str = "") -> Resource:
    return found.all[stack, name]


def kind_of(answer: Answer) -> str:
    return "unknown" if isinstance(answer, Unknown) else str(answer)


@pytest.mark.parametrize(
    ("region", "own", "answer"),
    [
        ("eu-central-1", "eu-west-1", "True"),
        ("eu-west-1", "eu-west-1", "False"),
        (HERE, HERE, "False"),
        ("eu-central-1", HERE, "True"),
        (Unknown(("parameter CopyRegion",)), "eu-west-1", "unknown"),
        (Unknown(("parameter CopyRegion",)), HERE, "unknown"),
    ],
)
def test_a_region_is_elsewhere_where_it_surely_differs(region: Any, own: Any, answer: str) -> None:
    assert kind_of(is_elsewhere(region, own)) == answer


def test_the_region_of_an_arn_is_its_fourth_part() -> None:
    found = Design([template({})])
    assert region_of_arn("arn:aws:backup:eu-central-1:111122223333:backup-vault:v", found) == "eu-central-1"
    assert region_of_arn(Text(("arn:aws:backup:", HERE, ":111122223333:backup-vault:v")), found) == HERE
    assert region_of_arn("not an arn", found) is None


def test_the_region_of_a_reference_is_that_of_its_stack() -> None:
    vault = resource("AWS::Backup::BackupVault", BackupVaultName="v")
    found = Design([template({"Vault": vault}, "far", "eu-central-1")])
    assert region_of_arn(Reference(("far", "Vault"), "BackupVaultArn"), found) == "eu-central-1"


def test_a_replica_in_the_same_stack_is_no_regional_copy() -> None:
    replica = resource("AWS::RDS::DBInstance", SourceDBInstanceIdentifier={"Ref": "Orders"})
    found = Design([template({"Orders": resource("AWS::RDS::DBInstance"), "Replica": replica})])
    assert [copy.elsewhere for copy in database_copies(named(found, "Orders"), found)] == [False]


def test_a_replica_in_the_stack_of_another_region_is_a_regional_copy() -> None:
    orders = resource("AWS::RDS::DBInstance", DBInstanceIdentifier="orders")
    source = "arn:aws:rds:eu-west-1:111122223333:db:orders"
    replica = resource("AWS::RDS::DBInstance", SourceDBInstanceIdentifier=source)
    found = Design([template({"Orders": orders}, "near", "eu-west-1"), template({"R": replica}, "far", "eu-central-1")])
    assert [copy.elsewhere for copy in database_copies(named(found, "Orders", "near"), found)] == [True]


def test_members_of_a_global_cluster_in_two_regions_are_copies_of_each_other() -> None:
    member = resource("AWS::RDS::DBCluster", GlobalClusterIdentifier="orders")
    found = Design(
        [
            template({"Orders": member}, "near", "eu-west-1"),
            template({"Orders": member}, "far", "eu-central-1"),
        ]
    )
    assert [copy.elsewhere for copy in database_copies(named(found, "Orders", "near"), found)] == [True]


def test_a_global_cluster_with_one_visible_member_leaves_the_others_open() -> None:
    found = Design([template({"Orders": resource("AWS::RDS::DBCluster", GlobalClusterIdentifier="orders")})])
    assert [kind_of(copy.elsewhere) for copy in database_copies(named(found, "Orders"), found)] == ["unknown"]


@pytest.mark.parametrize(
    ("included", "excluded", "answer"),
    [
        (["*"], [], "True"),
        ([{"Fn::GetAtt": ["Vault", "BackupVaultArn"]}], [], "True"),
        (["arn:aws:backup:eu-west-1:111122223333:backup-vault:back*"], [], "True"),
        (["arn:aws:backup:eu-west-1:111122223333:backup-vault:other"], [], "False"),
        (["*"], [{"Fn::GetAtt": ["Vault", "BackupVaultArn"]}], "False"),
    ],
)
def test_a_restore_test_covers_the_vaults_it_includes(included: Any, excluded: Any, answer: str) -> None:
    selection = {"IncludeVaults": included, "ExcludeVaults": excluded}
    found = Design(
        [
            template(
                {
                    "Vault": resource("AWS::Backup::BackupVault", BackupVaultName="backups"),
                    "Weekly": resource(
                        "AWS::Backup::RestoreTestingPlan",
                        RestoreTestingPlanName="weekly",
                        RecoveryPointSelection=selection,
                    ),
                    "Databases": resource("AWS::Backup::RestoreTestingSelection", RestoreTestingPlanName="weekly"),
                }
            )
        ]
    )
    assert kind_of(restore_tests([Reference(("", "Vault"))], found).answer) == answer
    assert kind_of(restore_tests(["backups"], found).answer) == answer


@pytest.mark.parametrize(
    ("record", "regional"),
    [
        ({"Type": "A", "AliasTarget": {"DNSName": Reference(("", "Front"), "DNSName")}}, "True"),
        ({"Type": "A", "AliasTarget": {"DNSName": Reference(("", "Site"), "DomainName")}}, "False"),
        ({"Type": "A", "AliasTarget": {"DNSName": Reference(("", "Inner"), "DNSName")}}, "False"),
        ({"Type": "A", "ResourceRecords": [Reference(("", "Server"), "PrivateIp")]}, "False"),
        ({"Type": "A", "ResourceRecords": [Reference(("", "Server"), "PublicIp")]}, "True"),
        ({"Type": "CNAME", "ResourceRecords": ["front-1.eu-west-1.elb.amazonaws.com"]}, "True"),
        ({"Type": "CNAME", "ResourceRecords": ["d111111abcdef8.cloudfront.net"]}, "False"),
        (
            {"Type": "CNAME", "Name": "_abc.example.com", "ResourceRecords": ["_x.acm-validations.aws"]},
            "False",
        ),
        ({"Type": "MX", "ResourceRecords": ["10 mail.example.com"]}, "False"),
        ({"Type": "A", "ResourceRecords": ["192.0.2.1"]}, "False"),
        ({"Type": "CNAME", "ResourceRecords": [Unknown(("parameter Target",))]}, "unknown"),
    ],
)
def test_only_front_doors_of_one_region_are_regional(record: dict[str, Any], regional: str) -> None:
    resources = {
        "Front": resource("AWS::ElasticLoadBalancingV2::LoadBalancer"),
        "Inner": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Scheme="internal"),
        "Server": resource("AWS::EC2::Instance"),
        "Site": resource("AWS::CloudFront::Distribution"),
    }
    assert kind_of(target_of(record, Design([template(resources)])).regional) == regional


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ({"AliasTarget": {"EvaluateTargetHealth": True}}, "False"),
        ({"Failover": "PRIMARY"}, "True"),
        ({"Region": "eu-west-1"}, "False"),
        ({"Region": "eu-west-1", "AliasTarget": {"EvaluateTargetHealth": True}}, "True"),
        ({"Weight": 1, "HealthCheckId": Reference(("", "Check"))}, "True"),
        ({"Weight": 1, "AliasTarget": {"EvaluateTargetHealth": Unknown(("parameter Evaluate",))}}, "unknown"),
    ],
)
def test_a_record_moves_away_only_with_a_choice_and_a_health_check(record: Any, answer: str) -> None:
    assert kind_of(moves_away(record)) == answer
