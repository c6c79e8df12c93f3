import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack
from constructs import Construct

from seawall_constructs.defaults import INJECTORS

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PARTS = {
    "AlarmTopic",  # of AlarmTopics
    "BackupAlarms",  # of Backups, as the next three are
    "BackupRole",
    "ContinuousPlan",
    "DailyPlan",
    "CopierRole",  # of ResilientBucket
    "RestoreTestingPlan",  # of RestoreTest
}
"""Constructs that the page leaves to the one that is made of them."""


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "constructs.md").read_text()


def test_every_example_can_be_synthesized(page: str) -> None:
    blocks = BLOCK.findall(page)
    assert len(blocks) == 7
    app = App()
    stack = Stack(app, "Shop", env=Environment(region="eu-west-1"))
    known: dict[str, object] = {"self": stack}
    for block in blocks:
        exec(compile(block, "docs/constructs.md", "exec"), known)  # noqa: S102 the page is ours
    template = app.synth().get_stack_by_name("Shop").template
    assert len(template["Resources"]) > 50


def test_every_construct_is_on_the_page(page: str, repository: Path) -> None:
    found = set()
    for path in (repository / "seawall_constructs").glob("*.py"):
        module = import_module(f"seawall_constructs.{path.stem}")
        classes = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        found |= {name for name in classes if issubclass(getattr(module, name), Construct)}
    assert {name for name in found if not re.search(rf"\b{name}\b", page)} == PARTS


def test_the_table_names_what_each_default_accepts(page: str) -> None:
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    in_table = {name for row in rows for name in re.findall(r"SEA_[A-Z_]+", row)}
    beside = {"SEA_LONE_CLUSTER_MEMBER"}  # which a docstring says is the app's own choice
    in_docstrings = {name for choose in INJECTORS.values() for name in re.findall(r"SEA_[A-Z_]+", choose.__doc__ or "")}
    assert in_table == in_docstrings - beside


def test_every_module_imports_nothing_of_the_drive(repository: Path) -> None:
    for path in (repository / "seawall_constructs").glob("*.py"):
        imported = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert {name.split(".")[0] for name in imported} & {"stacks", "services", "policies", "seawall"} == set(), path
