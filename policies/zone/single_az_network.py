"""See single_az_network.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.instances import dependents_of
from seawall.networks import macros_of, subnets_of, zones_of_network
from seawall.placement import judged_by_spread
from seawall.policy import Verdict, not_applicable, policy, undecided

SERVING = (
    "AWS::ElasticLoadBalancing", "AWS::AutoScaling::", "AWS::ECS::", "AWS::EKS::", "AWS::Lambda::", "AWS::Serverless::",
    "AWS::RDS::", "AWS::DocDB::", "AWS::Neptune::", "AWS::ElastiCache::", "AWS::MemoryDB::", "AWS::DAX::",
    "AWS::Redshift::", "AWS::OpenSearchService::", "AWS::Elasticsearch::", "AWS::EFS::", "AWS::FSx::", "AWS::MSK::",
    "AWS::AmazonMQ::", "AWS::DMS::", "AWS::DirectoryService::", "AWS::Transfer::", "AWS::WorkSpaces::",
    "AWS::AppRunner::", "AWS::ApiGatewayV2::VpcLink",
)  # fmt: skip
"""What keeps something running in a subnet; a job or a test machine may wait for its zone."""

PARTS = ("AWS::EC2::", "AWS::SSM::", "AWS::RAM::", "AWS::CloudFormation::", "Custom::")
"""Parts of the network itself, and what hands its subnets on to other designs."""

INSTANCE = "AWS::EC2::Instance"
FIX = "declare a subnet with an AvailabilityZone of its own, and name it wherever the first one is named"


@policy(applies_to="AWS::EC2::VPC")
def single_az_network(vpc: Resource, design: Design) -> Verdict:
    """Network lies in a single availability zone."""
    if not subnets_of(vpc, design):
        return not_applicable("its subnets are declared elsewhere")
    spread = zones_of_network(vpc, design)
    macros = macros_of(vpc)
    if spread.several is False and macros:
        because = f"what the macro {macros[0]} adds"
        message = "all its subnets here are in one zone; a macro may add others"
        return undecided(because, message=message, fix=FIX, evidence=spread.evidence)
    if spread.several is False:
        inside = _inside(vpc, design)
        if not inside:
            message = "all its subnets are in one zone; what runs in them is in another design"
            return undecided("what runs in its subnets", message=message, fix=FIX, evidence=spread.evidence)
        if not any(_serves(one, design) for one in inside):
            return not_applicable("nothing that others depend on runs in its subnets")
    return judged_by_spread(
        spread,
        at="",
        otherwise="all its subnets are in one zone: whatever runs in them stops together when that zone is lost",
        fix=FIX,
        accepting="its subnets lie in two zones or more",
    )


def _inside(vpc: Resource, design: Design) -> list[Resource]:
    """What names one of the subnets and is more than a part of the network itself."""
    found = {other.key: other for subnet in subnets_of(vpc, design) for other, _ in design.referrers(subnet)}
    return [one for one in found.values() if one.type == INSTANCE or not one.type.startswith(PARTS)]


def _serves(resource: Resource, design: Design) -> bool:
    if resource.type == INSTANCE:
        return bool(dependents_of(resource, design))
    return resource.type.startswith(SERVING)
