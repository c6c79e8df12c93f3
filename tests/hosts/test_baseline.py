"""The baseline: old findings are known, new ones are reported, and entries that nobody needs are named."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seawall.baseline import Entries, Entry, as_text, known_findings, read_baseline
from seawall.cli import main
from seawall.configuration import Misuse
from seawall.finding import KNOWN, Finding
from seawall.policy import Outcome

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def seawall(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command in the folder of the test with one policy; returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        chosen = [] if "--policy" in arguments else ["--policy", "single_az_database"]
        code = main([*arguments, *chosen])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def databases(folder: Path, name: str, **spread: bool) -> Path:
    """A template of databases, each in one zone or spread over several."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(
        f"  {name}:\n    Type: AWS::RDS::DBInstance\n    Properties: {{Engine: mysql, MultiAZ: {str(good).lower()}}}\n"
        for name, good in spread.items()
    )
    file.write_text(f"Resources:\n{body}")
    return file


def flagged(output: str) -> list[str]:
    return [item["resource"] for item in json.loads(output)["findings"] if item["verdict"] == "flagged"]


def judged(seawall: Run, *arguments: str) -> tuple[int, list[str], str]:
    code, output, errors = seawall("check", ".", "--baseline", "seawall-baseline.json", "--format", "json", *arguments)
    return code, flagged(output), errors


def test_what_is_in_the_baseline_is_not_reported_and_what_is_new_is(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "orders.yaml", Orders=False, Parts=False, Users=True)
    code, output, _ = seawall("baseline", ".")
    assert (code, output) == (0, "2 findings written to seawall-baseline.json\n")
    assert judged(seawall) == (0, [], "")
    databases(tmp_path, "orders.yaml", Orders=False, Parts=False, Users=True, Later=False)
    assert judged(seawall)[:2] == (1, ["Later"])


def test_moved_lines_and_renamed_files_change_nothing(seawall: Run, tmp_path: Path) -> None:
    file = databases(tmp_path, "orders.yaml", Orders=False, Parts=False)
    seawall("baseline")
    file.write_text("# a line\n\n" + file.read_text())
    assert judged(seawall) == (0, [], "")
    (tmp_path / "deep").mkdir()
    file.rename(tmp_path / "deep" / "renamed.yaml")
    assert judged(seawall) == (0, [], "")


def test_a_resource_that_moved_to_another_file_is_known(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "orders.yaml", Orders=False, Parts=True)
    seawall("baseline")
    databases(tmp_path, "orders.yaml", Parts=True)
    databases(tmp_path, "new.yaml", Orders=False)
    assert judged(seawall) == (0, [], "")


def test_a_new_mistake_does_not_hide_behind_one_of_the_same_name_that_was_mended(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "orders.yaml", Orders=False)
    seawall("baseline")
    databases(tmp_path, "orders.yaml", Orders=True)
    databases(tmp_path, "new.yaml", Orders=False)
    code, found, errors = judged(seawall)
    assert (code, found) == (1, ["Orders"])
    assert "SEA_SINGLE_AZ_DATABASE on Orders in orders.yaml" in errors


def test_a_run_over_one_folder_excuses_nothing_by_what_is_known_in_another(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "shop/orders.yaml", Orders=False)
    seawall("baseline")
    databases(tmp_path, "blog/orders.yaml", Orders=False)
    code, output, _ = seawall("check", "blog", "--baseline", "seawall-baseline.json", "--format", "json")
    assert (code, flagged(output)) == (1, ["Orders"])


def test_an_entry_that_nobody_needs_is_named_and_written_no_more(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "orders.yaml", Orders=False, Parts=False)
    seawall("baseline")
    databases(tmp_path, "orders.yaml", Orders=True, Parts=False)
    code, found, errors = judged(seawall)
    assert (code, found) == (0, [])
    assert errors == (
        "seawall: seawall-baseline.json: no longer needed; seawall baseline writes it anew:\n"
        "  SEA_SINGLE_AZ_DATABASE on Orders in orders.yaml\n"
    )
    assert judged(seawall, "--quiet")[2] == ""
    seawall("baseline")
    assert judged(seawall)[2] == ""


