"""Where templates of other people lie that tests read and the project does not contain."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared"


def shared_folder(name: str) -> Path:
    """A folder of other people's templates; skips the test where it is absent."""
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: it holds other people's templates, which are no part of the project")
    return folder
