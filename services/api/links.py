"""Links to bytes: through the edge, and straight to each region's bucket for when the edge or a region fails.

Every answer carries all of them, every day: clients try one after the other, and there is no other path for
emergencies. Signing is offline, so that it works whatever the other region does.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from services.drive import aws, clock
from services.drive.environment import here
from services.drive.files import Version
from services.drive.jobs import Job
from services.drive.limits import LINK_LIFE, SIGNING_KEY_LIFE, scaled

logger = Logger(service="api")

Link = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """One region's copy."""

    region: str
    bucket: str


def to_file(version: Version) -> Link:
    """Return the links to a version's bytes, likeliest first: `url`, `alternates`, `expires_at`.

    The copy in the other region is offered before it is known to have arrived: should the first region be lost, it is
    the only one that can work, and S3 refuses at once while it is not there.
    """
    name = version.path.rpartition("/")[2]
    direct = [
        {"region": place.region, "url": _presigned(place, version.key, name, version.s3_version)}
        for place in _places(version.region)
    ]
    return _link(version.key, direct)


def to_bundle(job: Job) -> Link | None:
    """Return the links to a bundle that is ready; None when only the region that built it can make them."""
    key = str(job.key)
    direct = []
    if job.region == here.aws_region:
        place = Place(job.region, here.bundles_bucket)
        direct = [{"region": place.region, "url": _presigned(place, key, f"{job.content[:12]}.zip")}]
    link = _link(key, direct)
    return link if link["url"] else None


def to_progress(content: str) -> str | None:
    """Return the edge's address of a build's progress, which a million clients may poll without reaching the API."""
    # Unsigned, and one address for all who wait: it holds a percentage, and its name cannot be guessed.
    return f"https://{here.files_host}/status/{content}.json" if here.files_host else None


def _link(key: str, direct: list[dict[str, str]]) -> Link:
    expires = _end()
    at_edge = _at_edge(key, expires)
    urls = ([{"region": "edge", "url": at_edge}] if at_edge else []) + direct
    return {
        "url": urls[0]["url"] if urls else None,
        "alternates": urls[1:],
        "expires_at": datetime.fromtimestamp(expires, UTC).isoformat(),
    }


def _places(region: str) -> list[Place]:
    """Return where the bytes of files that were written in `region` lie."""
    if region == here.aws_region:
        return [Place(region, here.files_bucket), Place(here.peer_region, here.peer_replica_bucket)]
    return [Place(here.peer_region, here.peer_files_bucket), Place(here.aws_region, here.replica_bucket)]


def _end() -> int:
    return int(clock.now() + scaled(LINK_LIFE))


def _presigned(place: Place, key: str, name: str, version: str | None = None) -> str:
    parameters = {
        "Bucket": place.bucket,
        "Key": key,
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    if version:
        parameters["VersionId"] = version
    s3 = aws.client("s3", place.region)
    return str(s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=max(1, int(scaled(LINK_LIFE)))))


def _at_edge(key: str, expires: int) -> str | None:
    if not here.files_host:
        return None
    try:
        signer = CloudFrontSigner(here.signing_key_id, _sign)
        # Objects never change under their key, so the edge needs neither a version nor anything else in the query.
        return str(
            signer.generate_presigned_url(
                f"https://{here.files_host}/{quote(key)}", date_less_than=datetime.fromtimestamp(expires, UTC)
            )
        )
    except (BotoCoreError, ClientError, TypeError, ValueError) as error:
        # The last two are a secret that still holds its placeholder, or something else that is no key.
        logger.warning("links through the edge cannot be signed, those to the buckets go out alone: %s", error)
        return None


_signing_keys: dict[str, tuple[float, rsa.RSAPrivateKey]] = {}


def forget() -> None:
    """Forget the signing key, as a new process would."""
    _signing_keys.clear()


def _sign(message: bytes) -> bytes:
    # CloudFront verifies RSA with SHA-1 (Amazon CloudFront Developer Guide, "Code examples for creating a signature").
    return _private_key(here.signing_secret).sign(message, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303


def _private_key(secret: str) -> rsa.RSAPrivateKey:
    """Return the private key; it is looked up again at times, and an old one is better than none."""
    fetched_at, known = _signing_keys.get(secret, (-math.inf, None))
    if known and clock.now() - fetched_at < SIGNING_KEY_LIFE:
        return known
    try:
        pem = aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    except (BotoCoreError, ClientError):
        if known:
            return known
        raise
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        message = "the signing secret must hold an RSA private key in PEM"
        raise TypeError(message)
    _signing_keys[secret] = (clock.now(), key)
    return key
