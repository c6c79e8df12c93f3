import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from seawall.cli import main
from seawall.finding import Finding, Report, Unread
from seawall.policy import Outcome
from seawall.reports import (
    github_report,
    json_report,
    junit_report,
    markdown_report,
    sarif_report,
    text_report,
)
from seawall.reports.presentation import Presentation, Style, printable

from tests.other_people import shared_folder

REPORTS = (text_report, json_report, sarif_report, junit_report, github_report, markdown_report)


def finding(verdict: Outcome = Outcome.FLAGGED, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "policy": "SEA_SINGLE_AZ_DATABASE",
        "group": "zone",
        "verdict": verdict,
        "resource": "Orders",
        "type": "AWS::RDS::DBInstance",
        "file": "stacks/orders.yaml",
        "line": 14,
        "message": "it stands in one zone and falls with it",
        "fix": "set MultiAZ: true",
        "evidence": ("Orders → SubnetA, SubnetB → both us-east-1a",),
        "depends_on": ("Environment",),
        "note": "it exists only where Environment is 'prod'",
        "title": "Database runs in a single availability zone.",
        "path": "MultiAZ",
        "source_line": "MultiAZ: false",
        "resource_line": 9,
    }
    return Finding(**(values | changes))


@pytest.fixture
def report() -> Report:
    """A report with one of each verdict and something that could not be read."""
    return Report(
        findings=[
            finding(),
            finding(
                Outcome.UNDECIDED,
                resource="Parts",
                message="parameter Spread decides",
                depends_on=("Spread",),
            ),
            finding(Outcome.SKIPPED, resource="Tests", message="test data", file="stacks/tests.yaml", note=""),
            finding(Outcome.ACCEPTED, resource="Users", message="MultiAZ is true", note=""),
        ],
        unread=[Unread("stacks/broken.yaml", 3, "a tab indents this line, YAML takes spaces")],
        files=2,
        seconds=0.25,
    )


@pytest.fixture
def hostile() -> Report:
    """A report about a template whose author means ill."""
    evil = "x\x1b]0;owned\x07\x9b2J\u202e\n::error::y ##[add-mask]z\x00<b>&\"'|\ud800"
    texts = dict.fromkeys(("resource", "type", "file", "message", "note", "source_line", "fix"), evil)
    return Report([finding(verdict, **texts, evidence=(evil,)) for verdict in
                   (Outcome.FLAGGED, Outcome.UNDECIDED, Outcome.SKIPPED, Outcome.ACCEPTED)],
                  [Unread(evil, 1, evil)])  # fmt: skip


def text(module: Any, report: Report, **presentation: Any) -> str:
    return "\n".join(module.render(report, Presentation(objectives=("multi-az",), **presentation)))


# JSON


@pytest.fixture(scope="module")
def schema(repository: Path) -> Draft202012Validator:
    file = repository / "policies" / "seawall" / "reports" / "findings.jsonschema"
    described = json.loads(file.read_text())
    Draft202012Validator.check_schema(described)
    return Draft202012Validator(described)


def test_the_json_report_holds_every_verdict_as_its_schema_says(report: Report, schema: Draft202012Validator) -> None:
    printed = json.loads(text(json_report, report))
    schema.validate(printed)
    assert [item["verdict"] for item in printed["findings"]] == [
        "flagged",
        "undecided",
        "skipped",
        "accepted",
    ]
    assert printed["summary"]["flagged"] == 1
    assert printed["summary"]["unread"] == 1


def test_an_empty_report_is_as_the_schema_says(schema: Draft202012Validator) -> None:
    schema.validate(json.loads(text(json_report, Report())))


@pytest.mark.parametrize(
    "change",
    [{"line": 0}, {"verdict": "maybe"}, {"fix": ""}, {"policy": "lower"}, {"surprise": 1}, {"evidence": "x"}],
)
def test_the_schema_refuses_what_the_report_never_says(
    change: dict[str, Any], report: Report, schema: Draft202012Validator
) -> None:
    printed = json.loads(text(json_report, report))
    printed["findings"][0].update(change)
    assert not schema.is_valid(printed)


def test_the_report_about_real_templates_is_as_the_schema_says(tmp_path: Path, schema: Draft202012Validator) -> None:
    output = tmp_path / "report.json"
    main(["check", str(shared_folder("corpus")), "--objective", "multi-region", "--format", "json",
          "--output", str(output)])  # fmt: skip
    printed = json.loads(output.read_text())
    schema.validate(printed)
    assert printed["summary"]["files"] > 300


# Text


