"""Exceptions in templates, their last day, and the list of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from seawall.cli import main
from seawall.design import Design, Resource
from seawall.exceptions import exception_for, exceptions_of
from seawall.sources.cloudformation import parse, template_of

TODAY = date(2026, 11, 22)
TEMPLATE = """\
Resources:
  Orders:
    Type: AWS::RDS::DBInstance
    # seawall:skip={comment}
    Metadata: {metadata}
    Properties: {{Engine: postgres, MultiAZ: false}}
"""


def orders(comment: str = "OTHER: x", metadata: Any = None) -> Resource:
    text = TEMPLATE.format(comment=comment, metadata=json.dumps(metadata or {}))
    return Design([template_of(parse("orders.yaml", text, []))]).all["", "Orders"]


def skip(**entry: Any) -> dict[str, Any]:
    return {"seawall": {"skip": [{"id": "SEA_X", **entry}]}}


@pytest.mark.parametrize(
    ("comment", "reason", "until", "complaint"),
    [
        ("SEA_X: test data", "test data", "", ""),
        ("SEA_X: test data (until 2026-11-22)", "test data", "2026-11-22", ""),
        (
            "SEA_X: test data (until 2026-11-21)",
            "test data",
            "2026-11-21",
            "the exception (test data) expired on 2026-11-21",
        ),
        (
            "SEA_X: test data (until spring)",
            "test data",
            "spring",
            "the exception's date 'spring' is not written YYYY-MM-DD",
        ),
        ("SEA_X: kept (see the wiki)", "kept (see the wiki)", "", ""),
        ("SEA_X", "", "", "the exception is refused: write the reason, checkov:skip=SEA_X: why"),
        (
            "SEA_X: (until 2027-01-01)",
            "",
            "2027-01-01",
            "the exception is refused: write the reason, checkov:skip=SEA_X: why",
        ),
    ],
)
def test_a_comment_gives_a_reason_and_perhaps_a_last_day(comment: str, reason: str, until: str, complaint: str) -> None:
    found = exception_for("SEA_X", orders(comment), TODAY)
    assert found is not None
    assert (found.reason, found.until, found.complaint) == (reason, until, complaint)
    assert found.holds is not bool(complaint)


@pytest.mark.parametrize(
    ("entry", "holds", "expired"),
    [
        ({"reason": "why"}, True, False),
        ({"comment": "why", "until": "2026-11-22"}, True, False),
        ({"reason": "why", "until": "2026-11-21"}, False, True),
        ({"reason": "why", "until": 2027}, False, False),
        ({"until": "2027-01-01"}, False, False),
    ],
)
def test_metadata_gives_a_reason_and_perhaps_a_last_day(entry: dict[str, Any], *, holds: bool, expired: bool) -> None:
    found = exception_for("SEA_X", orders(metadata=skip(**entry)), TODAY)
    assert found is not None
    assert (found.holds, found.expired) == (holds, expired)


def test_every_exception_of_a_resource_is_listed_with_its_line() -> None:
    found = list(exceptions_of(orders("SEA_Y: why", skip(reason="why")), TODAY))
    assert [(policy, line) for policy, line, _ in found] == [("SEA_X", 5), ("SEA_Y", 4)]


# The list

LISTED = """\
Resources:
  Used:
    Type: AWS::RDS::DBInstance
    Metadata: {seawall: {skip: [{id: SEA_SINGLE_AZ_DATABASE, reason: test data, until: 2999-01-01}]}}
    Properties: {Engine: postgres, MultiAZ: false}
  Expired:
    Type: AWS::RDS::DBInstance
    # checkov:skip=SEA_SINGLE_AZ_DATABASE: test data (until 2020-01-01)
    Properties: {Engine: postgres, MultiAZ: false}
  Refused:
    Type: AWS::RDS::DBInstance
    # checkov:skip=SEA_SINGLE_AZ_DATABASE
    Properties: {Engine: postgres, MultiAZ: false}
  Unused:
    Type: AWS::RDS::DBInstance
    # checkov:skip=SEA_SINGLE_AZ_DATABASE: it was small once
    # checkov:skip=CKV_AWS_157: none of ours
    Properties: {Engine: postgres, MultiAZ: true}
  Elsewhere:
    Type: AWS::RDS::DBInstance
    Metadata: {checkov: {skip: [{id: SEA_SINGLE_REGION_DATABASE, comment: one region}, {id: SEA_MISTYPED, comment: x}]}}
    Properties: {Engine: postgres, MultiAZ: true}
