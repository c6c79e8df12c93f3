"""The API as its callers see it: tokens of the identity provider, requests, and all that a request may leave behind."""

import base64
import hashlib
import json
import time as machine_clock
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from moto.core.base_backend import BackendDict
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import sqs_backends

from services.api import admission, links, order, read, write
from services.api.identity import user_id
from services.drive import clock, files, levers, manifests, orders, pace, uploads
from services.drive.files import Version
from services.drive.limits import PART_BYTES
from services.drive.manifests import Content, Entry
from tests.services.conftest import ACCOUNT, REGIONS, Cloud, Time

ISSUER = "https://identity.example.com"
ALICE = user_id(ISSUER, "alice")
BOB = user_id(ISSUER, "bob")
HANDLERS = {"GET": read, "DELETE": write}


@dataclass(frozen=True)
class Answer:
    """What came back, headers by their lower-case names."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass
class Provider:
    """The identity provider: signs tokens, and publishes its public keys."""

    rsa: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    ec: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def keys(self) -> list[dict[str, Any]]:
        published = [
            RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True) | {"kid": "rsa", "use": "sig"},
            ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True) | {"kid": "ec", "use": "sig"},
        ]
        return [{name: value for name, value in key.items() if name != "key_ops"} for key in published]

    def claims(self, user: str = "alice", **others: Any) -> dict[str, Any]:
        now = int(machine_clock.time())  # PyJWT knows no other
        usual = {"iss": ISSUER, "aud": "drive", "sub": user, "iat": now, "nbf": now, "exp": now + 3600}
        return {name: value for name, value in (usual | others).items() if value is not None}

    def token(self, user: str = "alice", *, kid: str | None = "rsa", **others: Any) -> str:
        claims = self.claims(user, **({"scope": "drive:purchase"} | others))
        key, algorithm = (self.ec, "ES256") if kid == "ec" else (self.rsa, "RS256")
        return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


class Api:
    """Sends requests to the three functions, as API Gateway does."""

    def __init__(self, cloud: Cloud, provider: Provider) -> None:
        self.cloud = cloud
        self.provider = provider

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str | None = "alice",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request; a `body` that is text or bytes goes as it is, anything else as JSON."""
        sent = dict(headers or {})
        if user and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.provider.token(user)}"
        if key is not None:
            sent["Idempotency-Key"] = key
        return self.deliver(event(method, path, body, sent, query or {}))

    def deliver(self, request: dict[str, Any]) -> Answer:
        """Hand over a proxy event."""
        if request["httpMethod"] == "POST":
            function: Any = order if request["path"] in {"/v1/downloads", "/v1/purchases"} else write
        else:
            function = HANDLERS[request["httpMethod"]]
        answer = function.handle(request, None)
        headers = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], headers, answer["body"])

    def get(self, path: str, **options: Any) -> Answer:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.send("POST", path, body, **options)

    def traces(self) -> list[str]:
        """Return all that exists in both regions: what a refused request may not add to, nor take from."""
        found: list[str] = []
        for region in REGIONS:
            for name, table in dynamodb_backends[ACCOUNT][region].tables.items():
                found += [
                    f"{region} {name} {json.dumps(item.to_json(), sort_keys=True, default=repr)}"
                    for item in table.all_items()
                ]
            for queue in sqs_backends[ACCOUNT][region].queues.values():
                found += [f"{region} {queue.name} {message.id}" for message in queue._messages]
        for name, bucket in s3_backends[ACCOUNT]["aws"].buckets.items():
            found += [f"{name} {key.name} {key.version_id}" for key in bucket.keys.values()]
            found += [f"{name} upload {upload}" for upload in bucket.multiparts]
        return sorted(found)


