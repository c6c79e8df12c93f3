"""What the command understands: its arguments and its help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from seawall.configuration import OBJECTIVES
from seawall.version import VERSION

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown")
COLOURS = ("auto", "always", "never")

_ABOUT = """\
Which failure would this design not survive? Seawall reads CloudFormation, SAM and CDK
templates, Terraform source and plans, and says so. Nothing is executed or fetched, and only fix writes."""

_EXAMPLES = """\
examples:
  seawall check .                                    judge everything below this folder
  seawall check cdk.out                              all stacks of a CDK app as one design
  seawall check db.yaml --parameter MultiAZ=true     with a parameter's value
  seawall check . --objective multi-region           the loss of a region counts too
  seawall check . --list-exceptions                  what templates excuse, and whether they still need to
  seawall baseline .                                 write down what is flagged today; only new findings count
  seawall check . --format sarif --output seawall.sarif
  seawall fix . --diff                               what can be mended in place; without --diff it is written
  seawall explain SEA_SINGLE_AZ_DATABASE             why, how to fix it, examples
  seawall new shop-orders --starter queue-worker     a new service that survives it from its first commit

exit codes of check:
  0  nothing is flagged (undecided alone is no failure, nor are warnings and notes)
  1  something is flagged
  2  something could not be read or judged, or the command was called wrongly; findings are still printed
"""


_ABOUT_NEW = """\
Writes a new service: a small repository, complete with code, infrastructure, tests, alarms and a runbook, which
survives the loss of a zone, of its data and, with a second region, of a region. On a terminal it asks what was not
given; elsewhere, and with --defaults, it takes the defaults. It needs pip install 'seawall[new]'."""

_EXAMPLES_OF_NEW = """\
examples:
  seawall new --list
  seawall new shop-orders --starter queue-worker                                 asks the rest
  seawall new shop-orders --starter queue-worker --defaults                      AWS CDK, eu-west-1 and eu-central-1
  seawall new shop-orders --starter queue-worker --set region=us-east-1 --set second_region=
  seawall new invoices --starter data-store --set language=terraform --into .    into the repository just made

answers of every starter:
  language       cdk (default), cloudformation or terraform
  region         such as eu-west-1 (default)
  second_region  takes over when the first one is lost; by default one of the same jurisdiction; empty: one region only

exit codes:
  0  written
  2  not written; nothing is left behind

