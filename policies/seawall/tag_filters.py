"""Filters by tags, as AWS Backup and Data Lifecycle Manager apply them: upper and lower case differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from seawall.arns import Subject
from seawall.coverage import Matched
from seawall.values import (
    Answer,
    Reference,
    Unknown,
    Value,
    field,
    is_known,
    items,
    plain_text,
    reasons,
    same,
)


def any_tag(listed: list[Value] | Unknown, subject: Subject) -> Matched:
    """``ListOfTags``: one of its tags is enough."""
    if isinstance(listed, Unknown):
        return Matched(listed)
    best = Matched(answer=False)
    for entry in listed:
        if isinstance(entry, Unknown):
            best = Matched(entry)
            continue
        key, value = key_of(entry), value_of(entry)
        answer = tag_is(key, value, subject)
        if answer is False:
            continue
        match = Matched(answer, f"tag {key}={value}")
        if answer is True:
            return match
        best = match
    return best


def key_of(entry: Value) -> Value:
    key = field(entry, "ConditionKey")
    key = field(entry, "Key") if key is None else key
    return key.removeprefix("aws:ResourceTag/") if isinstance(key, str) else key


def value_of(entry: Value) -> Value:
    value = field(entry, "ConditionValue")
    return field(entry, "Value") if value is None else value


def tag_is(key: Value, value: Value, subject: Subject, test: Callable[[Value, Value], Answer] = same) -> Answer:
    """Whether a tag with this key has a value that passes the test; a missing tag passes none."""
    if isinstance(subject.tags, Unknown):
        return subject.tags
    if not isinstance(key, (str, int)):
        return Unknown(reasons(key) or ("a tag's key",)) if key is not None else False
    if str(key) in subject.tags:
        return test(subject.tags[str(key)], value)
    return subject.uncertain_tags or False


def conditions_hold(conditions: Value, subject: Subject) -> Answer:
    """``Conditions``: every one of them has to hold. A tag that is missing passes the negated ones."""
    if conditions is None:
        return True
    if not isinstance(conditions, dict):
        return Unknown(reasons(conditions) or ("Conditions",))
    tests: dict[str, tuple[Callable[[Value, Value], Answer], bool]] = {
        "stringequals": (same, True),
        "stringnotequals": (same, False),
        "stringlike": (_like, True),
        "stringnotlike": (_like, False),
    }
    answers: list[Answer] = []
    for operator, entries in conditions.items():
        test, wanted = tests.get(str(operator).lower(), (None, True))
        if test is None:
            continue
        listed = items(entries)
        if isinstance(listed, Unknown):
            answers.append(listed)
            continue
        for entry in listed:
            answer = tag_is(key_of(entry), value_of(entry), subject, test)
            answers.append(answer if wanted else negated(answer))
    return all_of(answers)


def _like(tag: Value, pattern: Value) -> Answer:
    if not (is_known(tag) and is_known(pattern)) or isinstance(tag, Reference) or isinstance(pattern, Reference):
        return Unknown(reasons([tag, pattern]) or (f"{tag} and {pattern}",))
    first, *others = plain_text(pattern).split("*")
    text = plain_text(tag)
    if not others:
        return text == first
    if not text.startswith(first):
        return False
    position = len(first)
    for piece in others[:-1]:
        found = text.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return len(text) - len(others[-1]) >= position and text.endswith(others[-1])


def all_of(answers: Iterable[Answer]) -> Answer:
    """And: False where one is, else the Unknowns that decide, else True."""
    found = list(answers)
    if any(answer is False for answer in found):
        return False
    unknown = [answer for answer in found if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown) or ("something unknown",)) if unknown else True


def negated(answer: Answer) -> Answer:
    """Not: an Unknown stays what it is."""
    return answer if isinstance(answer, Unknown) else not answer
