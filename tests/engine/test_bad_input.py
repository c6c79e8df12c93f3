"""Whatever lies in a folder, the run goes on: one clear line for each file, nothing executed or fetched."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from seawall import scan

from tests.command import check

GOOD = "Resources:\n  Database:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      MultiAZ: false\n"
HEAD = "AWSTemplateFormatVersion: '2010-09-09'\n"
RESOURCE = "Resources:\n  Database:\n    Type: AWS::RDS::DBInstance\n"
JSON_HEAD = '{"Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"X": '
DEEP = "nested deeper than 100"
BROKEN_TAG = RESOURCE + "    Properties: !!python/object/apply:os.system [ls]\n"
ONE_POLICY = ("--policy", "SEA_SINGLE_AZ_DATABASE")


def database(multi_az: Any) -> dict[str, Any]:
    return {"Type": "AWS::RDS::DBInstance", "Properties": {"MultiAZ": multi_az}}


def nested(levels: int, opening: str, closing: str) -> str:
    return opening * levels + "1" + closing * levels


def bomb(levels: int) -> str:
    lines = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *lines]) + "\n"


BAD: dict[str, tuple[str, str | bytes, str, int | None]] = {
    # what it shows: file, content, reason, line
    "empty": ("a.yaml", "", "is empty", None),
    "blank": ("a.yaml", "\n \n", "is empty", None),
    "binary": ("a.yaml", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, "is binary", 1),
    "nul byte": ("a.yaml", HEAD + "A: \0", "is binary", 2),
    "truncated YAML": ("a.yaml", GOOD + "      Tags: [{Key: a", "did not find expected", 6),
    "truncated in a text": ("a.yaml", GOOD + "      Engine: 'my", "unexpected end of stream", 6),
    "truncated JSON": ("a.json", JSON_HEAD + '"my', "unterminated string", 1),
    "tabs": ("a.yaml", "Resources:\n\tDatabase:\n", "a tab indents this line", 2),
    "doubled key": ("a.yaml", GOOD + "      MultiAZ: true\n", "'MultiAZ' is there twice, first in line 5", 6),
    "doubled key in JSON": ("a.json", JSON_HEAD + '1,\n"X": 2}}}}', "'X' is there twice", 2),
    "doubled resource": ("a.yaml", GOOD + "  Database: {Type: 'AWS::RDS::DBInstance'}\n", "there twice", 6),
    "20 MB of YAML": ("a.yaml", GOOD + "# " + "x" * 20_000_000, "is 20 MB large", None),
    "20 MB of JSON": ("a.json", JSON_HEAD + '"' + "x" * 20_000_000 + '"}}}}', "is 20 MB large", None),
    "1 000 lists": ("a.yaml", GOOD + f"      X: {nested(1_000, '[', ']')}\n", DEEP, 6),
    "1 000 mappings": ("a.yaml", GOOD + f"      X: {nested(1_000, '{a: ', '}')}\n", DEEP, 6),
    "1 000 blocks": (
        "a.yaml", GOOD + "".join(f"{' ' * (6 + level)}a:\n" for level in range(1_000)), DEEP, 103,
    ),
    "1 000 functions": ("a.yaml", GOOD + f"      X: {nested(1_000, '!Not [', ']')}\n", DEEP, 6),
    "1 000 levels of JSON": ("a.json", JSON_HEAD + nested(1_000, "[", "]") + "}}}}", DEEP, 1),
    "200 000 levels": ("a.yaml", GOOD + f"      X: {nested(200_000, '[', ']')}\n", DEEP, 6),
    "200 000 levels of JSON": (
        "a.json", JSON_HEAD + nested(200_000, '{"a":', "}") + "}}}}", DEEP, 1,
    ),
    "open brackets": ("a.json", "[" * 100_000, DEEP, 1),
    "bomb of aliases": ("a.yaml", GOOD + bomb(12), "more than 1000000 values", 11),
    "alias in itself": ("a.yaml", GOOD + "      X: &x [*x]\n", "stands inside its own anchor", 6),
    "alias of nothing": ("a.yaml", GOOD + "      X: *x\n", "has no anchor", 6),
    "key that is a list": ("a.yaml", GOOD + "      ? [a]\n      : 1\n", "a key is a mapping or a list", 6),
    "several documents": ("a.yaml", HEAD + GOOD + "---\nA: 1\n", "several YAML documents", 7),
    "tag that runs Python": ("a.yaml", HEAD + BROKEN_TAG, "tag tag:yaml.org", 5),
    "Latin-1": ("a.yaml", GOOD.encode() + b"      Engine: caf\xe9\n", "is not UTF-8", 6),
    "UTF-32": ("a.yaml", GOOD.encode("utf-32"), "is binary", 1),
    "control character": ("a.yaml", GOOD + "      Engine: a\x07b\n", "character 7 is not allowed", 6),
    "huge integer": ("a.json", JSON_HEAD + "9" * 5_000 + "}}}}", "a number has thousands of digits", 1),
    "text behind JSON": ("a.json", JSON_HEAD + "1}}}}\nx", "extra data", 2),
    "Resources a list": ("a.yaml", "Resources: []\n", "Resources is a list, not a mapping", 1),
    "Resources a number": ("a.yaml", HEAD + "Resources: 3\n", "Resources is a value, not a mapping", 2),
    "Resources a text": ("a.yaml", HEAD + "Resources: text\n", "Resources is a text, not a mapping", 2),
    "no Resources": ("a.yaml", HEAD + "Parameters: {}\n", "has no Resources", None),
    "Parameters a list": ("a.yaml", "Parameters: [1]\n" + GOOD, "Parameters is a list, not a mapping", 1),
    "Conditions a text": ("a.yaml", "Conditions: x\n" + GOOD, "Conditions is a text, not a mapping", 1),
    "Mappings a number": ("a.yaml", "Mappings: 3\n" + GOOD, "Mappings is a value, not a mapping", 1),
    "Outputs a list": ("a.yaml", "Outputs: []\n" + GOOD, "Outputs is a list, not a mapping", 1),
    "resource a text": ("a.yaml", GOOD + "  Other: text\n", "Other is a text, not a mapping", 6),
    "resource without Type": ("a.yaml", GOOD + "  Other: {Properties: {}}\n", "Other has no Type", 6),
    "Type a mapping": ("a.yaml", GOOD + "  Other: {Type: {a: 1}}\n", "Other has no Type", 6),
    "Properties a number": ("a.yaml", RESOURCE + "    Properties: 3\n", "of Database is a value", 4),
    "Properties a list": ("a.yaml", RESOURCE + "    Properties: [1]\n", "of Database is a list", 4),
}  # fmt: skip


def judge(folder: Path) -> tuple[int, dict[str, Any]]:
    return check(folder, *ONE_POLICY)


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gets_one_clear_line_and_the_others_are_judged(case: str, tmp_path: Path) -> None:
    name, content, reason, line = BAD[case]
    bad = tmp_path / name
    bad.write_bytes(content.encode() if isinstance(content, str) else content)
    (tmp_path / "good.yaml").write_text(GOOD)
    code, report = judge(tmp_path)
    assert code == 2
    assert [(entry["file"], entry["line"]) for entry in report["unread"]] == [(str(bad), line)]
    assert reason in report["unread"][0]["reason"]
    assert "\n" not in report["unread"][0]["reason"]
    assert [finding["file"] for finding in report["findings"] if "good" in finding["file"]] == [
        str(tmp_path / "good.yaml")
    ]


FINE: dict[str, tuple[str, str | bytes, str]] = {
    # what it shows: file, content, verdict
    "merge keys": (
        "a.yaml",
        "Base: &base {MultiAZ: true}\n" + RESOURCE + "    Properties:\n      <<: *base\n",
        "accepted",
    ),
    "anchors": ("a.yaml", "Base: &yes true\n" + RESOURCE + "    Properties: {MultiAZ: *yes}\n", "accepted"),
    "byte order mark": ("a.yaml", b"\xef\xbb\xbf" + GOOD.encode(), "flagged"),
    "UTF-16": ("a.yaml", GOOD.encode("utf-16"), "flagged"),
    "no Properties": ("a.yaml", RESOURCE, "flagged"),
    "empty Properties": ("a.yaml", RESOURCE + "    Properties:\n", "flagged"),
    "lone surrogate": ("a.json", JSON_HEAD + r'"\ud800"}}}}', "flagged"),
    "not a number": ("a.json", JSON_HEAD + "NaN}}}}", "flagged"),
    "infinity": ("a.json", JSON_HEAD + "1e999}}}}", "flagged"),
    "JSON in a .yaml file": ("a.yaml", JSON_HEAD + "1}}}}", "flagged"),
    "Windows line ends": ("a.yaml", GOOD.replace("\n", "\r\n"), "flagged"),
    "condition on itself": (
        "a.yaml", "Conditions: {A: !Not [!Condition A]}\n" + RESOURCE
        + "    Properties: {MultiAZ: !If [A, true, false]}\n", "undecided",
    ),
    "conditions in a circle": (
        "a.yaml", "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\n" + RESOURCE
        + "    Condition: A\n    Properties: {MultiAZ: !If [B, true, false]}\n", "undecided",
    ),
    "5 000 conditions in a row": (
        "a.json",
        json.dumps({
            "Conditions": {
                **{f"C{index}": {"Fn::Not": [{"Condition": f"C{index + 1}"}]} for index in range(5_000)},
                "C5000": {"Fn::Equals": [{"Ref": "AWS::Region"}, "x"]},
            },
            "Resources": {
                "Database": database({"Fn::If": ["C0", True, False]}),
            },
        }),
        "undecided",
    ),
    "mapping on itself": (
        "a.yaml", "Mappings: {M: {a: {b: !FindInMap [M, a, b]}}}\n" + RESOURCE
        + "    Properties: {MultiAZ: !FindInMap [M, a, b]}\n", "undecided",
    ),
    "mapping that doubles": (
        "a.json",
        json.dumps({
            "Mappings": {"M": {"a": {
                **{
                    f"k{index}": {"Fn::Join": ["", [{"Fn::FindInMap": ["M", "a", f"k{index + 1}"]}] * 2]}
                    for index in range(60)
                },
                "k60": "x",
            }}},
            "Resources": {"Database": database({"Fn::FindInMap": ["M", "a", "k0"]})},
        }),
        "undecided",
    ),
    "resources in a circle": (
        "a.yaml", RESOURCE + "    DependsOn: Other\n    Properties: {MultiAZ: !GetAtt Other.MultiAZ}\n"
        "  Other:\n    Type: AWS::RDS::DBInstance\n    DependsOn: Database\n"
        "    Properties: {SourceDBInstanceIdentifier: !Ref Database, MultiAZ: !GetAtt Database.MultiAZ}\n",
        "undecided",
    ),
    "parameter of the wrong types": (
        "a.yaml", "Parameters: {P: {Type: [x], Default: {a: [1]}, AllowedValues: {b: 1}}}\n"
        "Conditions: {C: !Equals [!Ref P, x]}\n" + RESOURCE
        + "    Properties: {MultiAZ: !If [C, true, false]}\n",
        "flagged",
    ),
    "sections of the wrong types that nothing reads": (
        "a.yaml",
        "Metadata: 3\nRules: []\nDescription: {a: 1}\nGlobals: 7\nTransform: {x: 1}\n" + GOOD,
        "flagged",
    ),
    "attributes of the wrong types": (
        "a.yaml",
        RESOURCE + "    Metadata: 3\n    DependsOn: {a: 1}\n    DeletionPolicy: [1]\n    Condition: [x]\n",
        "flagged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINE)
def test_what_can_be_read_is_judged(case: str, tmp_path: Path) -> None:
    name, content, verdict = FINE[case]
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    _, report = judge(tmp_path)
    assert report["unread"] == []
    assert [finding["verdict"] for finding in report["findings"] if finding["resource"] == "Database"] == [verdict]


@pytest.mark.parametrize("function", ["Fn::Cidr", "Fn::Select", "Fn::Split", "Fn::Join", "Fn::Sub", "Fn::GetAtt"])
@pytest.mark.parametrize("argument", [None, 3, "", [], {}, [[]], ["x", "nan"], ["nan", ["x"]], [{}, None, 1e999]])
def test_a_function_called_wrongly_leaves_the_verdict_open(function: str, argument: Any, tmp_path: Path) -> None:
    template = {"Resources": {"Database": database({function: argument})}}
    (tmp_path / "a.json").write_text(json.dumps(template))
    _, report = judge(tmp_path)
    assert report["unread"] == []
    assert len(report["findings"]) == 1


def test_a_text_cannot_grow_without_bounds(tmp_path: Path) -> None:
    template = {
        "Parameters": {"P": {"Type": "String", "Default": "x" * 100_000}},
        "Resources": {
            "Database": database({"Fn::Sub": "${P}" * 100_000}),
            "Other": database({"Fn::Join": ["", [{"Ref": "P"}] * 100_000]}),
        },
    }
    (tmp_path / "a.json").write_text(json.dumps(template))
    assert judge(tmp_path)[1]["unread"] == []


HOSTILE: dict[str, Any] = {
    "blanks in an open placeholder": {"Fn::Sub": "${" + " " * 2_000},
    "placeholders that are never closed": {"Fn::Sub": "${a" * 100_000},
    "dynamic references that are never closed": "{{resolve:" * 30_000,
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_text_cannot_make_its_reading_slow(tmp_path: Path, value: Any) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"Resources": {"Database": database(value)}}))
    started = time.process_time()
    assert judge(tmp_path)[1]["unread"] == []
    assert time.process_time() - started < 5


def test_private_characters_in_a_text_do_not_pass_for_what_is_unknown(tmp_path: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": '{"a": "\ue0007\ue001"}'}}
    (tmp_path / "a.json").write_text(json.dumps({"Resources": {"Queue": queue}}))
    assert judge(tmp_path)[1]["unread"] == []


def test_a_loop_of_loops_is_bounded(tmp_path: Path) -> None:
    loop: dict[str, Any] = {"${I0}${I1}${I2}${I3}${I4}": {"Type": "AWS::SQS::Queue"}}
    for level in range(4, -1, -1):
        loop = {f"Fn::ForEach::Loop{level}": [f"I{level}", [str(index) for index in range(100)], loop]}
    (tmp_path / "a.json").write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": loop}))
    (tmp_path / "good.yaml").write_text(GOOD)
    assert "Database" in [finding["resource"] for finding in judge(tmp_path)[1]["findings"]]


def test_a_folder_without_templates_is_said_to_hold_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "workflow.yaml").write_text("on: push\njobs: {}\n")
    code, report = judge(tmp_path)
    assert code == 2
    assert report["unread"] == [{"file": str(tmp_path), "line": None, "reason": "holds no template that Seawall reads"}]


def test_other_peoples_files_beside_templates_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "values.yaml").write_text("image: {{ .Values.image }}\n")
    (tmp_path / "play.yml").write_text("- hosts: all\n  vars: {secret: !vault x}\n")
    (tmp_path / "all.yaml").write_text("kind: A\n---\nkind: B\n")
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {}, // comment\n}')
    code, report = judge(tmp_path)
    assert (code, report["unread"], report["summary"]["others"]) == (1, [], 4)


def test_a_file_that_is_asked_for_and_is_no_template_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "workflow.yaml"
    file.write_text("on: push\n")
    code, report = judge(file)
    assert code == 2
    assert report["unread"][0]["reason"] == "is no template that Seawall reads"


def test_a_path_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    code, report = judge(tmp_path / "missing.yaml")
    assert code == 2
    assert report["unread"][0]["reason"] == "no such file or directory"


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    (tmp_path / "folder").symlink_to(".")
    (tmp_path / "dangling.yaml").symlink_to("missing")
    code, report = judge(tmp_path)
    assert code == 2
    reasons = {Path(entry["file"]).name: entry["reason"] for entry in report["unread"]}
    assert reasons == {
        "self.yaml": "too many levels of symbolic links",
        "dangling.yaml": "no such file or directory",
    }
    assert len(report["findings"]) == 1


def test_pipes_sockets_and_devices_are_never_opened(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.yml"))
        outcome = run(tmp_path)
    report = json.loads(outcome.stdout)
    assert outcome.returncode == 2
    assert {Path(entry["file"]).name: entry["reason"] for entry in report["unread"]} == {
        "pipe.yaml": "is not a regular file",
        "socket.yml": "is not a regular file",
        "device.json": "is a link out of the folder, and is not followed",
    }
    assert len(report["findings"]) == 1


def test_terraform_in_pipes_and_circles_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_db_instance" "orders" {\n  multi_az = false\n}\n')
    os.mkfifo(tmp_path / "pipe.tf")
    (tmp_path / "self.tf").symlink_to("self.tf")
    (tmp_path / "device.tf").symlink_to("/dev/zero")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "main.tf").write_text('resource "aws_db_instance" "orders" {\n')
    outcome = run(tmp_path)
    report = json.loads(outcome.stdout)
    assert outcome.returncode == 2
    assert {Path(entry["file"]).name: entry["reason"] for entry in report["unread"]} == {
        "pipe.tf": "is not a regular file",
        "self.tf": "is not a regular file",
        "device.tf": "is not a regular file",
        "main.tf": "the block that starts on line 1 has no end",
    }
    assert [finding["resource"] for finding in report["findings"]] == ["aws_db_instance.orders"]


def run(*arguments: str | Path, form: str = "json") -> "subprocess.CompletedProcess[str]":
    """The command as its own process, which a reader that waits for ever does not hold up for ever."""
    command = [sys.executable, "-m", "seawall", "check", *map(str, arguments), *ONE_POLICY, "--format", form]
    environment = {**os.environ, "PYTHONPATH": "policies"}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


def test_an_unreadable_file_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    secret = tmp_path / "secret.yaml"
    secret.write_text(GOOD)
    secret.chmod(0)
    if os.access(secret, os.R_OK):  # the superuser reads everything
        refuse_to_open(secret, monkeypatch)
    code, report = judge(tmp_path)
    assert code == 2
    assert report["unread"] == [{"file": str(secret), "line": None, "reason": "permission denied"}]
    assert len(report["findings"]) == 1


def refuse_to_open(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == secret:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)


def test_an_unreadable_folder_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    secret = tmp_path / "secret"
    secret.mkdir(mode=0)
    if os.access(secret, os.R_OK):
        really = os.scandir

        def scandir(path: Any) -> Any:
            if str(path) == str(secret):
                raise PermissionError(13, "Permission denied", str(path))
            return really(path)

        monkeypatch.setattr(os, "scandir", scandir)
    code, report = judge(tmp_path)
    assert code == 2
    assert report["unread"] == [{"file": str(secret), "line": None, "reason": "permission denied"}]


NESTED = """\
Resources:
  {name}:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: {url}
      Parameters: {{P: !GetAtt {name}.Outputs.O}}
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {{MultiAZ: !Ref P}}
Parameters: {{P: {{Type: String}}}}
Outputs: {{O: {{Value: !Ref P}}}}
"""


@pytest.mark.parametrize("url", ["a.yaml", "b.yaml", "/dev/zero", "pipe.yaml", "../../../../etc/passwd", "[1]"])
def test_nested_stacks_in_a_circle_or_out_of_the_folder_end(url: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NESTED.format(name="Child", url=url))
    (tmp_path / "b.yaml").write_text(NESTED.format(name="Child", url="a.yaml"))
    os.mkfifo(tmp_path / "pipe.yaml")
    outcome = run(tmp_path / "a.yaml")
    assert outcome.stderr == ""
    assert "Database" in [finding["resource"] for finding in json.loads(outcome.stdout)["findings"]]


@pytest.mark.parametrize("name", ["line\nbreak.yaml", "\x1b[31mred.yaml", b"caf\xe9.yaml"])
@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_no_name_of_a_file_confuses_a_report(name: str | bytes, form: str, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(name)).write_text(GOOD)
    outcome = run(tmp_path, form=form)
    assert outcome.returncode == 1
    assert outcome.stderr == ""
    assert "\x1b" not in outcome.stdout


def test_a_name_in_a_template_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(r'{"Resources": {"A\u001b[2J\u0007": {"Type": "AWS::RDS::DBInstance"}}}')
    outcome = run(tmp_path, form="text")
    assert outcome.returncode == 1
    assert not {"\x1b", "\x07"} & set(outcome.stdout)


def test_nothing_is_executed_fetched_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = tmp_path / "witness"
    command = f"touch {witness}"
    (tmp_path / "tag.yaml").write_text(HEAD + f"Resources: !!python/object/apply:os.system ['{command}']\n")
    (tmp_path / "macro.yaml").write_text(
        HEAD + "Transform: {Name: AWS::Include, Parameters: {Location: s3://bucket/x.yaml}}\n" + GOOD
    )
    (tmp_path / "remote.yaml").write_text(NESTED.format(name="Child", url="https://example.com/child.yaml"))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def no_network(*_arguments: Any, **_options: Any) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(os, "system", no_network)
    judge(tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_mistake_of_a_reader_does_not_silence_the_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        raise KeyError("gone")

    (tmp_path / "template.yaml").write_text("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")
    monkeypatch.setattr("seawall.scan.templates_of", read)
    report = scan.check([tmp_path], scan.Options(()))
    assert [unread.reason for unread in report.unread] == [
        "KeyError: 'gone' (this is a mistake in Seawall, please report it)"
    ]


def test_a_worker_that_dies_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(scan.PARALLEL_FROM):
        (tmp_path / f"{number}.yaml").write_text("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")
    monkeypatch.setattr("seawall.scan._check_unit", lambda *_: os._exit(9))
    report = scan.check([tmp_path], scan.Options((), jobs=2))
    assert len(report.unread) == scan.PARALLEL_FROM
    assert "--jobs 1" in report.unread[0].reason


def test_hidden_folders_are_passed_over_unless_they_are_named(tmp_path: Path) -> None:
    hidden = tmp_path / ".cache"
    hidden.mkdir()
    (hidden / "template.yaml").write_text("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")
    assert scan.check([tmp_path], scan.Options(())).files == 0
    assert scan.check([hidden], scan.Options(())).files == 1


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("Resources: {Database: {Type: 'AWS::RDS::DBInstance'}}")
    scanned = tmp_path / "scanned"
    scanned.mkdir()
    (scanned / "template.yaml").symlink_to(secret)
    report = scan.check([scanned], scan.Options(()))
    assert report.files == 0
    assert [unread.reason for unread in report.unread] == ["is a link out of the folder, and is not followed"]
