"""What policies about regions say where several stacks, each in its region, are one design."""

from typing import Any

import pytest
from seawall.control_planes import call_of, calls_of_document
from seawall.design import Design
from seawall.loading import load_policies
from seawall.origins import place_of
from seawall.values import Unknown

from tests.designs import design, one, resource, template

POLICIES = {policy.name: policy for policy in load_policies()[0]}
NEAR, FAR = "eu-west-1", "eu-central-1"
Resources = dict[str, Any]


def regional(near: Resources, far: Resources, *, first: str = NEAR) -> Design:
    return Design([template(near, "near", first), template(far, "far", FAR)])


def said(policy: str, found: Design, logical_id: str, stack: str = "near") -> str:
    return POLICIES[policy].judge(one(found, logical_id, stack), found).outcome.value


SECRET = resource("AWS::SecretsManager::Secret", Name="payment")
GROUP = resource("AWS::ElastiCache::ReplicationGroup", SnapshotRetentionLimit=7)


@pytest.mark.parametrize(
    ("policy", "made"),
    [
        ("single_region_secret", SECRET),
        ("single_region_images", resource("AWS::ECR::Repository")),
        ("single_region_cache", GROUP),
        ("single_region_search_domain", resource("AWS::OpenSearchService::Domain")),
        ("single_region_broker", resource("AWS::MSK::Cluster")),
    ],
)
def test_what_each_region_declares_alike_survives_one_of_them(policy: str, made: Resources) -> None:
    assert said(policy, regional({"A": made}, {"A": made}), "A") == "accepted"
    assert said(policy, regional({"A": made}, {}), "A") == "flagged"


def test_another_secret_in_another_region_is_not_this_one() -> None:
    other = resource("AWS::SecretsManager::Secret", Name="mail")
    assert said("single_region_secret", regional({"A": SECRET}, {"B": other}), "A") == "flagged"


def test_the_password_of_a_database_in_one_region_is_not_judged() -> None:
    password = {"Fn::Sub": "{{resolve:secretsmanager:${A}:SecretString:password}}"}
    database = resource("AWS::RDS::DBInstance", MasterUserPassword=password)
    near = {"A": resource("AWS::SecretsManager::Secret"), "Database": database}
    assert said("single_region_secret", regional(near, {}), "A") == "not_applicable"
    database["Properties"]["AutomaticBackupReplicationRegion"] = FAR
    assert said("single_region_secret", regional(near, {}), "A") == "flagged"


def test_the_password_that_bears_the_name_of_its_directory_is_not_judged() -> None:
    directory = resource("AWS::DirectoryService::MicrosoftAD", Name="corp.example.com")
    secret = resource("AWS::SecretsManager::Secret", Name={"Fn::Sub": "directories/${Directory}/join"})
    assert said("single_region_secret", regional({"A": secret, "Directory": directory}, {}), "A") == "not_applicable"


def test_the_registry_of_another_region_replicates_nothing_here() -> None:
    rules = [{"Destinations": [{"Region": NEAR, "RegistryId": "1"}]}]
    registry = resource("AWS::ECR::ReplicationConfiguration", ReplicationConfiguration={"Rules": rules})
    repository = {"A": resource("AWS::ECR::Repository", RepositoryName="shop")}
    assert said("single_region_images", regional(repository, {"R": registry}), "A") == "flagged"


def test_a_replica_key_in_another_region_opens_the_same_ciphertext() -> None:
    key = resource("AWS::KMS::Key", MultiRegion=True)
    replica = resource("AWS::KMS::ReplicaKey", PrimaryKeyArn={"Fn::ImportValue": "key"})
    near = template({"Key": key}, "near", NEAR, Outputs={"K": {"Value": {"Ref": "Key"}, "Export": {"Name": "key"}}})
    far = template({"Replica": replica}, "far", NEAR)
    assert said("single_region_key", Design([near, far]), "Key") == "undecided"  # both are in one region
    replica["Properties"]["PrimaryKeyArn"] = {"Fn::GetAtt": ["Key", "Arn"]}
    assert said("single_region_key", Design([near]), "Key") == "undecided"


def test_a_key_that_a_service_encrypts_with_is_left_to_the_service() -> None:
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}}
    rules = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encrypted}]}
    function = resource("AWS::Lambda::Function", Environment={"Variables": {"KEY": {"Ref": "Key"}}})
    made = {"Key": resource("AWS::KMS::Key"), "F": function}
    assert said("single_region_key", design(made), "Key", "") == "flagged"
    made["B"] = resource("AWS::S3::Bucket", BucketEncryption=rules)
    assert said("single_region_key", design(made), "Key", "") == "not_applicable"


