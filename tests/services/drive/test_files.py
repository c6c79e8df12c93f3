"""Versions may be added, copied and shown in any order and any number of times: the newest one is the file."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.drive import deletions, files, records, uploads
from services.drive.files import Contended, Durability, ObjectName, Version
from services.drive.limits import PART_BYTES
from services.drive.uploads import Upload, UploadState
from tests.services.conftest import Cloud

USER = "0" * 32
REGION = "us-west-2"


def version(committed_at: int, path: str = "notes.txt") -> Version:
    name = ObjectName(REGION, USER, files.file_id(USER, path), f"{committed_at:032x}")
    return Version(
        user=USER,
        file=name.file,
        path=path,
        size=5,
        sha256="0" * 64,
        committed_at=committed_at,
        upload=name.upload,
        region=REGION,
        bucket=f"files-{REGION}",
        key=name.key,
        s3_version="v",
    )


def upload(path: str = "notes.txt") -> Upload:
    name = ObjectName(REGION, USER, files.file_id(USER, path), uploads.upload_id(USER, "k"))
    return Upload(
        user=USER,
        id=name.upload,
        path=path,
        size=5,
        sha256="0" * 64,
        region=REGION,
        bucket="b",
        key=name.key,
        accepted_at=1,
        request="r",
    )


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 10**6))
def test_the_newest_version_is_current_in_whatever_order_they_come(cloud: Cloud, moments: list[int], seed: int) -> None:
    path = f"{seed} {moments}"
    for moment in moments:
        files.add_version(version(moment, path))
        files.make_current(version(moment, path))
    current = files.get_file(USER, files.file_id(USER, path))
    assert current
    assert current.version == version(max(moments), path).id
    known = files.list_versions(USER, current.id, limit=100)
    assert [one.committed_at for one in known] == sorted(set(moments), reverse=True)
    assert cloud


def test_a_version_is_added_once(cloud: Cloud) -> None:
    assert cloud
    assert files.add_version(version(1))
    # Its own repetition counts as made; something else under the same id does not.
    assert files.add_version(version(1))
    changed = Version(**{**vars(version(1)), "s3_version": "w"})
    assert not files.add_version(changed)
    (kept,) = files.list_versions(USER, changed.file, limit=9)
    assert kept.s3_version == "v"


def test_a_deletion_stands_against_what_was_committed_before_it(cloud: Cloud) -> None:
    assert cloud
    files.make_current(version(1))
    file = version(1).file
    deletions.delete_file(USER, file, change="d", request="delete", at=10)
    assert not files.make_current(version(9))
    assert files.make_current(version(11))
    current = files.get_file(USER, file)
    assert current
    assert (current.version, current.deleted_at) == (version(11).id, None)


def test_a_copy_that_arrives_before_its_version_is_known_is_told_to_come_again(cloud: Cloud) -> None:
    assert cloud
    one = version(1)
    assert not files.mark_multi_region(USER, one.file, one.id)
    files.add_version(one)
    assert files.mark_multi_region(USER, one.file, one.id)
    assert files.mark_multi_region(USER, one.file, one.id)
    found = files.get_version(USER, one.file, one.id)
    assert found
    assert found.durability == Durability.MULTI_REGION


def test_the_first_commit_counts(cloud: Cloud) -> None:
    assert cloud
    opened = uploads.open_upload(upload())
    assert opened.version is None
    assert uploads.commit_upload(opened, 5).committed_at == 5
    again = uploads.commit_upload(opened, 7)
    assert (again.committed_at, again.state) == (5, UploadState.COMMITTED)
    uploads.finish_upload(again)
    uploads.reject_upload(again, "Too late.")
    found = uploads.get_upload(USER, opened.id)
    assert found
    assert (found.state, found.reason) == (UploadState.DONE, None)


def test_of_two_s3_uploads_that_start_at_once_one_is_kept(cloud: Cloud) -> None:
    assert cloud
    opened = uploads.open_upload(upload())
    aborted: list[str] = []

    def slowly() -> str:
        assert uploads.s3_upload(opened, REGION, lambda: "first", aborted.append) == "first"
        return "second"

    assert uploads.s3_upload(opened, REGION, slowly, aborted.append) == "first"
    assert aborted == ["second"]


def test_a_file_that_others_keep_changing_is_given_up_unchanged(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cloud
    files.make_current(version(1))
    monkeypatch.setattr(records, "change", lambda *_, **__: None)
    with pytest.raises(Contended):
        files.make_current(version(2))


@given(st.from_regex(files.FILE_ID, fullmatch=True), st.from_regex(files.UPLOAD_ID, fullmatch=True))
def test_an_objects_key_says_whose_it_is(file: str, upload_id: str) -> None:
    name = ObjectName("eu-west-1", USER, file, upload_id)
    assert files.parse_key(name.key) == name


@given(st.text(max_size=80))
def test_other_objects_are_nobodys(key: str) -> None:
    assert files.parse_key(key) is None


@pytest.mark.parametrize(
    ("size", "count"), [(0, 1), (1, 1), (PART_BYTES, 1), (PART_BYTES + 1, 2), (10_000 * PART_BYTES, 10_000)]
)
def test_a_file_has_as_many_parts_as_it_fills(size: int, count: int) -> None:
    assert files.part_count(size) == count


def test_unknown_attributes_of_another_edition_are_passed_over(cloud: Cloud) -> None:
    assert cloud
    files.make_current(version(1))
    file: Any = records.key(f"USER#{USER}", f"FILE#{version(1).file}")
    records.change("drive", file, expect={}, put={"colour": "blue"})
    assert files.get_file(USER, version(1).file)
