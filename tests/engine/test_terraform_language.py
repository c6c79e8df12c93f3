import pytest
from seawall.documents import Unreadable
from seawall.sources.terraform_language import read_blocks, read_expression
from seawall.sources.terraform_modules import Configuration, Folder
from seawall.sources.terraform_values import evaluate
from seawall.values import Text, Unknown, Value


def value_of(text: str, **variables: Value) -> Value:
    scope = Configuration(Folder(), {}).root.scope.with_names({"var": variables})
    return evaluate(read_expression(text), scope)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4 / 2", 5),
        ("!false && (true || false) && 2 >= 2", True),
        ('(1 == 2 ? "a" : "b")', "b"),
        ('"a-${1 + 1}-$${kept}"', "a-2-${kept}"),
        ('"%{ if true }yes%{ else }no%{ endif }"', "yes"),
        ('"%{ for x in [1, 2] }<${x}>%{ endfor }"', "<1><2>"),
        (r'"tab\tquote\" \u00e9"', 'tab\tquote" é'),
        ("[for i, x in [10, 20] : x + i if x > 10]", [21]),
        ("{ for k, v in { a = 1, b = 2 } : v => upper(k) }", {"1": "A", "2": "B"}),
        ('{ for x in ["a", "b", "a"] : x => 1... }', {"a": [1, 1], "b": [1]}),
        ('[{ id = "x" }, { id = "y" }][*].id', ["x", "y"]),
        ('element(["a", "b", "c"], 4)', "b"),
        ("flatten([[1, [2]], [3]])", [1, 2, 3]),
        ("merge({ a = 1 }, [{ b = 2 }, { a = 3 }]...)", {"a": 3, "b": 2}),
        ('lookup({ a = 1 }, "b", 7)', 7),
        ('try({ a = 1 }["b"], "fallback")', "fallback"),
        ('slice(["a", "b", "c"], 0, 2)', ["a", "b"]),
        ('join(",", compact(["a", "", "b"]))', "a,b"),
        ('format("%s-%02d", "a", 7)', "a-07"),
        ('jsondecode("{\\"a\\": [1]}")', {"a": [1]}),
        ("-3", -3),
        ("null", None),
    ],
)
def test_expressions_have_the_value_that_terraform_gives_them(text: str, value: Value) -> None:
    assert value_of(text) == value


def test_lists_keep_their_order_and_parentheses_their_meaning() -> None:
    assert value_of('["b", "a", "c"][0]') == "b"
    assert value_of("!var.x && (var.y || var.z)", x=True, y=False, z=True) is False


def test_an_unknown_operand_does_not_hide_a_known_answer() -> None:
    unknown = Unknown(("variable flag",))
    assert value_of("var.flag && false", flag=unknown) is False
    assert value_of("var.flag ? 2 : 2", flag=unknown) == 2
    assert value_of("var.flag ? 1 : 2", flag=unknown) == Unknown(("variable flag",))


def test_two_places_of_one_unknown_list_differ() -> None:
    zones = Unknown(("variable zones",), identity=("parameter", "", "zones"))
    first, second = value_of("var.zones[0]", zones=zones), value_of("element(var.zones, 1)", zones=zones)
    assert first.identity != second.identity
    assert first.family == second.family


def test_a_text_with_an_unknown_piece_keeps_the_known_ones() -> None:
    assert value_of('"arn:${var.x}:b"', x=Unknown(("variable x",))) == Text(("arn:", Unknown(("variable x",)), ":b"))


def test_a_heredoc_loses_its_indentation_and_keeps_its_expressions() -> None:
    body = read_blocks("locals {\n  text = <<-EOT\n    a ${1 + 1}\n      b\n  EOT\n  next = 3\n}\n")
    scope = Configuration(Folder(), {}).root.scope
    assert evaluate(body.blocks[0].attributes["text"], scope) == "a 2\n  b\n"
    assert body.blocks[0].lines["next"] == 6


def test_comments_of_every_kind_are_passed_over() -> None:
    body = read_blocks("a = 1 # one\n// two\n/* three\n four */ b = 2\nc {\n  d = 3 // four\n}\n")
    assert body.attributes.keys() == {"a", "b"}
    assert body.blocks[0].lines == {"d": 6}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('resource "a" "b" {\n  c =\n}\n', 2),
        ('resource "a" "b" {\n  c = 1\n', 1),
        ('a = "open\n', 1),
        ("\n\na = [1, 2\n", 4),
        ("a = <<EOT\nnever closed\n", 1),
        ("a = 1 2\n", 1),
        ("a = " + "(" * 300 + "\n", 1),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as raised:
        read_blocks(text)
    assert raised.value.line == line
