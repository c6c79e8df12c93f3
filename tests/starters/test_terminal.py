"""`seawall new` on a terminal."""

import os
import pty
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from seawall.cli import INTERRUPTED

from tests.starters.combinations import NAME

STARTER = "queue-worker"
COMMAND = [sys.executable, "-m", "seawall", "new"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def typed(keys: list[bytes], *arguments: str) -> tuple[int, str]:
    """The exit code and what was shown, after these keys were pressed, one after each question."""
    terminal, inside = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=os.environ | {"TERM": "xterm"},
        start_new_session=True,
    )
    os.close(inside)
    shown = ""
    for pressed in keys:
        shown += until_quiet(terminal)
        os.write(terminal, pressed)
    for part in iter(lambda: read(terminal), ""):
        shown += part
    os.close(terminal)
    return running.wait(timeout=60), shown


def read(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # how a terminal ends on Linux
        return ""


def until_quiet(terminal: int) -> str:
    """What is shown until nothing more comes for a second."""
    os.set_blocking(terminal, False)
    shown, last = "", time.monotonic()
    while not shown or time.monotonic() - last < 1.5:
        with suppress(BlockingIOError):
            if part := read(terminal):
                shown, last = shown + part, time.monotonic()
                if "\x1b[6n" in part:  # where is the cursor?
                    os.write(terminal, b"\x1b[1;1R")
        time.sleep(0.05)
    os.set_blocking(terminal, True)
    return shown


def test_what_was_not_given_is_asked() -> None:
    code, shown = typed(
        [b"Shop\r", b"shop-orders\r", b"\r", b"\r", b"\r"], "--starter", STARTER, "--set", "language=terraform"
    )
    assert code == 0, shown
    assert "a name has 4 to 29" in shown
    assert "What works the orders off?" in shown
    said = Path(NAME, ".copier-answers.yml").read_text()
    assert 'language: "terraform"' in said
    assert 'worker: "lambda"' in said


def test_ctrl_c_at_a_question_leaves_nothing() -> None:
    code, shown = typed([b"\x03"], NAME, "--starter", STARTER)
    assert code == INTERRUPTED, shown
    assert "interrupted" in shown
    assert list(Path().iterdir()) == []
