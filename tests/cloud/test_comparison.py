"""Comparing a template's words with a service's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_cloud.comparison import differences, holds, without

SAME: list[tuple[Any, Any]] = [
    (30, "30"),
    (True, "true"),
    (150.0, 150),
    ({"batchSize": 10, "uuid": "x"}, {"BatchSize": 10}),
    ({"Quantity": 2, "Items": ["GET", "HEAD"]}, ["HEAD", "GET"]),
    ([{"TagKey": "a", "TagValue": "b"}, {"TagKey": "c", "TagValue": "d"}], [{"Key": "a", "Value": "b"}]),
    ('{"Statement": [{"Effect": "Deny", "Sid": "x"}]}', {"Statement": [{"Effect": "Deny"}]}),
    (None, False),
    ([], []),
    (["one"], "one"),
]
DIFFERENT: list[tuple[Any, Any, list[str]]] = [
    (18, 360, [""]),
    (None, {"Rule": {"Days": 7}}, ["rule.days"]),
    ({"Rules": [{"ID": "a"}]}, {"Rules": [{"ID": "a"}, {"ID": "b"}]}, ["rules.id"]),
    ([], ["ENABLED"], [""]),
    ({"a": "b"}, [{"Key": "seawall:drive", "Value": "x"}], ["seawall:drive"]),
    (True, False, [""]),
]
JSON = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text("abc", max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("PQR"), inner, max_size=3)),
    max_leaves=10,
)


@pytest.mark.parametrize(("answered", "said"), SAME)
def test_the_same_in_other_words_is_held(answered: Any, said: Any) -> None:
    assert holds(answered, said)


@pytest.mark.parametrize(("answered", "said", "paths"), DIFFERENT)
def test_a_difference_is_found_where_it_is(answered: Any, said: Any, paths: list[str]) -> None:
    assert list(differences(answered, said)) == paths


@given(said=JSON)
def test_everything_holds_itself(said: Any) -> None:
    assert holds(said, said)


@given(said=st.integers(1), answered=st.integers(1))
def test_two_numbers_are_held_only_when_they_are_one(said: int, answered: int) -> None:
    assert holds(str(answered), said) == (answered == said)


def test_a_part_is_left_out_of_every_element_of_a_list() -> None:
    said = {"Definitions": [{"Name": "a", "Check": {"Every": 1}}, {"Name": "b"}]}

    assert without(said, "Definitions.Check") == {"Definitions": [{"Name": "a"}, {"Name": "b"}]}
    assert without(said, "Definitions.Check.Every")["Definitions"][0] == {"Name": "a", "Check": {}}
    assert without(said, "Nothing") == said
