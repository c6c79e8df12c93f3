"""The embedded cloud's one process: ministack with an address for each region, and the simulations of this folder.

Started by `embedded.py`, not by hand. Everything is on loopback. IAM and request signatures are enforced, except for
the root key test/test, whose signature ministack does not check. State is kept in the folder: it survives SIGTERM and a
new start, not a kill.

What is a simulation: TLS, lost regions, replication's lag, fair queues, the time scale. Each says so in its own file.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from embedded_cloud import pinned

ROOT_KEY = "test"
GLOBAL_REGION = "us-east-1"
END_SECONDS = 15.0
"""A custom resource that hangs would hold the process for ever; then it goes, and all that it started."""


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line that `embedded.py` writes: sockets already bound, so that no port is raced for."""
    parser = argparse.ArgumentParser(prog="python -m embedded_cloud.emulator", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="state, temporary files")
    parser.add_argument("--listener", action="append", required=True, metavar="REGION=DESCRIPTOR")
    parser.add_argument("--control", type=int, required=True, metavar="DESCRIPTOR")
    parser.add_argument(
        "--watch", type=int, required=True, metavar="DESCRIPTOR", help="a pipe: its end ends the process"
    )
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--workers-per-function", type=int, default=2)
    return parser.parse_args(given)


def prepare_environment(folder: Path, port: int) -> None:
    """Sets what ministack reads at import. Nothing of the caller's AWS settings reaches it or a function."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_", "LAMBDA_", "PYTHON")):
            del os.environ[name]
    state = folder / "state"
    os.environ |= {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": GLOBAL_REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        "TMPDIR": str(folder / "tmp"),
        # No Docker: ministack asks for no daemon when the socket does not exist.
        "DOCKER_HOST": f"unix://{folder / 'no-docker'}",
        "AWS_EC2_METADATA_DISABLED": "true",
        # Custom resources in Node find the AWS SDK here, and Node itself in this environment.
        "NODE_PATH": str(Path(__file__).parent / "node_modules"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    state.mkdir(exist_ok=True)


@contextlib.asynccontextmanager
async def ministack_running() -> AsyncIterator[None]:
    """Ministack's own start (state is loaded) and end (state is written, the functions' processes end)."""
    from hypercorn.app_wrappers import ASGIWrapper
    from hypercorn.asyncio.lifespan import Lifespan
    from hypercorn.config import Config

    loop = asyncio.get_running_loop()
    lifespan = Lifespan(ASGIWrapper(pinned.module("app").app), Config(), loop, {})
    task = loop.create_task(lifespan.handle_lifespan())
    await lifespan.wait_for_startup()
    if task.done():
        task.result()
    try:
        yield
    finally:
        await lifespan.wait_for_shutdown()
        task.cancel()
        pinned.module("core.lambda_runtime").reset()


async def serve(given: argparse.Namespace, sockets: dict[str, socket.socket], control_socket: socket.socket) -> None:
    """Runs until SIGTERM, SIGINT or the end of whoever started this process."""
    from embedded_cloud.control import Control
    from embedded_cloud.gateway import Gateway
    from embedded_cloud.listeners import Listener
    from embedded_cloud.simulations import Simulations

    endpoints = {region: f"http://127.0.0.1:{bound.getsockname()[1]}" for region, bound in sockets.items()}
    simulations = Simulations.installed(endpoints, given.time_scale, given.workers_per_function)
    listeners = {name: Listener(bound, Gateway(name, simulations.outages)) for name, bound in sockets.items()}
    control = Listener(control_socket, Control(simulations, listeners))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(given.watch, ended.set)
    async with ministack_running():
        moving = loop.create_task(simulations.replication.move())
        for listener in (*listeners.values(), control):
            await listener.open()
        await ended.wait()
        last_resort = threading.Timer(END_SECONDS, os.killpg, (os.getpgid(0), signal.SIGKILL))
        last_resort.daemon = True
        last_resort.start()
        loop.remove_reader(given.watch)
        for listener in (*listeners.values(), control):
            listener.close()
        moving.cancel()
        simulations.replication.deliver_everything()


def main() -> None:
    """Starts the emulator; leaves no temporary files behind."""
    given = arguments()
    named = [listener.split("=") for listener in given.listener]
    sockets = {region: socket.socket(fileno=int(descriptor)) for region, descriptor in named}
    control_socket = socket.socket(fileno=given.control)
    home = sockets.get(GLOBAL_REGION) or next(iter(sockets.values()))
    prepare_environment(given.folder.resolve(), home.getsockname()[1])
    pinned.check_version()
    try:
        asyncio.run(serve(given, sockets, control_socket))
    finally:
        logging.shutdown()
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    # Threads of ministack that wait (pollers, invocations in a region that is down) must not hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()
