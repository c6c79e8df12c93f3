"""`python -m services.bundler.health`: exit with 0 while all of the worker's slots show signs of life.

A worker that cannot reach a queue or a table is alive: another one in its place would not reach it either. Nothing
large is imported: while four builds take the whole processor, libraries take longer to load than Amazon ECS waits.
"""

import sys
import time
from pathlib import Path
from tempfile import gettempdir

from services.drive.limits import WORKER_SILENT

HEALTH_FILE = Path(gettempdir()) / "bundler-alive"
"""Its modification time is when all of the worker's slots last showed a sign of life."""


def is_alive() -> bool:
    """Return whether the worker touched its file lately."""
    try:
        return time.time() - HEALTH_FILE.stat().st_mtime < WORKER_SILENT
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_alive() else 1)
