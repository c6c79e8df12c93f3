"""The editor sets what is wanted and leaves every other character alone."""

import difflib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seawall.documents import read_yaml
from seawall.fixes.additions import CannotSet
from seawall.fixes.template_editor import with_set
from seawall.fixes.wanted import Contradiction, tree_of
from seawall.json_documents import read_json


def edited(text: str, *sets: tuple[str, Any], resource: str = "Orders") -> str:
    is_json = text.lstrip().startswith("{") and text.rstrip().endswith("}") and "\n#" not in text
    return with_set(text, resource, tree_of(sets), is_json=is_json)


def refusal(text: str, *sets: tuple[str, Any], resource: str = "Orders") -> str:
    with pytest.raises(CannotSet) as caught:
        edited(text, *sets, resource=resource)
    return str(caught.value)


PLAIN = """\
# Who owns this: the shop
Resources:
  Orders:   # the ledger
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres  # 17
      MultiAZ: false    # cheap

      # AllocatedStorage: 20
  Other:
    Type: AWS::SNS::Topic
"""


def test_a_value_is_changed_where_it_stands() -> None:
    assert edited(PLAIN, ("MultiAZ", True)) == PLAIN.replace("MultiAZ: false ", "MultiAZ: true ")


def test_what_is_missing_is_added_after_the_last_property_and_before_comments() -> None:
    wanted = PLAIN.replace("# cheap\n", "# cheap\n      BackupRetentionPeriod: 7\n")
    assert edited(PLAIN, ("BackupRetentionPeriod", 7)) == wanted


def test_an_attribute_is_added_after_the_type() -> None:
    wanted = PLAIN.replace("DBInstance\n", "DBInstance\n    DeletionPolicy: Snapshot\n", 1)
    assert edited(PLAIN, ("DeletionPolicy", "Snapshot")) == wanted


def test_properties_are_added_where_there_are_none() -> None:
    wanted = PLAIN.rstrip("\n") + "\n    Properties:\n      A:\n        B: true\n      C: Enabled\n"
    assert edited(PLAIN, ("A.B", True), ("C", "Enabled"), resource="Other") == wanted


def test_properties_that_hold_nothing_are_filled() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Properties: # none\n    Metadata: {}\n"
    assert edited(text, ("A.B", 1)) == text.replace("# none\n", "# none\n      A:\n        B: 1\n")


def test_a_value_that_is_missing_behind_its_key_is_written_there() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Properties:\n      A:\n      B: 1\n"
    assert edited(text, ("A", 7)) == text.replace("A:\n", "A: 7\n")


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_stay(quote: str) -> None:
    text = PLAIN.replace("false", f"{quote}false{quote}")
    assert edited(text, ("MultiAZ", True)) == text.replace("false", "true")


def test_four_spaces_and_the_line_ends_of_windows_stay() -> None:
    text = PLAIN.replace("  ", "    ").replace("\n", "\r\n")
    wanted = text.replace("# cheap\r\n", "# cheap\r\n            A:\r\n                B: true\r\n")
    assert edited(text, ("A.B", True)) == wanted


def test_a_file_without_a_last_line_end_gets_none() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Properties:\n      A: 1"
    assert edited(text, ("B", True)) == text + "\n      B: true"


def test_a_block_of_text_at_the_end_keeps_its_text() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Properties:\n      Code: |\n        line\n\n  Other:\n    Type: Y\n"
    assert edited(text, ("B", 1)) == text.replace("line\n", "line\n      B: 1\n")
    kept = text.replace("|", "|+")
    assert edited(kept, ("B", 1)) == kept.replace("line\n\n", "line\n\n      B: 1\n")


def test_a_mapping_in_brackets_stays_in_one_line() -> None:
    text = "Resources:\n  Orders: {Type: X, Properties: {A: 1, B: {}}}\n"
    assert edited(text, ("A", 2), ("B.C", "on"), ("D", True)) == (
        'Resources:\n  Orders: {Type: X, Properties: {A: 2, B: {C: "on"}, D: true}}\n'
    )


