"""The command `drive`: reads its options, does one thing, and ends with a code that scripts can rely on."""

import argparse
import os
import signal
import sys
import threading
from contextlib import nullcontext
from textwrap import fill
from typing import Any

from . import actions
from .drive import Drive
from .errors import Failure, Mistake
from .output import Bars, Output
from .patience import Patience, Stopped, Time
from .remembered import Memory
from .settings import Settings, load
from .watching import Watcher
from .wire import AGENT, Wire

WIDTH = 79

EPILOG = """\
configuration, the first that is given counts:
  --endpoint URL (repeatable)       DRIVE_ENDPOINTS (blanks between)    endpoints = ["URL", …]
                                    DRIVE_TOKEN or DRIVE_TOKEN_FILE     token_file = "FILE"
  --patience SECONDS, --parallel N                                      patience, parallel
  the right column is in ~/.config/drive/config.toml (DRIVE_CONFIG names another file)

The addresses of all regions belong into the list, the nearest first: when one fails, the next one is used, and the
failing one is left for a while. Repeating a command is always safe: it goes on where the last one stopped
(remembered in ~/.local/state/drive, or DRIVE_STATE).

exit codes:
  0  done
  1  the drive has refused: not found, not allowed, too busy for longer than your patience
  2  wrong use or configuration, or this machine is in the way: a full disk, a file that changes
  3  no region could be reached, or what was asked for is not ready yet
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    output = Output(as_json=getattr(options, "json", False))
    time = Time()
    previous = _stop_on_signals(time)
    try:
        return _run(options, output, time)
    except Failure as failure:
        output.failure(failure)
        return failure.exit_code
    except (KeyboardInterrupt, Stopped):
        output.failure(Mistake("interrupted", "Interrupted: repeat the same command to go on."))
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains while it ends
        return 2
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run(options: argparse.Namespace, output: Output, time: Time) -> int:
    settings = load(
        os.environ,
        endpoints=getattr(options, "endpoint", ()),
        patience=getattr(options, "patience", None),
        parallel=getattr(options, "parallel", None),
    )
    watched = sys.stderr.isatty() and not output.as_json and not getattr(options, "quiet", False)
    with Bars() if watched else nullcontext(Watcher()) as watcher, _wire(settings, time) as wire:
        memory = Memory(settings.state)
        memory.prune()
        drive = Drive(wire, settings.token, memory=memory, watcher=watcher, parallel=settings.parallel)
        members, lines, code = options.action(drive, options, settings)
    output.result(members, lines)
    return int(code)


def _wire(settings: Settings, time: Time) -> Wire:
    patience = Patience(total=settings.patience)
    return Wire(settings.endpoints, patience=patience, time=time, memory=settings.state / "regions.json")


def _stop_on_signals(time: Time) -> dict[int, Any]:
    """Let an interruption end all pauses and threads, so that what has come so far is written down."""
    if threading.current_thread() is not threading.main_thread():
        return {}

    def stop(*_: object) -> None:
        time.stop.set()
        raise KeyboardInterrupt

    return {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drive",
        description="Put files into the drive and get them back, from whichever region is well.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=AGENT)
    _common(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_add_put, _add_get, _add_ls, _add_album, _add_undelete, _add_status):
        _common(add(commands))
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("common options")

    def add(*names: str, **more: Any) -> None:
        group.add_argument(*names, default=argparse.SUPPRESS, **more)  # or a subcommand's default hides what was given

    add("--endpoint", action="append", metavar="URL", help="address of a region's API; give one for each region")
    add("--patience", type=_seconds, metavar="SECONDS", help="give up when nothing has succeeded for so long (900)")
    add("--parallel", type=_count, metavar="N", help="parts on their way at a time, 16 MiB of memory each (4)")
    add("--json", action="store_true", help="print one JSON object, for scripts; errors go to standard error likewise")
    add("--quiet", action="store_true", help="draw no progress bars")


def _add_put(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "put",
        help="send files",
        description=fill(
            "Send files. Each is read once for its checksum, then sent in parts of 16 MiB, which the store checks. An "
            "interrupted upload goes on with the parts that are missing when the same command is repeated.",
            WIDTH,
        ),
        epilog="examples:\n  drive put beach.jpg\n  drive put *.jpg --to holiday/\n  drive put --recursive photos "
        "--to 2026/\n  drive put draft.pdf --as contracts/final.pdf --wait copied",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("local", nargs="+", metavar="FILE", help="a file, or with --recursive a folder")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--to", default="", metavar="FOLDER", help="folder of the drive")
    where.add_argument("--as", dest="path", metavar="PATH", help="the one file's path in the drive")
    parser.add_argument("-r", "--recursive", action="store_true", help="send folders with all that is in them")
    parser.add_argument(
        "--wait",
        choices=("listed", "copied"),
        help="return when the files can be listed, or lie in both regions (otherwise when they are committed)",
    )
    parser.set_defaults(action=actions.put)
    return parser


def _add_get(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "get",
        help="fetch files",
        description=fill(
            "Fetch files. They are checked against the drive's checksum before they appear under their names; what was "
            "interrupted goes on where it stopped. A file that is here already, unchanged, is left alone.",
            WIDTH,
        ),
        epilog="examples:\n  drive get holiday/beach.jpg\n  drive get holiday/ --to photos\n"
        "  drive get notes.txt --output copy.txt --force\n  drive get holiday/ --zip holiday.zip",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a path of the drive; with / at its end all below it")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--to", default=".", metavar="FOLDER", help="where the files go (here)")
    where.add_argument("-o", "--output", metavar="FILE", help="the one file's name here")
    where.add_argument("--zip", metavar="FILE", help="have the drive make one zip of all the files, and fetch that")
    parser.add_argument("--force", action="store_true", help="replace what is there, when the new file is complete")
    parser.set_defaults(action=actions.get)
    return parser


def _add_ls(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser("ls", help="list files", description="List files.")
    parser.add_argument("prefix", nargs="?", default="", metavar="PREFIX", help="only what begins with it")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--deleted", action="store_true", help="what was deleted and can be had back, for 30 days")
    what.add_argument("--versions", action="store_true", help="all versions of the one file PREFIX, and where they lie")
    parser.set_defaults(action=actions.ls)
    return parser


def _add_album(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "album",
        help="list, buy or fetch albums",
        description="Without an ALBUM, list those that you own. With one, order it as a zip, wait until it is built, "
        "and fetch it. When very many people want something the drive says when to come back; this command waits.",
    )
    parser.add_argument("album", nargs="?", metavar="ALBUM", help="its id")
    parser.add_argument("--buy", action="store_true", help="buy it first; needs a token that may")
    parser.add_argument("--no-fetch", action="store_true", help="with --buy: buy it and leave it at that")
    parser.add_argument("-o", "--output", metavar="FILE", help="the zip's name here (ALBUM.zip)")
    parser.add_argument("--force", action="store_true", help="replace what is there, when the new file is complete")
    parser.set_defaults(action=actions.album)
    return parser


def _add_undelete(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "undelete", help="have a deleted file back", description="Have a deleted file back, or an older version of one."
    )
    parser.add_argument("path", metavar="PATH", help="as `drive ls --deleted` shows it")
    parser.add_argument("--version", dest="to_version", metavar="ID", help="as `drive ls --versions PATH` shows it")
    parser.set_defaults(action=actions.undelete)
    return parser


def _add_status(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "status",
        help="show how the regions are, or an order",
        description="Without a JOB, ask every region how it is (exit code 3 when none is well). With one, show what "
        "has become of an order.",
    )
    parser.add_argument("job", nargs="?", metavar="JOB", help="an order's id")
    parser.set_defaults(action=actions.status)
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 7 * 24 * 3600:
        raise argparse.ArgumentTypeError("from 1 second to a week")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError("from 1 to 64")
    return value


if __name__ == "__main__":
    sys.exit(main())