def distribution(*names: Any, group: bool = True) -> Resources:
    origins = [{"Id": str(index), "DomainName": name} for index, name in enumerate(names)]
    members = {"Items": [{"OriginId": origin["Id"]} for origin in origins]}
    return resource(
        "AWS::CloudFront::Distribution",
        DistributionConfig={
            "Enabled": True,
            "Origins": origins,
            "OriginGroups": {"Items": [{"Id": "all", "Members": members}]},
            "DefaultCacheBehavior": {"TargetOriginId": "all" if group else "0"},
        },
    )


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        (("a.s3.eu-west-1.amazonaws.com", "b.s3.eu-central-1.amazonaws.com"), "accepted"),
        (("a.s3.eu-west-1.amazonaws.com", "b.s3.eu-west-1.amazonaws.com"), "flagged"),
        (("a.s3.eu-west-1.amazonaws.com", "b.s3.amazonaws.com"), "undecided"),
        (("a.s3-website-us-east-1.amazonaws.com", "x.execute-api.us-west-2.amazonaws.com"), "accepted"),
        (("m.accesspoint.s3-global.amazonaws.com",), "accepted"),
        (("a1234.awsglobalaccelerator.com",), "accepted"),
        (("origin.example.com", "a.s3.eu-west-1.amazonaws.com"), "undecided"),
        (({"Fn::Sub": "x.execute-api.${AWS::Region}.amazonaws.com"},), "flagged"),
    ],
)
def test_the_regions_of_origins_are_read_from_their_names(names: tuple[Any, ...], verdict: str) -> None:
    assert said("single_origin_distribution", design({"D": distribution(*names)}), "D", "") == verdict


def test_a_second_origin_that_no_behaviour_uses_helps_nobody() -> None:
    names = ("a.s3.eu-west-1.amazonaws.com", "b.s3.eu-central-1.amazonaws.com")
    assert said("single_origin_distribution", design({"D": distribution(*names, group=False)}), "D", "") == "flagged"


def test_buckets_of_two_stacks_are_origins_in_two_regions() -> None:
    far = {"B": resource("AWS::S3::Bucket", BucketName="pages-far")}
    near = {
        "A": resource("AWS::S3::Bucket"),
        "D": distribution({"Fn::GetAtt": ["A", "RegionalDomainName"]}, "pages-far.s3.amazonaws.com"),
    }
    assert said("single_origin_distribution", regional(near, far), "D") == "accepted"


def test_an_origin_in_a_network_stands_where_its_load_balancer_does() -> None:
    made = {
        "L": resource("AWS::ElasticLoadBalancingV2::LoadBalancer"),
        "V": resource("AWS::CloudFront::VpcOrigin", VpcOriginEndpointConfig={"Arn": {"Ref": "L"}}),
        "D": distribution("front.example.com"),
    }
    found = Design([template(made, "", NEAR)])
    origin = {"DomainName": "front.example.com", "VpcOriginConfig": {"VpcOriginId": "?"}}
    place = place_of(origin, one(found, "D"), found)
    assert (place.one, isinstance(place.region, Unknown)) == (True, True)


def exporting(target: str, region: str, kind: str) -> Design:
    exports = {"/cdk/exports/Far/X": {"Ref": "Shared"}}
    writer = resource("Custom::CrossRegionExportWriter", WriterProps={"region": target, "exports": exports})
    return Design([template({"Shared": resource(kind), "W": writer}, "near", region)])


def test_an_export_to_another_region_ties_the_two() -> None:
    assert said("region_depends_on_region", exporting(FAR, NEAR, "AWS::SNS::Topic"), "W") == "flagged"


def test_what_cloudfront_takes_from_its_only_region_ties_nobody() -> None:
    certificate = "AWS::CertificateManager::Certificate"
    assert said("region_depends_on_region", exporting(NEAR, "us-east-1", certificate), "W") == "not_applicable"
    assert said("region_depends_on_region", exporting(NEAR, FAR, certificate), "W") == "flagged"


def test_a_repository_of_another_stack_is_in_its_region() -> None:
    repository = resource("AWS::ECR::Repository", RepositoryName="shop")
    image = {"Fn::Sub": "1.dkr.ecr.eu-central-1.amazonaws.com/shop:42"}
    task = resource("AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Name": "a", "Image": image}])
    assert said("region_depends_on_region", regional({"T": task}, {"R": repository}), "T") == "flagged"
    assert said("region_depends_on_region", regional({}, {"R": repository, "T": task}), "T", "far") == "accepted"


def test_a_task_that_reads_a_secret_elsewhere_cannot_start_alone() -> None:
    source = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:payment"
    container = {"Name": "a", "Image": "nginx", "Secrets": [{"Name": "P", "ValueFrom": source}]}
    task = resource("AWS::ECS::TaskDefinition", ContainerDefinitions=[container])
    assert said("region_depends_on_region", regional({"T": task}, {}), "T") == "flagged"


