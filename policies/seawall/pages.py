"""A policy's page: its prose for people and its examples, which are its tests."""

import re
from typing import NamedTuple

SECTIONS = ("Why it matters", "How to fix it", "Flagged", "Accepted", "Undecided")
"""The sections of a page in their order; only the last may be left out."""

FIX_SECTION, ACCEPTED_SECTION = SECTIONS[1], SECTIONS[3]
"""Their blocks can be pasted, and the policy accepts them."""

EXAMPLE_SECTIONS = SECTIONS[2:]
"""Sections whose blocks are examples; each is named after the verdict that its blocks get."""


class Example(NamedTuple):
    """One block of a page and the sentence that introduces it.

    ``verdict`` is what the block gets, in lower case; ``language`` what the fence says (``yaml``,
    ``json`` or ``hcl``); ``line`` (from 1) is the fence's line in the page.
    """

    verdict: str
    language: str
    sentence: str
    text: str
    line: int


class Page(NamedTuple):
    """A page: the sections' texts by name in the order they stand, and the examples of all."""

    title: str
    id: str
    sections: dict[str, str]
    examples: tuple[Example, ...]


class MalformedPage(Exception):
    """A page that has not the shape every page has; the message says the line (from 1) and what is wrong."""


_FENCE = re.compile(r"^```(\w*)$")


def parse_page(text: str) -> Page:
    """The page in a Markdown text; raises ``MalformedPage``."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("# "):
        raise MalformedPage("line 1: a page starts with its title, '# …'")
    sections: dict[str, str] = {}
    examples: list[Example] = []
    for name, start, end in _spans(lines):
        if name in sections:
            raise MalformedPage(f"line {start}: section {name!r} is there twice")
        sections[name] = "\n".join(lines[start:end]).strip()
        if name in EXAMPLE_SECTIONS:
            examples += _examples(name.lower(), lines, start, end)
    return Page(lines[0][2:].strip(), sections.pop("").strip("`"), sections, tuple(examples))


def blocks_in(page: str, section: str, language: str) -> list[str]:
    """The blocks of a section in a language, whether or not the page is well-formed."""
    text = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _spans(lines: list[str]) -> list[tuple[str, int, int]]:
    """Each section's name with the indices of its first line and of the line after its last."""
    heads: list[tuple[str, int]] = [("", 1)]
    in_block = False
    for index, line in enumerate(lines):
        if line.startswith("```"):
            in_block = not in_block
        elif line.startswith("## ") and not in_block:
            heads.append((line[3:].strip(), index + 1))
    ends = [start - 1 for _, start in heads[1:]] + [len(lines)]
    return [(name, start, end) for (name, start), end in zip(heads, ends, strict=True)]


def _examples(verdict: str, lines: list[str], start: int, end: int) -> list[Example]:
    found: list[Example] = []
    introduction: list[str] = []
    index = start
    while index < end:
        fence = _FENCE.match(lines[index])
        if not fence:
            introduction.append(lines[index])
            index += 1
            continue
        close = next((after for after in range(index + 1, end) if lines[after] == "```"), None)
        if close is None:
            raise MalformedPage(f"line {index + 1}: the block is not closed")
        sentence = "\n".join(introduction).strip().rsplit("\n\n", 1)[-1].replace("\n", " ")
        block = "\n".join(lines[index + 1 : close]) + "\n"
        found.append(Example(verdict, fence[1], sentence, block, index + 1))
        introduction = []
        index = close + 1
    return found
