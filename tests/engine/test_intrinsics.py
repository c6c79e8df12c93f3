"""Intrinsic functions: what they give, and what stays unknown and why."""

import time
from typing import Any

import pytest
from seawall.design import Design
from seawall.documents import read_yaml
from seawall.intrinsics import decide, evaluate
from seawall.source import Document
from seawall.sources.cloudformation import template_of
from seawall.stack import Stack
from seawall.values import Reference, Text, Unknown, reasons, same

HEAD = """
Parameters:
  Name: {Type: String, Default: orders}
  Secret: {Type: String}
  Zones: {Type: "List<AWS::EC2::AvailabilityZone::Name>"}
  Ports: {Type: CommaDelimitedList, Default: "80, 443"}
  SubnetA: {Type: "AWS::EC2::Subnet::Id"}
  SubnetB: {Type: "AWS::EC2::Subnet::Id"}
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /images/latest}
Mappings:
  Sizes:
    us-east-1: {Size: large, Kind: same, List: [a, b]}
    eu-west-1: {Size: small, Kind: same, List: [c, d]}
Conditions:
  Always: {"Fn::Equals": [a, a]}
  Never: {"Fn::Equals": [a, b]}
  Maybe: {"Fn::Equals": [{Ref: Secret}, a]}
Resources:
  Queue: {Type: "AWS::SQS::Queue"}
  Lookup: {Type: "Custom::Lookup"}
"""


def stack_of(text: str = HEAD, parameters: dict[str, Any] | None = None, region: str | None = None) -> Stack:
    template = template_of(Document("template.yaml", text, read_yaml(text, [])))
    template.region = region
    return Design([template], parameters).stacks[""]


def value_of(node: str, **where: Any) -> Any:
    return evaluate(stack_of(**where), read_yaml(node, []))


def unknown(node: str, **where: Any) -> Unknown:
    value = value_of(node, **where)
    assert isinstance(value, Unknown), value
    return value


def test_a_parameter_without_default_is_unknown_and_named() -> None:
    assert unknown("!Ref Secret").because == ("parameter Secret",)


def test_a_parameter_given_by_the_user_beats_its_default() -> None:
    assert value_of("!Ref Name", parameters={"Name": "bills"}) == "bills"


def test_a_list_parameter_is_split_at_its_commas() -> None:
    assert value_of("!Ref Ports") == ["80", "443"]


def test_a_parameter_from_parameter_store_is_unknown_though_it_has_a_default() -> None:
    assert unknown("!Ref Image").because == ("SSM parameter /images/latest",)


def test_two_subnet_parameters_differ_from_each_other() -> None:
    assert same(unknown("!Ref SubnetA"), unknown("!Ref SubnetB")) is False


def test_a_reference_to_nothing_is_unknown() -> None:
    assert "which is not in the template" in str(unknown("!Ref Nowhere"))


def test_get_att_names_a_resource_and_its_attribute_in_both_notations() -> None:
    arn = Reference(("", "Queue"), "Arn")
    assert value_of("!GetAtt Queue.Arn") == value_of('{"Fn::GetAtt": [Queue, Arn]}') == arn


