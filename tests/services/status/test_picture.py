import json
import subprocess
import sys
from typing import Any

import pytest

from services.drive import aws
from services.drive.limits import FIRST_MESSAGE_WITHIN
from services.status import __main__ as command
from services.status import publisher, store
from services.status.probe import Answer

MINUTE = 60


def _publish(observer: Any, minutes: int = 1) -> dict[str, Any]:
    for _ in range(minutes):
        publisher.handle({}, None)
        observer.now += MINUTE
    return dict(json.loads(store.read("status.json") or b"{}"))


def _page() -> str:
    return (store.read("index.html") or b"").decode()


def test_two_regions_that_answer_are_a_drive_that_works(observer: Any) -> None:
    status = _publish(observer)
    assert (status["condition"], status["headline"]) == ("well", "The drive is working.")
    assert "<title>Working: drive status</title>" in _page()


def test_one_failed_minute_changes_nothing(observer: Any) -> None:
    _publish(observer)
    observer.sees["a"] = Answer.ILL
    assert _publish(observer)["condition"] == "well"


def test_a_region_that_fails_twice_is_down_and_the_drive_degraded(observer: Any) -> None:
    _publish(observer)
    observer.sees["a"] = Answer.SILENT
    status = _publish(observer, minutes=2)
    assert status["condition"] == "degraded"
    assert [region["condition"] for region in status["regions"]] == ["down", "well"]


def test_both_regions_answering_wrongly_is_a_drive_that_is_not_available(observer: Any) -> None:
    observer.sees.update(a=Answer.ILL, b=Answer.ILL)
    assert _publish(observer, minutes=2)["condition"] == "down"


def test_an_observer_that_is_cut_off_says_unknown_and_since_when(observer: Any) -> None:
    _publish(observer)
    observer.sees.update(a=Answer.SILENT, b=Answer.SILENT)
    status = _publish(observer, minutes=30)
    assert status["condition"] == "unknown"
    assert status["since"] == "2025-11-24T16:01:00Z"
    assert "Unknown since" in _page()


