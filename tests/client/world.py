"""Two regions of the drive on loopback: the real handlers behind HTTP servers, on the emulator's tables and buckets.

Both regions share their tables, as with strong consistency. What queues and workers do is done by `ingest`, `deliver`
and `build`, when a test says so. A region's API, and its store, can be made to fail in every way that matters.
"""

import io
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import httpx
import jwt
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from client.drive import Drive
from client.patience import Patience, Time
from client.remembered import Memory
from client.wire import Wire
from services.api import admission, links, order, read, write
from services.api.identity import user_id
from services.drive import aws, files, jobs, levers, manifests, orders, pace
from services.drive.files import File
from services.drive.orders import Order
from services.ingest.arrival import Arrival
from services.ingest.versions import OnlyCopyHere, take

REGIONS = ("eu-west-1", "eu-central-1")
ISSUER = "https://identity.example.com"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
QUICK = Patience(
    total=20, connect=1, read=2, answer=5, first_pause=0.02, longest_pause=0.2, first_poll=0.02, longest_poll=0.1
)
"""A person's patience, for a test."""

Fault = Callable[["Handler"], bool]
"""Called for each request; returns whether it has dealt with it."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Emulator:
    """The AWS emulator as a process of its own, with the drive's tables and buckets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.port = _free_port()
        settings = {"GATEWAY_PORT": str(self.port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0"}
        environment = {**os.environ, **KEYS, **settings, "SFTP_ENABLED": "0", "TMPDIR": str(self._folder)}
        with (self._folder / "log").open("wb") as log:
            command = [str(Path(sys.executable).parent / "ministack")]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            self._wait()
            self._make()
        except BaseException:
            self.__exit__()  # nothing is left behind
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, region: str = REGIONS[0]) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator's
            config=Config(s3={"addressing_style": "path"}),
        )

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.url}/_ministack/health", timeout=1).raise_for_status()
            except httpx.HTTPError:
                assert time.monotonic() < until, (self._folder / "log").read_text()
                time.sleep(0.1)
            else:
                return

    def _make(self) -> None:
        indexes = {"drive": {"open-orders": "open", "waiting-orders": "waits_for"}, "jobs": {"working-jobs": "working"}}
        for table, hashes in {**indexes, "pace": {}, "switch": {}}.items():
            names = ["pk", *([] if table == "switch" else ["sk"])]
            types = dict.fromkeys([*names, *hashes.values()], "S") | ({"accepted_at": "N"} if hashes else {})
            more = {"GlobalSecondaryIndexes": [_index(*each) for each in hashes.items()]} if hashes else {}
            self.client("dynamodb").create_table(
                TableName=table,
                KeySchema=_keys(*names),
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
                BillingMode="PAY_PER_REQUEST",
                **more,
            )
        for region in REGIONS:
            for role in ("files", "replica", "bundles"):
                s3 = self.client("s3", region)
                where = {"LocationConstraint": region}
                s3.create_bucket(Bucket=f"{role}-{region}", CreateBucketConfiguration=where)
                s3.put_bucket_versioning(Bucket=f"{role}-{region}", VersioningConfiguration={"Status": "Enabled"})


