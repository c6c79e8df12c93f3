import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drills import region_loss
from drills.frame.running import Drive
from drills.region import recorded
from drills.region.recorded import OK, Call
from drills.region.region_probe import Attempt, Function, Probes, View
from drills.region.region_scene import Scene
from drills.region.region_session import Failed, Session
from drills.region.region_stores import Markers
from drills.traffic.load import Place
from tests.drills.loopback import Loopback, Reply, Request, loopback
from tests.drills.region_drive import SMALL, played, running_drive

REPOSITORY = Path(__file__).parents[2]
LOST_AT = 100.0
EVENTUAL = type(SMALL)(**vars(SMALL) | {"name": "eventual", "record_lag": 1.0})


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


@pytest.fixture(scope="module")
def scene(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return played(drive, tmp_path_factory.mktemp("scene"), EVENTUAL)


def attempts(*failed: bool, every: float = 1.0, long: float = 0.2) -> list[Attempt]:
    begin = LOST_AT + 0.5
    return [
        Attempt(begin + index * every, begin + index * every + long, "no answer" if fails else None)
        for index, fails in enumerate(failed)
    ]


def probes(found: list[Attempt]) -> Probes:
    made = object.__new__(Probes)
    made.attempts = {(view, function): found for view in View for function in Function}
    return made


@pytest.mark.parametrize(
    ("failed", "seconds"),
    [
        ((False, False, False), 0.0),
        ((True, False, False, False), 1.7),
        ((True, False, True, False, False, False), 3.7),
        ((True, True, True, True), None),
        ((True, False, False), 1.7),
        ((False, True, False), 2.7),
        ((False, False, True), None),
        ((), None),
    ],
)
def test_a_function_has_recovered_when_it_works_again_for_good(failed: tuple[bool, ...], seconds: float | None) -> None:
    found = probes(attempts(*failed)).recovery(View.CLIENTS, Function.BROWSE, LOST_AT)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_what_fails_once_the_region_is_back_is_not_its_loss() -> None:
    found = probes(attempts(True, False, False, True))
    assert found.recovery(View.CLIENTS, Function.BROWSE, LOST_AT) is None
    assert found.recovery(View.CLIENTS, Function.BROWSE, LOST_AT, LOST_AT + 3) == pytest.approx(1.7)


def test_an_attempt_that_was_under_way_at_the_loss_counts() -> None:
    under_way = Attempt(LOST_AT - 0.1, LOST_AT + 5, "cut off")
    earlier = Attempt(LOST_AT - 3, LOST_AT - 2, "of another cause")
    found = probes([earlier, under_way, *attempts(False, False, False, every=2)])
    assert found.recovery(View.HEALTHY, Function.UPLOAD, LOST_AT) == pytest.approx(0.7)


def test_a_line_of_the_plot_is_down_while_its_function_fails() -> None:
    lines = probes(attempts(False, True)).lines(View.CLIENTS, LOST_AT)
    assert [line.name for line in lines][:2] == [f"6 {Function.BROWSE}", f"5 {Function.DOWNLOAD}"]
    assert [value for _, value in lines[0].points] == [6, pytest.approx(5.3)]


def session(*servers: Loopback | str) -> Session:
    urls = [server if isinstance(server, str) else server.url for server in servers]
    return Session([Place(f"region-{number}", url) for number, url in enumerate(urls)], "token")


@pytest.mark.parametrize("first", [Reply(503), Reply(500), None])
def test_a_client_asks_the_other_region_with_the_same_key_and_stays_there(first: Reply | None) -> None:
    with loopback(lambda _: first or Reply(500)) as sick, loopback(lambda _: Reply(202, {"job": "one"})) as well:
        client = session(sick if first else "http://127.0.0.1:9", well)
        for _ in range(2):
            assert client.ask("POST", "/v1/purchases", {"content": "a"}, "key-1") == {"job": "one"}
        client.close()
    assert [request.headers["idempotency-key"] for request in well.asked] == ["key-1", "key-1"]
    assert len(sick.asked) == (first is not None)
    assert client.region == "region-1"


def test_only_when_no_region_answers_the_function_has_failed() -> None:
    with loopback(lambda _: Reply(503)) as sick:
        client = session(sick, "http://127.0.0.1:9")
        with pytest.raises(Failed, match=r"region-0: status 503; region-1: ConnectError"):
            client.ask("GET", "/v1/files")
        client.close()


def test_a_refusal_is_the_last_word() -> None:
    def answer(_: Request) -> Reply:
        return Reply(404, {"detail": "You have no order with this id."})

    with loopback(answer) as first, loopback(answer) as second:
        client = session(first, second)
        with pytest.raises(Failed, match="no order"):
            client.ask("GET", "/v1/jobs/x")
        client.close()
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_an_rpo_counts_from_the_oldest_write_that_is_missing() -> None:
    markers = Markers(Any, "eu-west-1", {"drive": [10.0, 11.0, 12.0, 13.0]})  # type: ignore[arg-type]
    assert markers._oldest_missing("drive", {0, 2}) == 11.0
    assert markers._oldest_missing("drive", {0, 1, 2, 3}) is None


def test_the_record_holds_every_call_of_a_command_and_how_it_ended(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(
        "import sys, boto3\n"
        "from botocore.config import Config\n"
        "from botocore.exceptions import BotoCoreError\n"
        "for url in sys.argv[1:]:\n"
        "    client = boto3.client('sqs', endpoint_url=url, config=Config(retries={'total_max_attempts': 1}))\n"
        "    try:\n"
        "        client.get_queue_url(QueueName='deliver')\n"
        "    except BotoCoreError:\n"
        "        pass\n"
        "sys.exit(3)\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
    with loopback(lambda _: Reply(200, {"QueueUrl": "https://sqs/deliver"})) as server:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "drills.region.recorded",
                str(tmp_path / "calls"),
                "asking",
                server.url,
                "http://127.0.0.1:9",
            ],
            env=os.environ | keys | {"AWS_DEFAULT_REGION": "eu-west-1", "PYTHONPATH": f"{tmp_path}:{REPOSITORY}"},
            check=False,
        )
    assert ended.returncode == 3
    assert recorded.read(tmp_path / "calls") == [
        Call("sqs:GetQueueUrl", "eu-west-1", OK),
        Call("sqs:GetQueueUrl", "eu-west-1", recorded.NO_ANSWER),
    ]


def test_the_plan_evacuates_in_the_healthy_region_only(design: Any) -> None:
    writes = [
        step for step in region_loss.plan(design) if step.operation in {"PutItem", "UpdateItem", "StartExperiment"}
    ]
    assert {step.region for step in writes if step.service == "dynamodb"} == {design.standby}
    assert {step.region for step in writes if step.service == "fis"} == {design.primary}


@pytest.mark.skipif(os.environ.get("SEAWALL_DRILLS") != "all", reason="it deploys a drive: make broken")
def test_every_promise_about_a_lost_region_is_kept(scene: Scene) -> None:
    promised = list(region_loss.promises(scene))
    assert {promise.text: promise.measured for promise in promised if not promise.kept} == {}
    assert len(promised) > len(Function)


def test_what_was_accepted_within_the_lag_is_made_whole_by_its_clients(scene: Scene) -> None:
    assert len(scene.missing_at_first) <= region_loss.at_risk(scene)
    assert scene.missing_after_retry == 0
    assert (scene.ledger.lost, scene.ledger.doubled) == (0, 0)


def test_both_regions_took_orders_and_the_operator_turned_the_switch(scene: Scene) -> None:
    assert scene.accepted(scene.lost)
    assert scene.accepted(scene.healthy)
    assert "evacuated" in scene.evacuated.text
    assert "active" in scene.restored.text
    assert {call.action for call in scene.operator.calls()} >= {"dynamodb:GetItem", "dynamodb:PutItem"}


def test_the_result_can_be_written_and_drawn(scene: Scene) -> None:
    found = region_loss.findings([scene])
    assert json.dumps(found.measurements, default=str)
    assert found.ledger
    assert [mark.name for mark in found.marks] == ["eventual: lost", "switch", "back"]
    assert all(line.points for panel in found.panels for line in panel.lines)
