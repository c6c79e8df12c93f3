"""Scenarios: which parameter values are tried, in which order, and how many."""

from typing import Any

from seawall.design import Design
from seawall.documents import read_yaml
from seawall.scenarios import MAX_SCENARIOS, Scenarios, scenarios_of
from seawall.source import Document
from seawall.sources.cloudformation import template_of


def design_of(text: str, parameters: dict[str, Any] | None = None, region: str | None = None) -> Design:
    template = template_of(Document("template.yaml", text, read_yaml(text, [])))
    template.region = region
    return Design([template], parameters)


def scenarios(text: str, **where: Any) -> Scenarios:
    return scenarios_of(design_of(text, **where))


def described(text: str, **where: Any) -> list[str]:
    return [design.scenario for design in scenarios(text, **where).designs]


STAGE = """
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, test, prod]}
Conditions:
  Production: !Equals [!Ref Stage, prod]
Resources:
  Replica: {Type: "AWS::SQS::Queue", Condition: Production}
"""


def test_a_template_without_conditions_has_no_further_scenarios() -> None:
    found = scenarios("Parameters: {Size: {Type: String}}\nResources: {}\n")
    assert found == Scenarios((), cut=False)


def test_an_allowed_value_that_turns_a_condition_is_a_scenario() -> None:
    assert described(STAGE) == ["Stage is 'prod'"]


def test_a_resource_exists_in_the_scenario_of_its_condition() -> None:
    design = design_of(STAGE)
    assert design.all["", "Replica"].exists is False
    (production,) = scenarios_of(design).designs
    assert production.all["", "Replica"].exists is True


def test_a_parameter_that_the_user_sets_is_not_varied() -> None:
    assert described(STAGE, parameters={"Stage": "dev"}) == []


def test_without_allowed_values_the_texts_of_conditions_are_tried() -> None:
    text = STAGE.replace(", AllowedValues: [dev, test, prod]", "")
    assert described(text) == ["Stage is 'prod'"]


def test_a_parameter_without_default_is_tried_with_the_text_and_with_another() -> None:
    text = STAGE.replace(", Default: dev, AllowedValues: [dev, test, prod]", "")
    assert described(text) == ["Stage is 'prod'", "Stage is something else than 'prod'"]


def test_a_parameter_that_may_be_empty_is_said_to_be_set_or_empty() -> None:
    text = """
Parameters: {Key: {Type: String, Default: ""}}
Conditions: {HasKey: !Not [!Equals [!Ref Key, ""]]}
Resources: {}
"""
    assert described(text) == ["Key is set"]


def test_an_empty_list_parameter_is_recognised_through_its_join() -> None:
    text = """
Parameters: {Zones: {Type: CommaDelimitedList, Default: "a,b"}}
Conditions: {NoZones: !Equals [!Join ["", !Ref Zones], ""]}
Resources: {}
"""
    assert described(text) == ["Zones is empty"]


def test_rows_of_a_mapping_that_conditions_read_are_tried() -> None:
    text = """
Parameters: {Stage: {Type: String, Default: dev}}
Mappings: {Stages: {dev: {Multi: "false"}, prod: {Multi: "true"}}}
Conditions: {Multi: !Equals [!FindInMap [Stages, !Ref Stage, Multi], "true"]}
Resources: {}
"""
    assert described(text) == ["Stage is 'prod'"]


def test_regions_that_conditions_name_are_tried_where_the_region_is_unknown() -> None:
    text = "Conditions: {Main: !Equals [!Ref 'AWS::Region', us-east-1]}\nResources: {}\n"
    assert described(text)[0] == "AWS::Region is 'us-east-1'"
    assert described(text, region="us-east-1") == []


SWITCHES = "\n".join(
    [
        "Parameters:",
        *(f"  P{index}: {{Type: String, Default: 'no', AllowedValues: ['yes', 'no']}}" for index in range(9)),
        "Conditions:",
        *(f"  C{index}: !Equals [!Ref P{index}, 'yes']" for index in range(9)),
        "Resources: {}",
    ]
)


def test_the_nearest_to_the_defaults_come_first_and_a_bound_is_told() -> None:
    found = scenarios(SWITCHES)
    changed = [design.scenario.count(" is ") for design in found.designs]
    assert changed == sorted(changed)
    assert len(found.designs) == MAX_SCENARIOS
    assert found.cut


def test_all_combinations_of_few_switches_are_tried_and_nothing_is_cut() -> None:
    text = SWITCHES
    for index in range(6, 9):
        text = text.replace(f"  C{index}: !Equals [!Ref P{index}, 'yes']\n", "")
    found = scenarios(text)
    assert len(found.designs) == 2**6 - 1
    assert not found.cut


LENT = """
Parameters:
  Size: {Type: String, Default: small}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
Conditions:
  Small: !Equals [!Ref Size, small]
Resources:
  Thing:
    Type: AWS::Thing
    Properties:
      Named: !Ref Size
      Chosen: !If [Small, 1, 2]
      Spread: !Ref Zones
"""


def test_another_scenario_takes_over_what_does_not_depend_on_the_difference() -> None:
    usual = design_of(LENT)
    before = {name: usual.all["", "Thing"].get(name) for name in ("Named", "Chosen", "Spread")}
    other = usual.under({("", "Size"): "large"}, "Size is 'large'")
    after = {name: other.all["", "Thing"].get(name) for name in ("Named", "Chosen", "Spread")}
    assert before == {"Named": "small", "Chosen": 1, "Spread": ["a", "b"]}
    assert after == {"Named": "large", "Chosen": 2, "Spread": ["a", "b"]}
    assert after["Spread"] is before["Spread"]


def test_what_is_taken_over_counts_as_read() -> None:
    usual = design_of(LENT)
    usual.all["", "Thing"].get("Chosen")
    other = usual.under({("", "Zones"): "c"}, "")
    other.all["", "Thing"].get("Chosen")
    assert other.touched == {("condition", "", "Small"), ("parameter", "", "Size")}


def test_a_scenario_of_a_scenario_goes_back_to_the_default() -> None:
    large = design_of(LENT).under({("", "Size"): "large"}, "")
    assert large.all["", "Thing"].get("Chosen") == 2
    assert large.under({}, "").all["", "Thing"].get("Chosen") == 1


def test_conditions_come_out_alike_whether_or_not_they_are_evaluated_again() -> None:
    parameters = "".join(f"  P{number}: {{Type: String, Default: a}}\n" for number in range(3))
    text = f"""
Parameters:
{parameters}
Conditions:
  First: !Equals [!Ref P0, b]
  Second: !And [!Condition First, !Equals [!Ref P1, b]]
  Third: !Or [!Condition Second, !Equals [!Ref P2, b]]
Resources: {{}}
"""
    for design in scenarios(text).designs:
        fresh = design_of(text).under(design.assignment, "").stacks[""]
        first = fresh.condition("First")
        assert first is (design.assignment.get(("", "P0")) == "b")
        assert fresh.condition("Second") is (first and design.assignment.get(("", "P1")) == "b")
    assert len(scenarios(text).designs) > 3
