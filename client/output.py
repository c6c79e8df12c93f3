"""What people and scripts see: results on standard output; bars, remarks and errors on standard error.

Bars are drawn on a terminal only. With `--json` standard output is one JSON object, and so is an error.
"""

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.text import Text

from .errors import Failure
from .names import shown
from .watching import Watcher


class Output:
    """Standard output and standard error of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, members: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Print what was found: the object for scripts, the lines for people."""
        if self.as_json:
            print(json.dumps(members))
            return
        for line in lines:
            print(line)

    def failure(self, failure: Failure) -> None:
        """Print why something was not done."""
        if self.as_json:
            print(json.dumps({"error": failure.members()}), file=sys.stderr)
            return
        print(f"drive: {shown(str(failure))}", file=sys.stderr)


class Bars(Watcher):
    """Progress bars on a terminal. Use it in a `with`."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.fields[doing]}", markup=False),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, name: str, total: int, doing: str) -> None:
        """Show a new bar for a file, or begin the one that it has anew."""
        with self._lock:
            if name in self._tasks:
                self._progress.reset(self._tasks[name], total=total, doing=doing)
            else:
                self._tasks[name] = self._progress.add_task(_short(name), total=total, doing=doing)

    def advance(self, name: str, count: int) -> None:
        """Move a bar."""
        self._progress.advance(self._tasks[name], count)

    def end(self, name: str) -> None:
        """Take a bar away."""
        with self._lock:
            task = self._tasks.pop(name, None)
        if task is not None:
            self._progress.remove_task(task)

    def say(self, sentence: str) -> None:
        """Show a remark above the bars."""
        self._progress.console.print(Text(shown(sentence)))


def size_of(count: int) -> str:
    """Return a number of bytes as people read it."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _short(name: str) -> str:
    clean = shown(name)
    return clean if len(clean) <= 40 else f"…{clean[-39:]}"
