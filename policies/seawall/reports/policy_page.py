"""A policy's page on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.policy import Policy
from seawall.reports.presentation import Style, printable

HEADING, CODE, NAME = "1", "36", "1;36"


def render(policy: Policy, style: Style) -> Iterator[str]:
    """The page's lines as they are written, with headings and examples set apart where there are colours."""
    try:
        page = policy.page.read_text(encoding="utf-8")
    except OSError:
        page = f"# {policy.title}\n\n`{policy.id}`\n\nThis policy has no page; it is judged by {policy.file}.\n"
    inside = False
    for line in page.splitlines():
        fence = line.startswith("```")
        inside = inside != fence
        yield _painted(printable(line), style, code=inside or fence)


def _painted(line: str, style: Style, *, code: bool) -> str:
    if not style.colour:
        return line
    if code:
        return style.paint(line, CODE)
    if line.startswith("#"):
        return style.paint(line, HEADING)
    pieces = line.split("`")
    return "".join(style.paint(piece, NAME) if index % 2 else piece for index, piece in enumerate(pieces))
