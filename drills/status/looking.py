"""What a reader of a page sees: look.mjs opens it in Chromium, headless, as wide and as dark as a reader has it.

views = look([View("light", url, picture=folder / "light.png")])
views["light"].text, views["light"].complaints
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCRIPT = Path(__file__).with_name("look.mjs")
WITHIN = 180.0
"""Seconds for a browser's start and a handful of pages on a busy machine."""

INSTALL = "no Chromium on this machine: `apt-get install chromium` on Debian, then run the drill again"


class CannotLook(Exception):
    """There is no browser, or it did not do what it was told; the message says what to do."""


@dataclass(frozen=True)
class View:
    """How a reader looks at a page; `picture` is where the screenshot goes (PNG)."""

    name: str
    url: str
    picture: Path
    width: int = 1000
    height: int = 800
    dark: bool = False
    mobile: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the reader saw. `rows` are the cells of the table of regions, `updated` what the page says of itself."""

    name: str
    status: int
    title: str
    text: str
    rows: Sequence[Sequence[str]]
    updated: str | None
    says_old: bool
    background: str
    overflows: bool
    """Whether it has to be scrolled sideways."""
    complaints: Sequence[str]
    """Errors and warnings of the console, errors of scripts, requests without an answer."""
    requests: Sequence[str]

    def state_of(self, region: str) -> str:
        """Return what the table says of a region, without its sign; "" where it is not in the table."""
        return next((row[1].split(maxsplit=1)[-1] for row in self.rows if row[0] == region), "")

    def since(self, region: str) -> str:
        """Return since when, as the table says it."""
        return next((row[2] for row in self.rows if row[0] == region), "")


def browser() -> str | None:
    """Return the path of an installed browser, None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def look(views: Sequence[View]) -> dict[str, Seen]:
    """Return what each view shows, by its name, and write its picture; raises CannotLook."""
    installed = browser()
    if installed is None:
        raise CannotLook(INSTALL)
    from embedded_cloud.node import NODE

    for view in views:
        view.picture.parent.mkdir(parents=True, exist_ok=True)
    orders = {"browser": installed, "views": [_order(view) for view in views]}
    try:
        ended = subprocess.run(
            [NODE, SCRIPT], input=json.dumps(orders), capture_output=True, text=True, timeout=WITHIN, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"the browser did not end within {WITHIN:g} s"
        raise CannotLook(message) from None
    if ended.returncode:
        message = f"the browser could not be asked ({ended.returncode}): {ended.stderr[-1500:]}"
        raise CannotLook(message)
    return {seen.name: seen for seen in map(_seen, json.loads(ended.stdout)["views"])}


def _order(view: View) -> dict[str, Any]:
    names = ("name", "url", "width", "height", "dark", "mobile")
    return {name: getattr(view, name) for name in names} | {"picture": str(view.picture.resolve())}


def _seen(told: dict[str, Any]) -> Seen:
    return Seen(says_old=told.pop("saysOld"), **told)
