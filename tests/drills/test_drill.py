import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from drills import __main__ as everything
from drills.__main__ import ORDER, exit_code, run_all, write_report
from drills.drill import BROKEN, COULD_NOT_RUN, KEPT, CouldNotRun, Drill, Findings, Options, Run, main, parse
from drills.frame import running
from drills.frame.ledger import Counts
from drills.frame.plan import Actor, Design, NoAssembly, Step, UnknownExperiment, call, person
from drills.frame.plots import Line, Panel
from drills.frame.result import Promise

WRITTEN = [name for name in ORDER if find_spec(f"drills.{name}")]


def keep(_: Any, run: Run) -> Findings:
    run.say("nothing happens")
    panel = Panel("Nothing", "", [Line("nothing", [(0, 0)])])
    return Findings([Promise.exactly("orders lost", 0, 0)], orders=Counts(into=3, out=3), panels=[panel])


def break_one(_: Any, run: Run) -> Findings:
    (run.folder / "traces.txt").write_text("what was seen")
    return Findings([Promise.exactly("orders lost", 2, 0), Promise.exactly("orders doubled", 0, 0)])


def stumble(_: Any, __: Run) -> Findings:
    message = "no such item"
    raise KeyError(message)


def give_up(_: Any, __: Run) -> Findings:
    message = "the load could not be played"
    raise CouldNotRun(message)


def plan(design: Design) -> Sequence[Step]:
    return [
        *design.experiment("zone-lost", design.primary),
        call(design.standby, "dynamodb", "PutItem", "the switch", TableName=design.name("switch")),
        person(design.primary, "look", "at the dashboard"),
    ]


def drill(run: Any = keep, name: str = "calm", *, shares: bool = True) -> Drill:
    promise = "Survives a calm day.\n\nNothing is lost."
    return Drill(name=name, title=name.title(), promise=promise, run=run, plan=plan, shares=shares)