AUTOMATION = """
schemaVersion: "0.3"
description: Failover to the other region
mainSteps:
  - name: Move
    action: aws:executeAwsApi
    inputs:
      Service: route53
      Api: ChangeResourceRecordSets
"""


def test_an_automation_written_as_text_is_read() -> None:
    made = {"D": resource("AWS::SSM::Document", DocumentType="Automation", Content=AUTOMATION)}
    assert [call.plane for call in calls_of_document(one(design(made), "D"))] == ["us-east-1"]
    assert said("recovery_through_control_plane", design(made), "D", "") == "flagged"


def test_a_command_document_recovers_nothing() -> None:
    made = {"D": resource("AWS::SSM::Document", DocumentType="Command", Content=AUTOMATION)}
    assert said("recovery_through_control_plane", design(made), "D", "") == "not_applicable"


@pytest.mark.parametrize(
    ("service", "api", "plane", "made_for_it"),
    [
        ("route53", "changeResourceRecordSets", "us-east-1", False),
        ("globalaccelerator", "UpdateEndpointGroup", "us-west-2", False),
        ("route53-recovery-cluster", "UpdateRoutingControlStates", "", True),
        ("arc-zonal-shift", "StartZonalShift", "", True),
        ("rds", "FailoverGlobalCluster", "", False),
    ],
)
def test_calls_are_known_by_whoever_answers_them(service: str, api: str, plane: str, made_for_it: bool) -> None:
    call = call_of(service, api)
    assert (call.plane, call.is_made_for_recovery) == (plane, made_for_it)


def test_an_automation_that_an_alarm_starts_is_a_recovery() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:route53:changeResourceRecordSets", "End": True}
    made = {"M": resource("AWS::StepFunctions::StateMachine", Definition={"StartAt": "A", "States": {"A": task}})}
    assert said("recovery_through_control_plane", design(made), "M", "") == "undecided"
    pattern = {"source": ["aws.health"]}
    made["R"] = resource("AWS::Events::Rule", EventPattern=pattern, Targets=[{"Id": "m", "Arn": {"Ref": "M"}}])
    assert said("recovery_through_control_plane", design(made), "M", "") == "flagged"


def test_a_service_of_one_region_is_called_there_by_everybody() -> None:
    def calling(service: str) -> Design:
        call = f'{{"service": "{service}", "action": "x", "region": "us-east-1"}}'
        return regional({"C": resource("Custom::AWS", Create=call)}, {})

    assert said("region_depends_on_region", calling("SSM"), "C") == "flagged"
    assert said("region_depends_on_region", calling("CloudFront"), "C") == "not_applicable"


def test_a_function_that_no_alarm_invokes_may_edit_records() -> None:
    statement = {"Effect": "Allow", "Action": "route53:ChangeResourceRecordSets", "Resource": "*"}
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]
    made = {
        "Role": resource("AWS::IAM::Role", Policies=policies),
        "F": resource("AWS::Lambda::Function", Role={"Fn::GetAtt": ["Role", "Arn"]}),
    }
    assert said("recovery_through_control_plane", design(made), "F", "") == "not_applicable"
    made["A"] = resource("AWS::CloudWatch::Alarm", AlarmActions=[{"Fn::GetAtt": ["F", "Arn"]}])
    assert said("recovery_through_control_plane", design(made), "F", "") == "flagged"


def test_deletes_are_carried_between_two_buckets_that_are_one() -> None:
    def replicating(target: str) -> Resources:
        rule = {
            "Status": "Enabled",
            "Filter": {},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        }
        name = "far" if target == "near" else "near"
        return resource("AWS::S3::Bucket", BucketName=name, ReplicationConfiguration={"Rules": [rule]})

    both = regional({"A": replicating("far")}, {"B": replicating("near")})
    assert said("deletes_replicate", both, "A") == "accepted"
    assert said("deletes_replicate", regional({"A": replicating("far")}, {}), "A") == "flagged"


def test_a_replica_beside_its_source_is_not_the_copy_in_another_region() -> None:
    replica = resource("AWS::RDS::DBInstance", SourceDBInstanceIdentifier={"Ref": "A"})
    near = {"A": resource("AWS::RDS::DBInstance"), "R": replica}
    assert said("replica_without_recovery", regional(near, {}), "R") == "not_applicable"


def test_a_member_of_a_global_datastore_is_found_in_another_stack() -> None:
    members = [{"ReplicationGroupId": {"Ref": "A"}, "Role": "PRIMARY"}]
    everywhere = resource("AWS::ElastiCache::GlobalReplicationGroup", Members=members)
    assert said("single_region_cache", regional({"A": GROUP, "G": everywhere}, {}), "A") == "undecided"
    members.append({"ReplicationGroupId": "far", "ReplicationGroupRegion": FAR, "Role": "SECONDARY"})
    assert said("single_region_cache", regional({"A": GROUP, "G": everywhere}, {}), "A") == "accepted"
