"""`seawall new`: what it refuses, in one line and without a trace, and where it writes."""

import errno
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from seawall.cli import INTERRUPTED, main
from seawall.new_command import NAMES, read_starters, template_folder

from tests.starters.combinations import NAME

STARTER = "queue-worker"
STARTERS = read_starters(template_folder())
COMMAND = [sys.executable, "-m", "seawall", "new"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that the command says, after which the folder is as it was."""
    before = sorted(Path().rglob("*"))
    assert main(["new", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sorted(Path().rglob("*")) == before
    [line] = said.err.splitlines()
    assert line.startswith("seawall: ")
    return line.removeprefix("seawall: ")


@pytest.mark.parametrize(
    "name",
    [
        "X",
        "abc",
        "Shop",
        "shop_orders",
        "1shop",
        "shop-",
        "shop--orders",
        "shop orders",
        "a" * 30,
        "../shop",
        "",
        "shop\n",
    ],
)
def test_a_name_that_no_resource_could_bear_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, name, "--starter", STARTER) == f"{name!r} is no name for a service: {NAMES}"


def test_a_region_that_does_not_exist_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    for answer in ("region", "second_region"):
        line = refusal(capsys, NAME, "--starter", STARTER, "--set", f"{answer}=eu-west-9")
        assert line == "'eu-west-9' is no region of AWS; did you mean eu-west-1 or eu-west-2 or eu-west-3?"


def test_a_region_like_no_other_is_refused_with_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, NAME, "--starter", STARTER, "--set", "region=mars")
    assert "us-west-2" in line
    assert "ap-southeast-1" in line


def test_two_regions_that_are_one_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, NAME, "--starter", STARTER, "--set", "region=us-east-1", "--set", "second_region=us-east-1")
    assert line.startswith("the second region is the first one, us-east-1: name another, or none")


def test_an_unknown_starter_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, NAME, "--starter", "queue")
    assert line.startswith("'queue' is no starter; did you mean queue-worker? There are ")


def test_an_unknown_answer_is_refused_with_those_of_the_starter(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, NAME, "--starter", STARTER, "--set", "regoin=eu-west-1")
    assert "did you mean region or second_region?" in line
    assert "There are name, language, region, second_region, worker" in line


def test_an_answer_of_another_starter_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no answer of queue-worker" in refusal(capsys, NAME, "--starter", STARTER, "--set", "store=table")


def test_what_is_computed_cannot_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no answer" in refusal(capsys, NAME, "--starter", STARTER, "--set", "seawall_version=1.0.0")


def test_a_value_that_is_none_of_the_choices_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, NAME, "--starter", STARTER, "--set", "language=cloudformatoin")
    assert (
        line == "'cloudformatoin' is no language; did you mean cloudformation? There are cdk, cloudformation, terraform"
    )


def test_an_answer_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "write ANSWER=VALUE" in refusal(capsys, NAME, "--starter", STARTER, "--set", "region")


def test_what_is_missing_is_named_where_nobody_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--starter is missing: data-store or queue-worker" in refusal(capsys, NAME)
    assert "the name of the service is missing" in refusal(capsys, "--starter", STARTER)


def test_two_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "given twice" in refusal(capsys, NAME, "--starter", STARTER, "--set", "name=other")


def test_an_existing_folder_is_refused_and_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path(NAME).mkdir()
    Path(NAME, "precious.txt").write_text("ours")
    assert "exists and is not empty" in refusal(capsys, NAME, "--starter", STARTER)
    assert Path(NAME, "precious.txt").read_text() == "ours"


def test_a_file_in_the_place_of_the_folder_is_refused_and_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path(NAME).write_text("ours")
    assert "exists and is no folder" in refusal(capsys, NAME, "--starter", STARTER)
    Path(NAME).unlink()
    Path(NAME).symlink_to("nowhere")
    assert "exists and is no folder" in refusal(capsys, NAME, "--starter", STARTER)


def test_a_folder_in_no_folder_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, NAME, "--starter", STARTER, "--into", "a/b") == "the folder a does not exist"


def test_without_copier_the_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "copier", None)
    assert "pip install 'seawall[new]'" in refusal(capsys, NAME, "--starter", STARTER)


def test_a_full_disk_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def half(_: str, made: Path, **_others: object) -> None:
        made.mkdir()
        (made / "Makefile").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("copier.run_copy", half)
    line = refusal(capsys, NAME, "--starter", STARTER)
    assert line == f"{NAME} could not be written: the disk is full; nothing is left of it"


def test_a_file_that_cannot_be_written_ends_everything() -> None:
    """A limit on the size of files is a disk that is full in the middle of the work."""
    outcome = subprocess.run(
        [*COMMAND, NAME, "--starter", STARTER],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2, outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert "could not be written: file too large" in outcome.stderr
    assert list(Path().iterdir()) == []


def test_a_folder_that_may_not_be_written_is_named() -> None:
    """Root may write everywhere, so what root has imported goes on as nobody."""
    script = f"""
import os, sys
from seawall.cli import main
main(["new", "warm-up", "--starter", "{STARTER}", "--into", sys.argv[1]])
os.geteuid() or os.setuid(65534)
sys.exit(main(["new", "{NAME}", "--starter", "{STARTER}"]))
"""
    with tempfile.TemporaryDirectory() as elsewhere, tempfile.TemporaryDirectory() as locked:
        Path(locked).chmod(0o555)
        outcome = subprocess.run(
            [sys.executable, "-c", script, str(Path(elsewhere, "warm-up"))],
            cwd=locked,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 2, outcome.stderr
        expected = f"seawall: {NAME} could not be written: permission denied; nothing is left of it\n"
        assert outcome.stderr == expected
        assert list(Path(locked).iterdir()) == []


def test_an_interruption_leaves_nothing() -> None:
    running = subprocess.Popen(
        [*COMMAND, NAME, "--starter", STARTER], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not list(Path().iterdir()) and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED, said
    assert said == b"seawall: interrupted\n"
    assert list(Path().iterdir()) == []


def test_an_empty_repository_is_filled(capsys: pytest.CaptureFixture[str]) -> None:
    Path(NAME, ".git").mkdir(parents=True)
    assert main(["new", NAME, "--starter", STARTER, "--defaults"]) == 0
    assert Path(NAME, "Makefile").is_file()
    assert "git init" not in capsys.readouterr().out


def test_the_folder_may_have_another_name(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("here").mkdir()
    monkeypatch.chdir("here")
    assert main(["new", NAME, "--starter", STARTER, "--defaults", "--into", "."]) == 0
    assert Path("Makefile").is_file()
    assert "files are in ." in capsys.readouterr().out
    assert [path for path in Path().iterdir() if path.name.startswith(".seawall")] == []


def test_the_folder_can_be_read_as_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other").mkdir()
    assert main(["new", NAME, "--starter", STARTER, "--defaults"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"  cd {NAME}"
    assert Path(NAME).stat().st_mode == Path("other").stat().st_mode


def test_the_second_region_is_one_of_the_same_jurisdiction() -> None:
    assert main(["new", NAME, "--starter", STARTER, "--defaults", "--set", "region=us-east-1"]) == 0
    assert 'second_region: "us-west-2"' in Path(NAME, ".copier-answers.yml").read_text()


def test_one_region_is_explained_where_it_was_not_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", NAME, "--starter", STARTER, "--defaults", "--set", "region=eu-west-2"]) == 0
    assert "AWS has no other in the jurisdiction of eu-west-2" in capsys.readouterr().out
    assert (
        main(["new", "other-orders", "--starter", STARTER, "--set", "region=eu-west-2", "--set", "second_region="]) == 0
    )
    assert "jurisdiction" not in capsys.readouterr().out


def test_every_starter_is_listed_with_what_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--list"]) == 0
    listed = capsys.readouterr().out
    for starter, line in STARTERS.lines.items():
        assert f"{starter}\n  {line}\n" in listed
    assert "--set worker=lambda|fargate" in listed


def test_help_shows_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--help"]) == 0
    printed = capsys.readouterr().out
    for example in re.findall(r"^  seawall (new .*?)(?:   .*)?$", printed, re.MULTILINE):
        words = example.split()
        if "--list" not in words:
            assert words[words.index("--starter") + 1] in STARTERS.lines
    for answer in ("language", "region", "second_region"):
        assert answer in printed


def test_judging_imports_nothing_of_it() -> None:
    Path("template.json").write_text('{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}')
    script = (
        "import sys; from seawall.cli import main; main(['check', '.', '--quiet']); "
        "print([name for name in ('copier', 'jinja2', 'seawall.new_command') if name in sys.modules])"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert outcome.stdout.splitlines()[-1] == "[]"
