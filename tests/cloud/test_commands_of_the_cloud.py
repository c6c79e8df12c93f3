"""`python -m embedded_cloud`: a cloud for people, and deployments to it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from embedded_cloud.__main__ import main
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.templates import Template, assembly_of

QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work"}}}}
REPOSITORY = Path(__file__).parents[2]


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "embedded_cloud", *map(str, arguments)]


def _deployable(folder: Path) -> Path:
    (folder / "queue.json").write_text(json.dumps(QUEUE))
    return assembly_of([Template("queue", "eu-west-1", folder / "queue.json")], folder / "assembly")


def test_a_cloud_runs_until_it_is_ended(folder: Path) -> None:
    started = subprocess.Popen(
        _command("start", "--folder", folder, "--regions", "eu-west-1"),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        lines = [next(started.stdout) for _ in range(3)]
        cloud = EmbeddedCloud.attached(folder)
        assert lines[2].split() == ["eu-west-1", cloud.endpoint("eu-west-1")]
        assert (cloud.regions, cloud.time_scale) == (("eu-west-1",), 1)
        cloud.release()
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0


def test_an_assembly_is_deployed_to_a_cloud_of_its_own(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assembly = _deployable(tmp_path)

    assert main(["deploy", str(assembly), "--folder", str(folder), "--stop", "--json"]) == 0

    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert list(told["endpoints"]) == ["eu-west-1"]
    assert [change["what"] for change in told["changes"]] == []
    assert "deploying 1 stacks" in printed.err
    with pytest.raises(Exception, match="control call health"):
        EmbeddedCloud.attached(folder)


def test_what_is_no_assembly_is_said_in_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deploy", str(tmp_path), "--folder", str(folder), "--stop"]) == 2

    assert capsys.readouterr().err == f"could not be deployed: {tmp_path} holds no assembly, which `cdk synth` writes\n"


def test_stages_are_deployed_one_by_one(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Live"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"assembly-Live": stage}}))

    assert main(["deploy", str(tmp_path), "--folder", str(folder), "--stop"]) == 2

    assert f"has stages: deploy {tmp_path / 'assembly-Live'}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["start", "--time-scale", "0.5"], ["deploy"], ["undeploy"]])
def test_a_command_that_is_not_understood_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: python -m embedded_cloud" in capsys.readouterr().err