def test_the_text_shows_place_line_reason_evidence_and_fix_of_what_is_flagged(report: Report) -> None:
    shown = text(text_report, report)
    for part in (
        "✗ Database runs in a single availability zone.  SEA_SINGLE_AZ_DATABASE",
        "stacks/orders.yaml:14  Orders (AWS::RDS::DBInstance)",
        "   14 │ MultiAZ: false",
        "it stands in one zone and falls with it",
        "evidence: Orders → SubnetA, SubnetB → both us-east-1a",
        "depends on: Environment",
        "note: it exists only where Environment is 'prod'",
        "fix: set MultiAZ: true",
    ):
        assert part in shown


def test_the_text_shows_undecided_in_a_line_and_how_to_decide(report: Report) -> None:
    shown = text(text_report, report)
    assert "? :14 Parts: parameter Spread decides" in shown
    assert "--parameter Spread=VALUE" in shown


def test_the_text_leaves_out_accepted_and_skipped_unless_verbose(report: Report) -> None:
    assert "Users" not in text(text_report, report)
    assert "test data" not in text(text_report, report)
    assert "✓ :14 Users" in text(text_report, report, verbose=True)
    assert "test data" in text(text_report, report, verbose=True)


def test_the_text_shows_what_is_accepted_under_the_defaults_only() -> None:
    accepted = finding(Outcome.ACCEPTED, note="flagged where Environment is 'test'")
    assert "✓ :14 Orders" in text(text_report, Report([accepted]))
    assert "; flagged where Environment is 'test'" in text(text_report, Report([accepted]))


def test_quiet_text_holds_only_what_is_flagged_or_unread(report: Report) -> None:
    shown = text(text_report, report, quiet=True)
    assert "Orders (AWS" in shown
    assert "broken.yaml:3" in shown
    assert "Parts" not in shown
    assert "undecided" not in shown


def test_the_summary_counts_everything(report: Report) -> None:
    assert (
        "1 not read or not judged, 1 flagged, 1 undecided, 1 skipped, 1 accepted · 2 templates in 0.25 s"
        " · objective multi-az" in text(text_report, report)
    )


def test_the_text_is_plain_where_the_terminal_knows_no_unicode(report: Report) -> None:
    shown = text(text_report, report, style=Style(unicode=False))
    assert shown.isascii()
    assert "x Database runs" in shown


def test_long_sentences_are_broken_between_words_on_a_narrow_terminal() -> None:
    message = " ".join(["words"] * 60)
    shown = text(text_report, Report([finding(message=message)]), style=Style(width=60))
    broken = [line for line in shown.splitlines() if "words" in line]
    assert max(map(len, broken)) <= 60
    assert " ".join(" ".join(broken).split()) == message


def test_a_template_on_one_line_is_not_quoted_whole() -> None:
    shown = text(text_report, Report([finding(source_line="{" + "x" * 1_000_000)]))
    assert max(map(len, shown.splitlines())) < 200


# Hostile templates


@pytest.mark.parametrize("module", REPORTS, ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_report_passes_on_what_a_terminal_obeys(module: Any, hostile: Report, *, verbose: bool) -> None:
    shown = text(module, hostile, verbose=verbose)
    control = {character for character in shown if not character.isprintable()} - {"\n"}
    assert control == set()
    assert shown.encode("utf-8")


@pytest.mark.parametrize("module", [text_report, markdown_report, junit_report])
def test_no_report_passes_on_commands_for_the_runner_of_github(module: Any, hostile: Report) -> None:
    hostile.findings.append(finding(file="::error::x", message="::stop-commands::x", resource="##[error]"))
    for line in text(module, hostile, verbose=True).splitlines():
        assert not line.strip().startswith("::")
        assert "##[" not in line


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("naïve → 好", "naïve → 好"),
        ("a\tb", "a b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u2028b", "a\\u2028b"),
        ("", ""),
    ],
)
def test_printable_text_stays_and_the_rest_is_escaped(written: str, shown: str) -> None:
    assert printable(written) == shown


# SARIF


def sarif(report: Report, **presentation: Any) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(text(sarif_report, report, **presentation))["runs"][0]
    return run


def test_the_sarif_report_holds_only_what_is_flagged(report: Report) -> None:
    (result,) = sarif(report)["results"]
    assert (result["ruleId"], result["kind"], result["level"]) == ("SEA_SINGLE_AZ_DATABASE", "fail", "error")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 14
    assert "Fix: set MultiAZ: true." in result["message"]["text"]


