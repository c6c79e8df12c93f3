"""The bundler's tasks as processes in simulated zones: the same entry point, role and environment as the container's.

Simulation: the emulator starts no containers. A drill starts and kills these as the service scheduler would, and a
"zone" is a name that several of them share.
"""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from drills.cloud.deployment import Deployed
from drills.cloud.embedded import resident_bytes

ZONES = ("a", "b", "c")
REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "services/bundler/Dockerfile"


@dataclass
class Task:
    """One running task."""

    zone: str
    number: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """The memory that it holds; 0 when it has ended."""
        return resident_bytes(self.process.pid)


class Workers:
    """A region's bundler tasks."""

    def __init__(self, drive: Deployed, region: str) -> None:
        self.region = region
        self.tasks: list[Task] = []
        self._drive = drive
        self._folder = drive.cloud.folder / f"bundler-{region}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(1)

    @classmethod
    @contextmanager
    def running(cls, drive: Deployed, region: str, *, per_zone: int) -> Iterator["Workers"]:
        """Start `per_zone` tasks in each of three zones; end all of them afterwards."""
        workers = cls(drive, region)
        try:
            workers.start(zone for zone in ZONES for _ in range(per_zone))
            yield workers
        finally:
            workers.kill(workers.tasks)

    def start(self, zones: Iterable[str]) -> list[Task]:
        """Start one task in each of the zones named."""
        started = [self._start(zone) for zone in zones]
        self.tasks += started
        return started

    def kill(self, tasks: Sequence[Task]) -> None:
        """End tasks at once, as a lost machine ends them."""
        for task in tasks:
            task.process.kill()
        self._forget(tasks)

    def stop(self, tasks: Sequence[Task], *, within: float) -> None:
        """End tasks as the scheduler does: SIGTERM, then SIGKILL after `within` seconds."""
        for task in tasks:
            task.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + within
        for task in tasks:
            try:
                task.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                task.process.kill()
        self._forget(tasks)

    def in_zone(self, zone: str) -> list[Task]:
        """Return the tasks of a zone."""
        return [task for task in self.tasks if task.zone == zone]

    def replace_dead(self) -> list[Task]:
        """Start a task for each one that has ended by itself, in its zone; return the new ones."""
        dead = [task for task in self.tasks if not task.alive]
        self._forget(dead)
        return self.start(task.zone for task in dead)

    def _forget(self, tasks: Sequence[Task]) -> None:
        for task in list(tasks):
            task.process.wait()
            task.log.close()
            if task in self.tasks:
                self.tasks.remove(task)

    def _start(self, zone: str) -> Task:
        number = next(self._numbers)
        temporary = self._folder / f"{zone}-{number}"
        temporary.mkdir(exist_ok=True)
        log = (self._folder / f"{zone}-{number}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "services.bundler"],
            cwd=REPOSITORY,
            env=self._environment() | {"TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        return Task(zone, number, process, log)

    def _environment(self) -> dict[str, str]:
        """What the image, the task definition and Amazon ECS give a task, with this machine's way to find Python."""
        [definition] = self._drive.stack("Bundling", self.region).resources("AWS::ECS::TaskDefinition")
        [container] = definition.properties["ContainerDefinitions"]
        given = {entry["Name"]: str(entry["Value"]) for entry in container["Environment"]}
        cloud = self._drive.cloud
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            **image_environment(),
            **given,
            **cloud.task_environment(definition.properties["TaskRoleArn"], self.region),
        }


def image_environment() -> dict[str, str]:
    """What the image sets: its ENV, one variable a line."""
    [instruction] = re.findall(r"^ENV ((?:.*\\\n| *#.*\n)*.*)$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return dict(re.findall(r"^\s*([A-Z_]+)=(\S+)", instruction, flags=re.MULTILINE))
