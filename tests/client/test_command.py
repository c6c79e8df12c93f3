"""The command: exit codes, JSON for scripts, and sentences for people."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from client.command import main
from tests.client.world import REGIONS, World, status

HERE, PEER = REGIONS


@pytest.fixture
def home(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home directory; the regions and a token are in the environment."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "DRIVE_STATE", "DRIVE_CONFIG", "DRIVE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DRIVE_ENDPOINTS", " ".join(world.endpoints))
    monkeypatch.setenv("DRIVE_TOKEN", world.token())
    return tmp_path / "home"


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads([line for line in capsys.readouterr().out.splitlines() if line.startswith('{"')][-1])


def complained(capsys: pytest.CaptureFixture[str]) -> str:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("drive:", '{"error"'))][-1]


@pytest.mark.usefixtures("home")
def test_files_are_sent_listed_and_fetched(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "photos" / "a.jpg").write_text("a")
    (tmp_path / "photos" / "deep" / "b.jpg").write_text("b")
    (tmp_path / "photos" / "link").symlink_to("/etc/passwd")
    assert main(["put", "--json", "-r", "photos", "--to", "2026/"]) == 0
    sent = {file["path"] for file in said(capsys)["files"]}
    assert sent == {"2026/photos/a.jpg", "2026/photos/deep/b.jpg"}
    world.ingest()
    assert main(["ls", "--json", "2026/"]) == 0
    assert {file["path"] for file in said(capsys)["files"]} == sent
    assert main(["get", "2026/photos/", "--to", "back"]) == 0
    assert (tmp_path / "back" / "deep" / "b.jpg").read_text() == "b"
    assert main(["ls", "--json", "--versions", "2026/photos/a.jpg"]) == 0
    assert said(capsys)["versions"][0]["durability"] == "REGIONAL"


def test_a_deleted_file_comes_back(world: World, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert home
    Path("a").write_text("a")
    assert main(["put", "a"]) == 0
    (file,) = world.ingest()
    world.drive().delete(file.id)
    assert main(["get", "a"]) == 1
    assert main(["ls", "--json", "--deleted"]) == 0
    assert [each["path"] for each in said(capsys)["files"]] == ["a"]
    assert main(["undelete", "a"]) == 0
    assert main(["get", "a", "-o", "b"]) == 0
    assert Path("b").read_text() == "a"


def test_the_status_names_the_region_that_is_not_well(
    world: World, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home
    world.api[HERE].faults = [status(503)]
    world.api[PEER].faults = [status(200)]
    assert main(["status", "--json"]) == 3, "an answer that is none is not well either"
    first, _ = said(capsys)["endpoints"]
    assert (first["endpoint"], first["ok"]) == (world.endpoints[0], False)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["get", "nothing"], 1, "no file nothing"),
        (["put", "missing"], 2, "Cannot read missing"),
        (["put", "folder"], 2, "--recursive"),
        (["put", "pipe"], 2, "no regular file"),
        (["put", "file", "--as", "../x"], 2, "such as .."),
        (["put", "file", "--as", "a\x1b[31m"], 2, "U+001B"),
        (["put", "file", "--as", ""], 2, "empty"),
        (["put", "file", "--as", "x" * 2000], 2, "longer than 1024"),
        (["put", "huge"], 2, "the drive takes files of up to"),
        (["get", "a/", "-o", "x"], 2, "--output is for one file"),
        (["album", "--buy"], 2, "Name the album"),
        (["album", "no-such-album"], 1, "do not own"),
        (["status", "no-such-job"], 1, "32 hexadecimal"),
        (["undelete", "nothing"], 1, "no deleted file"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert home
    Path("file").write_text("x")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with Path("huge").open("wb") as huge:
        huge.truncate(200 * 1024**3)
    assert main(arguments) == code
    complaint = complained(capsys)
    assert words in complaint
    assert complaint.isprintable()
    assert main(["--json", *arguments]) == code
    error = json.loads(complained(capsys))["error"]
    assert (error["exit_code"], bool(error["kind"])) == (code, True)


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({"DRIVE_ENDPOINTS": ""}, 2, "No address"),
        ({"DRIVE_ENDPOINTS": "ftp://x"}, 2, "no address of a drive"),
        ({"DRIVE_ENDPOINTS": "http://drive.example.com"}, 2, "use https"),
        ({"DRIVE_TOKEN": ""}, 2, "DRIVE_TOKEN"),
        ({"DRIVE_TOKEN": "two words"}, 2, "one line"),
        ({"DRIVE_TOKEN": "", "DRIVE_TOKEN_FILE": "nowhere"}, 2, "Cannot read the token"),
        ({"DRIVE_TOKEN": "forged"}, 1, "DRIVE_TOKEN"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_wrong_configuration_is_said_so(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    code: int,
    words: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["ls"]) == code
    assert words in complained(capsys)


def test_the_configuration_file_is_read_and_checked(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DRIVE_ENDPOINTS")
    monkeypatch.delenv("DRIVE_TOKEN")
    config = home / ".config" / "drive" / "config.toml"
    config.parent.mkdir(parents=True)
    (home / "token").write_text(world.token() + "\n")
    config.write_text(f'endpoints = {json.dumps(world.endpoints)}\ntoken_file = "~/token"\n')
    monkeypatch.setenv("HOME", str(home))
    assert main(["ls"]) == 0
    for wrong, words in (("endpoint = 1", "no setting"), ('endpoints = "x"', "must be a list"), ("=", "Cannot read")):
        config.write_text(wrong)
        assert main(["ls"]) == 2
        assert words in complained(capsys)


def test_the_command_runs_from_a_checkout(world: World, home: Path, repository: Path) -> None:
    assert home
    for region in REGIONS:
        world.api[region].down()
    command = [sys.executable, "-m", "client", "ls", "--patience", "1"]
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "could not be reached" in ended.stderr
    assert "Traceback" not in ended.stderr
