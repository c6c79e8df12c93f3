"""The embedded cloud is shipped alone: it needs nothing else of this repository."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CLOUD = Path(__file__).parents[2] / "embedded_cloud"
MODULES = sorted(path for path in CLOUD.rglob("*.py") if "node_modules" not in path.parts)
OTHERS = {path.name for path in CLOUD.parent.iterdir() if path.is_dir()} | {"app", "seawall"}


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).split(".")[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(CLOUD)))
def test_it_imports_nothing_of_the_rest(module: Path) -> None:
    assert set(_imported(module)) & (OTHERS - {"embedded_cloud"}) == set()
