import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws

from services.canaries import check

WELL = {"/healthz/shallow": 200, "/healthz/deep": 200, "/v1/files": 401}


@pytest.fixture
def answers() -> dict[str, int]:
    """What the API answers; a test changes it."""
    return dict(WELL)


@pytest.fixture
def address(answers: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where an API listens that answers as `answers` says."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers[self.path])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ADDRESS", url)
    monkeypatch.delenv("REPORT_REGION", raising=False)
    check._known.clear()
    yield url
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("address")
def test_an_api_that_is_well_passes() -> None:
    assert check.handler({}, None) == "well"


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(
    ("path", "status", "meaning"),
    [
        ("/healthz/shallow", 503, "does not answer"),
        ("/healthz/deep", 503, "cannot read its table"),
        ("/v1/files", 200, "a stranger without a token is not sent away"),
    ],
)
def test_each_wrong_answer_is_named(answers: dict[str, int], path: str, status: int, meaning: str) -> None:
    answers[path] = status
    with pytest.raises(RuntimeError, match=meaning):
        check.handler({}, None)


def test_silence_is_a_failure_and_not_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADDRESS", "http://127.0.0.1:9")
    assert len(check.check()) == 3


def test_the_address_is_asked_of_the_region_and_remembered(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADDRESS")
    monkeypatch.setenv("ADDRESS_REGION", "eu-west-1")
    monkeypatch.setenv("ADDRESS_PARAMETER", "/clouddrive-api/url")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client: Any = get_session().create_client("ssm", region_name="eu-west-1")
        client.put_parameter(Name="/clouddrive-api/url", Value=f"{address}/", Type="String")
        assert check.check() == []
        client.delete_parameter(Name="/clouddrive-api/url")
        assert check.check() == []


def test_a_region_that_does_not_tell_its_address_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADDRESS", raising=False)
    monkeypatch.setenv("ADDRESS_REGION", "eu-west-1")
    monkeypatch.setenv("ADDRESS_PARAMETER", "/nowhere/url")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    check._known.clear()
    with mock_aws():
        (problem,) = check.check()
    assert "does not tell the API's address" in problem


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(("deep", "reachable"), [(200, 1.0), (503, 0.0)])
def test_the_other_region_is_told(
    answers: dict[str, int], monkeypatch: pytest.MonkeyPatch, deep: int, reachable: float
) -> None:
    answers["/healthz/deep"] = deep
    monkeypatch.setenv("REPORT_REGION", "eu-central-1")
    monkeypatch.setenv("REPORT_ABOUT", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        check._report(not check.check())
        client: Any = get_session().create_client("cloudwatch", region_name="eu-central-1")
        (metric,) = client.list_metrics(Namespace="Drive")["Metrics"]
        assert metric["MetricName"] == "RegionReachable"
        assert metric["Dimensions"] == [{"Name": "Region", "Value": "eu-west-1"}]
        now = datetime.now(UTC)
        (point,) = client.get_metric_statistics(
            Namespace="Drive",
            MetricName="RegionReachable",
            Dimensions=metric["Dimensions"],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=600,
            Statistics=["Maximum"],
        )["Datapoints"]
        assert point["Maximum"] == reachable


@pytest.mark.usefixtures("address")
def test_that_the_other_region_cannot_be_told_does_not_make_this_one_look_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_REGION", "nowhere-1")
    monkeypatch.setenv("REPORT_ABOUT", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    assert check.handler({}, None) == "well"


def test_it_stands_alone_because_synthetics_runs_the_one_file() -> None:
    assert check.__file__ is not None
    with open(check.__file__) as source:
        assert not any(line.startswith(("from services", "import services")) for line in source)
