"""Page and policy agree, and none of them stands alone."""

import re
from pathlib import Path

import pytest
from seawall.catalogue_page import INDEX_FILE, catalogue, index
from seawall.loading import GROUPS, catalogue_folder, load_policies
from seawall.pages import SECTIONS, Page, parse_page
from seawall.policy import Policy
from seawall.sources.terraform_mapping import KINDS

POLICIES, BROKEN = load_policies(at_once=True)
FORBIDDEN = re.compile(r"\b(ensures?|ensured|ensuring|should consider)\b", re.IGNORECASE)


def page_of(policy: Policy) -> Page:
    return parse_page(policy.page.read_text("utf-8"))


every_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy.group}/{policy.name}")


def test_every_policy_file_loads() -> None:
    assert [str(problem) for problem in BROKEN] == []


def test_every_folder_of_policies_is_a_group_that_is_loaded() -> None:
    assert {init.parent.name for init in catalogue_folder().glob("*/__init__.py")} == GROUPS.keys()


def test_no_page_stands_without_its_policy() -> None:
    pages = {page.with_suffix("") for group in GROUPS for page in (catalogue_folder() / group).glob("*.md")}
    assert pages == {Path(policy.file).with_suffix("") for policy in POLICIES}


def test_a_group_holds_nothing_but_policies_and_their_pages() -> None:
    files = [file for group in GROUPS for file in (catalogue_folder() / group).iterdir() if file.is_file()]
    strangers = [str(file) for file in files if file.suffix not in (".py", ".md")]
    assert strangers == []


@every_policy
def test_the_file_the_function_and_the_id_bear_one_name(policy: Policy) -> None:
    assert Path(policy.file).stem == policy.name == policy.judge.__name__
    assert policy.id == f"SEA_{policy.name.upper()}"


@every_policy
def test_the_page_repeats_the_title_and_the_id(policy: Policy) -> None:
    page = page_of(policy)
    assert page.title == policy.title
    assert page.id == policy.id
    assert policy.title.endswith(".")


@every_policy
def test_the_sections_stand_in_their_order(policy: Policy) -> None:
    names = tuple(page_of(policy).sections)
    assert names in (SECTIONS, SECTIONS[:-1])


@every_policy
def test_the_page_says_why_and_how(policy: Policy) -> None:
    page = page_of(policy)
    assert len(page.sections["Why it matters"].split()) >= 15
    assert len(page.sections["How to fix it"].split()) >= 5


@every_policy
def test_the_page_shows_what_is_flagged_and_what_is_accepted(policy: Policy) -> None:
    assert {example.verdict for example in page_of(policy).examples} >= {"flagged", "accepted"}


@every_policy
def test_one_sentence_introduces_each_example(policy: Policy) -> None:
    bare = [example.line for example in page_of(policy).examples if not re.search(r"\w.*[.:]$", example.sentence)]
    assert bare == [], f"no sentence before the blocks in these lines of {policy.page}"


@every_policy
def test_each_example_is_written_in_a_language_that_is_judged(policy: Policy) -> None:
    assert {example.language for example in page_of(policy).examples} <= {"yaml", "json", "hcl"}


@every_policy
def test_the_page_and_the_policy_avoid_hollow_words(policy: Policy) -> None:
    texts = policy.page.read_text("utf-8"), Path(policy.file).read_text("utf-8")
    assert [found.group() for text in texts for found in FORBIDDEN.finditer(text)] == []


def test_the_catalogue_is_up_to_date() -> None:
    written = (catalogue_folder() / "README.md").read_text("utf-8")
    assert written == catalogue(POLICIES), "write it again: python -m seawall.catalogue_page"


def test_the_index_of_the_catalogue_is_up_to_date() -> None:
    assert INDEX_FILE.read_text("utf-8") == index(POLICIES), "write it again: python -m seawall.catalogue_page"


@every_policy
def test_a_policy_that_judges_terraform_shows_terraform(policy: Policy) -> None:
    if set(policy.applies_to) & {kind.type for kind in KINDS.values()}:
        assert "hcl" in {example.language for example in page_of(policy).examples}
