"""CloudFormation's intrinsic functions, parameters, conditions and mappings, evaluated with unknowns.

Source of the semantics: the intrinsic function reference of the AWS CloudFormation user guide, and of
AWS::LanguageExtensions for ``Length``, ``ToJsonString``, ``ForEach`` and defaults of ``FindInMap``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seawall.values import (
    Answer,
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    is_known,
    join_parts,
    number,
    plain_text,
    reasons,
    same,
)

if TYPE_CHECKING:
    from seawall.stack import Stack

Function = Callable[["Stack", Any], Value]
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
_PLACEHOLDER = re.compile(r"\$\{(!?)\s*([^${}]+?)\s*\}")


def evaluate(stack: Stack, node: Any) -> Value:
    """The value of a node of the template in this stack, ``None`` where it is removed (``AWS::NoValue``)."""
    if isinstance(node, dict):
        if len(node) == 1:
            (name,) = node
            function = FUNCTIONS.get(name)
            if function is not None:
                return function(stack, node[name])
        return _mapping(stack, node)
    if isinstance(node, list):
        return [value for value in (evaluate(stack, item) for item in node) if value is not None]
    if isinstance(node, str) and "{{resolve:" in node:
        return _dynamic(node)
    return node


def _mapping(stack: Stack, node: dict[Any, Any]) -> Value:
    result: dict[str, Value] = {}
    for key, item in node.items():
        if key == "Fn::Transform":
            return Unknown((f"macro {_macro_name(item)}",))
        if isinstance(key, str) and key.startswith("Fn::ForEach::"):
            result.update(for_each(stack, item, lambda name, body: {name: evaluate(stack, body)}))
            continue
        value = evaluate(stack, item)
        if value is not None:
            result[key] = value
    return result


def _macro_name(node: Any) -> str:
    return str(node.get("Name", "?")) if isinstance(node, dict) else "?"


def _dynamic(text: str) -> Value:
    parts: list[Value] = []
    position = 0
    for found in _DYNAMIC.finditer(text):
        parts += [text[position : found.start()], Unknown((found.group(),), identity=found.group())]
        position = found.end()
    return join_parts([*parts, text[position:]])


def _ref(stack: Stack, name: Any) -> Value:
    if not isinstance(name, str):
        return Unknown(("a Ref that names nothing",))
    return stack.reference(name)


def _get_att(stack: Stack, argument: Any) -> Value:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not isinstance(argument, list) or len(argument) < 2 or not isinstance(argument[0], str):
        return Unknown(("a GetAtt that names nothing",))
    attribute = evaluate(stack, argument[1])
    return stack.attribute(argument[0], plain_text(attribute) if is_known(attribute) else "?")


def _sub(stack: Stack, argument: Any) -> Value:
    names: dict[str, Any] = {}
    if isinstance(argument, list) and argument:
        names = argument[1] if len(argument) > 1 and isinstance(argument[1], dict) else {}
        argument = argument[0]
    if not isinstance(argument, str):
        return Unknown(("a Sub without text",))
    parts: list[Value] = []
    position = 0
    for found in _PLACEHOLDER.finditer(argument):
        parts.append(argument[position : found.start()])
        position = found.end()
        literal, name = found.groups()
        if literal:
            parts.append("${" + name + "}")
        elif name in names:
            parts.append(evaluate(stack, names[name]))
        elif "." in name:
            parts.append(_get_att(stack, name))
        else:
            parts.append(stack.reference(name))
    parts.append(argument[position:])
    text = join_parts(["" if part is None else part for part in parts])
    return _dynamic(text) if isinstance(text, str) and "{{resolve:" in text else text


def _join(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown(("a Join of nothing",))
    separator, pieces = evaluate(stack, argument[0]), evaluate(stack, argument[1])
    if isinstance(pieces, Unknown):
        return Unknown(pieces.because, identity=("join", separator, pieces))
    if not isinstance(pieces, list):
        return pieces
    parts: list[Value] = []
    for index, piece in enumerate(pieces):
        parts += [separator, piece] if index else [piece]
    text = join_parts(parts)
    return _dynamic(text) if isinstance(text, str) and "{{resolve:" in text else text


def _split(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown(("a Split of nothing",))
    separator, text = evaluate(stack, argument[0]), evaluate(stack, argument[1])
    return split(separator, text)


def split(separator: Value, text: Value) -> Value:
    """The pieces of a text; unknown pieces stay single pieces, a joined unknown list becomes itself again."""
    if isinstance(text, Unknown):
        if isinstance(text.identity, tuple) and text.identity[:2] == ("join", separator):
            joined: Unknown = text.identity[2]
            return joined
        return Unknown(text.because, identity=("split", separator, text.identity))
    if not isinstance(separator, str) or not separator:
        return Unknown(reasons(separator) or ("a separator",))
    parts = text.parts if isinstance(text, Text) else (text,)
    pieces: list[list[Value]] = [[]]
    for part in parts:
        if not isinstance(part, str):
            pieces[-1].append(part)
            continue
        first, *others = part.split(separator)
        pieces[-1].append(first)
        pieces += [[other] for other in others]
    return [join_parts(piece) for piece in pieces]


def _select(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown(("a Select of nothing",))
    index, choices = number(evaluate(stack, argument[0])), evaluate(stack, argument[1])
    if isinstance(index, Unknown):
        return Unknown(index.because)
    if isinstance(choices, Unknown):
        if choices.identity is None:
            return Unknown(choices.because)
        identity = ("select", choices.identity, index)
        return Unknown(choices.because, identity=identity, family=("select", choices.identity))
    if not isinstance(choices, list) or index is None or not 0 <= index < len(choices):
        return Unknown((f"element {argument[0]} of a list that has none such",))
    return choices[int(index)]


def _if(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        return Unknown(("an If without a condition",))
    answer = stack.condition(argument[0])
    if isinstance(answer, bool):
        return evaluate(stack, argument[1 if answer else 2])
    when_true, when_false = evaluate(stack, argument[1]), evaluate(stack, argument[2])
    if same(when_true, when_false) is True:
        return when_true
    return Unknown(answer.because)


def _find_in_map(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) < 3:
        return Unknown(("a FindInMap without keys",))
    keys = [evaluate(stack, part) for part in argument[:3]]
    options = argument[3] if len(argument) > 3 and isinstance(argument[3], dict) else {}
    unknown = [key for key in keys if not isinstance(key, (str, int, float, bool))]
    if unknown:
        return _common_in_map(stack, keys, reasons(keys) or (str(unknown[0]),))
    found: Any = stack.mappings
    for key in keys:
        found = found.get(plain_text(key)) if isinstance(found, dict) else None
    if found is not None:
        return evaluate(stack, found)
    if "DefaultValue" in options:
        return evaluate(stack, options["DefaultValue"])
    return Unknown((f"mapping {'.'.join(plain_text(key) for key in keys)}, which is not there",))


def _common_in_map(stack: Stack, keys: list[Value], because: tuple[str, ...]) -> Value:
    # A look-up by an unknown region is known all the same where every region has the same value.
    table = stack.mappings.get(keys[0]) if isinstance(keys[0], str) else None
    if not isinstance(table, dict) or not isinstance(keys[2], str):
        return Unknown(because)
    values = [row.get(keys[2]) for row in table.values() if isinstance(row, dict)]
    if values and all(value == values[0] for value in values):
        return evaluate(stack, values[0])
    identity = ("mapping", keys[0], keys[1] if isinstance(keys[1], str) else because, keys[2])
    return Unknown(because, identity=identity)


def _get_azs(stack: Stack, argument: Any) -> Value:
    region = evaluate(stack, argument)
    if region in ("", None):
        region = stack.region
    name = region if isinstance(region, str) else getattr(region, "identity", None)
    return Unknown((f"the zones of {region}",), identity=("zones", name))


def _cidr(stack: Stack, argument: Any) -> Value:
    count = number(evaluate(stack, argument[1])) if isinstance(argument, list) and len(argument) > 1 else None
    block = evaluate(stack, argument[0]) if isinstance(argument, list) and argument else None
    if not isinstance(count, float) or count > 256:
        return Unknown(("a CIDR block",))
    return [Unknown((f"block {index} of {block}",), ("cidr", str(block), index), ("cidr", str(block)))
            for index in range(int(count))]  # fmt: skip


def _import_value(stack: Stack, argument: Any) -> Value:
    name = evaluate(stack, argument)
    return stack.imported(name)


def _base64(stack: Stack, argument: Any) -> Value:
    # Nothing here reads user data: the text itself serves better than its encoding.
    return evaluate(stack, argument)


def _length(stack: Stack, argument: Any) -> Value:
    value = evaluate(stack, argument)
    return len(value) if isinstance(value, list) else Unknown(reasons(value) or ("the length of a list",))


def _to_json_string(stack: Stack, argument: Any) -> Value:
    value = evaluate(stack, argument)
    return json.dumps(value) if _is_plain(value) else Unknown(reasons(value) or ("a JSON text",))


def _is_plain(value: Value) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (str, int, float, bool))


def _unknown_function(name: str) -> Function:
    return lambda stack, argument: Unknown((name,))


def decide(stack: Stack, node: Any) -> Answer:
    """Whether a condition's expression holds: True, False, or the Unknown that decides."""
    if not isinstance(node, dict) or len(node) != 1:
        value = boolean(evaluate(stack, node))
        return Unknown(("a condition that is none",)) if value is None else value
    ((name, argument),) = node.items()
    operands = argument if isinstance(argument, list) else [argument]
    if name == "Condition":
        return stack.condition(argument) if isinstance(argument, str) else Unknown(("a condition",))
    if name == "Fn::Equals" and len(operands) == 2:
        return same(evaluate(stack, operands[0]), evaluate(stack, operands[1]))
    if name == "Fn::Not" and len(operands) == 1:
        answer = decide(stack, operands[0])
        return answer if isinstance(answer, Unknown) else not answer
    if name in ("Fn::And", "Fn::Or") and operands:
        return _combine([decide(stack, operand) for operand in operands], ends=name == "Fn::Or")
    return Unknown((name,))


