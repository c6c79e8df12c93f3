"""The embedded cloud: an AWS emulator on loopback with an address for each region, which can be taken away.

    with EmbeddedCloud.started(Path("build/cloud"), time_scale=20) as cloud:
        cloud.client("s3", "eu-west-1").create_bucket(…)
        cloud.take_down("eu-west-1")

`python -m embedded_cloud start` runs one in the foreground. Several run side by side, each in its own folder. It ends
with whoever started it, even when that process is killed.
"""

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from embedded_cloud.emulator import ROOT_KEY
from embedded_cloud.server import CloudNotRunning, RunningProcess, Server, resident_bytes

__all__ = ["ACCOUNT", "REGIONS", "CloudNotRunning", "EmbeddedCloud", "RunningProcess", "resident_bytes"]

REGIONS = ("eu-west-1", "eu-central-1", "eu-north-1", "us-east-1", "eu-west-3")
"""Those of a cloud that names none: two for data, one that watches, the one of all that is global, and a witness."""
ACCOUNT = "000000000000"


class EmbeddedCloud:
    """One embedded cloud: its addresses, its faults, its process."""

    def __init__(
        self, folder: Path, *, regions: Sequence[str] = REGIONS, time_scale: float = 20.0, workers_per_function: int = 2
    ) -> None:
        self.folder = folder.resolve()
        self.regions = tuple(regions)
        self.time_scale = time_scale
        self._server = Server(
            self.folder, regions=self.regions, time_scale=time_scale, workers_per_function=workers_per_function
        )
        self.log = self._server.log
        self._clients: dict[tuple[str, str, int, float], Any] = {}
        # A session makes clients for one thread at a time.
        self._making = threading.Lock()

    @classmethod
    @contextlib.contextmanager
    def started(
        cls, folder: Path, *, regions: Sequence[str] = REGIONS, time_scale: float = 20.0, workers_per_function: int = 2
    ) -> Iterator["EmbeddedCloud"]:
        """A running cloud, stopped at the end; its state stays in the folder."""
        cloud = cls(folder, regions=regions, time_scale=time_scale, workers_per_function=workers_per_function)
        try:
            cloud.start()
            yield cloud
        finally:
            cloud.stop()
            cloud.release()

    @classmethod
    def attached(cls, folder: Path) -> "EmbeddedCloud":
        """The cloud that another process runs in this folder: `stop` does not end it, and it cannot be started here.

        Raises CloudNotRunning when there is none.
        """
        server = Server.attached(folder.resolve())
        cloud = cls(folder, regions=server.regions, time_scale=server.time_scale)
        cloud._server = server
        return cloud

    # --- addresses -------------------------------------------------------------------------------------------------

    def endpoint(self, region: str) -> str:
        """The address of a region; refused while the region is down. It stays the same when the cloud restarts."""
        return f"http://127.0.0.1:{self._server.port(region)}"

    def environment(self, region: str) -> dict[str, str]:
        """What a child process needs to reach this region as root: add it to `os.environ`."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint(region),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TIME_SCALE": f"{self.time_scale:g}",
        }

    def client(
        self,
        service: str,
        region: str,
        credentials: Mapping[str, str] | None = None,
        *,
        attempts: int = 3,
        read_timeout: float = 60,
    ) -> Any:
        """A boto3 client at this region's address: root's, or that of credentials as `assume` returns them.

        Root's clients are made once and shared; they may be used by several threads.
        """
        key = (service, region, attempts, read_timeout)
        with self._making:
            if credentials is not None:
                return self._made(service, region, credentials, attempts, read_timeout)
            if key not in self._clients:
                root = {"AccessKeyId": ROOT_KEY, "SecretAccessKey": ROOT_KEY}
                self._clients[key] = self._made(service, region, root, attempts, read_timeout)
            return self._clients[key]

    def _made(
        self, service: str, region: str, credentials: Mapping[str, str], attempts: int, read_timeout: float
    ) -> Any:
        from botocore.config import Config

        settings = Config(
            connect_timeout=3,
            read_timeout=read_timeout,
            max_pool_connections=50,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint(region),
            config=settings,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )

    @functools.cached_property
    def _session(self) -> Any:
        """One for all clients: it reads each service's description once, which takes longer than the calls."""
        import boto3

        return boto3.session.Session()

    def signed(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, service: str, region: str
    ) -> dict[str, str]:
        """The headers of a request with root's signature (Signature Version 4), for what boto3 does not call."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(method, url, data=body, headers=dict(headers))
        SigV4Auth(Credentials(ROOT_KEY, ROOT_KEY), service, region).add_auth(request)
        return dict(request.headers.items())

    # --- faults ----------------------------------------------------------------------------------------------------

    def take_down(self, region: str, *, hang_seconds: float = 8.0) -> None:
        """The region is lost: refused, cut, frozen (see outages.py).

        Whoever asks for it at another region's address waits `hang_seconds` and is cut off.
        """
        self.control("take-down", region=region, hang_seconds=hang_seconds)

    def bring_up(self, region: str) -> None:
        """The region comes back, with every write that waited for it applied first."""
        self.control("bring-up", region=region)

    def set_lag(self, seconds: float, store: str | None = None) -> None:
        """From now on writes take so many real seconds to the other regions: of "s3", of "dynamodb", or of both."""
        self.control("replication", lag_seconds=seconds, store=store)

    def pause_replication(self, store: str | None = None) -> None:
        """Nothing is replicated until `resume_replication`; what is written meanwhile waits."""
        self.control("replication", paused=True, store=store)

    def resume_replication(self, store: str | None = None) -> None:
        """Replicates again, what waited first."""
        self.control("replication", paused=False, store=store)

    def replication(self) -> dict[str, Any]:
        """Per store lag_seconds, paused, applied, outdated, failed, pending, oldest_seconds; per link what waits."""
        return self.control("replication")

    def set_fair_queues(self, fair: bool) -> None:
        """Standard queues hand out fairly by message group (the default), or in the order of arrival."""
        self.control("queues", fair=fair)

    def start_message_storm(self, *, doubled: float = 0.0, delayed: float = 0.0, delay_seconds: float = 0.0) -> None:
        """Fractions (0 to 1) of the messages sent from now on arrive twice, or late. Without arguments it ends."""
        self.control("queues", storm={"doubled": doubled, "delayed": delayed, "delay_seconds": delay_seconds})

    def refuse(self, action: str, region: str = "*", times: int | None = None) -> None:
        """Calls of an IAM action (`ecs:UpdateService`, or a pattern such as `ecs:*`) fail with 503, until `allow`."""
        self.control("refuse", action=action, region=region, times=times)

    def allow(self) -> dict[str, Any]:
        """Ends every `refuse`; says how often each refused."""
        return self.control("allow")

    def refuse_control_planes(self, region: str = "*") -> None:
        """Everything but the data planes (see outages.py) fails with 503 in a region, or everywhere."""
        self.control("control-planes", refused=True, region=region)

    def allow_control_planes(self, region: str = "*") -> dict[str, Any]:
        """Ends `refuse_control_planes` for the same region; says how many calls were refused."""
        return self.control("control-planes", refused=False, region=region)

    # --- roles -----------------------------------------------------------------------------------------------------

    def assume(self, role_arn: str, user: str = "operator") -> dict[str, str]:
        """Credentials of a role for a human with a second factor (simulated), as `client` takes them.

        Raises CloudNotRunning when the role's trust policy refuses.
        """
        return dict(self.control("operator-role", role_arn=role_arn, user=user))

    def task_environment(self, role_arn: str, region: str) -> dict[str, str]:
        """What a process needs to run as an ECS task of this role: add it to an environment without AWS keys."""
        answered = self.control("task-role", role_arn=role_arn)
        return {
            "AWS_ENDPOINT_URL": self.endpoint(region),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._server.control_url}/{answered['path']}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": answered["token"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "TIME_SCALE": f"{self.time_scale:g}",
        }

    # --- process ---------------------------------------------------------------------------------------------------

    def control(self, call: str, **asked: Any) -> dict[str, Any]:
        """One control call (see control.py). Raises CloudNotRunning when it is refused or nobody answers."""
        return self._server.control(call, **asked)

    def taken_types(self) -> frozenset[str]:
        """The types of resources that CloudFormation takes there, beside custom ones."""
        return frozenset(self.control("types")["types"])

    def processes(self) -> list[RunningProcess]:
        """The emulator and the workers of its functions, with their memory."""
        return self._server.processes()

    def start(self) -> None:
        """Starts the emulator and waits until it answers. Raises CloudNotRunning with the log's tail otherwise."""
        self._server.start()

    def stop(self) -> None:
        """Ends the emulator and all it started; its state stays in the folder."""
        self._server.stop()

    def restart(self) -> None:
        """Stops and starts again with the same state and the same addresses."""
        self._server.stop()
        self._server.start()

    def release(self) -> None:
        """Gives the ports away. The cloud cannot be started again."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._server.release()
