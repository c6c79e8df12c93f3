"""Who mounts a file system, where that runs, and whether a mount target is there."""

from typing import Any

import pytest
from seawall.mounts import clients_of, reached, reached_throughout
from seawall.values import Unknown
from seawall.zone_proofs import targets_of

from tests.designs import design, one, resource

REF = {"Ref": "Files"}
LIST = {"Ref": "Subnets"}
PARAMETERS = {"Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"}, "Maybe": {"Type": "String"}}


def with_files(**more: Any) -> Any:
    return design(
        {
            "Files": resource("AWS::EFS::FileSystem"),
            "A": resource("AWS::EFS::MountTarget", FileSystemId=REF, SubnetId="subnet-a"),
            "B": resource("AWS::EFS::MountTarget", FileSystemId=REF, SubnetId="subnet-b"),
            **more,
        },
        Parameters=PARAMETERS,
    )


def machine(**user_data: Any) -> dict[str, Any]:
    return resource("AWS::EC2::LaunchTemplate", LaunchTemplateData=user_data)


def group(template: str, **properties: Any) -> dict[str, Any]:
    return resource(
        "AWS::AutoScaling::AutoScalingGroup", LaunchTemplate={"LaunchTemplateId": {"Ref": template}}, **properties
    )


MOUNTING = {"Fn::Base64": {"Fn::Sub": "mount -t efs ${Files}:/ /mnt"}}


def names(found: Any) -> list[str]:
    return [client.by.id for client in clients_of(one(found, "Files"), found)]


def test_a_function_mounts_through_its_access_point() -> None:
    found = with_files(
        Point=resource("AWS::EFS::AccessPoint", FileSystemId=REF),
        Work=resource(
            "AWS::Lambda::Function",
            FileSystemConfigs=[{"Arn": {"Fn::GetAtt": ["Point", "Arn"]}, "LocalMountPath": "/mnt/work"}],
            VpcConfig={"SubnetIds": ["subnet-a", "subnet-c"]},
        ),
    )
    (client,) = clients_of(one(found, "Files"), found)
    assert [place.subnet for place in client.places] == ["subnet-a", "subnet-c"]


def test_a_service_mounts_through_its_task_definition() -> None:
    volumes = [{"Name": "pages", "EFSVolumeConfiguration": {"FilesystemId": REF}}]
    found = with_files(
        Task=resource("AWS::ECS::TaskDefinition", Volumes=volumes),
        Wiki=resource(
            "AWS::ECS::Service",
            TaskDefinition={"Ref": "Task"},
            NetworkConfiguration={"AwsvpcConfiguration": {"Subnets": LIST}},
        ),
    )
    (client,) = clients_of(one(found, "Files"), found)
    assert (client.places, len(client.unbounded)) == ([], 1)


def test_the_groups_of_a_launch_template_mount_what_its_user_data_names() -> None:
    found = with_files(
        Machine=machine(UserData=MOUNTING), Web=group("Machine"), Other=machine(), Elsewhere=group("Other")
    )
    assert names(found) == ["Web"]


@pytest.mark.parametrize("text", [{"Fn::Sub": "mount ${Files}:/"}, {"Fn::Join": ["", ["mount ", REF]]}])
def test_what_cfn_init_mounts_counts_as_well(text: Any) -> None:
    metadata = {"AWS::CloudFormation::Init": {"config": {"commands": {"mount": {"command": text}}}}}
    found = with_files(Machine={**machine(), "Metadata": metadata}, Web=group("Machine"))
    assert names(found) == ["Web"]


def test_an_alarm_on_the_file_system_mounts_nothing() -> None:
    dimensions = [{"Name": "FileSystemId", "Value": REF}]
    assert names(with_files(Alarm=resource("AWS::CloudWatch::Alarm", Dimensions=dimensions))) == []


def answers(found: Any) -> list[Any]:
    file_system = one(found, "Files")
    (client,) = clients_of(file_system, found)
    return [reached(place, targets_of(file_system, found), found) for place in client.places]


def test_the_subnet_of_a_mount_target_is_in_its_zone() -> None:
    found = with_files(Machine=machine(UserData=MOUNTING), Web=group("Machine", VPCZoneIdentifier=["subnet-b"]))
    assert answers(found) == [True]


def test_another_subnet_may_be_in_the_zone_of_a_mount_target() -> None:
    found = with_files(Machine=machine(UserData=MOUNTING), Web=group("Machine", VPCZoneIdentifier=["subnet-c"]))
    (answer,) = answers(found)
    assert isinstance(answer, Unknown)


def test_a_zone_without_a_mount_target_is_not_reached() -> None:
    subnets = {
        f"Subnet{letter}": resource("AWS::EC2::Subnet", AvailabilityZone=f"eu-west-1{letter.lower()}")
        for letter in "ABC"
    }
    targets = {
        letter: resource("AWS::EFS::MountTarget", FileSystemId=REF, SubnetId={"Ref": f"Subnet{letter}"})
        for letter in "AB"
    }
    machines = [{"Ref": "SubnetA"}, {"Ref": "SubnetC"}]
    found = with_files(
        **subnets, **targets, Machine=machine(UserData=MOUNTING), Web=group("Machine", VPCZoneIdentifier=machines)
    )
    assert answers(found) == [True, False]


def test_a_mount_target_that_may_not_exist_may_not_help() -> None:
    found = design(
        {
            "Files": resource("AWS::EFS::FileSystem"),
            "A": {**resource("AWS::EFS::MountTarget", FileSystemId=REF, SubnetId="subnet-a"), "Condition": "Wanted"},
            "Machine": machine(UserData=MOUNTING),
            "Web": group("Machine", VPCZoneIdentifier=["subnet-a"]),
        },
        Parameters=PARAMETERS,
        Conditions={"Wanted": {"Fn::Equals": [{"Ref": "Maybe"}, "yes"]}},
    )
    (answer,) = answers(found)
    assert isinstance(answer, Unknown)


def test_a_mount_target_without_a_subnet_reaches_nobody_for_sure() -> None:
    found = with_files(
        A=resource("AWS::EFS::MountTarget", FileSystemId=REF),
        B=resource("AWS::EFS::MountTarget", FileSystemId=REF, SubnetId=LIST),
        Machine=machine(UserData=MOUNTING),
        Web=group("Machine", VPCZoneIdentifier=["subnet-a"]),
    )
    (answer,) = answers(found)
    assert isinstance(answer, Unknown)


def test_a_list_that_nobody_can_see_into_is_not_reached_by_two_mount_targets() -> None:
    whole = Unknown(("parameter Subnets",))
    found = with_files()
    assert reached_throughout(whole, targets_of(one(found, "Files"), found)) == whole
