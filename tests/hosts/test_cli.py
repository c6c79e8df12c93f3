import io
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from seawall.cli import INTERRUPTED, Progress, main
from seawall.version import VERSION

OWN_POLICY_THAT_RAISES = '''"""A policy with a mistake in it."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, policy


@policy(applies_to="AWS::RDS::DBInstance")
def mistaken(database: Resource, design: Design) -> Verdict:
    """Database makes the policy stumble."""
    raise KeyError("Engine")
'''


class Outcome(NamedTuple):
    code: int
    output: str
    errors: str

    @property
    def policies(self) -> set[str]:
        return {finding["policy"] for finding in json.loads(self.output)["findings"]}


class Run(Protocol):
    def __call__(self, *arguments: str | Path) -> Outcome: ...


@pytest.fixture
def seawall(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process."""

    def run(*arguments: str | Path) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def check(seawall: Run) -> Run:
    """Runs ``seawall check`` with the one policy that the templates are about."""

    def run(*arguments: str | Path) -> Outcome:
        return seawall("check", *arguments, "--policy", "single_az_database")

    return run


def process(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "seawall", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, env=environment, text=True, **streams)


# Exit codes


@pytest.mark.parametrize("verdict", ["accepted", "undecided", "skipped"])
def test_the_exit_code_is_0_where_nothing_is_flagged(check: Run, designs: Path, verdict: str) -> None:
    assert check(designs / f"{verdict}.json").code == 0


def test_the_exit_code_is_1_where_something_is_flagged(check: Run, designs: Path) -> None:
    assert check(designs).code == 1


def test_a_file_that_cannot_be_read_ends_with_2_and_the_findings_are_still_printed(check: Run, designs: Path) -> None:
    (designs / "broken.yaml").write_text("Resources:\n\tOrders:\n")
    outcome = check(designs)
    assert outcome.code == 2
    assert "broken.yaml:2" in outcome.output
    assert "SEA_SINGLE_AZ_DATABASE" in outcome.output


def test_a_path_that_does_not_exist_ends_with_2_and_is_named(check: Run, designs: Path) -> None:
    outcome = check(designs / "flagged.json", "nowhere/at.all")
    assert outcome.code == 2
    assert "nowhere/at.all  no such file or directory" in outcome.output
    assert "1 flagged" in outcome.output


def test_a_folder_without_templates_ends_with_2(check: Run, tmp_path: Path) -> None:
    assert check(tmp_path).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", ""],
        ["check", ".", "--format", "pdf"],
        ["check", ".", "--objective", "moon"],
        ["check", ".", "--jobs", "0"],
        ["destroy"],
        [],
    ],
)
def test_a_wrong_call_ends_with_2_and_says_why(seawall: Run, arguments: list[str]) -> None:
    outcome = seawall(*arguments)
    assert outcome.code == 2
    assert outcome.output == ""
    assert "error:" in outcome.errors


def test_help_names_the_exit_codes(seawall: Run) -> None:
    for arguments in (["--help"], ["check", "--help"]):
        outcome = seawall(*arguments)
        assert outcome.code == 0
        assert "exit codes" in outcome.output
        assert "undecided alone is no failure" in outcome.output


def test_the_version_is_that_of_the_package(seawall: Run, repository: Path) -> None:
    package = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert package["version"] == VERSION
    assert seawall("--version").output == f"seawall {VERSION}\n"


def test_a_mistake_in_seawall_itself_ends_with_2(check: Run, designs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("seawall.cli.check", stumble)
    outcome = check(designs)
    assert outcome.code == 2
    assert "ZeroDivisionError" in outcome.errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_ends_with_2_and_says_so(designs: Path) -> None:
    with Path("/dev/full").open("w") as full:
        running = process("check", designs, stdout=full)
        _, errors = running.communicate(timeout=30)
    assert running.returncode == 2
    assert errors == "seawall: the report cannot be written: no space left on device\n"


def test_options_cannot_be_abbreviated(seawall: Run, designs: Path) -> None:
    assert seawall("check", designs, "--verb").code == 2


# Which policies


@pytest.mark.parametrize("name", ["SEA_SINGLE_AZ_DATABASE", "sea_single_az_database", "single-az-database"])
def test_a_policy_may_be_named_as_people_write_it(seawall: Run, designs: Path, name: str) -> None:
    outcome = seawall("check", designs, "--policy", name, "--format", "json")
    assert outcome.policies == {"SEA_SINGLE_AZ_DATABASE"}


def test_an_unknown_policy_ends_with_2_and_names_the_nearest(seawall: Run, designs: Path) -> None:
    for option in ("--policy", "--skip-policy"):
        outcome = seawall("check", designs, option, "SEA_SINGEL_AZ_DATABASE")
        assert outcome.code == 2
        assert "did you mean SEA_SINGLE_AZ_DATABASE?" in outcome.errors


def test_a_skipped_policy_is_not_judged(seawall: Run, designs: Path) -> None:
    outcome = seawall("check", designs, "--skip-policy", "single_az_database", "--format", "json")
    assert outcome.policies
    assert "SEA_SINGLE_AZ_DATABASE" not in outcome.policies


def test_only_the_chosen_group_is_judged(seawall: Run, designs: Path) -> None:
    findings = json.loads(seawall("check", designs, "--group", "zone", "--format", "json").output)["findings"]
    assert {finding["group"] for finding in findings} == {"zone"}


def test_an_unknown_group_ends_with_2_and_the_groups_are_named(seawall: Run, designs: Path) -> None:
    outcome = seawall("check", designs, "--group", "zoo")
    assert outcome.code == 2
    assert "backup, delete" in outcome.errors


def test_a_choice_that_leaves_no_policy_ends_with_2(check: Run, designs: Path) -> None:
    assert "no policy is left" in check(designs, "--skip-policy", "single_az_database").errors


def test_the_policies_of_a_team_are_judged_too(seawall: Run, topic: Path, own_policies: Path) -> None:
    outcome = seawall("check", topic, "--policies", own_policies, "--format", "json")
    assert outcome.code == 1
    assert outcome.policies == {"SEA_NAMELESS_TOPIC"}


def test_a_policy_folder_that_does_not_exist_ends_with_2(seawall: Run, topic: Path) -> None:
    outcome = seawall("check", topic, "--policies", "nowhere")
    assert outcome.code == 2
    assert "nowhere: is no folder" in outcome.errors


def test_a_broken_policy_is_reported_with_2_and_the_others_judge(seawall: Run, topic: Path, own_policies: Path) -> None:
    (own_policies / "naming" / "broken.py").write_text("def broken(:\n")
    report = seawall("check", topic, "--policies", own_policies, "--format", "json")
    assert report.code == 2
    assert report.policies == {"SEA_NAMELESS_TOPIC"}
    (unread,) = json.loads(report.output)["unread"]
    assert unread["file"].endswith("broken.py")
    assert "SyntaxError" in unread["reason"]


def test_a_policy_that_raises_is_reported_with_its_resource_and_the_others_go_on(
    seawall: Run, designs: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mistaken.py").write_text(OWN_POLICY_THAT_RAISES)
    outcome = seawall(
        "check", designs / "flagged.json", "--policies", tmp_path / "own", "--group", "own",
        "--policy", "single_az_database", "--format", "json",
    )  # fmt: skip
    assert outcome.code == 2
    assert outcome.policies == {"SEA_SINGLE_AZ_DATABASE"}
    assert "SEA_MISTAKEN failed on Orders" in json.loads(outcome.output)["unread"][0]["reason"]


# What the design promises to survive


def test_the_group_region_is_judged_only_where_the_objective_is_multi_region(
    seawall: Run, topic: Path, own_policies: Path
) -> None:
    arguments = ("check", topic, "--policies", own_policies, "--format", "json")
    assert "SEA_REGIONAL_TOPIC" not in seawall(*arguments).policies
    assert "SEA_REGIONAL_TOPIC" in seawall(*arguments, "--objective", "multi-region").policies


def test_a_policy_chosen_by_name_or_group_is_judged_whatever_the_objective(
    seawall: Run, topic: Path, own_policies: Path
) -> None:
    for choice in (["--policy", "regional_topic"], ["--group", "region"]):
        outcome = seawall("check", topic, "--policies", own_policies, "--format", "json", *choice)
        assert outcome.policies == {"SEA_REGIONAL_TOPIC"}


def test_the_objective_is_that_of_the_nearest_seawall_yaml_above(
    seawall: Run, topic: Path, own_policies: Path, tmp_path: Path
) -> None:
    (tmp_path / "seawall.yaml").write_text("objective: multi-region\n")
    arguments = ("check", topic, "--policies", own_policies, "--format", "json")
    assert "SEA_REGIONAL_TOPIC" in seawall(*arguments).policies
    assert "SEA_REGIONAL_TOPIC" not in seawall(*arguments, "--objective", "multi-az").policies
    (topic.parent / "seawall.yaml").write_text("objective: multi-az\n")
    assert "SEA_REGIONAL_TOPIC" not in seawall(*arguments).policies


def test_each_path_has_the_objective_of_its_own_configuration(
    seawall: Run, topic: Path, own_policies: Path, tmp_path: Path
) -> None:
    regional = tmp_path / "regional"
    regional.mkdir()
    (regional / "seawall.yaml").write_text("objective: multi-region\n")
    (regional / "topic.json").write_text(topic.read_text())
    outcome = seawall("check", topic, regional, "--policies", own_policies, "--format", "json")
    report = json.loads(outcome.output)
    judged = [Path(item["file"]) for item in report["findings"] if item["policy"] == "SEA_REGIONAL_TOPIC"]
    assert judged == [regional / "topic.json"]
    assert report["summary"]["objectives"] == ["multi-az", "multi-region"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("objective: multi-az\nobjetive: multi-region\n", "seawall.yaml:2: unknown key 'objetive'"),
        ("\n\nobjective: moon\n", "seawall.yaml:3: objective is multi-az or multi-region, not 'moon'"),
        ("recovery: sometimes\n", "seawall.yaml:1: recovery is true or false, not 'sometimes'"),
        ("- objective\n", "seawall.yaml: is no mapping"),
        ("objective: multi-az\nobjective: multi-region\n", "seawall.yaml:2: key 'objective' is there twice"),
        ("objective: [\n", "seawall.yaml:2: "),
        ("objective: !Ref x\n", "seawall.yaml:1: objective is"),
    ],
)
def test_a_mistake_in_the_configuration_is_named_with_its_line(
    check: Run, designs: Path, text: str, complaint: str
) -> None:
    (designs / "seawall.yaml").write_text(text)
    outcome = check(designs)
    assert outcome.code == 2
    assert complaint in outcome.errors


def test_an_empty_configuration_changes_nothing(check: Run, designs: Path) -> None:
    (designs / "seawall.yaml").write_text("# nothing yet\n")
    assert "objective multi-az" in check(designs).output


# Parameters


def test_a_parameter_decides_what_was_undecided(check: Run, designs: Path) -> None:
    template = designs / "undecided.json"
    assert "1 accepted" in check(template, "--parameter", "Spread=true").output
    assert check(template, "--parameter", "Spread=false").code == 1


@pytest.mark.parametrize(
    "text",
    [
        """[{"ParameterKey": "Spread", "ParameterValue": "false"},
            {"ParameterKey": "Other", "UsePreviousValue": true}]""",
        '{"Spread": "false"}',
        "Spread: false\n",
        '{"Parameters": {"Spread": "false"}, "Tags": {"a": "b"}}',
        "Parameters:\n  Spread: 'false'\n",
        '["Spread=false"]',
    ],
)
def test_the_parameter_files_of_other_tools_are_understood(
    check: Run, designs: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "parameters").write_text(text)
    assert check(designs / "undecided.json", "--parameters", tmp_path / "parameters").code == 1


def test_a_parameter_wins_over_the_file(check: Run, designs: Path, tmp_path: Path) -> None:
    (tmp_path / "parameters.json").write_text('{"Spread": "false"}')
    file = tmp_path / "parameters.json"
    assert check(designs / "undecided.json", "--parameters", file, "--parameter", "Spread=true").code == 0


@pytest.mark.parametrize("text", ["[1]", "just text", "{", '[{"ParameterValue": "1"}]', "a: 1\na: 2\n", ""])
def test_a_parameter_file_of_no_known_shape_ends_with_2_and_is_named(
    check: Run, designs: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "parameters.json").write_text(text)
    outcome = check(designs, "--parameters", tmp_path / "parameters.json")
    assert outcome.code == 2
    assert "parameters.json" in outcome.errors


def test_a_parameter_without_a_value_ends_with_2(check: Run, designs: Path) -> None:
    assert "--parameter takes NAME=VALUE, not 'Spread'" in check(designs, "--parameter", "Spread").errors


# Output


def test_the_report_can_be_written_to_a_file(check: Run, designs: Path, tmp_path: Path) -> None:
    outcome = check(designs, "--format", "json", "--output", tmp_path / "report.json")
    assert outcome == (1, "", "")
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["flagged"] == 1


def test_an_output_that_cannot_be_written_ends_with_2(check: Run, designs: Path, tmp_path: Path) -> None:
    outcome = check(designs, "--output", tmp_path / "no" / "such" / "folder")
    assert outcome.code == 2
    assert "no such file or directory" in outcome.errors


@pytest.mark.parametrize(
    ("environment", "option", "coloured"),
    [
        ({}, "auto", False),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "0"}, "auto", False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
        ({"FORCE_COLOR": "1"}, "never", False),
    ],
)
def test_colours_follow_the_option_then_the_environment_then_the_terminal(
    check: Run, designs: Path, monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str], option: str, *, coloured: bool,
) -> None:  # fmt: skip
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in check(designs, "--color", option).output) is coloured


def test_a_reader_that_goes_away_ends_the_command_quietly(designs: Path) -> None:
    for number in range(300):  # more than a pipe holds
        (designs / f"more{number}.json").write_text((designs / "flagged.json").read_text())
    running = process("check", designs, "--policy", "single_az_database")
    assert running.stdout
    assert running.stderr
    running.stdout.readline()
    running.stdout.close()
    assert running.wait(30) == 1
    assert running.stderr.read() == ""
    running.stderr.close()


def test_an_interrupted_run_says_so_without_a_traceback(designs: Path) -> None:
    os.mkfifo(designs.parent / "parameters")  # nobody writes to it: the command waits for ever
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has its children ignore it
    running = process("check", designs, "--parameters", designs.parent / "parameters")
    signal.signal(signal.SIGINT, before)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == INTERRUPTED
    assert errors == "seawall: interrupted\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_run_shows_how_far_it_is_on_a_terminal_and_takes_the_line_back() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress(1, 900)
    assert terminal.getvalue() == ""
    progress.next -= Progress.PATIENCE
    progress(2, 900)
    progress(3, 900)
    assert terminal.getvalue() == "\rseawall: 2 of 900 files\x1b[K"
    progress.end()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_long_run_writes_plain_lines_where_there_is_no_terminal() -> None:
    log = io.StringIO()
    progress = Progress(log)
    progress.next -= Progress.PLAIN_INTERVAL
    progress(2, 900)
    progress(3, 900)
    progress.end()
    assert log.getvalue() == "seawall: 2 of 900 files\n"


# Other commands


def test_explain_prints_the_page_of_a_policy(seawall: Run, repository: Path) -> None:
    outcome = seawall("explain", "single_az_database")
    page = repository / "policies" / "zone" / "single_az_database.md"
    assert outcome == (0, page.read_text(), "")


def test_explain_names_the_nearest_policy_for_an_unknown_one(seawall: Run) -> None:
    outcome = seawall("explain", "single_az_databse")
    assert outcome.code == 2
    assert "did you mean SEA_SINGLE_AZ_DATABASE?" in outcome.errors


def test_explain_knows_a_policy_without_a_page(seawall: Run, own_policies: Path) -> None:
    outcome = seawall("explain", "nameless_topic", "--policies", own_policies)
    assert outcome.code == 0
    assert "Topic has no name." in outcome.output


def test_list_names_every_policy_with_its_group_and_when_it_is_judged(seawall: Run, own_policies: Path) -> None:
    rows = seawall("list", "--policies", own_policies).output.splitlines()
    (zone,) = [row for row in rows if row.startswith("SEA_SINGLE_AZ_DATABASE ")]
    (region,) = [row for row in rows if row.startswith("SEA_REGIONAL_TOPIC ")]
    assert zone.split()[1:4] == ["zone", "always", "Database"]
    assert region.split()[1:4] == ["region", "multi-region", "Topic"]


def test_list_can_be_read_by_programs(seawall: Run, own_policies: Path) -> None:
    listed = json.loads(seawall("list", "--format", "json", "--policies", own_policies).output)
    (regional,) = [policy for policy in listed if policy["name"] == "regional_topic"]
    assert regional["default"] is False
    assert regional["applies_to"] == ["AWS::SNS::Topic"]


def test_list_complains_about_a_broken_policy(seawall: Run, own_policies: Path) -> None:
    (own_policies / "naming" / "broken.py").write_text("import nothing_called_so\n")
    outcome = seawall("list", "--policies", own_policies)
    assert outcome.code == 2
    assert "nothing_called_so" in outcome.errors
    assert "SEA_NAMELESS_TOPIC" in outcome.output


# The fast path


@pytest.mark.parametrize(
    "name", ["assumptions", "baseline", "configuration_file", "exception_list", "joining", "promises"]
)
def test_what_only_a_configuration_asks_for_is_not_loaded_without_one(name: str, imported: set[str]) -> None:
    assert f"seawall.{name}" not in imported


@pytest.mark.parametrize(
    "heavy",
    ["asyncio", "checkov", "aws_cdk", "concurrent.futures", "email", "hashlib", "http", "logging", "shutil",
     "socket", "subprocess", "xml"],
)  # fmt: skip
def test_checking_a_template_does_not_import(heavy: str, imported: set[str]) -> None:
    assert heavy not in imported


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that a process has imported after it has checked a template."""
    template = tmp_path_factory.mktemp("small") / "template.json"
    template.write_text('{"Resources": {"Orders": {"Type": "AWS::RDS::DBInstance"}}}')
    program = f"""
import sys
from seawall.cli import main
main(["check", {str(template)!r}, "--output", {os.devnull!r}])
print(*sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    outcome = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return set(outcome.stdout.split())