def _combine(answers: list[Answer], *, ends: bool) -> Answer:
    """``And`` and ``Or``: one answer equal to ``ends`` decides, whatever is unknown."""
    if ends in answers:
        return ends
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown) or ("a condition",)) if unknown else not ends


def for_each(
    stack: Stack, argument: Any, use: Callable[[str, Any], dict[str, Value]], _depth: int = 0
) -> dict[str, Value]:
    """The entries that an ``Fn::ForEach`` stands for; ``use`` gets each entry's name and body.

    An unknown collection gives no entries, and neither does one that is malformed.
    """
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[2], dict):
        return {}
    variable, collection, body = argument
    elements = evaluate(stack, collection)
    if not isinstance(variable, str) or not isinstance(elements, list) or _depth > 4:
        return {}
    found: dict[str, Value] = {}
    for element in elements[:100]:  # CloudFormation's own limit for one loop
        if not isinstance(element, (str, int)):
            continue
        for name, entry in body.items():
            name, entry = _replaced(name, variable, str(element)), _replaced(entry, variable, str(element))
            if isinstance(name, str) and name.startswith("Fn::ForEach::"):
                found.update(for_each(stack, entry, use, _depth + 1))
            else:
                found.update(use(name, entry))
    return found


def _replaced(node: Any, variable: str, element: str) -> Any:
    if isinstance(node, str):
        text = node.replace("${" + variable + "}", element)
        return text.replace("&{" + variable + "}", re.sub(r"[^A-Za-z0-9]", "", element))
    if isinstance(node, dict):
        if len(node) == 1 and node.get("Ref") == variable:
            return element
        copy = _like(node)
        copy.update((_replaced(key, variable, element), _replaced(item, variable, element))
                    for key, item in node.items())  # fmt: skip
        return copy
    if isinstance(node, list):
        items = _like(node)
        items.extend(_replaced(item, variable, element) for item in node)
        return items
    return node


def _like(node: Any) -> Any:
    """An empty copy of a mapping or list that still knows its lines."""
    if not hasattr(node, "lines"):
        return type(node)()
    copy = type(node)(node.line)
    copy.lines = node.lines
    return copy


FUNCTIONS: dict[Any, Function] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::Cidr": _cidr,
    "Fn::ImportValue": _import_value,
    "Fn::Base64": _base64,
    "Fn::Length": _length,
    "Fn::ToJsonString": _to_json_string,
    "Fn::GetStackOutput": _unknown_function("another stack's output"),
    "Fn::RefAll": _unknown_function("Fn::RefAll"),
    "Fn::ValueOf": _unknown_function("Fn::ValueOf"),
    "Fn::ValueOfAll": _unknown_function("Fn::ValueOfAll"),
    "Fn::Equals": lambda stack, argument: decide(stack, {"Fn::Equals": argument}),
    "Fn::And": lambda stack, argument: decide(stack, {"Fn::And": argument}),
    "Fn::Or": lambda stack, argument: decide(stack, {"Fn::Or": argument}),
    "Fn::Not": lambda stack, argument: decide(stack, {"Fn::Not": argument}),
}