def event(method: str, path: str, body: Any, headers: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    """Return the REST API's proxy event."""
    raw = isinstance(body, bytes)
    text = base64.b64encode(body).decode() if raw else body
    return {
        "httpMethod": method,
        "path": unquote(path),
        "resource": "/{proxy+}",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "requestContext": {"stage": "v1", "requestId": "r"},
        "body": text if text is None or isinstance(text, str) else json.dumps(text),
        "isBase64Encoded": raw,
    }


def refuses(answer: Answer, *statuses: int) -> bool:
    """Check that a refusal says in a sentence what is wrong; return whether it is one of these."""
    problem = answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == answer.status
    assert problem["detail"][0].isupper()
    assert problem["detail"].endswith(".")
    assert len(problem["detail"]) < 400
    assert "Traceback" not in answer.text
    return answer.status in statuses


def digest(content: bytes) -> str:
    """Return a part's SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def announcement(path: str, *parts: bytes) -> dict[str, Any]:
    """Return the body that announces an upload of these parts."""
    digests = [digest(part) for part in parts]
    size = (len(parts) - 1) * PART_BYTES + len(parts[-1])
    return {"path": path, "size": size, "sha256": files.composite(digests), "parts": digests}


def store(path: str, content: bytes = b"bytes", *, user: str = ALICE, region: str = REGIONS[0], at: int = 0) -> Version:
    """Put a file into the drive as an upload and its ingest do; `at` in milliseconds."""
    at = at or clock.milliseconds()
    upload = uploads.upload_id(user, f"{path} {at}")
    name = files.ObjectName(region, user, files.file_id(user, path), upload)
    bucket = f"files-{region}"
    stored = boto3.client("s3", region_name=region).put_object(Bucket=bucket, Key=name.key, Body=content)
    version = Version(
        user=user,
        file=name.file,
        path=path,
        size=len(content),
        sha256=files.composite([digest(content)]),
        committed_at=at,
        upload=upload,
        region=region,
        bucket=bucket,
        key=name.key,
        s3_version=stored["VersionId"],
    )
    files.add_version(version)
    files.make_current(version)
    return version


def sell(content: str = "born-this-way") -> Content:
    """Put an album into the catalogue."""
    entry = Entry("01.mp3", REGIONS[0], f"files-{REGIONS[0]}", "catalogue/01", "v1", 5, digest(b"bytes"))
    album = Content(content, "Born This Way", manifests.write([entry]))
    manifests.publish_content(album)
    return album


def own(album: Content, user: str = ALICE) -> None:
    """Give an album to a user."""
    bought, _ = orders.accept(user, orders.Kind.PURCHASE, album.id, f"bought {album.id}", {"content": album.id})
    orders.give(bought)
    orders.deliver(bought)


_built: list[tuple[Cloud, Any]] = []


@pytest.fixture
def cloud(_mocked_aws: None, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Return both regions, empty. Making them takes half a second, emptying those of the last test nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    pace.forget()
    levers.forget()
    # Tests of other folders make them anew.
    if not _built or _built[0][1] is not _table():
        BackendDict.reset()
        _built[:] = [(Cloud(monkeypatch), _table())]
    empty()
    built = _built[0][0]
    built._monkeypatch = monkeypatch
    built._read.clear()
    built.act_in(REGIONS[0])
    return built


def _table() -> Any:
    return dynamodb_backends[ACCOUNT][REGIONS[0]].tables.get("drive")


def empty() -> None:
    """Empty every table, queue and bucket."""
    for region in REGIONS:
        for table in dynamodb_backends[ACCOUNT][region].tables.values():
            table.items.clear()
            if table.stream_shard:
                table.stream_shard.items.clear()
        for queue in sqs_backends[ACCOUNT][region].queues.values():
            queue._messages.clear()
            queue._pending_messages.clear()
        secretsmanager_backends[ACCOUNT][region].secrets.clear()
    for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
        bucket.keys.clear()
        bucket.multiparts.clear()


@pytest.fixture(scope="session")
def provider() -> Provider:
    return Provider()


@pytest.fixture
def api(cloud: Cloud, time: Time, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Return the API of the first region; `levers.current()` are the defaults, and time stands still."""
    assert time.now
    profiles: dict[str, Any] = {"identity": {"keys": provider.keys()}, "levers": {}}
    monkeypatch.setattr(levers, "_fetch", profiles.get)
    monkeypatch.setattr(admission, "_gate", admission.Gate())
    links.forget()
    return Api(cloud, provider)