def test_verbose_sarif_holds_the_other_verdicts_as_the_standard_wants_them(report: Report) -> None:
    _, undecided, skipped, accepted = sarif(report, verbose=True)["results"]
    assert (undecided["kind"], undecided["level"]) == ("open", "none")
    assert (accepted["kind"], accepted["level"]) == ("pass", "none")
    assert skipped["suppressions"] == [{"kind": "inSource", "justification": "test data"}]


def test_what_could_not_be_read_makes_the_execution_unsuccessful(report: Report) -> None:
    (invocation,) = sarif(report)["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stacks/broken.yaml"
    report.unread.clear()
    assert sarif(report)["invocations"][0]["executionSuccessful"] is True


@pytest.fixture
def rules(designs: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    main(["check", str(designs), "--format", "sarif"])
    driver = json.loads(capsys.readouterr().out)["runs"][0]["tool"]["driver"]
    return {rule["id"]: rule for rule in driver["rules"]}


def test_every_rule_carries_its_page(rules: dict[str, dict[str, Any]], repository: Path) -> None:
    assert rules
    page = repository / "policies" / "zone" / "single_az_database.md"
    assert rules["SEA_SINGLE_AZ_DATABASE"]["help"]["markdown"] == page.read_text()
    for rule in rules.values():
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["help"]["text"]


def test_every_result_points_at_its_rule(designs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(designs), "--format", "sarif", "--verbose"])
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert run["results"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_files_below_the_working_folder_are_relative_and_percent_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "my stack/a:b#1%ü.yaml"
    inside = Report([finding(file=name), finding(file=str(tmp_path / name)), finding(file="../out.yaml")])
    first, second, outside = (
        result["locations"][0]["physicalLocation"]["artifactLocation"] for result in sarif(inside)["results"]
    )
    assert first == second == {"uri": "my%20stack/a%3Ab%231%25%C3%BC.yaml", "uriBaseId": "%SRCROOT%"}
    assert unquote(first["uri"]) == name
    assert outside == {"uri": (tmp_path.parent / "out.yaml").as_uri()}


def test_a_fingerprint_survives_moved_lines_and_tells_resources_apart() -> None:
    moved = Report([finding(), finding(line=99, source_line="MultiAZ: no"), finding(resource="Parts")])
    here, there, other = (result["partialFingerprints"] for result in sarif(moved)["results"])
    assert here == there
    assert here != other


# JUnit


def test_junit_has_a_suite_for_each_file_and_a_case_for_each_verdict(report: Report) -> None:
    root = ET.fromstring(text(junit_report, report))  # noqa: S314 - written by this project
    assert root.attrib.items() >= {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}.items()
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["stacks/orders.yaml", "stacks/tests.yaml", "stacks/broken.yaml"]
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {
        "SEA_SINGLE_AZ_DATABASE Orders": ["failure"],
        "SEA_SINGLE_AZ_DATABASE Parts": ["skipped"],
        "SEA_SINGLE_AZ_DATABASE Users": [],
        "SEA_SINGLE_AZ_DATABASE Tests": ["skipped"],
        "is read and judged": ["error"],
    }


def test_junit_is_sound_xml_whatever_the_template_says(hostile: Report) -> None:
    root = ET.fromstring(text(junit_report, hostile))  # noqa: S314 - written by this project
    assert root.get("tests") == "5"


# GitHub


def test_annotations_name_file_line_and_fix(report: Report) -> None:
    flagged, unread, _ = text(github_report, report).splitlines()
    assert flagged.startswith("::error file=stacks/orders.yaml,line=14,title=Database runs in a single")
    assert flagged.endswith("Fix: set MultiAZ: true [SEA_SINGLE_AZ_DATABASE]")
    assert unread.startswith("::error file=stacks/broken.yaml,line=3,")


def test_annotations_cannot_be_broken_out_of() -> None:
    evil = finding(file="a,line=1::b%0A.yaml", message="100%\n::error::x")
    (line, _) = text(github_report, Report([evil])).splitlines()
    assert "file=a%2Cline=1%3A%3Ab%250A.yaml,line=14" in line
    assert "100%25\\n::error::x" in line


def test_markdown_is_a_table_that_templates_cannot_break(report: Report) -> None:
    report.findings.append(finding(resource="a|b<script>`"))
    shown = text(markdown_report, report)
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert "a\\|b&lt;script>\\`" in rows[-1]
    assert "broken.yaml:3" in shown


def test_markdown_stays_below_what_github_takes() -> None:
    shown = text(markdown_report, Report([finding() for _ in range(5000)]))
    assert len(shown) < 1_000_000
    assert "and 4500 more" in shown
