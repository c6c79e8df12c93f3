"""The examples of all pages, and folders that hold one example each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.loading import load_policies
from seawall.pages import Example, parse_page
from seawall.policy import Policy

FILE_NAMES = {"yaml": "template.yaml", "json": "template.json", "hcl": "main.tf"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An example, the policy whose page shows it, and the folder (relative, unique) to write it to."""

    policy: Policy
    example: Example
    folder: str


def _shown(policy: Policy) -> list[Shown]:
    if not policy.page.is_file():  # test_pages says so
        return []
    examples = parse_page(policy.page.read_text("utf-8")).examples
    place = f"{policy.group}/{policy.name}"
    return [
        Shown(policy, example, f"{place}/line_{example.line}_{example.verdict}_{example.language}")
        for example in examples
    ]


EXAMPLES = [shown for policy in load_policies()[0] for shown in _shown(policy)]


def write_examples(folder: Path, examples: Iterable[Shown] = EXAMPLES) -> None:
    """Writes each example into its own folder below ``folder``."""
    for shown in examples:
        place = folder / shown.folder
        place.mkdir(parents=True)
        (place / FILE_NAMES[shown.example.language]).write_text(shown.example.text, "utf-8")


def verdicts_by_folder(findings: Iterable[Mapping[str, Any]], folder: Path) -> dict[str, Counter[tuple[str, str]]]:
    """How often each policy gave each verdict, by the example's folder relative to ``folder``."""
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for finding in findings:
        place = Path(finding["file"]).resolve().relative_to(folder.resolve()).parent.as_posix()
        found[place][finding["policy"], finding["verdict"]] += 1
    return found
