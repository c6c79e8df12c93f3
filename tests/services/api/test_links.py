"""A link works through the edge, and beside it for when the edge or a region fails."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import EndpointConnectionError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.drive import aws, jobs, orders
from services.drive.limits import SIGNING_KEY_LIFE
from tests.services.api.conftest import Api, Provider, own, sell, store
from tests.services.conftest import REGIONS, Time

HERE, PEER = REGIONS


@pytest.fixture
def edge(api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the public half of the key that links through the edge are signed with."""
    pem = provider.rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    boto3.client("secretsmanager", region_name=HERE).create_secret(Name="drive/signing-key", SecretString=pem)
    monkeypatch.setenv("FILES_HOST", "files.example.com")
    assert api.provider is provider
    return provider.rsa.public_key()


def link(api: Api, file: str) -> Any:
    return api.get(f"/v1/files/{file}/link").body


def places(answer: Any) -> list[str]:
    return [str(urlsplit(url).hostname) for url in [answer["url"], *(other["url"] for other in answer["alternates"])]]


def test_a_file_is_offered_by_its_region_and_by_the_copy(api: Api) -> None:
    found = link(api, store("notes.txt").file)
    assert places(found) == [f"files-{HERE}.s3.{HERE}.amazonaws.com", f"replica-{PEER}.s3.{PEER}.amazonaws.com"]


def test_a_file_of_the_other_region_is_offered_there_and_by_the_copy_here(api: Api) -> None:
    found = link(api, store("notes.txt", region=PEER).file)
    assert places(found) == [f"files-{PEER}.s3.{PEER}.amazonaws.com", f"replica-{HERE}.s3.{HERE}.amazonaws.com"]


def test_both_regions_offer_the_same_two_places(api: Api) -> None:
    file = store("notes.txt").file
    here = places(link(api, file))
    with api.cloud.acting_in(PEER):
        assert places(link(api, file)) == here


def test_a_link_gives_the_bytes_under_their_name(api: Api) -> None:
    found = link(api, store("photos/très été.txt", b"sunny").file)
    answer = requests.get(found["url"], timeout=5)
    assert answer.content == b"sunny"
    named = parse_qs(urlsplit(found["url"]).query)["response-content-disposition"][0]
    assert unquote(named) == "attachment; filename*=UTF-8''très été.txt"


def test_the_edge_comes_first_and_its_signature_is_what_cloudfront_checks(api: Api, edge: Any) -> None:
    version = store("notes.txt")
    found = link(api, version.file)
    assert places(found)[0] == "files.example.com"
    assert len(places(found)) == 3
    address, _, query = found["url"].partition("?")
    assert address == f"https://files.example.com/{version.key}"
    signed = {name: values[0] for name, values in parse_qs(query).items()}
    assert signed["Key-Pair-Id"] == "K123"
    until = {"DateLessThan": {"AWS:EpochTime": int(signed["Expires"])}}
    policy = json.dumps({"Statement": [{"Resource": address, "Condition": until}]}, separators=(",", ":"))
    signature = base64.b64decode(signed["Signature"].replace("-", "+").replace("_", "=").replace("~", "/"))
    edge.verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 CloudFront's choice


def test_the_signing_key_is_fetched_once_and_a_new_one_is_taken_up(
    api: Api, time: Time, edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = store("notes.txt").file
    fetched = []
    secrets: Any = aws.client("secretsmanager")
    fetch = secrets.get_secret_value

    def counted(**which: str) -> Any:
        fetched.append(which)
        return fetch(**which)

    monkeypatch.setattr(secrets, "get_secret_value", counted)
    for _ in range(3):
        link(api, file)
    assert len(fetched) == 1
    time.advance(SIGNING_KEY_LIFE)
    link(api, file)
    assert len(fetched) == 2
    assert edge


def unreachable(**_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://secretsmanager")


def test_without_the_signing_key_the_other_links_go_out(
    api: Api, edge: Any, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = store("notes.txt").file
    with monkeypatch.context() as lost:
        lost.setattr(aws.client("secretsmanager"), "get_secret_value", unreachable)
        assert len(places(link(api, file))) == 2
    link(api, file)
    monkeypatch.setattr(aws.client("secretsmanager"), "get_secret_value", unreachable)
    time.advance(SIGNING_KEY_LIFE)
    assert places(link(api, file))[0] == "files.example.com", "an old key is better than none"
    assert edge


def test_before_an_operator_filled_in_the_signing_key_the_other_links_go_out(api: Api, edge: Any) -> None:
    boto3.client("secretsmanager", region_name=HERE).put_secret_value(
        SecretId="drive/signing-key", SecretString="made up by CloudFormation"
    )
    assert len(places(link(api, store("notes.txt").file))) == 2
    assert edge


def bundled(api: Api) -> str:
    album = sell()
    own(album)
    order_id = str(api.post("/v1/downloads", {"album": album.id}, key="k").body["job"])
    ordered = orders.read(order_id)
    assert ordered
    jobs.ensure(ordered)
    job = jobs.claim(ordered.content, "worker", sent_at=ordered.accepted_at)
    assert job
    jobs.publish(job, bundle_key=f"bundles/{ordered.content}.zip", size=7)
    orders.deliver(ordered)
    return order_id


def test_a_bundle_that_is_ready_is_linked_to_whoever_asks_again(api: Api) -> None:
    order_id = bundled(api)
    for answer in (
        api.get(f"/v1/jobs/{order_id}"),
        api.post("/v1/downloads", {"album": "born-this-way"}, key="k"),
        api.post("/v1/downloads", {"album": "born-this-way"}, key="new"),
    ):
        assert answer.status == 200
        assert places(answer.body) == [f"bundles-{HERE}.s3.{HERE}.amazonaws.com"]
        assert answer.body["size"] == 7


def test_asking_for_a_bundle_that_is_ready_leaves_nothing_behind(api: Api) -> None:
    bundled(api)
    before = api.traces()
    api.post("/v1/downloads", {"album": "born-this-way"}, key="new")
    assert api.traces() == before


def test_a_bundle_of_the_other_region_is_linked_through_the_edge_or_asked_for_there(api: Api, edge: Any) -> None:
    order_id = bundled(api)
    with api.cloud.acting_in(PEER):
        boto3.client("secretsmanager", region_name=PEER).create_secret(
            Name="drive/signing-key",
            SecretString=boto3.client("secretsmanager", region_name=HERE).get_secret_value(
                SecretId="drive/signing-key"
            )["SecretString"],
        )
        assert places(api.get(f"/v1/jobs/{order_id}").body) == ["files.example.com"]
    assert edge


def test_a_bundle_of_the_other_region_without_an_edge_names_the_region(api: Api) -> None:
    order_id = bundled(api)
    with api.cloud.acting_in(PEER):
        answer = api.get(f"/v1/jobs/{order_id}").body
    assert answer["region"] == HERE
    assert HERE in answer["detail"]


def test_a_bundle_that_is_no_longer_kept_says_how_to_get_it_again(api: Api, time: Time) -> None:
    order_id = bundled(api)
    time.advance(8 * 24 * 3600)
    answer = api.get(f"/v1/jobs/{order_id}").body
    assert answer["state"] == "GONE"
    assert api.post("/v1/downloads", {"album": "born-this-way"}, key="new").status == 202


def test_progress_can_be_watched_at_the_edge(api: Api, edge: Any) -> None:
    file = store("notes.txt").file
    answer = api.post("/v1/downloads", {"files": [file]}, key="k").body
    order = orders.read(answer["job"])
    assert order
    assert answer["progress_url"] == f"https://files.example.com/status/{order.content}.json"
    assert edge
