"""``seawall fix``: writes what can be mended in place, and says what was and what is left to people."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator

from seawall.finding import Finding, Report
from seawall.fixes.mending import Mended, NotWritten, mend, write
from seawall.fixes.wanted import written_as_text
from seawall.reports.presentation import Style, plural, printable

BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"


def run(
    judge: Callable[[], Report], *, diff: bool, quiet: bool, style: Style, show: Callable[[Iterator[str]], None]
) -> int:
    """Mends what ``judge`` finds; returns the exit code of a check afterwards, 2 also where a file cannot be written.

    With ``diff`` nothing is written: the difference goes to ``show``, what is said about it to stderr.
    """
    mended = mend(judge)
    if quiet:
        sys.stderr.writelines(f"seawall: {line}\n" for line in _unread(mended))
    if diff:
        show(difference(mended, style))
        if not quiet:
            sys.stderr.writelines(f"{line}\n" for line in told(mended, Style(), diff=True))
        return max(mended.report.exit_code, 1 if mended.changed else 0)
    failed = False
    for place, file in mended.changed.items():
        try:
            write(file, place)
        except NotWritten as error:
            failed = True
            print(f"seawall: {printable(str(error))}", file=sys.stderr)
    if not quiet:
        show(told(mended, style, diff=False))
    return 2 if failed else mended.report.exit_code


def difference(mended: Mended, style: Style) -> Iterator[str]:
    """What would change, as ``patch -p0`` and ``git apply -p0`` read it."""
    for file in mended.changed.values():
        before, after = (text.splitlines(keepends=True) for text in (file.before, file.after))
        for line in difflib.unified_diff(before, after, file.shown, file.shown, n=3):
            whole, text = line.endswith("\n"), line.removesuffix("\n")
            # A terminal must not obey a stranger's template; a patch needs every character.
            shown = printable(text) if style.colour or style.width else text
            yield style.paint(shown, {"+": GREEN, "-": RED, "@": CYAN}.get(line[:1], ""))
            if not whole:
                yield "\\ No newline at end of file"


def told(mended: Mended, style: Style, *, diff: bool) -> Iterator[str]:
    """What was mended and what is left, by file, and the counts."""
    by_file: dict[str, list[str]] = {}
    for finding in mended.gone:
        by_file.setdefault(finding.file, []).append(_gone(finding, style))
    for finding, reason in mended.left:
        by_file.setdefault(finding.file, []).append(_left(finding, reason, style))
    for file, lines in by_file.items():
        yield style.paint(printable(file), BOLD)
        yield from lines
        yield ""
    yield from (f"  {style.paint('!', RED)} {line}" for line in _unread(mended))
    verb = "can be mended" if diff else "mended"
    counts = f"{len(mended.gone)} {verb} in {plural(len(mended.changed), 'file')}, {len(mended.left)} left to you"
    yield style.paint(counts, BOLD)


def _unread(mended: Mended) -> Iterator[str]:
    for unread in mended.report.unread:
        place = f"{unread.file}:{unread.line}" if unread.line else unread.file
        yield printable(f"{place}: {unread.reason}")


def _gone(finding: Finding, style: Style) -> str:
    sets = ", ".join(f"{path}: {written_as_text(value)}" for path, value in finding.sets)
    mark = style.paint("✓" if style.unicode else "+", GREEN)
    return f"  {mark} {printable(f'{finding.resource}: {sets}')}  {style.paint(finding.policy, DIM)}"


def _left(finding: Finding, reason: str, style: Style) -> str:
    mark = style.paint("✗" if style.unicode else "x", RED)
    why = f" ({reason})" if reason else ""
    return f"  {mark} {printable(f'{finding.resource}: {finding.fix}{why}')}  {style.paint(finding.policy, DIM)}"
