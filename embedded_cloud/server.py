"""The emulator's process: its sockets, its start and end, its control calls. `embedded.py` is what others use."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_cloud.listeners import bound_socket, socket_bound_to, stop_listening

START_SECONDS = 60.0
STOP_SECONDS = 20.0
CONTROL_SECONDS = 60.0
PORTS = "ports.json"
_IMPORTED_FROM = Path(__file__).parents[1]


class CloudNotRunning(RuntimeError):
    """The emulator did not start, ended by itself, or refused a control call; the message holds its log's tail."""


@dataclass(frozen=True)
class RunningProcess:
    """One process of the embedded cloud: the emulator itself, or one worker of a function."""

    name: str
    pid: int
    resident_bytes: int


class Server:
    """One emulator process, which can be started and stopped several times on the same ports."""

    def __init__(self, folder: Path, *, regions: tuple[str, ...], time_scale: float, workers_per_function: int) -> None:
        self.folder = folder
        self.log = folder / "emulator.log"
        self._regions = regions
        self._time_scale = time_scale
        self._workers_per_function = workers_per_function
        self._sockets: dict[str, socket.socket] = {}
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._watched: int | None = None

    @classmethod
    def attached(cls, folder: Path) -> "Server":
        """A server that another process started in this folder; it cannot be stopped from here.

        Raises CloudNotRunning when there is none.
        """
        remembered = folder / PORTS
        if not remembered.exists():
            raise CloudNotRunning(f"no cloud was ever started in {folder}")
        noted = json.loads(remembered.read_text())
        regions = tuple(name for name in noted["ports"] if name != "control")
        server = cls(folder, regions=regions, time_scale=noted["time_scale"], workers_per_function=0)
        server._ports = noted["ports"]
        server.control("health")
        return server

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that have an address."""
        return self._regions

    @property
    def time_scale(self) -> float:
        """What every duration is divided by."""
        return self._time_scale

    def port(self, region: str) -> int:
        """The loopback port of a region, or of "control"; the same for the life of this object."""
        return self._ports[region]

    @property
    def control_url(self) -> str:
        """What control calls are appended to."""
        return f"http://127.0.0.1:{self.port('control')}/_seawall"

    def control(self, call: str, **asked: Any) -> dict[str, Any]:
        """One control call. Raises CloudNotRunning when it is refused or nobody answers."""
        request = urllib.request.Request(f"{self.control_url}/{call}", json.dumps(asked).encode(), method="POST")  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=CONTROL_SECONDS) as response:  # noqa: S310 - loopback
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            raise CloudNotRunning(f"control call {call}: {error.read().decode()}") from error
        except OSError as error:
            raise CloudNotRunning(f"control call {call}: {error}\n{self._log_tail()}") from error

    def start(self) -> None:
        """Starts the emulator and waits until it answers. Raises CloudNotRunning with the log's tail otherwise."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._sockets:
            self._sockets = self._bound()
        reading, self._watched = os.pipe()
        descriptors = {name: bound.fileno() for name, bound in self._sockets.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(descriptors, reading),
                # Functions' processes inherit the folder: in that of a project they would find its modules.
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(_IMPORTED_FROM)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[*descriptors.values(), reading],
                start_new_session=True,
            )
        os.close(reading)
        self._wait_until_healthy()

    def stop(self) -> None:
        """Ends the emulator and all it started: SIGTERM, time to write its state, then its process group."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process = None
        if self._watched is not None:
            os.close(self._watched)
            self._watched = None
        for bound in self._sockets.values():
            # Ours is the same kernel socket as the ended process's: it must not go on listening for nobody.
            stop_listening(bound)
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)

    def release(self) -> None:
        """Gives the ports away. The server cannot be started again on them."""
        for bound in self._sockets.values():
            bound.close()
        self._sockets.clear()

    def processes(self) -> list[RunningProcess]:
        """The emulator and the workers of its functions, with their memory."""
        found = [(row["name"], int(row["pid"])) for row in self.control("processes")["processes"]]
        return [RunningProcess(name, pid, size) for name, pid in found if (size := resident_bytes(pid))]

    def _bound(self) -> dict[str, socket.socket]:
        names = (*self._regions, "control")
        remembered = self.folder / PORTS
        bound: dict[str, socket.socket] = {}
        if remembered.exists():
            # The same addresses as last time, if nobody has them: what a person pasted into a shell stays true.
            with contextlib.suppress(OSError, KeyError):
                ports = json.loads(remembered.read_text())["ports"]
                for name in names:
                    bound[name] = socket_bound_to(ports[name])
        bound |= {name: bound_socket() for name in names if name not in bound}
        self._ports = {name: one.getsockname()[1] for name, one in bound.items()}
        remembered.write_text(json.dumps({"time_scale": self._time_scale, "ports": self._ports}))
        return bound

    def _command(self, descriptors: Mapping[str, int], watch: int) -> list[str]:
        listeners = [f"--listener={region}={descriptors[region]}" for region in self._regions]
        return [
            *(sys.executable, "-m", "embedded_cloud.emulator", f"--folder={self.folder}", *listeners),
            *(f"--control={descriptors['control']}", f"--watch={watch}", f"--time-scale={self._time_scale:g}"),
            f"--workers-per-function={self._workers_per_function}",
        ]

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise CloudNotRunning(f"the emulator ended while it started:\n{self._log_tail()}")
            with contextlib.suppress(CloudNotRunning):
                self.control("health")
                return
            time.sleep(0.05)
        raise CloudNotRunning(f"the emulator did not answer in {START_SECONDS:g} s:\n{self._log_tail()}")

    def _log_tail(self) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def resident_bytes(pid: int) -> int:
    """The memory that a process holds; 0 when it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