def test_silence_of_both_regions_while_the_rest_of_the_world_answers_is_down(
    observer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTROL_URL", "control")
    observer.sees.update(a=Answer.SILENT, b=Answer.SILENT)
    assert _publish(observer, minutes=2)["condition"] == "down"


def test_a_fault_of_the_observer_itself_is_never_shown_as_a_fault_of_the_drive(
    observer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(observer)
    observer.sees.update(a=Answer.NOT_ASKED)
    assert _publish(observer, minutes=5)["condition"] == "unknown"
    monkeypatch.setenv("PROBES", "not JSON")
    assert _publish(observer, minutes=5)["condition"] == "unknown"


@pytest.mark.parametrize("rest", ["{", '{"updated": 1}', "[]", "null", ""])
def test_a_spoilt_last_status_does_not_stop_the_next_one(observer: Any, rest: str) -> None:
    store.write("status.json", rest)
    assert _publish(observer)["condition"] == "well"


def test_a_region_that_returns_is_well_again_at_once(observer: Any) -> None:
    observer.sees["a"] = Answer.ILL
    _publish(observer, minutes=5)
    observer.sees["a"] = Answer.WELL
    assert _publish(observer)["condition"] == "well"


def test_what_people_write_wins_over_what_the_probes_say(observer: Any) -> None:
    command.main(["open", "uploads", "degraded", "Uploads fail for some", "We look for the cause."])
    status = _publish(observer)
    assert (status["condition"], status["headline"]) == ("degraded", "Uploads fail for some")
    assert "We look for the cause." in _page()


def test_people_can_say_that_a_red_probe_is_a_false_alarm(observer: Any) -> None:
    observer.sees.update(a=Answer.ILL, b=Answer.ILL)
    _publish(observer, minutes=5)
    command.main(["open", "probe", "none", "Our own measurement is wrong", "The drive works."])
    assert _publish(observer)["condition"] == "well"


def test_a_resolved_incident_goes_to_the_past_and_the_probes_decide_again(observer: Any) -> None:
    command.main(["open", "uploads", "down", "Uploads fail", "We look for the cause."])
    _publish(observer)
    command.main(["update", "monitoring", "It works again."])
    _publish(observer)
    command.main(["resolve", "It has worked for an hour."])
    status = _publish(observer, minutes=3)
    assert (status["condition"], status["incident"]) == ("well", None)
    assert [(past["id"], len(past["updates"])) for past in status["past"]] == [("uploads", 3)]


@pytest.mark.parametrize(
    "typo", ["{", "[]", '{"id": "../x"}', '{"id": "x", "title": "t", "impact": "bad", "state": "identified"}']
)
def test_a_mistyped_incident_leaves_the_last_one_on_the_page(observer: Any, typo: str) -> None:
    command.main(["open", "uploads", "degraded", "Uploads fail", "We look for the cause."])
    _publish(observer)
    store.write(store.INCIDENT, typo)
    assert _publish(observer)["headline"] == "Uploads fail"


def test_the_page_is_rewritten_whole_every_minute_and_kept_when_its_origin_fails(observer: Any) -> None:
    _publish(observer, minutes=2)
    found = aws.client("s3").get_object(Bucket="status", Key="index.html")
    assert "stale-if-error=86400" in found["CacheControl"]
    assert found["ContentType"] == "text/html; charset=utf-8"
    assert 'datetime="2025-11-24T16:01:00Z" id="updated"' in found["Body"].read().decode()


def test_the_first_message_is_drafted_well_within_a_quarter_of_an_hour(observer: Any) -> None:
    _publish(observer)
    began = observer.now
    observer.sees["a"] = Answer.ILL
    while not aws.client("s3").list_objects_v2(Bucket="status", Prefix="drafts/")["KeyCount"]:
        _publish(observer)
        assert observer.now - began < FIRST_MESSAGE_WITHIN
    assert observer.now - began <= 7 * MINUTE


def test_a_drills_clock_makes_the_draft_come_as_much_sooner(observer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_SCALE", "20")
    observer.sees["a"] = Answer.ILL
    _publish(observer, minutes=2)
    assert aws.client("s3").list_objects_v2(Bucket="status", Prefix="drafts/")["KeyCount"] == 0
    _publish(observer)
    assert aws.client("s3").list_objects_v2(Bucket="status", Prefix="drafts/")["KeyCount"] == 1


def test_a_draft_can_be_adopted_as_the_incident(observer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    observer.sees["a"] = Answer.ILL
    _publish(observer, minutes=10)
    (draft,) = aws.client("s3").list_objects_v2(Bucket="status", Prefix="drafts/")["Contents"]
    identity = draft["Key"].removeprefix("drafts/").removesuffix(".json")
    assert command.main(["adopt", identity]) == 0
    assert _publish(observer)["headline"] == "Problems in one of our regions"
    assert identity in capsys.readouterr().out


def test_nothing_is_drafted_while_people_have_an_incident_open(observer: Any) -> None:
    command.main(["open", "known", "degraded", "We know", "We look for the cause."])
    observer.sees["a"] = Answer.ILL
    _publish(observer, minutes=10)
    assert aws.client("s3").list_objects_v2(Bucket="status", Prefix="drafts/")["KeyCount"] == 0


def test_what_people_write_is_shown_as_text(observer: Any) -> None:
    command.main(["open", "x", "degraded", "<script>alert(1)</script>", "a & b <img src=x>"])
    _publish(observer)
    assert "<script>alert" not in _page()
    assert "&lt;img src=x&gt;" in _page()


@pytest.mark.usefixtures("observer")
def test_an_update_without_an_open_incident_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["update", "monitoring", "?"]) == 2
    assert capsys.readouterr().err == "refused: no incident is open\n"


def test_the_status_service_shares_nothing_with_the_data_regions() -> None:
    script = (
        "import sys\n"
        "import services.status.publisher, services.status.sending, services.status.announce\n"
        "import services.status.subscriptions, services.status.__main__\n"
        "print(*sorted(name for name in sys.modules if name.startswith('services.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    shared = {name for name in loaded if not name.startswith("services.status")} - {"services.drive"}
    # The last one knows how to write an item, but of no table.
    assert shared == {f"services.drive.{name}" for name in ("aws", "clock", "environment", "limits", "records")}


def test_the_page_is_made_of_what_it_shows_and_nothing_that_must_be_loaded(observer: Any) -> None:
    _publish(observer)
    for loading in ("<link", "src=", "@import", "url(", "http://"):
        assert loading not in _page()
