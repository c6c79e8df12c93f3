"""Which zones a resource occupies: what is sure, what is possible, and what would tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seawall.design import Design
from seawall.documents import read_yaml
from seawall.placement import MANY, Spread, spread_of_group, spread_of_subnets, spread_of_zones
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.values import Unknown

PARAMETERS = """
Parameters:
  One: {Type: "AWS::EC2::Subnet::Id"}
  Other: {Type: "AWS::EC2::Subnet::Id"}
  Listed: {Type: "List<AWS::EC2::Subnet::Id>"}
  Named: {Type: String}
  SubnetIds: {Type: String}
  Joined: {Type: String, Default: "subnet-1, subnet-2"}
  Zone: {Type: "AWS::EC2::AvailabilityZone::Name"}
  Secret: {Type: String}
Mappings:
  Places:
    us-east-1: {A: us-east-1a, B: us-east-1b, C: us-east-1b}
    eu-west-1: {A: eu-west-1a, B: eu-west-1c, C: eu-west-1b}
Conditions:
  Maybe: !Equals [!Ref Secret, yes please]
"""

SUBNETS = """
Resources:
  A: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !Select [0, !GetAZs ""]}}
  AlsoA:
    Type: AWS::EC2::Subnet
    Properties: {AvailabilityZone: !Select ["0", !GetAZs {Ref: "AWS::Region"}]}
  B: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !Select [1, !GetAZs ""]}}
  LikeA: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !GetAtt A.AvailabilityZone}}
  Anywhere: {Type: "AWS::EC2::Subnet", Properties: {CidrBlock: 10.0.0.0/24}}
  East1: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: us-east-1a}}
  East2: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: us-east-1a}}
  EastId: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZoneId: use1-az1}}
  SuffixA: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !Sub "${AWS::Region}a"}}
  SuffixB: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !Sub "${AWS::Region}b"}}
  MapA: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !FindInMap [Places, !Ref "AWS::Region", A]}}
  MapB: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !FindInMap [Places, !Ref "AWS::Region", B]}}
  MapC: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !FindInMap [Places, !Ref "AWS::Region", C]}}
  Dummy1: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: dummy1a}}
  Dummy2: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: dummy1b}}
  Circle: {Type: "AWS::EC2::Subnet", Properties: {AvailabilityZone: !GetAtt Circle.AvailabilityZone}}
