"""Text for people: grouped by file, the line that decides quoted, why, and what to change."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.finding import KNOWN, Finding, Report, Unread
from seawall.policy import Outcome
from seawall.reports.presentation import Presentation, Style, counts, plural, printable

MAX_QUOTE = 120
"""Characters quoted of a line: a template on a single line is not shown whole."""

BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN = "1", "2", "31", "32", "33", "34", "36"
_COLOURS = {Outcome.FLAGGED: RED, Outcome.UNDECIDED: YELLOW, Outcome.SKIPPED: DIM, Outcome.ACCEPTED: GREEN}
_GLYPHS = {Outcome.FLAGGED: "✗", Outcome.UNDECIDED: "?", Outcome.SKIPPED: "-", Outcome.ACCEPTED: "✓"}
_PLAIN = str.maketrans({"✗": "x", "✓": "+", "│": "|", "→": ">", "·": "-", "…": "~"})
_INDENT = " " * 4


Shown = dict[tuple[str, str, str], Finding]
"""The first finding of a policy about a type in a language: what later ones point to."""


def render(report: Report, presentation: Presentation) -> Iterator[str]:
    """The lines of the report."""
    lines = _lines(report, presentation)
    return lines if presentation.style.unicode else (line.translate(_PLAIN) for line in lines)


def _lines(report: Report, presentation: Presentation) -> Iterator[str]:
    style = presentation.style
    by_file: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if _is_shown(finding, presentation):
            by_file.setdefault(finding.file, []).append(finding)
    shown: Shown = {}
    for file, findings in by_file.items():
        yield style.paint(printable(file), BOLD)
        yield from _file(findings, presentation, shown)
    if report.unread:
        yield style.paint("Not read or not judged", BOLD)
        yield from (_unread(unread, style) for unread in report.unread)
        yield ""
    if not presentation.quiet:
        yield _summary(report, presentation)
        yield from _hints(report)


def _file(findings: list[Finding], presentation: Presentation, shown: Shown) -> Iterator[str]:
    """What is flagged in full, the rest in a line each below it: their titles name what is *not* wrong."""
    detailed = (Outcome.FLAGGED, Outcome.UNDECIDED) if presentation.verbose else (Outcome.FLAGGED,)
    full = [item for item in findings if item.verdict in detailed]
    for finding in full:
        yield from _block(finding, presentation, shown)
    if len(full) < len(findings):
        yield from (_brief(item, presentation.style) for item in findings if item.verdict not in detailed)
        yield ""


def _is_shown(finding: Finding, presentation: Presentation) -> bool:
    if finding.verdict is Outcome.FLAGGED or presentation.verbose:
        return True
    if presentation.quiet:
        return False
    # What holds under the defaults only is worth knowing too.
    conditional = finding.verdict is Outcome.ACCEPTED and finding.note.startswith("flagged")
    return finding.verdict is Outcome.UNDECIDED or conditional


def _block(finding: Finding, presentation: Presentation, shown: Shown) -> Iterator[str]:
    style = presentation.style
    glyph = style.paint(_GLYPHS[finding.verdict], _colour(finding))
    title = style.paint(printable(finding.title), BOLD)
    weight = style.paint(f"  {finding.severity}", YELLOW) if _is_lighter(finding) else ""
    yield f"  {glyph} {title}  {style.paint(finding.policy, DIM)}{weight}"
    place = style.paint(printable(f"{finding.file}:{finding.line}"), BLUE)
    stack = f" in {printable(finding.stack)}" if finding.stack else ""
    yield f"{_INDENT}{place}  {printable(finding.resource)} ({printable(finding.type)}){stack}"
    if finding.source_line:
        yield f"{_INDENT}{style.paint(f'{finding.line:>5} │', DIM)} {_quote(finding.source_line)}"
    yield from _field("", finding.message, style)
    for step in finding.evidence:
        yield from _field("evidence", step, style)
    if finding.depends_on and finding.verdict is not Outcome.ACCEPTED:
        yield from _field("depends on", ", ".join(finding.depends_on), style)
    if finding.note:
        yield from _field("note", finding.note, style)
    if finding.fix and finding.verdict is not Outcome.ACCEPTED:
        yield from _field("fix", finding.fix, style)
    yield from _pasted(finding, presentation, shown)
    yield ""


def _pasted(finding: Finding, presentation: Presentation, shown: Shown) -> Iterator[str]:
    """The fix to paste; a page's example, which may be long, once for all resources of a type."""
    first = shown.setdefault((finding.policy, finding.type, finding.language), finding)
    if first is not finding and not finding.sets and finding.verdict is Outcome.FLAGGED:
        yield f"{_INDENT}  as for {printable(first.resource)} above"
        return
    for line in presentation.pasted(finding).splitlines():
        yield f"{_INDENT}  {presentation.style.paint(printable(line), CYAN)}"


