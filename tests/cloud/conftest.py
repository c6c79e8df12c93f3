"""One embedded cloud for each file of tests, in three regions, at twenty times the pace."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded_cloud.embedded import EmbeddedCloud
from tests.cloud.parcels_assembly import synthesize
from tests.cloud.small_functions import deploy_function

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud.started(tmp_path_factory.mktemp("cloud"), regions=REGIONS, time_scale=20) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cloud"


@pytest.fixture(scope="module")
def function(cloud: EmbeddedCloud) -> Callable[..., str]:
    """Deploys `def handler(event, context)` and says its ARN."""

    def deploy(name: str, source: str, region: str = REGIONS[0], **settings: Any) -> str:
        return deploy_function(cloud, name, source, region, **settings)

    return deploy


@pytest.fixture(scope="session")
def parcels_assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of a small app in two regions; made once."""
    return synthesize(tmp_path_factory.mktemp("parcels"), *REGIONS[:2])