"""


def design_of(service: str = "", others: str = "", parameters: dict[str, Any] | None = None) -> Design:
    """A design with the subnets above, a service with these properties, and other resources."""
    subject = f"  Service: {{Type: Test::Service::Thing, Properties: {{{service}}}}}\n"
    text = PARAMETERS + SUBNETS + subject + others
    problems: list[Any] = []
    template = template_of(Document("template.yaml", text, read_yaml(text, problems)), problems=problems)
    assert problems == []
    return Design([template], parameters)


def spread(subnets: str, others: str = "", parameters: dict[str, Any] | None = None) -> Spread:
    """The spread of a service whose property ``Subnets`` is this text."""
    design = design_of(f"Subnets: {subnets}", others, parameters)
    service = design.all["", "Service"]
    return spread_of_subnets(service.get("Subnets"), service, design)


def why(found: Spread) -> tuple[str, ...]:
    assert isinstance(found.several, Unknown), found
    return found.several.because


@pytest.mark.parametrize(
    "subnets",
    [
        "[!Ref A, !Ref B]",
        "[!Ref East1, !Ref Dummy2]",
        "[!Ref Dummy1, !Ref Dummy2]",
        "[!Ref SuffixA, !Ref SuffixB]",
        "[!Ref MapA, !Ref MapB]",
        "[!Ref Anywhere, !Ref A, !Ref B]",
        "[!Ref A, [!Ref B, !Ref LikeA]]",
        "!Join [',', [!Ref A, !Ref B]]",
        "!Split [',', !Join [',', [!Ref A, !Ref B]]]",
        "!Sub '${A},${B}'",
        "[!Ref A, !Ref B, !Ref 'AWS::NoValue']",
        "[!If [Maybe, !Ref One, !Ref Other], !Ref A, !Ref B]",
    ],
)
def test_these_subnets_lie_in_two_zones(subnets: str) -> None:
    assert spread(subnets).several is True


@pytest.mark.parametrize(
    "subnets",
    [
        "[!Ref A]",
        "!Ref A",
        "[!Ref A, !Ref A]",
        "[!Ref A, !Ref AlsoA, !Ref LikeA]",
        "[!Ref East1, !Ref East2]",
        "[!Ref One]",
        "!Ref One",
        "[!Ref One, !Ref One]",
        "[!Select [0, !Ref Listed]]",
        "[subnet-1]",
        "[!ImportValue network-PrivateSubnetA]",
    ],
)
def test_these_subnets_lie_in_one_zone(subnets: str) -> None:
    assert spread(subnets).several is False


@pytest.mark.parametrize(
    ("subnets", "reasons"),
    [
        ("[!Ref One, !Ref Other]", {"parameter One", "parameter Other"}),
        ("!Ref Listed", {"parameter Listed"}),
        ("[!Ref Listed]", {"parameter Listed"}),
        ("!Split [',', !Ref Named]", {"parameter Named"}),
        ("!Ref SubnetIds", {"parameter SubnetIds"}),
        ("[!Ref A, !Ref One]", {"the zones of the region", "parameter One"}),
        ("[!ImportValue network-a, !ImportValue network-b]", {"import network-a", "import network-b"}),
        ("!ImportValue network-Subnets", {"import network-Subnets"}),
        ("[!Ref Anywhere, !Ref A]", {"the zone that AWS picks for Anywhere", "the zones of the region"}),
        ("[subnet-1, subnet-2]", {"the zone of subnet-1", "the zone of subnet-2"}),
        ("!Ref Joined", {"the zone of subnet-1", "the zone of subnet-2"}),
        ("[!Ref East1, !Ref EastId]", {"which zone use1-az1 is"}),
        ("[!Ref MapB, !Ref MapC]", {"the region"}),
        ("!If [Maybe, [!Ref A], [!Ref A, !Ref B]]", {"parameter Secret"}),
        ("[]", {"the subnets"}),
        ("[SUBNET_IDS]", {"what replaces SUBNET_IDS"}),
    ],
)
def test_who_would_tell_is_named(subnets: str, reasons: set[str]) -> None:
    assert set(why(spread(subnets))) == reasons


def test_three_zones_are_counted_as_three() -> None:
    found = spread("[!Ref East1, !Ref Dummy1, !Ref East2, !Ref Dummy2]")
    assert (found.at_least, found.at_most) == (3, 3)


def test_a_given_parameter_decides() -> None:
    assert spread("!Ref Listed", parameters={"Listed": "subnet-1"}).several is False


def test_a_subnet_whose_zone_is_its_own_is_no_endless_loop() -> None:
    assert spread("[!Ref Circle]").several is False


BALANCER = """
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {%s}
"""


@pytest.mark.parametrize(
    ("balancer", "subnets"),
    [
        ("Subnets: [!Ref One, !Ref Other]", "[!Ref Other, !Ref One]"),
        ("Subnets: !Ref Listed", "!Ref Listed"),
        ("Subnets: !Ref Listed", "[!Ref Listed]"),
        ("Subnets: !Ref Listed", "[!Select [0, !Ref Listed], !Select [1, !Ref Listed]]"),
        ("Subnets: !Split [',', !Ref Named]", "!Split [',', !Ref Named]"),
        ("Subnets: [subnet-1, subnet-2]", "[subnet-1, subnet-2, subnet-3]"),
        ("Type: network, Subnets: [!Ref One, !Ref Other]", "[!Ref One, !Ref Other]"),
        (
            "Type: network, SubnetMappings: [{SubnetId: !Ref One}, {SubnetId: !Ref Other}]",
            "[!Ref One, !Ref Other]",
        ),
    ],
)
def test_subnets_of_a_load_balancer_lie_in_different_zones(balancer: str, subnets: str) -> None:
    assert spread(subnets, BALANCER % balancer).several is True


def test_a_network_load_balancer_may_have_one_subnet() -> None:
    balancer = BALANCER % "Type: network, Subnets: !Ref Listed"
    assert why(spread("!Ref Listed", balancer)) == ("parameter Listed",)


def test_one_subnet_of_a_load_balancer_is_one_zone() -> None:
    assert spread("[!Ref One]", BALANCER % "Subnets: [!Ref One, !Ref Other]").several is False


def test_what_is_known_counts_before_what_the_api_would_refuse() -> None:
    assert spread("[!Ref East1, !Ref East2]", BALANCER % "Subnets: [!Ref East1, !Ref East2]").several is False


def test_mount_targets_of_one_file_system_lie_in_different_zones() -> None:
    targets = """
  Files: {Type: "AWS::EFS::FileSystem", Properties: {}}
  First: {Type: "AWS::EFS::MountTarget", Properties: {FileSystemId: !Ref Files, SubnetId: !Ref One}}
  Second: {Type: "AWS::EFS::MountTarget", Properties: {FileSystemId: !Ref Files, SubnetId: !Ref Other}}
"""
    assert spread("[!Ref One, !Ref Other]", targets).several is True


def test_mount_targets_of_two_file_systems_prove_nothing() -> None:
    targets = """
  Files: {Type: "AWS::EFS::FileSystem", Properties: {}}
  Others: {Type: "AWS::EFS::FileSystem", Properties: {}}
  First: {Type: "AWS::EFS::MountTarget", Properties: {FileSystemId: !Ref Files, SubnetId: !Ref One}}
  Second: {Type: "AWS::EFS::MountTarget", Properties: {FileSystemId: !Ref Others, SubnetId: !Ref Other}}