def test_brackets_over_several_lines_stay_so() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Properties: {\n      A: 1, # one\n      B: 2 # two\n    }\n"
    wanted = text.replace("B: 2 # two\n", "B: 2, # two\n      C: 3\n")
    assert edited(text, ("C", 3)) == wanted
    trailing = text.replace("B: 2 #", "B: 2, #")
    assert edited(trailing, ("C", 3)) == wanted


def test_json_keeps_its_manner() -> None:
    properties = '{ "A" : "1", "B" : [1, 2] }'
    text = f'{{\n "Resources" : {{\n  "Orders" : {{\n   "Type" : "X",\n   "Properties" : {properties}\n  }}\n }}\n}}'
    assert edited(text, ("A", 2), ("C.D", True)) == text.replace(
        '"1", "B" : [1, 2] }', '"2", "B" : [1, 2], "C" : {"D" : true} }'
    )


def test_json_without_a_space_gets_none() -> None:
    text = '{"Resources":{"Orders":{"Type":"X","Properties":{"A":1}}}}'
    assert edited(text, ("B.C", True)) == text.replace('"A":1', '"A":1,"B":{"C":true}')


def test_json_over_several_lines_gets_lines() -> None:
    text = json.dumps({"Resources": {"Orders": {"Type": "X", "Properties": {}}}}, indent=4)
    wanted = {"Resources": {"Orders": {"Type": "X", "Properties": {"A": {"B": 1}}, "DeletionPolicy": "Retain"}}}
    assert edited(text, ("A.B", 1), ("DeletionPolicy", "Retain")) == json.dumps(wanted, indent=4)


def test_json_with_tabs_gets_tabs() -> None:
    content = {"Resources": {"Orders": {"Type": "X", "Properties": {"A": 1}}}}
    wanted = {"Resources": {"Orders": {"Type": "X", "Properties": {"A": 1, "B": {"C": [1]}}}}}
    assert edited(json.dumps(content, indent="\t"), ("B.C", [1])) == json.dumps(wanted, indent="\t")


LISTS = """\
Resources:
  Orders:
    Type: X
    Properties:
      Attributes:
        - Key: a.b
          Value: "1"
        - Value: 'false'  # why
          Key: c.d
      Inline: [{Key: a, Value: 1}]
      Name: x
"""


def test_the_element_with_a_key_is_changed() -> None:
    wanted = LISTS.replace("'false'", "'true'")
    assert edited(LISTS, ("Attributes[Key=c.d].Value", "true")) == wanted


def test_an_element_is_added_where_none_has_the_key() -> None:
    wanted = LISTS.replace("Key: c.d\n", 'Key: c.d\n        - Key: e.f\n          Value: "true"\n')
    assert edited(LISTS, ("Attributes[Key=e.f].Value", "true")) == wanted
    inline = LISTS.replace("Value: 1}]", 'Value: 1}, {Key: b, Value: "true"}]')
    assert edited(LISTS, ("Inline[Key=b].Value", "true")) == inline


def test_a_list_is_made_where_there_is_none() -> None:
    added = '      New:\n        - Key: e.f\n          Value: "true"\n'
    assert edited(LISTS, ("New[Key=e.f].Value", "true")) == LISTS + added


def test_every_element_is_changed() -> None:
    changed = edited(LISTS, ("Attributes[].More.Enabled", True))
    assert changed.count("          More:\n            Enabled: true\n") == 2


def test_text_of_other_characters_does_not_move_positions() -> None:
    text = PLAIN.replace("the shop", "Bücher 🐙 \u00e9").replace("# cheap", "# 便宜")
    assert edited(text, ("MultiAZ", True)) == text.replace("MultiAZ: false ", "MultiAZ: true ")


@pytest.mark.parametrize(
    "value", ["!Ref Standby", '!If [A, "true", "false"]', "{Ref: Standby}", "{'Fn::If': [A, true, false]}"]
)
def test_a_function_is_left_to_people(value: str) -> None:
    assert "is decided by" in refusal(PLAIN.replace("false ", f"{value} "), ("MultiAZ", True))


def test_a_function_around_the_property_is_left_to_people() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Properties:\n      A: !If [C, {B: 1}, {B: 2}]\n"
    assert "is decided by !If" in refusal(text, ("A.B", 3))
    macro = "Resources:\n  Orders:\n    Type: X\n    Properties:\n      Fn::Transform: {Name: M}\n      A: 1\n"
    assert "Fn::Transform" in refusal(macro, ("A", 3))


ANCHORED = """\
Resources:
  Orders:
    Type: X
    Properties: &shared
      A: &one 1
      B: {C: 1}
  Other:
    Type: X
    Properties: *shared
  Third:
    Type: X
    Properties:
      <<: *shared
      D: 1
  Fourth:
    Type: X
    Properties: &alone
      A: 1
"""


@pytest.mark.parametrize("resource", ["Orders", "Other"])
def test_what_an_anchor_shares_is_left_to_people(resource: str) -> None:
    assert "an anchor shares" in refusal(ANCHORED, ("A", 2), resource=resource)


def test_what_a_merge_key_brings_is_left_to_people() -> None:
    assert "merge key" in refusal(ANCHORED, ("B.C", 2), resource="Third")


def test_an_anchor_that_nobody_names_hinders_nothing() -> None:
    wanted = ANCHORED.removesuffix("A: 1\n") + "A: 2\n      B: 1\n"
    assert edited(ANCHORED, ("A", 2), ("B", 1), resource="Fourth") == wanted


def test_an_alias_beside_the_property_is_kept() -> None:
    text = "X: &x [1]\nResources:\n  Orders:\n    Type: X\n    Properties:\n      A: *x\n"
    assert edited(text, ("B", 1)) == text + "      B: 1\n"


def test_a_key_that_is_there_twice_is_left_to_people() -> None:
    assert "twice" in refusal(PLAIN.replace("Engine: postgres", "MultiAZ: true"), ("MultiAZ", True))


def test_a_resource_that_a_loop_or_a_transform_makes_is_left_to_people() -> None:
    assert "transform or a loop" in refusal(PLAIN, ("A", 1), resource="OrdersRole")


def test_a_condition_of_the_resource_is_no_function() -> None:
    text = "Resources:\n  Orders:\n    Type: X\n    Condition: Production\n"
    assert edited(text, ("A", 1)) == text.replace("Type: X\n", "Type: X\n    Properties:\n      A: 1\n")


# Any layout


NAMES = st.text("ABCab", min_size=1, max_size=4)
LEAVES = st.one_of(
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from(["Enabled", "a: b", "no", "x # y", "", "é🐙", "it's", "1", "- a"]),
)
MAPPINGS = st.recursive(
    st.dictionaries(NAMES, LEAVES, min_size=1, max_size=4),
    lambda below: st.dictionaries(
        NAMES, st.one_of(LEAVES, below, st.lists(LEAVES, max_size=3)), min_size=1, max_size=4
    ),
    max_leaves=12,
)


def yaml_scalar(value: Any, draw: Any) -> str:
    if not isinstance(value, str):
        return str(draw(st.sampled_from([json.dumps(value), f'"{json.dumps(value)}"'])))
    choices = [json.dumps(value, ensure_ascii=draw(st.booleans())).replace("\\ud83d\\udc19", "🐙")]
    if "'" not in value:
        choices.append(f"'{value}'")
    return str(draw(st.sampled_from([value, *choices] if value == "Enabled" else choices)))


def yaml_lines(value: dict[str, Any], indent: int, draw: Any) -> list[str]:
    step = draw(st.integers(1, 4))
    lines = []
    for name, below in value.items():
        lines += draw(st.sampled_from([[], [], [""], [" " * draw(st.integers(0, 9)) + "# A: 1"]]))
        key = " " * indent + draw(st.sampled_from([name, f'"{name}"', f"'{name}'"]))
        comment = draw(st.sampled_from(["", "", " # it's", " "]))
        if isinstance(below, dict) and draw(st.integers(0, 3)):
            lines += [f"{key}:{comment}", *yaml_lines(below, indent + step, draw)]
        elif isinstance(below, list) and below and draw(st.booleans()):
            dash = " " * (indent + draw(st.integers(0, 3)))
            lines += [f"{key}:{comment}", *(f"{dash}- {yaml_scalar(item, draw)}" for item in below)]
        else:
            lines.append(f"{key}: {flow(below, draw)}{comment}")
    return lines


def flow(value: Any, draw: Any) -> str:
    if not isinstance(value, (dict, list)):
        return yaml_scalar(value, draw)
    gap, comma = draw(st.sampled_from(["", " "])), draw(st.sampled_from([", ", " ,  "]))
    parts = (
        [f"{name}: {flow(item, draw)}" for name, item in value.items()]
        if isinstance(value, dict)
        else [flow(item, draw) for item in value]
    )
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{gap}{comma.join(parts)}{gap}{closing}"


@st.composite
def templates(draw: Any) -> tuple[str, bool, list[tuple[str, Any]]]:
    """A template in some layout, whether it is JSON, and what to set in it."""
    properties = draw(st.one_of(st.just({}), MAPPINGS))
    orders = {"Type": "X", "Properties": properties}
    if not properties and draw(st.booleans()):
        del orders["Properties"]
    content = {"Resources": {"Before": {"Type": "Y"}, "Orders": orders, "After": {"Type": "Z", "Properties": {"A": 1}}}}
    sets = [
        draw(st.tuples(paths(properties), LEAVES.filter(lambda leaf: leaf != "")))
        for _ in range(draw(st.integers(1, 2)))
    ]
    if draw(st.booleans()):
        separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
        text = json.dumps(content, indent=draw(st.sampled_from([None, 1, 2, 4, "\t"])), separators=separators)
        return text + draw(st.sampled_from(["", "\n"])), True, sets
    lines = yaml_lines(content, 0, draw)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(lines) + draw(st.sampled_from(["", newline, newline * 2])), False, sets


def paths(properties: dict[str, Any]) -> st.SearchStrategy[str]:
    known = [""]

    def collect(below: dict[str, Any], prefix: str) -> None:
        for name, value in below.items():
            known.append(prefix + name)
            if isinstance(value, dict):
                collect(value, f"{prefix}{name}.")

    collect(properties, "")
    new = st.sampled_from(["New", "New.Deep", "New.Deep.Deeper"])
    return st.one_of(
        st.sampled_from(known).map(lambda path: path or "New"),
        st.tuples(st.sampled_from(known), new).map(lambda pair: ".".join(filter(None, pair))),
        new,
    )


def read(text: str, is_json: bool) -> Any:
    return read_json(text, []) if is_json else read_yaml(text, [])


@settings(max_examples=150, deadline=None)
@given(templates())
def test_whatever_the_layout_the_text_says_what_was_wanted_and_nothing_else_moves(
    example: tuple[str, bool, list[tuple[str, Any]]],
) -> None:
    text, is_json, sets = example
    try:
        tree = tree_of(tuple(sets))
        changed = with_set(text, "Orders", tree, is_json=is_json)
    except (CannotSet, Contradiction):
        return
    expected = json.loads(json.dumps(read(text, is_json)))
    for path, value in sets:
        put(expected["Resources"]["Orders"], ["Properties", *path.split(".")], value)
    assert as_texts(read(changed, is_json)) == as_texts(expected)
    before, after = text.split("\n"), changed.split("\n")
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    replaced = sum(block[2] - block[1] for block in blocks if block[0] != "equal")
    assert replaced <= 2 * len(sets) + 1  # the line of a value, and the one that a comma or a line end is added to
    assert with_set(changed, "Orders", tree, is_json=is_json) == changed


def put(content: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        if content.get(step) is None:
            content[step] = {}
        content = content[step]
    content[steps[-1]] = value


def as_texts(value: Any) -> Any:
    """Values by their text: where quotes stand around the old value they stand around the new one."""
    if isinstance(value, dict):
        return {name: as_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return str(value).lower() if isinstance(value, (bool, int)) else value


def test_most_layouts_are_understood() -> None:
    counts = {"changed": 0, "refused": 0}

    # The same examples each time: this counts what generated templates are like, it does not look for a mistake.
    @settings(max_examples=400, derandomize=True, database=None)
    @given(templates())
    def count(example: tuple[str, bool, list[tuple[str, Any]]]) -> None:
        text, is_json, sets = example
        try:
            with_set(text, "Orders", tree_of(tuple(sets[:1])), is_json=is_json)
            counts["changed"] += 1
        except CannotSet as error:
            counts["refused"] += "layout" in str(error)

    count()
    assert counts["refused"] * 20 <= counts["changed"]