def test_a_run_says_nothing_about_entries_that_it_did_not_judge(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "shop/orders.yaml", Orders=False)
    databases(tmp_path, "blog/posts.yaml", Posts=False)
    seawall("baseline")
    databases(tmp_path, "shop/orders.yaml", Orders=True)
    known = ("--baseline", "seawall-baseline.json")
    assert seawall("check", "blog", *known)[2] == ""
    assert seawall("check", "shop", "--policy", "deletable_database", *known)[2] == ""
    assert "Orders" in seawall("check", "shop", *known)[2]
    (tmp_path / "shop" / "orders.yaml").write_text("Resources:\n\tbroken\n")
    assert seawall("check", "shop", *known)[2] == ""


def test_copies_of_one_finding_are_counted(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "shop/parent.yaml", Orders=True)
    child = databases(tmp_path, "shop/child.yaml", Orders=False)
    parent = tmp_path / "shop" / "parent.yaml"
    nested = "  {}:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: child.yaml}}\n"
    parent.write_text("Resources:\n" + nested.format("One") + nested.format("Two"))
    seawall("baseline")
    (entry,) = json.loads((tmp_path / "seawall-baseline.json").read_text())["findings"]
    assert entry["count"] == 2
    assert judged(seawall) == (0, [], "")
    parent.write_text(parent.read_text() + nested.format("Three"))
    assert judged(seawall)[:2] == (1, ["Orders"])
    parent.write_text("Resources:\n" + nested.format("One"))
    assert "Orders in shop/child.yaml" in judged(seawall)[2]
    assert child.exists()


