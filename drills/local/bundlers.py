"""The bundler's tasks, as processes on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drills.local.local_drive import LocalDrive
from embedded_cloud.workers import ZONES, Workers

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "services" / "bundler" / "Dockerfile"


class Bundlers(Workers):
    """A region's bundler tasks."""

    def __init__(self, drive: LocalDrive, region: str) -> None:
        super().__init__(drive, region, "bundler", code=REPOSITORY, dockerfile=DOCKERFILE)


@contextmanager
def bundlers(drive: LocalDrive, region: str, *, per_zone: int) -> Iterator[Bundlers]:
    """Start `per_zone` tasks in each of three zones; end all of them afterwards."""
    made = Bundlers(drive, region)
    with made.at_work(ZONES, per_zone):
        yield made
