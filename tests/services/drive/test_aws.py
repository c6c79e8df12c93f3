import re
from pathlib import Path
from typing import Any

import pytest

from services.drive import aws
from services.drive.limits import BUNDLE_SLOTS, READ_AHEAD, UPLOADS_IN_FLIGHT

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.mark.parametrize("name", ["dynamodb", "s3", "sqs", "sns", "secretsmanager", "cloudwatch"])
def test_every_call_gives_up_within_seconds_and_only_the_sdk_retries(name: Any) -> None:
    config: Any = aws.client(name).meta.config
    assert config.connect_timeout == 1
    assert config.read_timeout <= 5
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_a_long_poll_is_waited_for() -> None:
    config: Any = aws.client("sqs", read_timeout=aws.POLL_READ_TIMEOUT).meta.config
    assert config.read_timeout > 20


def test_every_thread_of_a_bundler_has_a_connection_of_its_own() -> None:
    config: Any = aws.client("s3").meta.config
    assert config.max_pool_connections >= BUNDLE_SLOTS * (READ_AHEAD + UPLOADS_IN_FLIGHT + 1)


def test_tables_are_reached_where_the_closed_network_leads() -> None:
    config: Any = aws.client("dynamodb").meta.config
    assert config.account_id_endpoint_mode == "disabled"


def test_a_client_is_made_once_per_region() -> None:
    assert aws.client("s3") is aws.client("s3", "us-west-2")
    assert aws.client("s3", "us-east-2").meta.region_name == "us-east-2"


def test_nothing_else_makes_clients(repository: Path) -> None:
    makes_client = re.compile(r"\bboto3\.(client|resource|session|Session)\b|\bget_session\(")
    makers = [
        path.relative_to(repository).as_posix()
        for path in (repository / "services").rglob("*.py")
        if makes_client.search(path.read_text())
    ]
    # The canary stands alone: CloudWatch Synthetics runs its one file.
    assert sorted(makers) == ["services/canaries/check.py", "services/drive/aws.py"]