@dataclass
class Server:
    """A listener that can be taken away and brought back at the same address, and made to fail."""

    answer: Callable[["Handler"], None]
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    port: int = field(default_factory=_free_port)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        if self._server is None:
            self._server = _Listener(("127.0.0.1", self.port), type("Bound", (Handler,), {"owner": self}))
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a handler that hangs on purpose

    def handle_error(self, *_: Any) -> None:
        """Say only what is a mistake of this file: clients that hang up are what is tested."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    owner: ClassVar[Server]
    timeout = 10
    content = b""

    def _serve(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.owner.seen.append((self.command, self.path, dict(self.headers.items())))
        for fault in list(self.owner.faults):
            if fault(self):
                return
        self.owner.answer(self)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    def reply(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class World:
    """Both regions. `api[region]` and `store[region]` are the servers in front of the API and of S3."""

    def __init__(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.emulator = emulator
        self._monkeypatch = monkeypatch
        self._lock = threading.Lock()  # a region is a set of environment variables, and they belong to the process
        self._key = _signing_key()
        self.user = f"alice-{secrets.token_hex(4)}"  # nobody has her files
        self.api = {region: Server(self._api(region)) for region in REGIONS}
        self.store = {region: Server(self._forward) for region in REGIONS}
        self._wires: list[Wire] = []
        self.knows_ranges = True
        self.copies: dict[str, str] = {}
        """The emulator gives a copy a version id of its own, S3 keeps the original's: these stand for those."""

    def __enter__(self) -> Self:
        for name, value in KEYS.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.setenv("AWS_ENDPOINT_URL", self.emulator.url)
        self._monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Drive")
        self._monkeypatch.setattr(aws, "client", self._aws_client(aws.client))
        profiles: dict[str, Any] = {"identity": {"keys": [_public(self._key)]}, "levers": {}}
        self.profiles = profiles
        self._monkeypatch.setattr(levers, "_fetch", profiles.get)
        self._monkeypatch.setattr(admission, "_gate", admission.Gate())
        self._monkeypatch.setattr(pace, "estimate", lambda *_: pace.Estimate(3, 42.0))  # there are no queues here
        for module in (aws, jobs, levers, links, pace):
            module.forget()
        for server in (*self.api.values(), *self.store.values()):
            server.up()
        self._act_in(REGIONS[0])
        return self

    def __exit__(self, *_: object) -> None:
        for server in (*self.api.values(), *self.store.values()):
            server.down()
        for wire in self._wires:
            wire.close()

    @property
    def endpoints(self) -> list[str]:
        return [self.api[region].url for region in REGIONS]

    def token(self, user: str | None = None, **others: Any) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "drive", "sub": user or self.user, "iat": now, "nbf": now, "exp": now + 3600}
        return jwt.encode(claims | {"scope": "drive:purchase"} | others, self._key, "RS256", headers={"kid": "k"})

    def drive(
        self, memory: Path | None = None, *, patience: Patience = QUICK, parallel: int = 4, clock: Time | None = None
    ) -> Drive:
        wire = Wire(self.endpoints, patience=patience, time=clock)
        self._wires.append(wire)
        return Drive(wire, self.token(), memory=Memory(memory), parallel=parallel)

    def ingest(self) -> list[File]:
        """Make versions of what lies in the stores; return the user's files."""
        user = user_id(ISSUER, self.user)
        with self._lock:
            for region in REGIONS:
                self._act_in(region)
                bucket = f"files-{region}"
                listing = self.emulator.client("s3").list_object_versions(Bucket=bucket, Prefix=f"{region}/{user}/")
                for found in listing.get("Versions", []):
                    name = files.parse_key(found["Key"])
                    assert name
                    with suppress(OnlyCopyHere):  # its message comes again
                        take(Arrival(name, bucket, found["VersionId"], int(time.time() * 1000)))
            return list(files.list_files(user))

    def forget_levers(self) -> None:
        """Let the drive look at its levers again."""
        levers.forget()

    def copy_to_replica(self) -> None:
        """Copy the first region's files to the second, as replication does, with their version ids gone."""
        s3, (here, peer) = self.emulator.client("s3"), REGIONS
        user = user_id(ISSUER, self.user)
        with self._lock:
            self._act_in(here)
            for file in files.list_files(user):
                version = files.get_version(user, file.id, file.version)
                assert version
                copied = s3.copy_object(
                    Bucket=f"replica-{peer}", Key=version.key, CopySource=f"{version.bucket}/{version.key}"
                )
                self.copies[version.s3_version] = copied["VersionId"]

    def deliver(self, job: str) -> None:
        """Do for an order what queues and workers do."""
        with self._lock:
            self._act_in(REGIONS[0])
            found = orders.read(job)
            assert found
            self._act_in(found.home)
            if found.kind == orders.Kind.BUNDLE:
                self._build(found)
            else:
                orders.give(found)
            assert orders.deliver(found)

    def sell(self, content: str, *paths: str) -> None:
        """Put an album of the user's own files into the catalogue."""
        user = user_id(ISSUER, self.user)
        with self._lock:
            entries = []
            for file in files.list_files(user):
                version = files.get_version(user, file.id, file.version)
                if version and file.path in paths:
                    entries.append(
                        manifests.Entry(
                            file.path,
                            version.region,
                            version.bucket,
                            version.key,
                            version.s3_version,
                            file.size,
                            file.sha256,
                        )
                    )
            manifests.publish_content(manifests.Content(content, content, manifests.write(entries)))

    def _build(self, found: Order) -> None:
        s3, content = self.emulator.client("s3"), io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for entry in manifests.read(found.content):
                stored = s3.get_object(Bucket=entry.bucket, Key=entry.key, VersionId=entry.version)
                archive.writestr(entry.name, stored["Body"].read())
        jobs.ensure(found)
        job = jobs.claim(found.content, "worker", sent_at=int(time.time() * 1000))
        assert job
        s3.put_object(Bucket=f"bundles-{found.home}", Key=f"{found.content}/worker.zip", Body=content.getvalue())
        assert jobs.publish(job, bundle_key=f"{found.content}/worker.zip", size=len(content.getvalue()))

    def _api(self, region: str) -> Callable[[Handler], None]:
        def answer(handler: Handler) -> None:
            url = urlsplit(handler.path)
            path = unquote(url.path).removeprefix("/live")
            function: Any = {"GET": read, "DELETE": write}.get(handler.command)
            if function is None:
                function = order if path in {"/v1/downloads", "/v1/purchases"} else write
            event = {
                "httpMethod": handler.command,
                "path": path,
                "resource": "/{proxy+}",
                "headers": dict(handler.headers.items()),
                "multiValueHeaders": {name: [value] for name, value in handler.headers.items()},
                "queryStringParameters": None,
                "multiValueQueryStringParameters": parse_qs(url.query) or None,
                "requestContext": {"stage": "live", "requestId": "r", "path": url.path},
                "body": handler.content.decode() or None,
                "isBase64Encoded": False,
            }
            with self._lock:
                self._act_in(region)
                result = function.handle(event, None)
            headers = {name: values[0] for name, values in result["multiValueHeaders"].items()}
            handler.reply(result["statusCode"], headers, result["body"].encode())

        return answer

    def _forward(self, handler: Handler) -> None:
        handler.reply(*self.stored(handler))

    def stored(self, handler: Handler) -> tuple[int, dict[str, str], bytes]:
        """Return what S3 answers to a request."""
        if handler.path.startswith("/replica-"):
            return self._copied(handler)
        # The Host is signed.
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        answer = httpx.request(
            handler.command, f"{self.emulator.url}{handler.path}", headers=headers, content=handler.content, timeout=20
        )
        if "Range" in handler.headers and answer.status_code == 200:
            return self._in_range(handler, answer.headers["ETag"], answer.content)
        return answer.status_code, dict(answer.headers), answer.content

    def _copied(self, handler: Handler) -> tuple[int, dict[str, str], bytes]:
        url = urlsplit(handler.path)
        bucket, key = unquote(url.path)[1:].split("/", 1)
        version = self.copies.get(parse_qs(url.query)["versionId"][0])
        if version is None:
            return 404, {}, b""
        found = self.emulator.client("s3").get_object(Bucket=bucket, Key=key, VersionId=version)
        return self._in_range(handler, found["ETag"], found["Body"].read())

    def _in_range(self, handler: Handler, etag: str, content: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ranges are our own work: with a versionId the emulator answers all the file, with 200."""
        wanted = re.fullmatch(r"bytes=([0-9]+)-([0-9]+)", handler.headers.get("Range", ""))
        if wanted is None or not self.knows_ranges:
            return 200, {"ETag": etag}, content
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, len(content))
        return 206, {"ETag": etag, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start:end]

    def _act_in(self, region: str) -> None:
        (peer,) = set(REGIONS) - {region}
        here = {"AWS_REGION": region, "PEER_REGION": peer, "IDENTITY_ISSUER": ISSUER, "IDENTITY_AUDIENCE": "drive"}
        here |= {f"{table}_TABLE": table.lower() for table in ("DRIVE", "JOBS", "PACE", "SWITCH")}
        here |= {f"{role}_BUCKET": f"{role.lower()}-{region}" for role in ("FILES", "REPLICA", "BUNDLES")}
        here |= {f"PEER_{role}_BUCKET": f"{role.lower()}-{peer}" for role in ("FILES", "REPLICA")}
        os.environ.update(here)

    def _aws_client(self, real: Any) -> Any:
        def client(name: str, region: str | None = None, *, read_timeout: float = 0) -> Any:
            if name == "dynamodb":  # one table for both regions
                return real(name, REGIONS[0], read_timeout=read_timeout)
            if name != "s3":
                return real(name, region, read_timeout=read_timeout)
            place = region or os.environ["AWS_REGION"]
            with self._monkeypatch.context() as where:
                where.setenv("AWS_ENDPOINT_URL_S3", self.store[place].url)
                return real(name, place, read_timeout=read_timeout)

        return client


# Faults


def status(code: int, **headers: str) -> Fault:
    """Answer with this code."""

    def fault(handler: Handler) -> bool:
        handler.reply(code, {name.replace("_", "-"): value for name, value in headers.items()}, b"{}")
        return True

    return fault


def times(count: int, fault: Fault, *, method: str | None = None) -> Fault:
    """Let a fault happen so many times, then no more."""
    left = [count]

    def limited(handler: Handler) -> bool:
        if left[0] <= 0 or (method and handler.command != method):
            return False
        left[0] -= 1
        return fault(handler)

    return limited


def hang(handler: Handler) -> bool:
    """Take a request and never answer."""
    time.sleep(QUICK.read + 1)
    handler.close_connection = True
    return True


def drop(handler: Handler) -> bool:
    """Close the connection without an answer."""
    handler.close_connection = True
    handler.connection.close()
    return True


def cut(world: World, after: int) -> Fault:
    """Answer with a body that ends too early."""

    def fault(handler: Handler) -> bool:
        code, headers, body = world.stored(handler)
        handler.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[:after])
        handler.wfile.flush()
        handler.close_connection = True
        return True

    return fault


def corrupt(world: World) -> Fault:
    """Answer with one byte changed."""

    def fault(handler: Handler) -> bool:
        code, headers, body = world.stored(handler)
        handler.reply(code, headers, bytes([body[0] ^ 1]) + body[1:])
        return True

    return fault


def _public(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    published = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "k", "use": "sig"}
    return {name: value for name, value in published.items() if name != "key_ops"}


_keys_made: list[rsa.RSAPrivateKey] = []


def _signing_key() -> rsa.RSAPrivateKey:
    if not _keys_made:
        _keys_made.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _keys_made[0]


def _keys(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _index(name: str, key: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _keys(key, "accepted_at"), "Projection": {"ProjectionType": "ALL"}}