def test_what_a_custom_resource_returns_is_unknown_but_equal_to_itself() -> None:
    zone = unknown("!GetAtt Lookup.Zone")
    assert zone.because == ("Lookup.Zone",)
    assert same(zone, unknown("!GetAtt Lookup.Zone")) is True
    assert isinstance(same(zone, unknown("!GetAtt Lookup.Other")), Unknown)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ('!Sub "${Name}-queue"', "orders-queue"),
        ('!Sub "${!Name}-queue"', "${Name}-queue"),
        ('!Sub "${ Name }"', "orders"),
        ('!Sub ["${Name}/${Other}", {Name: mine, Other: !Ref Name}]', "mine/orders"),
        ('!Sub ["${A}", {A: !Sub ["${B}", {B: inner}]}]', "inner"),
        ('!Sub "arn:${AWS::Partition}:x.${AWS::URLSuffix}"', "arn:aws:x.amazonaws.com"),
        ('!Sub "no placeholders $ here {}"', "no placeholders $ here {}"),
        ('!Sub "ports ${Ports}"', "ports 80,443"),
        ('!Join ["-", [a, !Ref Name, 1, true]]', "a-orders-1-true"),
        ('!Join [",", !Ref Ports]', "80,443"),
        ('!Join ["", [a, !Ref "AWS::NoValue", b]]', "ab"),
        ('!Base64 {"Fn::Sub": "${Name}"}', "orders"),
        ('!Select [1, !Split [",", "a,b,c"]]', "b"),
        ('!Select ["1", [a, b]]', "b"),
        ("!FindInMap [Sizes, us-east-1, Size]", "large"),
        ("!Select [1, !FindInMap [Sizes, eu-west-1, List]]", "d"),
        ("!FindInMap [Sizes, nowhere, Size, {DefaultValue: medium}]", "medium"),
        ("!ToJsonString {a: [1, !Ref Name]}", '{"a": [1, "orders"]}'),
        ("!If [Always, a, b]", "a"),
        ("!If [Never, a, b]", "b"),
        ("!If [Maybe, a, a]", "a"),
    ],
)
def test_a_function_of_known_values_is_known(node: str, text: str) -> None:
    assert value_of(node) == text


def test_length_counts_a_list() -> None:
    assert value_of("!Length [a, b]") == 2
    assert value_of("!Length {Ref: Ports}") == 2
    assert unknown("!Length {Ref: Zones}").because == ("parameter Zones",)


def test_a_text_keeps_what_is_known_around_an_unknown_piece() -> None:
    value = value_of('!Sub "a-${Secret}-${Queue.Arn}"')
    assert isinstance(value, Text)
    assert str(value) == "a-${parameter Secret}-${Queue.Arn}"


def test_a_property_set_to_no_value_is_not_set() -> None:
    assert value_of('{A: !Ref "AWS::NoValue", B: !If [Never, 1, !Ref "AWS::NoValue"], C: 1}') == {"C": 1}


def test_splitting_what_was_joined_gives_the_unknown_list_again() -> None:
    assert value_of('!Split [",", !Join [",", !Ref Zones]]') == value_of("!Ref Zones")


def test_how_many_pieces_the_name_of_a_resource_has_is_not_known() -> None:
    assert unknown('!Split [":", !Ref Queue]').because == ("the pieces of Queue",)


def test_splitting_with_another_separator_does_not() -> None:
    assert value_of('!Split [";", !Join [",", !Ref Zones]]') != value_of("!Ref Zones")


def test_two_elements_of_one_unknown_list_differ_and_one_element_equals_itself() -> None:
    first, second = unknown("!Select [0, !Ref Zones]"), unknown("!Select [1, !Ref Zones]")
    assert same(first, second) is False
    assert same(first, unknown('!Select ["0", !Ref Zones]')) is True


def test_elements_of_lists_that_nothing_is_known_about_are_not_called_different() -> None:
    first = evaluate(stack_of(), {"Fn::Select": [0, {"Fn::Transform": {"Name": "A"}}]})
    second = evaluate(stack_of(), {"Fn::Select": [1, {"Fn::Transform": {"Name": "B"}}]})
    assert isinstance(same(first, second), Unknown)


def test_zones_of_the_same_region_are_one_list_however_they_are_asked_for() -> None:
    plain = unknown('!Select [0, !GetAZs ""]')
    named = unknown("!Select [0, !GetAZs {Ref: 'AWS::Region'}]")
    assert same(plain, named) is True


def test_zones_of_a_known_region_bear_its_name() -> None:
    assert unknown('!GetAZs ""', region="eu-west-1") == unknown("!GetAZs eu-west-1")


def test_cidr_gives_as_many_distinct_blocks_as_asked_for() -> None:
    blocks = value_of("!Cidr [10.0.0.0/16, 3, 8]")
    assert len(blocks) == 3
    assert same(blocks[0], blocks[1]) is False


