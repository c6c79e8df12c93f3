"""CloudFormation's intrinsic functions, parameters, conditions and mappings, evaluated with unknowns.

Source of the semantics: the intrinsic function reference of the AWS CloudFormation user guide, and of
AWS::LanguageExtensions for ``Length``, ``ToJsonString``, ``ForEach`` and defaults of ``FindInMap``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seawall.loops import for_each
from seawall.texts import MAX_TEXT, dynamic, element_of, split, text_of
from seawall.values import (
    Answer,
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    number,
    plain_text,
    reasons,
    same,
)

if TYPE_CHECKING:
    from seawall.stack import Stack

Function = Callable[["Stack", Any], Value]
_PLACEHOLDER = re.compile(r"\$\{(!?)([^${}]+)\}")


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
        return dynamic(node)
    return node


def _mapping(stack: Stack, node: dict[Any, Any]) -> Value:
    result: dict[str, Value] = {}
    for key, item in node.items():
        if key == "Fn::Transform":
            # Also AWS::Include: what it includes lies in S3.
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


def _ref(stack: Stack, name: Any) -> Value:
    if not isinstance(name, str):
        return Unknown(("a Ref that names nothing",))
    return stack.reference(name)


def _get_att(stack: Stack, argument: Any) -> Value:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not isinstance(argument, list) or len(argument) < 2 or not isinstance(argument[0], str):
        return Unknown(("a GetAtt that names nothing",))
    pieces = [evaluate(stack, piece) for piece in argument[1:]]
    if not all(isinstance(piece, (str, int)) for piece in pieces):
        return Unknown(reasons(pieces) or (f"an attribute of {argument[0]}",))
    return stack.attribute(argument[0], ".".join(map(plain_text, pieces)))


def _sub(stack: Stack, argument: Any) -> Value:
    names: dict[str, Any] = {}
    if isinstance(argument, list) and argument:
        names = argument[1] if len(argument) > 1 and isinstance(argument[1], dict) else {}
        argument = argument[0]
    if not isinstance(argument, str):
        return Unknown(("a Sub without text",))
    values: dict[str, Value] = {}
    parts: list[Value] = []
    position = 0
    for found in _PLACEHOLDER.finditer(argument):
        parts.append(argument[position : found.start()])
        position = found.end()
        literal, name = found[1], found[2].strip()  # white space in the pattern would backtrack over long runs of it
        if literal:
            parts.append("${" + name + "}")
            continue
        if name not in values:  # once each: maps within maps would double the work at every level
            values[name] = _placeholder(stack, name, names)
        parts.append(values[name])
    parts.append(argument[position:])
    return text_of(stack, parts)


def _placeholder(stack: Stack, name: str, names: dict[str, Any]) -> Value:
    if name in names:
        return evaluate(stack, names[name])
    return _get_att(stack, name) if "." in name else stack.reference(name)


def _join(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown(("a Join of nothing",))
    separator, pieces = evaluate(stack, argument[0]), evaluate(stack, argument[1])
    if isinstance(pieces, Unknown):
        named = pieces.identity is not None and isinstance(separator, str)
        identity = ("join", separator, pieces) if named else None
        return Unknown(pieces.because, identity, excludes=pieces.excludes & {""})  # what is set is not empty
    if not isinstance(pieces, list):
        return pieces
    parts: list[Value] = []
    for index, piece in enumerate(pieces):
        parts += [separator, piece] if index else [piece]
    return text_of(stack, parts)


def _split(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown(("a Split of nothing",))
    separator, text = evaluate(stack, argument[0]), evaluate(stack, argument[1])
    pieces = split(separator, text)
    if isinstance(pieces, list) and not stack.afford(len(pieces)):
        return Unknown(("a list that is too long",))
    return pieces


def _select(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown(("a Select of nothing",))
    index, choices = number(evaluate(stack, argument[0])), evaluate(stack, argument[1])
    if isinstance(index, Unknown):
        return Unknown(index.because)
    if isinstance(choices, (Unknown, Reference, Text)):
        return element_of(index, choices)
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
    if not all(isinstance(key, (str, int, float, bool)) for key in keys):
        return _common_in_map(stack, keys, options)
    found: Any = stack.mappings
    for key in keys:
        found = found.get(plain_text(key)) if isinstance(found, dict) else None
    if found is not None:
        return _literal(found)
    if "DefaultValue" in options:
        return evaluate(stack, options["DefaultValue"])
    return Unknown((f"mapping {'.'.join(plain_text(key) for key in keys)}, which is not there",))


def _literal(found: Any) -> Value:
    """A mapping's value. Functions do not work there, so none is evaluated: it could lead to itself."""
    if isinstance(found, dict):
        return Unknown(("a mapping's value that is a mapping itself",))
    return dynamic(found) if isinstance(found, str) and "{{resolve:" in found else found


