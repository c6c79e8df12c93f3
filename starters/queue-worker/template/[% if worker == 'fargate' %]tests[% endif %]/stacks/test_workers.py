"""What workers.py promises, as far as it can be seen in the template."""

import pytest

from tests.stacks.written import REGIONS, Written

in_each_region = pytest.mark.parametrize("region", REGIONS)


@in_each_region
def test_each_zone_has_a_container_a_subnet_and_endpoints(written: Written, region: str) -> None:
    [target] = written.resources("AWS::ApplicationAutoScaling::ScalableTarget", region)
    doors = [door["Properties"] for door in written.resources("AWS::EC2::VPCEndpoint", region)]

    assert target["Properties"]["MinCapacity"] == 3
    assert len(written.resources("AWS::EC2::Subnet", region)) == 3
    assert {len(door["SubnetIds"]) for door in doors if door["VpcEndpointType"] == "Interface"} == {3}


@in_each_region
def test_nothing_leads_out_of_the_network(written: Written, region: str) -> None:
    for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway"):
        assert written.resources(kind, region) == []


@in_each_region
def test_a_bad_deployment_is_taken_back_and_a_container_that_hangs_is_replaced(written: Written, region: str) -> None:
    service = written.named("AWS::ECS::Service", "ServiceName", "work", region)
    task = written.named("AWS::ECS::TaskDefinition", "Family", "work", region)
    [container] = task["ContainerDefinitions"]

    assert service["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert service["DeploymentConfiguration"]["MinimumHealthyPercent"] == 100
    assert container["HealthCheck"]["Command"] == ["CMD", "python", "-m", "work.health"]
    assert container["ReadonlyRootFilesystem"]
    assert container["User"] != "0"