def test_a_map_look_up_by_an_unknown_region_is_known_where_all_regions_agree() -> None:
    assert value_of('!FindInMap [Sizes, !Ref "AWS::Region", Kind]') == "same"
    assert unknown('!FindInMap [Sizes, !Ref "AWS::Region", Size]').because == ("the region",)
    assert value_of('!FindInMap [Sizes, !Ref "AWS::Region", Size]', region="us-east-1") == "large"


def test_a_default_that_differs_keeps_a_map_look_up_by_an_unknown_key_unknown() -> None:
    unknown("!FindInMap [Sizes, !Ref Secret, Kind, {DefaultValue: other}]")


def test_equal_look_ups_by_an_unknown_key_are_equal() -> None:
    node = "!FindInMap [Sizes, !Ref Secret, Size]"
    assert same(unknown(node), unknown(node)) is True


def test_a_dynamic_reference_is_unknown_and_named() -> None:
    reference = "{{resolve:ssm:/orders/password}}"
    assert unknown(f'"{reference}"').because == (reference,)
    assert str(value_of(f'!Sub "${{Name}}:{reference}"')) == f"orders:${{{reference}}}"


def test_an_import_from_another_design_is_unknown_and_named() -> None:
    assert unknown("!ImportValue network-vpc").because == ("import network-vpc",)


def test_a_macro_makes_its_value_unknown() -> None:
    include = "{'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: ./part.yaml}}}"
    assert unknown(include).because == ("macro AWS::Include",)


def test_an_if_on_an_unknown_condition_names_the_parameter() -> None:
    assert unknown("!If [Maybe, a, b]").because == ("parameter Secret",)


def test_an_if_whose_branches_only_look_equal_to_python_is_unknown() -> None:
    unknown("!If [Maybe, {a: 1}, {a: true}]")
    assert value_of("!If [Maybe, {a: 1}, {a: '1'}]") == {"a": 1}


@pytest.mark.parametrize(
    "node",
    [
        "!Equals [1, '1']",
        "!Equals [true, 'true']",
        "!Equals [!Ref Name, orders]",
        "!Not [!Equals [!Ref Name, bills]]",
        "!Not [!And [{Condition: Always}, {Condition: Never}]]",
        "!Or [{Condition: Always}, {Condition: Maybe}]",
        "!Not [!And [{Condition: Never}, {Condition: Maybe}]]",
        "{Condition: Always}",
    ],
)
def test_a_condition_is_decided_where_the_unknown_does_not_matter(node: str) -> None:
    assert decide(stack_of(), read_yaml(node, [])) is True


@pytest.mark.parametrize(
    "node",
    [
        "{Condition: Maybe}",
        "!Not [{Condition: Maybe}]",
        "!And [{Condition: Always}, {Condition: Maybe}]",
        "!Or [{Condition: Never}, {Condition: Maybe}]",
        "!Equals [!Ref Secret, x]",
    ],
)
def test_an_undecided_condition_names_its_parameter(node: str) -> None:
    assert reasons(decide(stack_of(), read_yaml(node, []))) == ("parameter Secret",)


LOOPS = """
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: "alpha,be-ta"}
Conditions:
  "Fn::ForEach::Wanted":
    - Name
    - !Ref Names
    - "Want&{Name}": !Equals ["${Name}", alpha]
Resources:
  "Fn::ForEach::Queues":
    - Name
    - !Ref Names
    - "Queue&{Name}":
        Type: AWS::SQS::Queue
        Condition: !Sub "Want&{Name}"
        Properties:
          QueueName: !Sub "${Name}-queue"
          Tags:
            - {Key: name, Value: !Ref Name}
  "Fn::ForEach::Outer":
    - Team
    - [A, B]
    - "Fn::ForEach::Inner":
        - Kind
        - [Raw, Clean]
        - "Topic${Team}${Kind}": {Type: "AWS::SNS::Topic", Properties: {TopicName: "${Team}${Kind}"}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      "Fn::ForEach::Flags":
        - Flag
        - [One, Two]
        - "Flag${Flag}": "${Flag}"
Outputs:
  "Fn::ForEach::Out":
    - Name
    - [alpha]
    - "Out${Name}": {Value: !GetAtt "Queue${Name}.Arn", Export: {Name: "x-${Name}"}}
"""