class Cloudless:
    """Stands in for the running drive; counts how often one was started, mended and emptied."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.started = self.mended = self.emptied = self.stopped = 0
        patch.setattr(running, "embedded_drive", self.drive)
        patch.setattr(everything, "embedded_drive", self.drive)
        patch.setattr(everything, "empty", self.empty)

    @contextmanager
    def drive(self, *_: Any) -> Iterator["Cloudless"]:
        self.started += 1
        try:
            yield self
        finally:
            self.stopped += 1

    def mend(self) -> None:
        self.mended += 1

    def empty(self, _: Any) -> None:
        self.emptied += 1


@pytest.fixture
def cloudless(monkeypatch: pytest.MonkeyPatch) -> Cloudless:
    return Cloudless(monkeypatch)


def start(drill: Drill, folder: Path, design: Design, *arguments: str) -> int:
    return main(drill, ["--folder", str(folder), "--assembly", str(design.folder), *arguments])


@pytest.mark.usefixtures("cloudless")
@pytest.mark.parametrize(
    ("what", "code"), [(keep, KEPT), (break_one, BROKEN), (stumble, COULD_NOT_RUN), (give_up, COULD_NOT_RUN)]
)
def test_the_exit_code_tells_kept_from_broken_from_unknown(
    tmp_path: Path, design: Design, what: Any, code: int
) -> None:
    assert start(drill(what), tmp_path, design) == code
    assert len(list(tmp_path.glob("calm-*.json"))) == (code != COULD_NOT_RUN)


@pytest.mark.usefixtures("cloudless")
def test_a_drill_leaves_its_three_files_and_says_its_verdict(
    tmp_path: Path, design: Design, capsys: pytest.CaptureFixture[str]
) -> None:
    start(drill(), tmp_path, design, "--seed", "7", "--time-scale", "10", "--short")
    (written,) = tmp_path.glob("calm-*.json")
    result = json.loads(written.read_text())
    assert (result["seed"], result["time_scale"], result["short"], result["verdict"]) == (7, 10, True, "PASS")
    assert result["ledger"]["orders"]["in"] == 3
    assert written.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert "orders lost: 0 (promised 0)" in said
    assert "PASS" in said
    assert "Survives a calm day." in said


@pytest.mark.usefixtures("cloudless")
def test_what_a_broken_drill_wrote_is_kept(tmp_path: Path, design: Design) -> None:
    start(drill(break_one), tmp_path, design)
    assert [path.name for path in tmp_path.glob("runs/*/*")] == ["traces.txt"]
    start(drill(keep), tmp_path, design)
    assert len(list(tmp_path.glob("runs/*"))) == 1


def test_a_drill_that_is_told_to_end_ends_what_it_started(
    tmp_path: Path, design: Design, cloudless: Cloudless, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(_: Any, __: Run) -> Findings:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return Findings()

    before = signal.getsignal(signal.SIGTERM)
    assert start(drill(ended), tmp_path, design) == COULD_NOT_RUN
    assert cloudless.stopped == 1
    assert "stopped" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_plan_is_printed_without_any_cloud(
    tmp_path: Path, design: Design, cloudless: Cloudless, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(drill(), tmp_path, design, "--target", "aws", "--plan") == KEPT
    said = capsys.readouterr().out
    assert "fis:StartExperiment" in said
    assert "clouddrive-zone-lost" in said
    assert "no call is made" in said
    assert cloudless.started == 0


def test_a_plan_calls_nothing(design: Design) -> None:
    """Also not by accident: in a process where every connection is an error."""
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise SystemExit('a connection was opened')\n"
        "socket.socket.connect = refuse\n"
        "from tests.drills.test_drill import drill\n"
        "from drills.drill import main\n"
        f"sys.exit(main(drill(), ['--target', 'aws', '--plan', '--assembly', {str(design.folder)!r}]))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=True, capture_output=True)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_plan_names_only_what_the_templates_hold(name: str, design: Design) -> None:
    steps = import_module(f"drills.{name}").DRILL.plan(design)
    assert steps
    known = {region: {design.name(role) for role in design.experiments(region)} for region in design.data_regions}
    for step in steps:
        assert step.why
        assert step.region in {design.primary, design.standby, design.observer, "us-east-1"}
        if step.actor == Actor.EXPERIMENT:
            assert step.parameters["tags"]["Name"] in known[step.region]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_drill_says_what_it_promises_and_what_it_cannot_prove(name: str) -> None:
    found: Drill = import_module(f"drills.{name}").DRILL
    assert found.name == name
    assert found.promise.strip()
    assert found.not_proven
    assert (found.execute is None) == (name not in {"storm", "restore_test"})


def test_an_experiment_that_is_in_no_template_is_an_error(design: Design) -> None:
    assert "zone-lost" in design.experiments(design.standby)
    with pytest.raises(UnknownExperiment, match="moon-lost"):
        design.experiment("moon-lost", design.primary)


def test_a_design_knows_its_regions_and_its_prefix(design: Design) -> None:
    assert (design.primary, design.standby, design.observer) == ("eu-west-1", "eu-central-1", "eu-north-1")
    assert design.name("drive") == "clouddrive-drive"


def test_without_an_assembly_nothing_can_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(drill(), ["--assembly", str(tmp_path)]) == COULD_NOT_RUN
    assert "make synth" in capsys.readouterr().out
    (tmp_path / "manifest.json").write_text('{"artifacts": {}}')
    with pytest.raises(NoAssembly, match="not the drive's"):
        Design.read(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--target", "aws"],
        ["--plan"],
        ["--execute", "123456789012"],
        ["--target", "aws", "--plan", "--execute", "123456789012"],
        ["--time-scale", "0"],
        ["--time-scale", "nan"],
        ["--seed", "x"],
        ["--target", "moon"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse("Survives.", arguments, name="calm")
    assert refused.value.code == COULD_NOT_RUN


def test_only_what_was_meant_for_it_is_executed(
    tmp_path: Path, design: Design, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(drill(), tmp_path, design, "--target", "aws", "--execute", "123456789012") == COULD_NOT_RUN
    assert "only the storm and the restore" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "done"), [("clouddrive 123456789012", True), ("yes", False), ("", False)])
def test_a_real_account_is_touched_only_after_a_clear_answer(
    tmp_path: Path,
    design: Design,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    *,
    done: bool,
) -> None:
    touched = []

    def execute(_: Design, run: Run) -> Findings:
        touched.append(run.options.execute)
        return keep(None, run)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(Console, "input", lambda *_: answer)
    dangerous = Drill(name="calm", title="Calm", promise="Survives.", run=keep, plan=plan, execute=execute)
    code = start(dangerous, tmp_path, design, "--target", "aws", "--execute", "123456789012")
    assert code == (KEPT if done else COULD_NOT_RUN)
    assert touched == (["123456789012"] if done else [])
    said = capsys.readouterr().out
    assert "NOT YET PROVEN" in said
    assert "COSTS MONEY" in said
    assert "DAMAGE" in said


def test_without_a_terminal_a_real_account_is_not_touched(tmp_path: Path, design: Design) -> None:
    dangerous = Drill(
        name="calm", title="Calm", promise="Survives.", run=keep, plan=plan, execute=lambda _, __: Findings()
    )
    assert start(dangerous, tmp_path, design, "--target", "aws", "--execute", "123456789012") == COULD_NOT_RUN


def run_several(tmp_path: Path, design: Design, *drills: Drill) -> dict[str, Any]:
    return run_all(drills, Options(folder=tmp_path), design, Console())


def test_drills_share_a_drive_that_is_put_in_order_between_them(
    tmp_path: Path, design: Design, cloudless: Cloudless
) -> None:
    outcomes = run_several(tmp_path, design, drill(name="a"), drill(break_one, "b"), drill(name="c"))
    assert exit_code(outcomes) == BROKEN
    assert (cloudless.started, cloudless.mended, cloudless.emptied, cloudless.stopped) == (1, 2, 2, 1)


def test_a_drill_that_stumbled_leaves_a_new_drive_to_the_next(
    tmp_path: Path, design: Design, cloudless: Cloudless
) -> None:
    outcomes = run_several(tmp_path, design, drill(stumble, "a"), drill(name="b"))
    assert exit_code(outcomes) == COULD_NOT_RUN
    assert cloudless.started == cloudless.stopped == 2


def test_a_drill_that_shares_nothing_gets_a_cloud_of_its_own(
    tmp_path: Path, design: Design, cloudless: Cloudless
) -> None:
    outcomes = run_several(tmp_path, design, drill(name="a"), drill(name="b", shares=False), drill(name="c"))
    assert exit_code(outcomes) == KEPT
    assert cloudless.started == cloudless.stopped == 3


@pytest.mark.usefixtures("cloudless")
def test_the_report_leads_to_every_result(tmp_path: Path, design: Design) -> None:
    outcomes = run_several(tmp_path, design, drill(name="a"), drill(break_one, "b"), drill(give_up, "c"))
    report = write_report(tmp_path, outcomes).read_text()
    for name in ("a", "b"):
        (page,) = tmp_path.glob(f"{name}-*.md")
        assert f"]({page.name})" in report
    assert "| PASS | 1 of 1 | 0 % |" in report
    assert "| FAIL | 1 of 2 |" in report
    assert "| c | could not run | the load could not be played |" in report


def test_code_that_changed_after_synthesis_is_noticed(design: Design, tmp_path: Path) -> None:
    code = tmp_path / "services"
    code.mkdir()
    file = code / "handler.py"
    file.write_text("")
    synthesized = (design.folder / "manifest.json").stat().st_mtime
    os.utime(file, (synthesized - 10, synthesized - 10))
    assert not design.is_older_than(code)
    os.utime(file, (synthesized + 10, synthesized + 10))
    assert design.is_older_than(code)
