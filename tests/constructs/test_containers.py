"""What a service in three zones, its network and its scaling promise."""

from typing import Any

from tests.constructs.conftest import Made


def subnets(service: Made) -> list[str]:
    return [
        name
        for name, resource in service.template["Resources"].items()
        if resource["Type"] == "AWS::EC2::Subnet"
        and resource["Metadata"]["aws:cdk:path"].startswith("Service/Network/")
    ]


def test_each_zone_has_its_subnet_and_its_own_endpoint_of_every_service(service: Made) -> None:
    zones = [subnet["AvailabilityZone"]["Fn::Select"][0] for subnet in service.all("AWS::EC2::Subnet", "Network")]
    assert sorted(zones) == [0, 1, 2]
    endpoints = service.all("AWS::EC2::VPCEndpoint", "Network")
    interfaces = [endpoint for endpoint in endpoints if endpoint["VpcEndpointType"] == "Interface"]
    assert len(interfaces) == 4
    for endpoint in interfaces:
        assert sorted(one["Ref"] for one in endpoint["SubnetIds"]) == sorted(subnets(service))
    gateways = [endpoint for endpoint in endpoints if endpoint["VpcEndpointType"] == "Gateway"]
    assert [len(endpoint["RouteTableIds"]) for endpoint in gateways] == [3, 3]


def test_no_way_leads_out(service: Made) -> None:
    for kind in ("AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::Route"):
        assert service.all(kind) == []
    [egress] = service.one("AWS::EC2::SecurityGroup", "Network/Tasks")["SecurityGroupEgress"]
    assert (egress["FromPort"], egress["ToPort"]) == (443, 443)
    assert service.all("AWS::EC2::SecurityGroupIngress") == []


def test_a_stolen_task_reaches_things_of_this_account_only(service: Made) -> None:
    policies = [
        endpoint["PolicyDocument"]["Statement"]
        for endpoint in service.all("AWS::EC2::VPCEndpoint", "Network")
        if "PolicyDocument" in endpoint
    ]
    assert len(policies) == 3
    for statements in policies:
        for statement in statements:
            # But for the layers of images, which lie in a bucket of Amazon ECR's own.
            assert "starport-layer-bucket" in str(statement["Resource"]) or statement["Condition"] == {
                "StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}
            }


def test_what_was_refused_is_on_record(service: Made) -> None:
    assert service.one("AWS::EC2::FlowLog", "Network")["TrafficType"] == "REJECT"


def test_tasks_are_spread_over_all_zones_and_evened_out(service: Made) -> None:
    running = service.one("AWS::ECS::Service", "Builders")
    network = running["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert sorted(one["Ref"] for one in network["Subnets"]) == sorted(subnets(service))
    assert network["AssignPublicIp"] == "DISABLED"
    assert running["AvailabilityZoneRebalancing"] == "ENABLED"
    assert "DesiredCount" not in running


def test_old_tasks_stay_when_new_ones_fail_or_an_alarm_sounds(service: Made) -> None:
    deployment = service.one("AWS::ECS::Service", "Builders")["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["Alarms"] == {"AlarmNames": ["shop-builders-failing"], "Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)


def container(service: Made) -> dict[str, Any]:
    [found] = service.one("AWS::ECS::TaskDefinition", "Builders")["ContainerDefinitions"]
    return dict(found)


def test_a_task_has_two_minutes_to_stop(service: Made) -> None:
    assert container(service)["StopTimeout"] == 120


def test_an_intruder_finds_no_root_no_disk_and_no_shell(service: Made) -> None:
    found = container(service)
    assert found["User"] == "65532"
    assert found["ReadonlyRootFilesystem"] is True
    assert found["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [point["ContainerPath"] for point in found["MountPoints"] if not point["ReadOnly"]] == ["/tmp"]  # noqa: S108
    assert service.one("AWS::ECS::Service", "Builders")["EnableExecuteCommand"] is False


def test_ecs_asks_each_container_whether_it_works(service: Made) -> None:
    assert container(service)["HealthCheck"]["Command"] == ["CMD", "python", "-m", "health"]


def test_a_task_that_starts_finds_the_endpoints(service: Made) -> None:
    [running] = service.resources("AWS::ECS::Service", "Builders")
    endpoints = {
        name
        for name, resource in service.template["Resources"].items()
        if resource["Type"] == "AWS::EC2::VPCEndpoint" and resource["Properties"]["VpcEndpointType"] == "Interface"
    }
    assert endpoints <= set(running["DependsOn"])


def test_work_that_waits_starts_workers(service: Made) -> None:
    policies = service.all("AWS::ApplicationAutoScaling::ScalingPolicy", "Scaling")
    [tracking] = [policy for policy in policies if policy["PolicyType"] == "TargetTrackingScaling"]
    settings = tracking["TargetTrackingScalingPolicyConfiguration"]
    assert settings["TargetValue"] == 12
    [expression] = [
        one["Expression"] for one in settings["CustomizedMetricSpecification"]["Metrics"] if "Expression" in one
    ]
    assert expression == "(FILL(queue0, 0)) / IF(FILL(running, 0) > 0, FILL(running, 0), 1)"


def test_the_first_late_message_starts_a_worker_in_each_zone(service: Made) -> None:
    policies = service.all("AWS::ApplicationAutoScaling::ScalingPolicy", "Scaling")
    [step] = [policy for policy in policies if policy["PolicyType"] == "StepScaling"]
    settings = step["StepScalingPolicyConfiguration"]
    assert (settings["AdjustmentType"], settings["MinAdjustmentMagnitude"]) == ("PercentChangeInCapacity", 3)
    alarm = service.one("AWS::CloudWatch::Alarm", "Scaling")
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateAgeOfOldestMessage", 120)
    step_id = next(
        name for name, resource in service.template["Resources"].items() if resource.get("Properties") is step
    )
    assert alarm["AlarmActions"] == [{"Ref": step_id}]


def test_one_worker_for_each_zone_is_the_least(service: Made) -> None:
    target = service.one("AWS::ApplicationAutoScaling::ScalableTarget", "Scaling")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 30)