def test_loops_make_resources_with_their_names_lines_and_properties() -> None:
    stack = stack_of(LOOPS)
    queues = {resource.id: resource for resource in stack.design.of_type("AWS::SQS::Queue")}
    assert set(queues) == {"Queuealpha", "Queuebeta"}
    assert queues["Queuebeta"].get("QueueName") == "be-ta-queue"
    assert queues["Queuebeta"].tags == {"name": "be-ta"}
    assert queues["Queuebeta"].line_of("QueueName") == 1 + LOOPS.splitlines().index(
        '          QueueName: !Sub "${Name}-queue"'
    )


def test_loops_within_loops_make_every_combination() -> None:
    topics = {topic.id for topic in stack_of(LOOPS).design.of_type("AWS::SNS::Topic")}
    assert topics == {"TopicARaw", "TopicAClean", "TopicBRaw", "TopicBClean"}


def test_loops_work_in_conditions_outputs_and_properties() -> None:
    stack = stack_of(LOOPS)
    assert stack.condition("Wantalpha") is True
    assert stack.condition("Wantbeta") is False
    assert stack.output("Outalpha") == Reference(("", "Queuealpha"), "Arn")
    assert stack.imported("x-alpha") == Reference(("", "Queuealpha"), "Arn")
    assert stack.design.all["", "Table"].get("FlagTwo") == "Two"


def test_a_parameter_decides_how_often_a_loop_turns() -> None:
    design = stack_of(LOOPS, parameters={"Names": "alpha"}).design
    assert [queue.id for queue in design.of_type("AWS::SQS::Queue")] == ["Queuealpha"]


def sub_bomb() -> str:
    node = "x"
    for _ in range(30):
        node = f'!Sub ["${{a}}${{a}}${{a}}", {{a: {node}}}]'
    return node


def json_bomb() -> Any:
    node: Any = '"\\'
    for _ in range(60):
        node = {"Fn::ToJsonString": [node, node]} if isinstance(node, str) else {"Fn::ToJsonString": [node]}
    return node


def test_a_text_that_triples_at_every_level_ends_as_an_unknown_at_once() -> None:
    started = time.perf_counter()
    assert reasons(value_of(sub_bomb())) == ("a text of more than 1000000 characters",)
    assert isinstance(evaluate(stack_of(), json_bomb()), Unknown)
    assert time.perf_counter() - started < 2


def test_loops_that_multiply_end() -> None:
    body = '{"Queue${A}${B}${C}${D}": {Type: "AWS::SQS::Queue"}}'
    elements = ", ".join(str(number) for number in range(100))
    for name in "DCBA":
        body = f'{{"Fn::ForEach::{name}": [{name}, [{elements}], {body}]}}'
    started = time.perf_counter()
    stack = stack_of(f"Resources: {body}")
    assert stack.entries
    assert time.perf_counter() - started < 20


def test_a_long_chain_of_conditions_ends_as_an_unknown() -> None:
    lines = [f"  C{index}: !Not [{{Condition: C{index + 1}}}]" for index in range(3000)]
    stack = stack_of("Conditions:\n" + "\n".join(lines) + "\n  C3000: !Equals [a, a]\nResources: {}\n")
    answers = [stack.condition(f"C{index}") for index in range(3001)]
    assert isinstance(answers[0], Unknown)
    assert answers[-1] is True


def test_conditions_that_name_each_other_in_a_circle_are_unknown() -> None:
    text = "Conditions: {A: !Not [{Condition: B}], B: !Not [{Condition: A}]}\nResources: {}\n"
    assert "depends on itself" in str(stack_of(text).condition("A"))


def test_a_function_inside_a_mapping_is_not_evaluated() -> None:
    text = "Mappings: {M: {a: {b: !FindInMap [M, a, b]}}}\nResources: {}\n"
    assert isinstance(evaluate(stack_of(text), {"Fn::FindInMap": ["M", "a", "b"]}), Unknown)
