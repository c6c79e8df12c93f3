"""Rules for HTML and WCAG that can be decided by reading the page; every page there can be is read."""

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from services.status import page
from services.status.incident import Impact, Incident, Progress, Update
from services.status.picture import HEADLINES, Condition, Picture, Region

MOMENT = "2026-11-27T08:04:00Z"
INCIDENT = Incident("x", 'A "title" & more', Impact.DOWN, Progress.IDENTIFIED, MOMENT, (Update(MOMENT, "Words."),) * 3)

PICTURES = [
    Picture(MOMENT, condition, MOMENT, HEADLINES[condition], (Region("us-west-2", condition, MOMENT),))
    for condition in Condition
]
PICTURES.append(replace(PICTURES[0], incident=INCIDENT, headline=INCIDENT.title, past=(INCIDENT, INCIDENT)))
PICTURES.append(replace(PICTURES[3], regions=()))

every_page = pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: f"{picture.condition}")


def _parse(picture: Picture) -> ET.Element:
    """Read the page strictly: it is written so that it is well-formed XML as well."""
    text = page.render(picture, "https://subscribe.example.net/")
    assert text.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(text.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314 (our own page)


def _all(root: ET.Element, tag: str) -> list[ET.Element]:
    return list(root.iter(tag))


@every_page
def test_the_page_says_its_language_its_title_and_its_width(picture: Picture) -> None:
    root = _parse(picture)
    assert root.get("lang") == "en"
    assert _all(root, "title")[0].text == f"{page.WORDS[picture.condition]}: drive status"
    assert any(
        meta.get("name") == "viewport" and "device-width" in meta.get("content", "") for meta in _all(root, "meta")
    )


@every_page
def test_headings_do_not_skip_a_level(picture: Picture) -> None:
    levels = [int(found.tag[1]) for found in _parse(picture).iter() if re.fullmatch("h[1-6]", found.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@every_page
def test_every_part_that_refers_to_another_finds_it_and_names_are_used_once(picture: Picture) -> None:
    root = _parse(picture)
    names = [found.get("id") for found in root.iter() if found.get("id")]
    assert len(names) == len(set(names))
    referred = [found.get(how) for found in root.iter() for how in ("aria-labelledby", "for") if found.get(how)]
    assert set(referred) <= set(names)
    assert {field.get("id") for field in _all(root, "input")} == {label.get("for") for label in _all(root, "label")}


@every_page
def test_the_state_is_said_in_words_and_not_by_colour_or_sign_alone(picture: Picture) -> None:
    root = _parse(picture)
    spoken = "".join(
        (found.text or "") + (found.tail or "") if found.get("aria-hidden") is None else (found.tail or "")
        for found in root.iter()
    )
    assert page.WORDS[picture.condition] in spoken
    assert all(header.get("scope") in {"row", "col"} for header in _all(root, "th"))


@every_page
def test_nothing_is_hidden_from_those_without_javascript_but_the_warning_that_needs_it(picture: Picture) -> None:
    root = _parse(picture)
    assert [found.get("id") for found in root.iter() if found.get("hidden")] == ["old"]
    assert "if that time is more than 5 minutes ago" in ET.tostring(root, encoding="unicode")


@every_page
def test_the_policy_allows_just_the_styles_and_the_script_of_the_page(picture: Picture) -> None:
    root = _parse(picture)
    policy = next(meta.get("content", "") for meta in _all(root, "meta") if meta.get("http-equiv"))
    for tag in ("style", "script"):
        (inline,) = _all(root, tag)
        assert page._hash(inline.text or "") in policy
    assert not [found for found in root.iter() if found.get("style") or found.get("onclick")]


def test_the_page_calls_itself_old_after_five_minutes() -> None:
    (script,) = _all(_parse(PICTURES[0]), "script")
    assert f">{5 * 60 * 1000})" in (script.text or "")


def _brightness(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


LIGHT = [*page.COLOURS.values(), ("#1b1f24", "#ffffff"), ("#0b4a8f", "#ffffff")]
DARK = [*page.DARK_COLOURS.values(), ("#e6e9ed", "#14171b"), ("#8ec5ff", "#14171b"), ("#e6e9ed", "#1f242a")]


@pytest.mark.parametrize("pair", [*LIGHT, *DARK])
def test_text_stands_out_from_its_background(pair: tuple[str, str]) -> None:
    light, dark = sorted(map(_brightness, pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