def _is_lighter(finding: Finding) -> bool:
    return finding.verdict is Outcome.FLAGGED and finding.severity != "error"


def _colour(finding: Finding) -> str:
    return YELLOW if _is_lighter(finding) else _COLOURS[finding.verdict]


def _field(label: str, text: str, style: Style) -> Iterator[str]:
    heading = f"{label}: " if label else ""
    lines = _wrapped(heading + printable(text), style.width - len(_INDENT) if style.width else 0)
    first = lines[0]
    yield (_INDENT + style.paint(first[: len(heading)], GREEN if label == "fix" else DIM) + first[len(heading) :])
    yield from (f"{_INDENT}  {line}" for line in lines[1:])


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` columns, broken between words; later ones are two shorter."""
    if width <= 0 or len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width - (2 if len(lines) > 1 else 0):
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _quote(line: str) -> str:
    text = printable(line[: MAX_QUOTE + 1])
    return text[:MAX_QUOTE] + "…" if len(text) > MAX_QUOTE else text


def _brief(finding: Finding, style: Style) -> str:
    glyph = style.paint(_GLYPHS[finding.verdict], _COLOURS[finding.verdict])
    note = f"; {finding.note}" if finding.note else ""
    place = style.paint(f":{finding.line}", BLUE)
    text = printable(f"{finding.resource}: {finding.message}{note}")
    return f"  {glyph} {place} {text}  {style.paint(finding.policy, DIM)}"


def _unread(unread: Unread, style: Style) -> str:
    place = f"{unread.file}:{unread.line}" if unread.line else unread.file
    return f"  {style.paint('!', RED)} {style.paint(printable(place), BLUE)}  {printable(unread.reason)}"


def summary_line(report: Report, presentation: Presentation) -> str:
    """The counts of a run in one line."""
    found = counts(finding.verdict for finding in report.findings)
    parts = [f"{count} {outcome}" for outcome, count in found.items()]
    lighter = [finding.severity for finding in report.findings if _is_lighter(finding)]
    known = sum(finding.note.startswith(KNOWN) for finding in report.findings)
    if known:
        parts[2] += f" ({known} {KNOWN})"
    if lighter:  # they do not make the exit code 1
        counted = [plural(lighter.count(name), name) for name in ("warning", "note") if name in lighter]
        parts[0] += f" ({' and '.join(counted)})"
    if report.unread:
        parts.insert(0, f"{len(report.unread)} not read or not judged")
    objectives = " and ".join(presentation.objectives)
    read = f"{plural(report.files, 'template')} in {report.seconds:.2f} s"
    return f"{', '.join(parts)} · {read}" + (f" · objective {objectives}" if objectives else "")


def _summary(report: Report, presentation: Presentation) -> str:
    colour = {0: GREEN, 1: RED, 2: RED}[report.exit_code]
    return presentation.style.paint(summary_line(report, presentation), f"{BOLD};{colour}")


def _hints(report: Report) -> Iterator[str]:
    flagged = next((item.policy for item in report.findings if item.verdict is Outcome.FLAGGED), None)
    if flagged:
        yield f"Why it matters, with examples: seawall explain {flagged}"
    in_place = sum(bool(item.sets) and item.language != "hcl" and not item.construct for item in report.findings)
    if in_place:
        yield f"Set in place, {in_place} of them: seawall fix PATH (--diff only shows)"
    deciding: dict[str, int] = {}
    for finding in report.findings:
        if finding.verdict is Outcome.UNDECIDED:
            for name in finding.depends_on:
                # Others were looked at on the way and do not decide.
                if name.isalnum() and f"parameter {name}" in finding.message:
                    deciding[name] = deciding.get(name, 0) + 1
    if deciding:
        name = max(deciding, key=lambda name: deciding[name])
        yield f"Parameters without a value leave verdicts undecided: try --parameter {name}=VALUE"
