"""The tasks of an ECS service as processes in simulated zones: the container's entry point, role and environment.

    command = ["python", "-m", "services.work"]
    with Workers.running(deployed, "eu-west-1", "work", code=Path("."), command=command) as workers:
        workers.kill(workers.in_zone("a"))

Simulation: the emulator starts no containers. Whoever uses this starts and kills tasks as the service scheduler would,
and a "zone" is a name that several of them share. What a container's limits, volumes and network do is not simulated.
"""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from embedded_cloud.deployed import Deployed
from embedded_cloud.embedded import resident_bytes

ZONES = ("a", "b", "c")
DEFINITION = "AWS::ECS::TaskDefinition"


class NoEntryPoint(LookupError):
    """Neither the caller nor the task definition nor the image's Dockerfile says what a task runs."""


@dataclass(frozen=True)
class Image:
    """What a Dockerfile says of a container: environment and entry point. Only exec forms and literal values."""

    environment: Mapping[str, str] = field(default_factory=dict)
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    @classmethod
    def read(cls, dockerfile: Path) -> "Image":
        """Read the last stage of a Dockerfile. Raises FileNotFoundError."""
        text = re.sub(r"^ *#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
        stage = re.split(r"^FROM ", text.replace("\\\n", " "), flags=re.MULTILINE | re.IGNORECASE)[-1]
        said: dict[str, list[str]] = {}
        for instruction, rest in re.findall(r"^([A-Z]+) +(.*)$", stage, flags=re.MULTILINE):
            said.setdefault(instruction, []).append(rest)
        variables = re.findall(r"""(\w+)=("[^"]*"|\S+)""", " ".join(said.get("ENV", [])))
        return cls(
            {name: value.strip('"') for name, value in variables},
            _exec_form(said.get("ENTRYPOINT")),
            _exec_form(said.get("CMD")),
        )


def _exec_form(instructions: list[str] | None) -> tuple[str, ...]:
    return tuple(json.loads(instructions[-1])) if instructions and instructions[-1].startswith("[") else ()


@dataclass
class Task:
    """One running task."""

    zone: str
    number: int
    process: subprocess.Popen[bytes]
    log_file: Path
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
    """A region's tasks of one task definition."""

    def __init__(
        self,
        deployed: Deployed,
        region: str,
        definition: str,
        *,
        code: Path,
        command: Sequence[str] = (),
        dockerfile: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Find the definition by its family, as `Deployed` finds things by name; nothing is started yet.

        `code` is the folder that the image has as its working directory. `command` is what runs, if it is not what the
        definition and the Dockerfile say; "python" is this Python. `environment` is added to the definition's. What the
        tasks print is in the cloud's folder, in `<definition>-<region>`.
        Raises NotFound and NoEntryPoint.
        """
        self.region = region
        self.tasks: list[Task] = []
        self._cloud = deployed.cloud
        found = deployed.named(DEFINITION, definition, region)
        self._role = str(found.properties["TaskRoleArn"])
        self._container: dict[str, Any] = found.properties["ContainerDefinitions"][0]
        self._image = Image.read(dockerfile) if dockerfile else Image()
        self._code = code.resolve()
        self._command = self._entry_point(tuple(command))
        self._added = dict(environment or {})
        self._folder = self._cloud.folder / f"{definition}-{region}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(1)

    @classmethod
    @contextmanager
    def running(
        cls,
        deployed: Deployed,
        region: str,
        definition: str,
        *,
        code: Path,
        per_zone: int = 1,
        zones: Sequence[str] = ZONES,
        command: Sequence[str] = (),
        dockerfile: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Self]:
        """Start `per_zone` tasks in each zone; end all of them afterwards."""
        made = cls(
            deployed, region, definition, code=code, command=command, dockerfile=dockerfile, environment=environment
        )
        with made.at_work(zones, per_zone):
            yield made

    @contextmanager
    def at_work(self, zones: Sequence[str] = ZONES, per_zone: int = 1) -> Iterator[None]:
        """Start tasks; end all that there are afterwards."""
        try:
            self.start(zone for zone in zones for _ in range(per_zone))
            yield
        finally:
            self.kill(self.tasks)

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

    def environment(self) -> dict[str, str]:
        """What the image, the task definition and Amazon ECS give a task, with this machine's way to find Python."""
        given = {entry["Name"]: str(entry["Value"]) for entry in self._container.get("Environment", ())}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            **self._image.environment,
            **given,
            **self._cloud.task_environment(self._role, self.region),
            **self._added,
        }

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
        log_file = self._folder / f"{zone}-{number}.log"
        log = log_file.open("wb")
        process = subprocess.Popen(
            self._command,
            cwd=self._code,
            env=self.environment() | {"TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        return Task(zone, number, process, log_file, log)

    def _entry_point(self, given: tuple[str, ...]) -> list[str]:
        own = tuple(self._container.get("EntryPoint", ()))
        # An entry point of the definition makes Docker forget the command of the image.
        command = tuple(self._container.get("Command", ())) or (() if own else self._image.command)
        program, *arguments = given or (*(own or self._image.entry_point), *command) or ("",)
        if not program:
            raise NoEntryPoint(f"what does {self._container['Name']} run? Give its command, or its Dockerfile")
        return [sys.executable if program in {"python", "python3"} else program, *arguments]
