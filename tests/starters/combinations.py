"""Every combination of answers that matters, read from the starters' own questions."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parent.parent.parent
STARTERS = REPOSITORY / "starters"
COPIER_FILE = REPOSITORY / "copier.yml"

NAME = "shop-orders"
REGION, SECOND_REGION = "eu-west-1", "eu-central-1"


@dataclass(frozen=True)
class Combination:
    """One way to answer the questions of a starter."""

    starter: str
    language: str
    second_region: str
    own: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """What a report of the tests calls it, such as `queue-worker-cdk-fargate-two`."""
        own = "-".join(value for _, value in self.own)
        return f"{self.starter}-{self.language}-{own}-{'two' if self.second_region else 'one'}"

    @property
    def answers(self) -> dict[str, str]:
        """The answers, but for the name and the starter."""
        return {"language": self.language, "region": REGION, "second_region": self.second_region, **dict(self.own)}

    @property
    def options(self) -> list[str]:
        """The options of `seawall new`, without the name."""
        answers = [part for answer, value in self.answers.items() for part in ("--set", f"{answer}={value}")]
        return ["--starter", self.starter, *answers]

    @property
    def objective(self) -> str:
        """What it promises to survive."""
        return "multi-region" if self.second_region else "multi-az"


def values(question: dict[str, Any]) -> list[str]:
    """The values that can be chosen."""
    choices = question["choices"]
    return list(choices.values() if isinstance(choices, dict) else choices)


def combinations() -> list[Combination]:
    """Each starter in each language, with one and with two regions, with each of its own answers."""
    copier = yaml.safe_load(COPIER_FILE.read_text())
    found = []
    for path in sorted(STARTERS.glob("*/questions.yml")):
        if path.parent.name == "shared":
            continue
        questions = yaml.safe_load(path.read_text())["questions"]
        own = itertools.product(*([(name, value) for value in values(asked)] for name, asked in questions.items()))
        for chosen, language, second in itertools.product(list(own), values(copier["language"]), [SECOND_REGION, ""]):
            found.append(Combination(path.parent.name, language, second, chosen))
    return found


ALL = combinations()
DEPLOYED = [combination for combination in ALL if combination.language != "terraform"]
"""Those that the embedded cloud can deploy."""
