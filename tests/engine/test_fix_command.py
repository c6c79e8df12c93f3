"""``seawall fix`` writes what is safe, says what is left, and its exit code is that of a check afterwards."""

import contextlib
import io
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from seawall.cli import main
from seawall.finding import Finding
from seawall.fixes import mending
from seawall.fixes.pasted_fix import pasted_fix
from seawall.policy import Outcome

LONE = """\
Resources:
  Orders:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    Properties:
      Engine: postgres
      DBInstanceClass: db.m6g.large
      AllocatedStorage: "100"
      MultiAZ: false # é
"""
MENDED = LONE.replace("false", "true")
ONLY = ("--policy", "single_az_database")


def run(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["fix", *map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "orders.yaml"
    file.write_text(LONE, "utf-8")
    return file


def test_it_mends_the_file_and_says_so(template: Path) -> None:
    code, out, _ = run(template, *ONLY)
    assert code == 0
    assert template.read_text("utf-8") == MENDED
    assert "Orders: MultiAZ: true  SEA_SINGLE_AZ_DATABASE" in out
    assert "1 mended in 1 file, 0 left to you" in out


def test_the_second_time_it_writes_nothing(template: Path) -> None:
    run(template, *ONLY)
    before = template.stat()
    code, out, _ = run(template, *ONLY)
    assert code == 0
    assert template.stat().st_mtime_ns == before.st_mtime_ns
    assert "0 mended in 0 files" in out


def test_what_it_cannot_mend_is_left_with_its_sentence_and_the_reason(template: Path) -> None:
    parameter = "Parameters:\n  Standby: {Type: String, Default: 'false'}\n"
    template.write_text(parameter + LONE.replace("false", "!Ref Standby"), "utf-8")
    code, out, _ = run(template, *ONLY)
    assert code == 1
    assert "Orders: set MultiAZ: true (Orders.Properties.MultiAZ is decided by !Ref: change what it depends on)" in out


def test_the_difference_is_shown_and_nothing_is_written(template: Path) -> None:
    code, out, err = run(template, *ONLY, "--diff")
    assert code == 1
    assert template.read_text("utf-8") == LONE
    assert out.splitlines()[:2] == [f"--- {template}", f"+++ {template}"]
    assert "-      MultiAZ: false # é\n+      MultiAZ: true # é\n" in out
    assert "1 can be mended in 1 file" in err


def test_the_difference_of_a_file_without_a_last_line_end_says_so(template: Path) -> None:
    template.write_text(LONE.rstrip("\n"), "utf-8")
    assert out_lines(run(template, *ONLY, "--diff")).count("\\ No newline at end of file") == 2


def test_git_applies_the_difference(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(template.parent)
    template.write_bytes(LONE.rstrip("\n").replace("\n", "\r\n").encode())
    patch = run("orders.yaml", *ONLY, "--diff")[1]
    command = ["git", "apply", "-p0", "--unsafe-paths", "-"]
    subprocess.run(command, input=patch.encode(), check=True, env={**os.environ, "GIT_DIR": os.devnull})
    assert template.read_bytes() == MENDED.rstrip("\n").replace("\n", "\r\n").encode()


def out_lines(result: tuple[int, str, str]) -> list[str]:
    return result[1].splitlines()


@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
def test_encoding_byte_order_mark_and_line_ends_stay(template: Path, mark: bytes, encoding: str) -> None:
    def as_bytes(text: str) -> bytes:
        return mark + text.replace("\n", "\r\n").encode(encoding)

    template.write_bytes(as_bytes(LONE))
    assert run(template, *ONLY)[0] == 0
    assert template.read_bytes() == as_bytes(MENDED)


def test_permissions_stay(template: Path) -> None:
    template.chmod(0o640)
    run(template, *ONLY)
    assert stat.S_IMODE(template.stat().st_mode) == 0o640


def test_a_read_only_file_is_left_alone(template: Path) -> None:
    template.chmod(0o444)
    code, out, _ = run(template, *ONLY)
    assert code == 1
    assert template.read_text("utf-8") == LONE
    assert "(the file is read-only)" in out


def test_a_link_stays_a_link(template: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(template)
    assert run(link, *ONLY)[0] == 0
    assert link.is_symlink()
    assert template.read_text("utf-8") == MENDED


def test_a_file_that_has_changed_meanwhile_is_left_alone(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = mending.write

    def later(file: mending.File, place: str) -> None:
        template.write_text("Resources: {}\n", "utf-8")
        write(file, place)

    monkeypatch.setattr("seawall.fixes.fix_command.write", later)
    code, _, err = run(template, *ONLY)
    assert code == 2
    assert "has changed meanwhile" in err
    assert template.read_text("utf-8") == "Resources: {}\n"


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    code, _, err = run(template, *ONLY)
    assert code == 2
    assert "cannot be written: no space left on device" in err
    assert [file.name for file in template.parent.iterdir()] == ["orders.yaml"]
    assert template.read_text("utf-8") == LONE


def test_what_could_not_be_read_ends_with_2_and_the_rest_is_mended(template: Path) -> None:
    (template.parent / "broken.yaml").write_text("Resources:\n  A: {Type: 'AWS::SQS::Queue'\n", "utf-8")
    code, _, err = run(template.parent, *ONLY, "--quiet")
    assert code == 2
    assert "broken.yaml" in err
    assert template.read_text("utf-8") == MENDED


def test_one_file_under_two_names_is_mended_once(template: Path) -> None:
    code, out, _ = run(template, template.parent, *ONLY)
    assert code == 0
    assert template.read_text("utf-8") == MENDED
    assert "1 mended in 1 file" in out


def test_a_nested_stack_is_mended_in_its_own_file(template: Path) -> None:
    parent = template.parent / "parent.yaml"
    nested = "Resources:\n  {}:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: orders.yaml}}\n"
    parent.write_text(nested.format("A") + nested.format("B").partition("\n")[2], "utf-8")
    assert run(parent, *ONLY)[0] == 0
    assert template.read_text("utf-8") == MENDED


def test_an_exception_is_respected(template: Path) -> None:
    text = LONE.replace("  Orders:", "  Orders: # seawall:skip=SEA_SINGLE_AZ_DATABASE: test data")
    template.write_text(text, "utf-8")
    assert run(template, *ONLY)[0] == 0
    assert template.read_text("utf-8") == text


SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Carts:
    Type: AWS::Serverless::SimpleTable
  Orders:
    Type: AWS::SQS::Queue
  Booking:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: pass
      Timeout: 60
      EventInvokeConfig:
        DestinationConfig:
          OnFailure: {Type: SQS}
      Events:
        Order: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}
"""


def test_a_sam_template_is_mended_where_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(SAM, "utf-8")
    run(file, "--policy", "table_without_recovery", "--policy", "visibility_shorter_than_consumer")
    specification = "PointInTimeRecoverySpecification:\n        PointInTimeRecoveryEnabled: true"
    mended = SAM.replace("SimpleTable\n", f"SimpleTable\n    Properties:\n      {specification}\n")
    mended = mended.replace("SQS::Queue\n", "SQS::Queue\n    Properties:\n      VisibilityTimeout: 360\n")
    assert file.read_text("utf-8") == mended


def test_what_cdk_makes_is_left_to_the_app(tmp_path: Path) -> None:
    table = {"Type": "AWS::DynamoDB::Table", "Metadata": {"aws:cdk:path": "Shop/Orders/Resource"}}
    file = tmp_path / "Shop.template.json"
    file.write_text(json.dumps({"Resources": {"Orders": table}}), "utf-8")
    before = file.read_bytes()
    _, out, _ = run(file, "--policy", "deletable_table")
    assert "CDK makes this file: change the app" in out
    assert file.read_bytes() == before


def finding(**more: Any) -> Finding:
    sets = (("MultiAZ", True), ("DeletionPolicy", "Retain"))
    base = Finding("SEA_X", "zone", Outcome.FLAGGED, "Orders", "AWS::RDS::DBInstance", "x", 1, "", sets=sets)
    return base._replace(**more)


def test_the_fix_is_pasted_in_the_language_of_the_source() -> None:
    assert pasted_fix(finding(language="yaml")) == "Orders:\n  Properties:\n    MultiAZ: true\n  DeletionPolicy: Retain"
    assert json.loads(f"{{{pasted_fix(finding(language='json'))}}}") == {
        "Orders": {"Properties": {"MultiAZ": True}, "DeletionPolicy": "Retain"}
    }
    terraform = finding(language="hcl", type="aws_db_instance", resource='module.shop["a"].aws_db_instance.orders[0]')
    assert pasted_fix(terraform) == (
        'resource "aws_db_instance" "orders" {\n  multi_az = true\n  lifecycle {\n    prevent_destroy = true\n  }\n}'
    )
    assert pasted_fix(finding(language="json", construct="Shop/Orders/Resource")) == (
        'resource = app.node.find_child("Shop").node.find_child("Orders").node.find_child("Resource")\n'
        'resource.add_property_override("MultiAZ", True)\n'
        "resource.add_override(\"DeletionPolicy\", 'Retain')"
    )


def test_what_is_accepted_has_nothing_to_paste() -> None:
    assert pasted_fix(finding(language="yaml", verdict=Outcome.ACCEPTED)) == ""
