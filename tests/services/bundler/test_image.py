"""The image has what the bundler imports, and runs what the tests ran on."""

import re
import subprocess
import sys
from importlib.metadata import distribution, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.services.conftest import environment

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "services" / "requirements.txt"


def _pins() -> dict[str, str]:
    lines = REQUIREMENTS.read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_image_contains_every_module_that_the_bundler_imports() -> None:
    listing = "import sys, services.bundler.__main__, services.bundler.health; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", listing],
        cwd=ROOT,
        env=environment("us-west-2"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    ours = {name.split(".")[1] for name in answer.stdout.split() if name.startswith("services.")}
    copied = re.findall(r"^COPY services/(\w+) ", (ROOT / "services/bundler/Dockerfile").read_text(), re.MULTILINE)
    assert ours == set(copied)


def test_the_health_check_loads_no_library_that_a_busy_processor_would_take_seconds_for() -> None:
    listing = "import sys, services.bundler.health; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert not {"boto3", "botocore", "aws_lambda_powertools"} & set(answer.stdout.split())


def test_the_image_does_not_run_as_root_and_gets_signals_itself() -> None:
    lines = (ROOT / "services/bundler/Dockerfile").read_text().splitlines()
    assert any(re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", line) for line in lines)
    assert 'ENTRYPOINT ["python", "-m", "services.bundler"]' in lines


def test_what_runs_there_is_pinned_and_is_what_is_tested_here() -> None:
    assert {name: version(name) for name in _pins()} == _pins()


@pytest.mark.parametrize("name", sorted(_pins()))
def test_whatever_a_pinned_package_needs_is_pinned_too(name: str) -> None:
    needed = [Requirement(requirement) for requirement in requires(name) or []]
    always = [need for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})]
    assert {canonicalize_name(need.name) for need in always} <= {canonicalize_name(pin) for pin in _pins()}


@pytest.mark.parametrize("name", sorted(_pins()))
def test_what_runs_there_may_be_used_freely(name: str) -> None:
    metadata = distribution(name).metadata
    headers = ("License", "License-Expression", "Classifier")
    words = " ".join(line for header in headers for line in metadata.get_all(header) or [])
    assert re.search(r"Apache|BSD|MIT|PSF|Python Software Foundation", words)
    assert "GPL" not in words