def _common_in_map(stack: Stack, keys: list[Value], options: dict[str, Any]) -> Value:
    # A look-up by an unknown region is known all the same where every region has the same value.
    because = reasons(keys) or (next(str(key) for key in keys if not isinstance(key, (str, int, float, bool))),)
    table = stack.mappings.get(keys[0]) if isinstance(keys[0], str) else None
    if not isinstance(table, dict) or not isinstance(keys[2], (str, int)):
        return Unknown(because)
    if not stack.afford(10 * len(table)):
        return Unknown(because)
    values = [row.get(plain_text(keys[2])) for row in table.values() if isinstance(row, dict)]
    values = [_literal(value) for value in values if value is not None]
    if "DefaultValue" in options:
        values.append(evaluate(stack, options["DefaultValue"]))
    if values and all(same(value, values[0]) is True for value in values[1:]):
        return values[0]
    key = keys[1].identity if isinstance(keys[1], Unknown) else keys[1]
    if not isinstance(key, (str, tuple, Text, Reference)):
        return Unknown(because)
    return Unknown(because, identity=("mapping", stack.name, keys[0], key, plain_text(keys[2])))


def _get_azs(stack: Stack, argument: Any) -> Value:
    region = evaluate(stack, argument)
    if region in ("", None):
        region = stack.region
    name = region.identity if isinstance(region, Unknown) else region
    if not isinstance(name, (str, tuple, Text, Reference)):
        return Unknown(("the zones of a region",))
    return Unknown((f"the zones of {region}",), identity=("zones", name))


def _cidr(stack: Stack, argument: Any) -> Value:
    if not isinstance(argument, list) or len(argument) < 2:
        return Unknown(("a CIDR block",))
    block, count = evaluate(stack, argument[0]), number(evaluate(stack, argument[1]))
    if not isinstance(count, float) or not 0 < count <= 256:  # the function's own limit
        return Unknown(reasons([block, count]) or ("a CIDR block",))
    name = str(block)[:100]
    return [Unknown((f"block {index} of {name}",), ("cidr", name, index), ("cidr", name))
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
    if not _is_plain(value):
        return Unknown(reasons(value) or ("a JSON text",))
    text = json.dumps(value)  # texts within texts double their backslashes at every level
    if len(text) > MAX_TEXT or not stack.afford(len(text)):
        return Unknown((f"a text of more than {MAX_TEXT} characters",))
    return text


def _is_plain(value: Value) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (str, int, float, bool))


def _unknown_function(name: str) -> Function:
    return lambda _stack, _argument: Unknown((name,))


def decide(stack: Stack, node: Any) -> Answer:
    """Whether a condition's expression holds: True, False, or the Unknown that decides."""
    name, argument = next(iter(node.items())) if isinstance(node, dict) and len(node) == 1 else ("", None)
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
    if name in _DECIDING:
        return Unknown((name,))
    value = boolean(evaluate(stack, node))
    return Unknown(("a condition that is none",)) if value is None else value


def _combine(answers: list[Answer], *, ends: bool) -> Answer:
    """``And`` and ``Or``: one answer equal to ``ends`` decides, whatever is unknown."""
    if ends in answers:
        return ends
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown) or ("a condition",)) if unknown else not ends


_DECIDING = ("Condition", "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not")

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
