"""What a user has: files, their versions, and the contents that they own."""

import re
import unicodedata
from typing import Any

from services.api import links
from services.api.answers import moment
from services.api.bodies import Body, matching
from services.api.errors import Problem, bad_request, not_found
from services.drive import clock, deletions, files, records
from services.drive.environment import here
from services.drive.files import FILE_ID, VERSION_ID, File, Version
from services.drive.limits import PAGE_FILES, UNDELETE_DAYS

DAY = 24 * 3600
BAD_CURSOR = "The parameter cursor must be what the page before this one gave."
CONTENT_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
LONGEST_SEARCH = 4 * PAGE_FILES
"""So many files are looked at for one page of a listing, so that a rare prefix takes bounded time."""

Answer = dict[str, Any]


def listing(user: str, *, prefix: str, cursor: str | None, limit: int, deleted: bool) -> Answer:
    """Return a page of a user's files under a prefix, and the `cursor` of the next page.

    Pages are in no particular order, and one may hold fewer files than `limit`, even none, and yet have a cursor.
    """
    if cursor is not None and not re.fullmatch(FILE_ID, cursor):
        raise bad_request(BAD_CURSOR)
    prefix = unicodedata.normalize("NFC", prefix)
    found: list[File] = []
    for looked_at, file in enumerate(files.list_files(user, after=cursor), 1):
        if file.path.startswith(prefix) and (file.deleted_at is not None) == deleted:
            found.append(file)
        if len(found) == limit or looked_at == LONGEST_SEARCH:
            return {"files": [_file(one) for one in found], "cursor": file.id}
    return {"files": [_file(one) for one in found], "cursor": None}


def link(user: str, file_id: str) -> Answer:
    """Return the links to a user's file as it is now."""
    file = _own(user, file_id)
    if file.deleted_at is not None:
        raise Problem(410, "deleted", f"This file was deleted on {moment(file.deleted_at)}: undelete it first.")
    version = files.get_version(user, file.id, file.version)
    if version is None:
        raise not_found("The version that this file shows is gone.")
    return {**_version(version), **links.to_file(version)}


def versions(user: str, file_id: str) -> Answer:
    """Return the versions of a user's file, the newest first."""
    file = _own(user, file_id)
    found = files.list_versions(user, file.id, limit=PAGE_FILES)
    return {"file": file.id, "current": file.version, "versions": [_version(version) for version in found]}


def delete(user: str, file_id: str, key: str) -> Answer:
    """Delete a user's file and return the answer; its versions stay for UNDELETE_DAYS."""
    file = _own(user, file_id)
    made = deletions.delete_file(
        user, file.id, change=deletions.change_id(key), request="delete", at=clock.milliseconds()
    )
    return {
        "file": file.id,
        "deleted_at": moment(made.at),
        "recoverable_until": moment(made.at + UNDELETE_DAYS * DAY * 1000),
    }


def undelete(user: str, file_id: str, key: str, body: Body) -> Answer:
    """Have a deleted file back, or an older version of one, and return the answer."""
    file = _own(user, file_id)
    wanted = matching(body, "version", VERSION_ID, "the id of a version") if "version" in body else None
    request, change = f"undelete {wanted}", deletions.change_id(key)
    made = deletions.find_change(file, change, request)
    if made is None:
        version = _restorable(file, wanted)
        made = deletions.restore_file(
            user, file.id, version=version, change=change, request=request, at=clock.milliseconds()
        )
    return {"file": file.id, "version": made.version, "restored_at": moment(made.at)}


def items(user: str, *, cursor: str | None, limit: int) -> Answer:
    """Return a page of the contents that a user owns, and the `cursor` of the next page."""
    if cursor is not None and not re.fullmatch(CONTENT_ID, cursor):
        raise bad_request(BAD_CURSOR)
    pk = f"USER#{user}"
    after = {"pk": pk, "sk": f"ITEM#{cursor}"} if cursor else None
    page = records.query(here.drive_table, pk, prefix="ITEM#", limit=limit, after=after)
    owned = [
        {
            "content": item["sk"].removeprefix("ITEM#"),
            "order": item["order"],
            "granted_at": moment(item["granted_at"]),
        }
        for item in page.items
    ]
    return {"items": owned, "cursor": page.after["sk"].removeprefix("ITEM#") if page.after else None}


def _own(user: str, file_id: str) -> File:
    file = files.get_file(user, file_id) if re.fullmatch(FILE_ID, file_id) else None
    if file is None:
        raise not_found("You have no file with this id.")
    return file


def _restorable(file: File, wanted: str | None) -> Version | None:
    if file.deleted_at is not None and clock.age(file.deleted_at) > UNDELETE_DAYS * DAY:
        raise Problem(410, "deleted-for-good", f"This file was deleted more than {UNDELETE_DAYS} days ago.")
    version = files.get_version(file.user, file.id, wanted) if wanted else None
    if wanted and version is None:
        raise not_found("This file has no version with this id.")
    return version


def _file(file: File) -> Answer:
    answer: Answer = {
        "file": file.id,
        "path": file.path,
        "version": file.version,
        "size": file.size,
        "sha256": file.sha256,
        "committed_at": moment(file.committed_at),
    }
    return answer | ({"deleted_at": moment(file.deleted_at)} if file.deleted_at is not None else {})


def _version(version: Version) -> Answer:
    return {
        "file": version.file,
        "path": version.path,
        "version": version.id,
        "size": version.size,
        "sha256": version.sha256,
        "committed_at": moment(version.committed_at),
        "region": version.region,
        "durability": version.durability.value,
    }