"""
    assert isinstance(spread("[!Ref One, !Ref Other]", targets).several, Unknown)


SUBNET_GROUP = """
  Group: {Type: "AWS::RDS::DBSubnetGroup", Properties: {SubnetIds: [!Ref One, !Ref Other, !Ref Anywhere]}}
"""


def test_whatever_holds_a_databases_subnets_lies_in_two_zones() -> None:
    assert spread("[!Ref One, !Ref Other, !Ref Anywhere, subnet-1]", SUBNET_GROUP).several is True


def test_a_part_of_a_databases_subnets_may_share_a_zone() -> None:
    assert isinstance(spread("[!Ref One, !Ref Other]", SUBNET_GROUP).several, Unknown)


def test_a_load_balancer_that_may_not_exist_proves_nothing() -> None:
    balancer = BALANCER % "Subnets: !Ref Listed" + "    Condition: Maybe\n"
    assert isinstance(spread("!Ref Listed", balancer).several, Unknown)


def zones(text: str) -> Spread:
    design = design_of(f"Zones: {text}")
    service = design.all["", "Service"]
    return spread_of_zones(service.get("Zones"), service, design)


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("!GetAZs ''", True),
        ("[!GetAZs us-east-1]", True),
        ("[us-east-1a, us-east-1b]", True),
        ("'us-east-1a,us-east-1b'", True),
        ("[!FindInMap [Places, !Ref 'AWS::Region', A], !FindInMap [Places, !Ref 'AWS::Region', B]]", True),
        ("[us-east-1a]", False),
        ("[!Select [0, !GetAZs '']]", False),
        ("[!Ref Zone]", False),
        ("[!GetAtt A.AvailabilityZone, !GetAtt LikeA.AvailabilityZone]", False),
        ("[!GetAtt A.AvailabilityZone, !GetAtt B.AvailabilityZone]", True),
    ],
)
def test_a_list_of_zones_is_counted(text: str, *, several: bool) -> None:
    assert zones(text).several is several


def test_two_parameters_for_zones_may_name_the_same_one() -> None:
    assert isinstance(zones("[!Ref Zone, !Ref Secret]").several, Unknown)


def test_a_groups_subnets_count_before_its_zones() -> None:
    design = design_of("VPCZoneIdentifier: [!Ref A], AvailabilityZones: !GetAZs ''")
    assert spread_of_group(design.all["", "Service"], design).several is False


def test_the_evidence_is_the_chain_that_was_followed() -> None:
    assert spread("[!Ref East1, !Ref East2]").evidence == ("Service → East1, East2 → both us-east-1a",)
    assert spread("[!Ref A, !Ref B]").evidence == ("Service → A, B → GetAZs[0], GetAZs[1]",)


def test_the_evidence_names_the_proof() -> None:
    evidence = spread("!Ref Listed", BALANCER % "Subnets: !Ref Listed").evidence
    assert evidence == ("Service → Listed", "Balancer: the API refuses less than two zones")


def test_what_was_read_for_a_kept_fact_counts_each_time() -> None:
    design = design_of("Named: !Ref Named")
    service = design.all["", "Service"]
    for _ in range(2):
        design.touched = set()
        design.once("named", lambda: service.get("Named"))
        assert ("parameter", "", "Named") in design.touched


NAMES = [
    "A", "AlsoA", "B", "LikeA", "Anywhere", "East1", "EastId", "SuffixA", "SuffixB", "MapA", "MapB",
    "One", "Other", "Listed",
]  # fmt: skip
lists = st.lists(st.sampled_from(NAMES), max_size=6)


def spread_of_names(names: list[str]) -> Spread:
    return spread("[" + ", ".join(f"!Ref {name}" for name in names) + "]")


@given(lists)
def test_there_are_never_fewer_zones_possible_than_sure(names: list[str]) -> None:
    found = spread_of_names(names)
    assert found.at_least <= found.at_most <= MANY
    assert isinstance(found.several, bool) or found.because


@given(lists, st.sampled_from(NAMES))
def test_one_subnet_more_never_takes_a_zone_away(names: list[str], one_more: str) -> None:
    assert spread_of_names([*names, one_more]).at_least >= spread_of_names(names).at_least


@given(lists.filter(bool), st.randoms())
def test_the_order_of_subnets_never_turns_one_zone_into_two(names: list[str], order: Any) -> None:
    shuffled = list(names)
    order.shuffle(shuffled)
    answers = {spread_of_names(names).several, spread_of_names(shuffled).several}
    assert answers != {True, False}