Later versions of a starter arrive by make update in the service's folder.
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command; ``command`` holds the name of what is to be done."""
    top = argparse.ArgumentParser(
        "seawall", description=_ABOUT, epilog=_EXAMPLES, formatter_class=_Help, allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"seawall {VERSION}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, prog="seawall")
    _add_check(
        commands.add_parser(
            "check", help="judge templates", epilog=_EXAMPLES, formatter_class=_Help, allow_abbrev=False
        )
    )
    _add_baseline(
        commands.add_parser(
            "baseline", help="write down what is flagged today", formatter_class=_Help, allow_abbrev=False
        )
    )
    _add_fix(
        commands.add_parser(
            "fix", help="mend templates in place where that is safe", formatter_class=_Help, allow_abbrev=False
        )
    )
    _add_new(
        commands.add_parser(
            "new",
            help="write a new service from a starter",
            description=_ABOUT_NEW,
            epilog=_EXAMPLES_OF_NEW,
            formatter_class=_Help,
            allow_abbrev=False,
        )
    )
    listing = commands.add_parser("list", help="list the policies", formatter_class=_Help, allow_abbrev=False)
    listing.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    _add_own_policies(listing)
    explain = commands.add_parser(
        "explain", help="print the page of a policy", formatter_class=_Help, allow_abbrev=False
    )
    explain.add_argument("policy", metavar="ID", help="such as SEA_SINGLE_AZ_DATABASE or single_az_database")
    _add_own_policies(explain)
    _add_colour(explain)
    return top


def _add_check(check: argparse.ArgumentParser) -> None:
    _add_paths(check, "*")
    _add_choice(check.add_argument_group("what is judged"))
    _add_values(check.add_argument_group("values that the templates leave open"))
    output = check.add_argument_group("what is printed")
    known = output.add_mutually_exclusive_group()
    known.add_argument(
        "--baseline", type=_path, metavar="FILE", help="report only what is not in it; otherwise that of seawall.yaml"
    )
    known.add_argument("--no-baseline", action="store_true", help="report everything, whatever seawall.yaml says")
    output.add_argument(
        "--list-exceptions", action="store_true", help="list the exceptions in the templates instead of judging"
    )
    _add_output(output)


def _add_baseline(baseline: argparse.ArgumentParser) -> None:
    _add_paths(baseline, "*")
    _add_choice(baseline.add_argument_group("what is judged"))
    _add_values(baseline.add_argument_group("values that the templates leave open"))
    baseline.add_argument(
        "--output", type=_path, metavar="FILE", help="otherwise the baseline of seawall.yaml, or seawall-baseline.json"
    )


def _add_fix(fix: argparse.ArgumentParser) -> None:
    _add_paths(fix, "+")
    _add_choice(fix.add_argument_group("what is judged and mended"))
    _add_values(fix.add_argument_group("values that the templates leave open"))
    output = fix.add_argument_group("what is printed")
    output.add_argument("--diff", action="store_true", help="show what would be changed, and write nothing")
    output.add_argument("-q", "--quiet", action="store_true", help="nothing but the difference")
    _add_colour(output)


def _add_new(new: argparse.ArgumentParser) -> None:
    new.add_argument("name", nargs="?", metavar="NAME", help="of the service and of its folder, such as shop-orders")
    new.add_argument("--starter", metavar="KIND", help="what it is written from: see --list")
    _add_list(new, "--set", "ANSWER=VALUE", "answer a question (repeatable)")
    new.add_argument("--defaults", action="store_true", help="ask nothing, also on a terminal")
    new.add_argument(
        "--into",
        type=_path,
        metavar="DIR",
        help="write into this folder, which is new or empty but for .git",
    )
    new.add_argument("--list", action="store_true", help="list the starters and what they ask")


def _add_paths(command: argparse.ArgumentParser, number: str) -> None:
    command.add_argument(
        "paths",
        nargs=number,
        type=_path,
        default=[],
        metavar="PATH",
        help="a file, or a folder to search (not in folders whose name starts with a dot)",
    )
    command.add_argument(
        "--jobs", type=_jobs, default=0, metavar="N", help="processes; one for each processor if not set"
    )


def _add_choice(choice: argparse._ActionsContainer) -> None:
    _add_list(choice, "--policy", "ID", "only this policy (repeatable)")
    _add_list(choice, "--skip-policy", "ID", "not this policy (repeatable)")
    _add_list(choice, "--group", "NAME", "only this group (repeatable)")
    choice.add_argument(
        "--objective",
        choices=OBJECTIVES,
        help="what the designs promise to survive; otherwise that of the nearest seawall.yaml, or multi-az",
    )
    choice.add_argument(
        "--config", type=_path, metavar="FILE", help="read this, not the nearest seawall.yaml at or above each PATH"
    )
    _add_own_policies(choice)


def _add_values(values: argparse._ActionsContainer) -> None:
    _add_list(values, "--parameter", "NAME=VALUE", "a parameter's value (repeatable)")
    values.add_argument(
        "--parameters",
        action="append",
        default=[],
        type=_path,
        metavar="FILE",
        help="values in CloudFormation's, CodePipeline's or a plain NAME: VALUE file (repeatable)",
    )


def _add_output(output: argparse._ActionsContainer) -> None:
    output.add_argument("--format", choices=FORMATS, default="text", help="%(choices)s", metavar="FORMAT")
    output.add_argument("--output", type=_path, metavar="FILE", help="write the report here, not to the terminal")
    output.add_argument("-v", "--verbose", action="store_true", help="accepted, undecided and skipped in full, too")
    output.add_argument("-q", "--quiet", action="store_true", help="only what is flagged and what could not be read")
    _add_colour(output)


def _add_list(parser: argparse._ActionsContainer, option: str, metavar: str, help_text: str) -> None:
    parser.add_argument(option, action="append", default=[], metavar=metavar, help=help_text)


def _add_own_policies(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--policies",
        action="append",
        default=[],
        type=_path,
        metavar="DIR",
        help="a folder of your own policies",
    )


def _add_colour(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--color",
        choices=COLOURS,
        default="auto",
        metavar="WHEN",
        help="auto (a terminal; NO_COLOR), always or never",
    )


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("an empty path")
    return Path(text)


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1, not {text!r}")
    return int(text)


class _Help(argparse.RawDescriptionHelpFormatter):
    """The usual help. The width is given, since argparse would import shutil and all compressors for it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=terminal_width() - 2)


def terminal_width(streams: Sequence[int] = (1, 2)) -> int:
    """Columns of the terminal that the user sees, 100 where there is none; between 60 and 160."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return max(60, min(int(columns), 160))
    for stream in streams:
        with suppress(OSError):
            width = os.get_terminal_size(stream).columns
            if width:  # some terminals do not know it
                return max(60, min(width, 160))
    return 100
