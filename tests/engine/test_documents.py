"""YAML and JSON become plain mappings and lists that know their lines."""

import pytest
from seawall.documents import MAX_DEPTH, OtherDocument, TooMuch, Unreadable, read_yaml
from seawall.json_documents import read_json, with_lines


def yaml_of(text: str) -> object:
    problems: list[Unreadable] = []
    document = read_yaml(text, problems)
    assert problems == []
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("Yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ("012", "012"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2010-09-09", "2010-09-09"),
        (".nan", ".nan"),
        ("9" * 50, "9" * 50),
        ("!!str 12", "12"),
        ("! 12", "12"),
    ],
)
def test_a_scalar_is_what_cloudformation_takes_it_for(text: str, value: object) -> None:
    assert yaml_of(f"Value: {text}") == {"Value": value}


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("!Ref Name", {"Ref": "Name"}),
        ("!Condition Name", {"Condition": "Name"}),
        ("!Sub '${Name}'", {"Fn::Sub": "${Name}"}),
        ("!GetAtt Name.Arn", {"Fn::GetAtt": ["Name", "Arn"]}),
        ("!GetAtt Name.Outputs.Arn", {"Fn::GetAtt": ["Name", "Outputs.Arn"]}),
        ("!GetAtt [Name, Arn]", {"Fn::GetAtt": ["Name", "Arn"]}),
        ("!Select [0, !GetAZs '']", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ("!Transform {Name: Include}", {"Fn::Transform": {"Name": "Include"}}),
    ],
)
def test_a_short_tag_is_the_function_it_stands_for(text: str, node: object) -> None:
    assert yaml_of(f"Value: {text}") == {"Value": node}


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!set", "!<tag:example.com,1>"])
def test_any_other_tag_is_refused(tag: str) -> None:
    with pytest.raises(OtherDocument) as refusal:
        yaml_of(f"A: 1\nB: {tag} [x]\n")
    assert refusal.value.line == 2


def test_keys_are_names_whatever_they_look_like() -> None:
    assert yaml_of("on: 1\n1: 2\nnull: 3\n") == {"true": 1, "1": 2, "null": 3}


def test_merge_keys_fill_in_what_is_not_written() -> None:
    document = yaml_of("base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\nboth:\n  <<: [*base, *other]\n  a: 0\n")
    assert document["both"] == {"a": 0, "b": 2, "c": 4}  # type: ignore[index]


def test_every_property_knows_its_line() -> None:
    text = "A:\n  - B: 1\n    C: !Ref D\n  - E:\n      F: {G: 2}\n"
    document = read_yaml(text, [])
    assert document.lines == {"A": 1}
    assert document["A"].lines == [2, 4]
    assert document["A"][0].lines == {"B": 2, "C": 3}
    assert document["A"][1]["E"]["F"].lines == {"G": 5}


def test_json_gets_the_lines_that_yaml_would_have() -> None:
    text = '{"A": [\n  {"B": 1,\n   "C": {"Ref": "D"}},\n  {"E":\n    {"F": "} {"}}]\n}'
    plain = read_json(text, [])
    lined = with_lines(text)
    assert lined == plain == read_yaml(text, [])
    assert lined["A"].lines == [2, 4]
    assert lined["A"][0].lines == {"B": 2, "C": 3}
    assert lined["A"][1]["E"].lines == {"F": 5}


def test_a_key_that_is_there_twice_is_named_and_the_last_one_counts() -> None:
    problems: list[Unreadable] = []
    assert read_yaml("A:\n  B: 1\n  B: 2\n", problems) == {"A": {"B": 2}}
    assert read_json('{"A": {\n"B": 1,\n"B": 2}}', problems) == {"A": {"B": 2}}
    assert [(problem.line, "'B' is there twice" in problem.reason) for problem in problems] == [
        (3, True),
        (3, True),
    ]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_too_deep_a_nesting_is_refused_before_it_can_hurt(depth: int, opening: str, closing: str) -> None:
    text = opening * depth + "1" + closing * depth
    for read in (read_yaml, read_json):
        with pytest.raises(TooMuch) as refusal:
            read(text, [])
        assert refusal.value.line == 1


def test_nesting_as_deep_as_allowed_is_read() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read_json(text, []) == read_yaml(text, [])


def test_deep_block_nesting_is_refused_in_its_line() -> None:
    with pytest.raises(TooMuch) as refusal:
        read_yaml("".join(f"{' ' * level}a:\n" for level in range(1_000)), [])
    assert refusal.value.line == MAX_DEPTH + 1


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    with pytest.raises(TooMuch):
        read_yaml("\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *levels]), [])


def test_a_bomb_of_merge_keys_is_refused() -> None:
    levels = [
        f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}], k{level}: 1}}" for level in range(1, 40)
    ]
    with pytest.raises(TooMuch):
        read_yaml("\n".join(["a0: &a0 {x: 1}", *levels]), [])


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("A: &a [*a]", "alias *a stands inside its own anchor", 1),
        ("A: 1\nB: *b", "alias *b has no anchor", 2),
        ("A:\n\tB: 1", "a tab indents this line, YAML takes spaces", 2),
        ("A: 1\n? [x]\n: 2", "a key is a mapping or a list", 2),
        ("A:\n  <<: 3", "a merge key (<<) takes a mapping", 2),
        ("A: 1\n---\nB: 2", "holds several YAML documents", 2),
        ("A: 'x\n", "found unexpected end of stream", 2),
        ("A: [1", "did not find expected ',' or ']'", 1),
        ("A: 1\nB: \x07", "character 7 is not allowed in YAML", 2),
    ],
)
def test_what_is_wrong_with_yaml_is_said_in_one_line(text: str, reason: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_yaml(text, [])
    assert (refusal.value.reason, refusal.value.line) == (reason, line)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"A": 1,\n"B', "unterminated string", 2),
        ('{"A": 1,\n}', "expecting property name enclosed in double quotes", 2),
        ('{"A": 1}\nx', "extra data", 2),
        ('{"A":\n' + "9" * 5000 + "}", "a number has thousands of digits", 2),
    ],
)
def test_what_is_wrong_with_json_is_said_in_one_line(text: str, reason: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_json(text, [])
    assert (refusal.value.reason, refusal.value.line) == (reason, line)


def test_a_hundred_thousand_doubled_keys_take_no_quadratic_time() -> None:
    problems: list[Unreadable] = []
    read_json("{" + ",".join(f'"k{index % 100_000}": 1' for index in range(200_000)) + "}", problems)
    assert len(problems) == 100_000
