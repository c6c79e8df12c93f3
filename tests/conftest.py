"""What tests of several kinds share."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from seawall_constructs.pinned_node import use_pinned_node

use_pinned_node()  # before any test imports aws_cdk

hypothesis.settings.register_profile("seawall", deadline=None)  # a busy machine is not a mistake
hypothesis.settings.load_profile("seawall")

REPOSITORY = Path(__file__).parent.parent

# What runs the services has an environment of its own (requirements-cloud.txt), and so has what the starters write
# (requirements-starters.txt).
EMBEDDED = ("client", "cloud", "drills")
collect_ignore = [] if find_spec("ministack") else ["services", *EMBEDDED]
if not find_spec("copier"):
    collect_ignore.append("starters")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="write the synthesized templates into tests/stacks/snapshots instead of comparing them",
    )


SLOW = ("stacks", "constructs", "matrix", "packaging", "hosts")
"""Folders whose tests start CDK, pip or checkov; they come last, so that a mistake shows early."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow tests last, and keep together in one process what shares something slow."""
    folders = [item.path.relative_to(REPOSITORY / "tests").parts[0] for item in items]
    ranks = [SLOW.index(folder) + 1 if folder in SLOW else 0 for folder in folders]
    items[:] = [item for _, item in sorted(zip(ranks, items, strict=True), key=lambda ranked: ranked[0])]
    for item in items:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if folder in SLOW:
            settings = getattr(item, "callspec", None) and item.callspec.params.get("drive")  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.xdist_group(getattr(settings, "name", folder)))
        elif folder in EMBEDDED:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))  # a module shares one cloud
        elif folder == "starters":
            given = item.callspec.params if hasattr(item, "callspec") else {}
            # What is rendered is tested and synthesized once.
            combination = given.get("service") or given.get("written")
            item.add_marker(pytest.mark.xdist_group(getattr(combination, "title", item.path.stem)))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds app.py."""
    return REPOSITORY


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with everything that app.py synthesizes with the settings of cdk.json; made once."""
    from app import cloud_drive  # importing CDK takes seconds that most tests need not wait

    folder = tmp_path_factory.mktemp("assembly")
    cloud_drive(str(folder)).synth()
    return folder


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, dict[str, Any]]:
    """Every synthesized template by the name of its stack."""
    suffix = ".template.json"
    return {
        path.name.removesuffix(suffix): json.loads(path.read_text()) for path in sorted(assembly.glob(f"**/*{suffix}"))
    }