# checkov:skip=SEA_SINGLE_AZ_DATABASE: at nothing
Outputs: {}
"""


def listed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
    code = main(["check", *map(str, arguments), "--list-exceptions", "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_list_tells_of_every_exception_whether_it_is_of_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders.yaml").write_text(LISTED)
    code, found = listed(capsys, tmp_path)
    assert code == 0
    told = [(one["line"], one["policy"], *one["resources"], one["state"]) for one in found]
    assert told == [
        (4, "SEA_SINGLE_AZ_DATABASE", "Used", "in use"),
        (8, "SEA_SINGLE_AZ_DATABASE", "Expired", "expired"),
        (12, "SEA_SINGLE_AZ_DATABASE", "Refused", "refused"),
        (16, "SEA_SINGLE_AZ_DATABASE", "Unused", "unused"),
        (21, "SEA_MISTYPED", "Elsewhere", "no such policy"),
        (21, "SEA_SINGLE_REGION_DATABASE", "Elsewhere", "not judged"),
        (23, "SEA_SINGLE_AZ_DATABASE", "at no resource"),
    ]
    assert found[0]["reason"] == "test data"
    assert found[0]["until"] == "2999-01-01"
    assert found[3]["until"] is None
    assert "expired on 2020-01-01" in found[1]["complaint"]


def test_the_list_follows_what_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "orders.yaml").write_text(LISTED)

    def state(*arguments: str) -> dict[str, str]:
        found = listed(capsys, tmp_path, *arguments)[1]
        return {one["policy"]: one["state"] for one in found if one["resources"] == ["Elsewhere"]}

    assert state("--objective", "multi-region")["SEA_SINGLE_REGION_DATABASE"] == "in use"
    assert state("--policy", "single_az_database")["SEA_SINGLE_REGION_DATABASE"] == "not judged"


def test_the_list_can_be_read_by_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "orders.yaml").write_text(LISTED)
    assert main(["check", str(tmp_path), "--list-exceptions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(tmp_path / "orders.yaml")
    assert lines[1:3] == ["  :4 SEA_SINGLE_AZ_DATABASE at Used: in use, until 2999-01-01", "      test data"]
    assert lines[-1] == (
        "7 exceptions: 1 in use, 1 expired, 1 refused, 1 not judged, 1 unused, 1 at no resource, 1 no such policy"
    )


def test_without_a_path_the_list_is_about_the_working_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "orders.yaml").write_text(LISTED)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--list-exceptions"]) == 0
    assert capsys.readouterr().out.startswith("orders.yaml\n")


def test_without_exceptions_the_list_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "orders.yaml").write_text("Resources: {Orders: {Type: AWS::SNS::Topic}}\n")
    assert main(["check", str(tmp_path), "--list-exceptions"]) == 0
    assert capsys.readouterr().out == "0 exceptions\n"


def test_what_cannot_be_read_is_said_beside_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "orders.yaml").write_text(LISTED)
    (tmp_path / "broken.yaml").write_text("Resources:\n\tA:\n")
    assert main(["check", str(tmp_path), "--list-exceptions"]) == 2
    captured = capsys.readouterr()
    assert "7 exceptions" in captured.out
    assert "broken.yaml:2" in captured.err


def test_instances_of_one_block_share_their_exception(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("checkov")
    (tmp_path / "main.tf").write_text(
        'resource "aws_db_instance" "orders" {\n  # checkov:skip=SEA_SINGLE_AZ_DATABASE: test data (until 2999-01-01)\n'
        '  count    = 2\n  engine   = "mysql"\n  multi_az = count.index == 0\n}\n'
    )
    (found,) = listed(capsys, tmp_path)[1]
    assert found["resources"] == ["aws_db_instance.orders[0]", "aws_db_instance.orders[1]"]
    assert (found["state"], found["until"]) == ("in use", "2999-01-01")
