"""``seawall new``: writes a new service from one of the starters, or nothing at all.

It needs ``pip install 'seawall[new]'``. ``copier copy`` of this repository's address writes the same files.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from seawall.configuration import Misuse
from seawall.new_service import refuse_unless_free, write_service

if TYPE_CHECKING:
    from argparse import Namespace

INSTALLED = Path(__file__).with_name("generator")
CHECKOUT = Path(__file__).parents[2]
"""Where copier.yml and starters/ lie: inside the installed package, or at the root of a checkout."""

NAMELESS = "the name of the service is missing: seawall new NAME --starter KIND"
NAMES = (
    "a name has 4 to 29 lower-case letters, digits and single hyphens, "
    "begins with a letter and ends with a letter or a digit, such as shop-orders"
)

ALONE = "It has one region: AWS has no other in the jurisdiction of {region}. Any is taken with --set second_region=…"


class Starters(NamedTuple):
    """What copier.yml asks."""

    lines: dict[str, str]
    """What each starter is for, by its name."""
    questions: dict[str, dict[str, Any]]
    """Copier's questions, without what is computed."""
    regions: dict[str, str]
    """The second region that fits each region, or nothing."""
    name: re.Pattern[str]
    """What the name of a service looks like."""

    def answers_of(self, starter: str | None) -> list[str]:
        """What can be answered for this starter, or for any."""
        return [name for name, asked in self.questions.items() if starter is None or _is_asked_by(asked, starter)]


def run(given: Namespace, show: Callable[[Iterator[str]], None]) -> int:
    """Writes the service that was asked for; returns the exit code. Raises ``Misuse`` and leaves nothing behind."""
    source = template_folder()
    starters = read_starters(source)
    if given.list:
        show(_listed(starters))
        return 0
    interactive = not given.defaults and sys.stdin.isatty() and sys.stdout.isatty()
    answers = _answers(given, starters, interactive=interactive)
    name = answers["name"] if "name" in answers else _asked_for_name(starters)  # first: it names the folder
    target = Path(given.into or name)
    refuse_unless_free(target)
    write_service(source, target, answers | {"name": name}, is_checkout=source == CHECKOUT, interactive=interactive)
    show(_next_steps(target))
    region = answers.get("region", starters.questions["region"]["default"])
    if not interactive and "second_region" not in answers and not starters.regions[region]:
        show(iter([ALONE.format(region=region)]))
    return 0


def template_folder() -> Path:
    """The folder that holds copier.yml and starters/. Raises ``Misuse`` when this installation has none."""
    for folder in (INSTALLED, CHECKOUT):
        if (folder / "copier.yml").is_file():
            return folder
    raise Misuse("this installation has no starters; pip install 'seawall[new]' brings them")


def read_starters(source: Path) -> Starters:
    """What the copier.yml in this folder asks."""
    said = yaml.safe_load((source / "copier.yml").read_text("utf-8"))
    lines = {starter: str(label).removeprefix(f"{starter}: ") for label, starter in said["starter"]["choices"].items()}
    questions = {
        name: asked
        for name, asked in said.items()
        if not name.startswith("_") and name != "starter" and asked.get("when") is not False
    }
    return Starters(lines, questions, said["regions"]["default"], re.compile(said["name_pattern"]["default"]))


def _is_asked_by(question: Mapping[str, Any], starter: str) -> bool:
    return "when" not in question or f"'{starter}'" in question["when"]


def _listed(starters: Starters) -> Iterator[str]:
    for starter, line in starters.lines.items():
        yield starter
        yield f"  {line}"
        for name in starters.answers_of(starter):
            if "when" in starters.questions[name]:
                yield f"  --set {name}={'|'.join(_choices(starters.questions[name]))}"
        yield ""
    yield "All of them:"
    yield f"  --set language={'|'.join(_choices(starters.questions['language']))}"
    yield "  --set region=… --set second_region=… (empty: one region only)"


def _choices(question: Mapping[str, Any]) -> list[str]:
    """What can be chosen, the default first."""
    choices = question.get("choices", {})
    values = choices.values() if isinstance(choices, dict) else choices
    return sorted((str(value) for value in values), key=lambda value: value != question.get("default"))


def _answers(given: Namespace, starters: Starters, *, interactive: bool) -> dict[str, str]:
    answers = dict(_pair(text) for text in given.set)
    if given.name is not None:
        if answers.get("name", given.name) != given.name:
            raise Misuse(f"the name is given twice: {given.name} and --set name={answers['name']}")
        answers["name"] = given.name
    if given.starter is None and not interactive:
        raise Misuse(f"--starter is missing: {' or '.join(starters.lines)} (seawall new --list)")
    if "name" not in answers and not interactive:
        raise Misuse(NAMELESS)
    if given.starter is not None:
        _refuse_unknown("starter", given.starter, list(starters.lines))
    known = starters.answers_of(given.starter)
    for answer, value in answers.items():
        _refuse_unknown("answer" if given.starter is None else f"answer of {given.starter}", answer, known)
        _refuse_value(answer, value, starters)
    return answers | ({"starter": given.starter} if given.starter else {})


def _pair(text: str) -> tuple[str, str]:
    answer, sign, value = text.partition("=")
    if not sign or not answer:
        raise Misuse(f"--set {text}: write ANSWER=VALUE, such as --set region=eu-west-1")
    return answer.strip(), value.strip()


def _refuse_value(answer: str, value: str, starters: Starters) -> None:
    if answer == "name":
        if not starters.name.search(value):
            raise Misuse(f"{value!r} is no name for a service: {NAMES}")
    elif answer in ("region", "second_region"):
        if value or answer == "region":
            _refuse_unknown("region of AWS", value, list(starters.regions), listed=False)
    elif choices := _choices(starters.questions[answer]):
        _refuse_unknown(answer, value, choices)


def _refuse_unknown(what: str, value: str, known: list[str], *, listed: bool = True) -> None:
    """Raises ``Misuse`` with the nearest of what is known, and with all of it where that is few."""
    if value in known:
        return
    near = sorted(get_close_matches(value, known, n=3, cutoff=0.5))
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    if listed and near:
        hint += f" There are {', '.join(known)}"
    raise Misuse(f"'{value}' is no {what}; {hint}")


def _asked_for_name(starters: Starters) -> str:
    while True:
        try:
            name = input("Name of the service, such as shop-orders: ").strip()
        except EOFError:
            raise Misuse(NAMELESS) from None
        if starters.name.search(name):
            return name
        print(NAMES, file=sys.stderr)


def _next_steps(target: Path) -> Iterator[str]:
    files = sum(1 for path in target.rglob("*") if path.is_file() and ".git" not in path.relative_to(target).parts)
    yield f"{files} files are in {target}. Next:"
    yield f"  cd {shlex.quote(str(target))}"
    yield "  make test           # sets everything up in .venv (two minutes), then runs every test"
    if (target / "tests" / "deploy_local.py").is_file():
        yield "  make deploy-local   # deploys to a cloud on this machine, sends something through and sees it come out"
    if not (target / ".git").exists():
        yield "  git init && git add . && git commit -m 'Start'   # make update, for later versions, needs it"
    yield "README.md says what it survives, and what to do when an alarm rings."