def test_the_file_is_sorted_small_and_the_same_wherever_it_is_written_from(
    seawall: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases(tmp_path, "b.yaml", Zeta=False, Alpha=False)
    databases(tmp_path, "a/c.yaml", Beta=False)
    seawall("baseline", ".")
    first = (tmp_path / "seawall-baseline.json").read_text()
    lines = first.splitlines()
    assert lines[0] == '{"version": 1, "findings": ['
    assert lines[1] == (
        '{"policy": "SEA_SINGLE_AZ_DATABASE", "resource": "Beta", "type": "AWS::RDS::DBInstance", "file": "a/c.yaml"},'
    )
    assert [json.loads(line.rstrip(","))["resource"] for line in lines[1:-1]] == ["Beta", "Alpha", "Zeta"]
    monkeypatch.chdir(tmp_path / "a")
    seawall("baseline", str(tmp_path), "--output", "../seawall-baseline.json")
    assert (tmp_path / "seawall-baseline.json").read_text() == first


def test_the_configuration_names_the_baseline(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "shop/orders.yaml", Orders=False)
    (tmp_path / "seawall.yaml").write_text("baseline: known/old.json\n")
    (tmp_path / "known").mkdir()
    code, _, errors = seawall("check", "shop")
    assert code == 2
    assert "known/old.json: no such file or directory; seawall baseline writes it" in errors
    assert seawall("baseline", "shop") == (0, "1 finding written to known/old.json\n", "")
    code, output, _ = seawall("check", "shop")
    assert code == 0
    assert "1 skipped (1 in the baseline)" in output
    assert seawall("check", "shop", "--no-baseline")[0] == 1


def test_what_was_not_read_is_said_when_the_baseline_is_written(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "orders.yaml", Orders=False)
    (tmp_path / "broken.yaml").write_text("Resources:\n\tA:\n")
    code, output, errors = seawall("baseline")
    assert code == 2
    assert output.startswith("1 finding written")
    assert "broken.yaml:2" in errors


def test_what_is_known_is_suppressed_in_sarif_and_no_annotation(seawall: Run, tmp_path: Path) -> None:
    databases(tmp_path, "orders.yaml", Orders=False)
    (tmp_path / "seawall.yaml").write_text("baseline: seawall-baseline.json\n")
    seawall("baseline")
    assert json.loads(seawall("check", ".", "--format", "sarif")[1])["runs"][0]["results"] == []
    verbose = json.loads(seawall("check", ".", "--format", "sarif", "--verbose")[1])["runs"][0]["results"]
    (known,) = [result for result in verbose if "suppressions" in result]
    assert known["suppressions"] == [{"kind": "external", "justification": KNOWN}]
    assert "::error" not in seawall("check", ".", "--format", "github")[1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is no baseline"),
        ("[]", "is no baseline"),
        ('{"version": 2, "findings": []}', "has version 2, which a newer Seawall has written"),
        ('{"version": 1, "findings": {}}', "is no baseline"),
        ('{"version": 1, "findings": [{"policy": "SEA_X"}]}', "an entry is no finding"),
        ('{"version": 1, "findings": [1]}', "an entry is no finding"),
        (
            '{"version": 1, "findings": [{"policy": "P", "resource": "R", "type": "T", "file": "f", "count": 0}]}',
            "no finding",
        ),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "seawall-baseline.json").write_text(text)
    with pytest.raises(Misuse, match=complaint):
        read_baseline(tmp_path / "seawall-baseline.json")


def test_paths_with_two_baselines_need_to_be_told_which_to_write(seawall: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        databases(tmp_path, f"{name}/t.yaml", Orders=False)
        (tmp_path / name / "seawall.yaml").write_text(f"baseline: {name}.json\n")
    code, _, errors = seawall("baseline", "a", "b")
    assert code == 2
    assert "the paths have different baselines" in errors


# Whatever the findings are

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FINDINGS = st.lists(
    st.builds(
        lambda policy, resource, file, line, verdict: Finding(
            policy, "zone", verdict, resource, "AWS::RDS::DBInstance", file, line, "why"
        ),
        st.sampled_from(["SEA_A", "SEA_B"]),
        st.sampled_from(["Orders", "Größe", "Users"]),
        st.sampled_from(["/x/a.yaml", "/x/b.yaml", "/x/deep/c.yaml"]),
        st.integers(1, 99),
        st.sampled_from([Outcome.FLAGGED, Outcome.FLAGGED, Outcome.ACCEPTED, Outcome.UNDECIDED]),
    ),
    max_size=12,
)


def entries(findings: list[Finding]) -> Entries:
    from seawall.baseline import entries_of

    return entries_of(findings, "/x")


def new(findings: list[Finding], known: Entries) -> list[Finding]:
    return [item for item in known_findings(findings, known, "/x") if item.verdict is Outcome.FLAGGED]


@UNHURRIED
@given(FINDINGS, st.randoms(use_true_random=False))
def test_a_baseline_knows_everything_that_it_was_written_from_in_any_order(
    findings: list[Finding], chance: random.Random
) -> None:
    shuffled = [finding._replace(line=chance.randint(1, 99)) for finding in findings]
    chance.shuffle(shuffled)
    assert new(shuffled, entries(findings)) == []


@UNHURRIED
@given(FINDINGS)
def test_a_baseline_survives_any_renaming_of_its_files(findings: list[Finding]) -> None:
    renamed = [finding._replace(file=finding.file.replace("/x/", "/x/new/")) for finding in findings]
    assert new(renamed, entries(findings)) == []


@UNHURRIED
@given(FINDINGS, FINDINGS)
def test_never_more_is_known_than_the_baseline_counts(before: list[Finding], after: list[Finding]) -> None:
    known = entries(before)
    left = Counter(finding[:1] + finding[3:5] for finding in new(after, known))
    every = Counter(finding[:1] + finding[3:5] for finding in after if finding.verdict is Outcome.FLAGGED)
    allowed: Counter[Any] = Counter()
    for entry, count in known.items():
        allowed[entry.identity] += count
    assert all(left[one] >= every[one] - allowed[one] for one in every)


@UNHURRIED
@given(FINDINGS)
def test_what_is_written_is_what_is_read(findings: list[Finding]) -> None:
    written = "\n".join(as_text(entries(findings)))
    root = json.loads(written)
    read: Entries = Counter()
    for item in root["findings"]:
        read[Entry(item["policy"], item["resource"], item["type"], item["file"])] += item.get("count", 1)
    assert read == entries(findings)
    assert written == "\n".join(as_text(entries(findings[::-1])))
