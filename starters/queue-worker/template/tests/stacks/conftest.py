from pathlib import Path

import pytest

from tests.stacks.written import Written


@pytest.fixture(scope="session")
def written(templates: dict[str, Path]) -> Written:
    return Written(templates)
