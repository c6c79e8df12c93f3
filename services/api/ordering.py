"""Orders of bundles and purchases, and what has become of them."""

import re
from typing import Any

from services.api import admission, links
from services.api.answers import moment
from services.api.bodies import Body, listed, matching
from services.api.errors import bad_request, conflict, not_found
from services.api.identity import Caller
from services.api.library import CONTENT_ID
from services.drive import files, jobs, manifests, orders
from services.drive.files import FILE_ID
from services.drive.jobs import Job, JobState
from services.drive.limits import BUNDLE_FILES
from services.drive.manifests import Entry
from services.drive.orders import Kind, Order, State

ORDER_ID = r"[0-9a-f]{32}"

Answer = dict[str, Any]


def download(caller: Caller, key: str, body: Body) -> tuple[Answer, bool]:
    """Return the answer to whoever wants a bundle, and whether it is ready.

    A bundle that is ready leaves no order behind: asking again is answered the same way. Raises a 429 `Problem` only
    for what would be a new order.
    """
    request = _wanted(body)
    order = orders.find(caller.user, Kind.BUNDLE, key, request)
    if order:
        return _bundle_status(order), order.state == State.DELIVERED
    if "album" in request:
        manifest, entries = _album(caller.user, request["album"]), None
    else:
        entries = _entries(caller.user, request["files"])
        manifest = manifests.hash_of(entries)
    job = jobs.read(manifest)
    if job and job.is_ready:
        return {"state": "READY", **_bundle_link(job)}, True
    admission.admit_bundle(caller.user, new_build=job is None or job.state == JobState.FAILED)
    if entries is not None:
        manifests.write(entries)
    order, _ = orders.accept(caller.user, Kind.BUNDLE, manifest, key, request, email=caller.email)
    return _bundle_status(order), False


def purchase(caller: Caller, key: str, body: Body) -> Answer:
    """Return the answer to whoever buys a content; never refused for how busy it is."""
    request = {"content": matching(body, "content", CONTENT_ID, "the id of a content")}
    if manifests.read_content(request["content"]) is None:
        raise not_found("There is no content with this id.")
    order, _ = orders.accept(caller.user, Kind.PURCHASE, request["content"], key, request, email=caller.email)
    return _purchase_status(order)


def status(user: str, order_id: str) -> Answer:
    """Return what has become of a user's order."""
    order = orders.read(order_id) if re.fullmatch(ORDER_ID, order_id) else None
    if order is None or order.user != user:
        raise not_found("You have no order with this id.")
    return _bundle_status(order) if order.kind == Kind.BUNDLE else _purchase_status(order)


def _wanted(body: Body) -> dict[str, Any]:
    if len(body) != 1:
        raise bad_request("The body must have one member: files, a list of file ids, or album, the id of a content.")
    if "album" in body:
        return {"album": matching(body, "album", CONTENT_ID, "the id of a content")}
    wanted = listed(body, "files", longest=BUNDLE_FILES)
    for index, file in enumerate(wanted):
        if not isinstance(file, str) or not re.fullmatch(FILE_ID, file):
            raise bad_request(f"The member files[{index}] must be the id of a file.")
    return {"files": sorted(set(wanted))}


def _album(user: str, album: str) -> str:
    content = manifests.read_content(album) if orders.owns(user, album) else None
    if content is None:
        raise not_found("You do not own an album with this id.")
    return content.manifest


def _entries(user: str, wanted: list[str]) -> list[Entry]:
    found = {file.id: file for file in files.get_files(user, wanted) if file.deleted_at is None}
    for file in wanted:
        if file not in found:
            raise not_found(f"You have no file with the id {file}.")
    versions = files.get_versions(user, [(file.id, file.version) for file in found.values()])
    if len(versions) != len(found):
        raise conflict("Some of these files cannot be read now: repeat the request with the same Idempotency-Key.")
    return [
        Entry(
            name=version.path,
            region=version.region,
            bucket=version.bucket,
            key=version.key,
            version=version.s3_version,
            size=version.size,
            sha256=version.sha256,
        )
        for version in versions
    ]


def _bundle_status(order: Order) -> Answer:
    answer = _common(order)
    job = jobs.read(order.content, order.home)
    if order.state == State.DELIVERED:
        if job is None or not job.is_ready:
            detail = "The bundle is no longer kept: order it again with a new Idempotency-Key."
            return answer | {"state": "GONE", "detail": detail}
        return answer | _bundle_link(job)
    if order.state == State.EXPIRED:
        detail = "The bundle could not be built within a day: order it again with a new Idempotency-Key."
        return answer | {"detail": detail}
    if job and job.state == JobState.FAILED:
        return answer | {
            "detail": "Building the bundle has failed; someone is looking into it. The order still stands."
        }
    return answer | _waiting(order, job)


def _waiting(order: Order, job: Job | None) -> Answer:
    """Return how long it takes: at most, since messages that came later are counted too."""
    answer: Answer = {}
    progress = links.to_progress(order.content)
    if progress:
        answer["progress_url"] = progress
    if job and job.state == JobState.BUILDING:
        return answer | {"position": 0}
    expected = admission.estimate()
    if expected is None:
        return answer
    return answer | {"position": expected.position, "wait_seconds": round(expected.wait)}


def _purchase_status(order: Order) -> Answer:
    detail = "It is in your library." if order.state == State.DELIVERED else "It is yours, and arriving."
    return _common(order) | {"content": order.content, "detail": detail}


def _common(order: Order) -> Answer:
    return {
        "job": order.id,
        "kind": order.kind.value,
        "state": order.state.value,
        "accepted_at": moment(order.accepted_at),
    }


def _bundle_link(job: Job) -> Answer:
    link = links.to_bundle(job)
    if link is None:
        return {"region": job.region, "detail": f"The bundle is in {job.region}: ask there for the link."}
    return {"region": job.region, "size": job.size, **link}
