import secrets
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drive import manifests, records
from services.drive.limits import BUNDLE_FILES
from services.drive.manifests import Content, DamagedManifest, Entry, NoSuchManifest

pytestmark = pytest.mark.usefixtures("cloud")

SONG = Entry("song.flac", "us-west-2", "files-us-west-2", "users/1/abc", "v1", 30_000_000, "c2hhMjU2")


def test_a_manifest_is_read_back() -> None:
    other = replace(SONG, name="another.flac", key="users/1/def")
    assert manifests.read(manifests.write([SONG, other])) == [other, SONG]


def test_the_same_files_in_any_order_are_the_same_manifest() -> None:
    other = replace(SONG, name="another.flac")
    assert manifests.write([SONG, other]) == manifests.write([other, SONG])


@given(change=st.sampled_from(["name", "region", "bucket", "key", "version", "sha256"]))
def test_any_other_file_is_another_manifest(change: Any) -> None:
    assert manifests.hash_of([SONG]) != manifests.hash_of([Entry(**{**asdict(SONG), change: "other"})])


def test_writing_a_manifest_twice_changes_nothing(cloud: Any) -> None:
    manifests.write([SONG])
    before = cloud.items("drive")
    manifests.write([SONG])
    assert cloud.items("drive") == before


def test_the_largest_manifest_fits_into_items_however_badly_its_names_compress(cloud: Any) -> None:
    entries = [replace(SONG, name=secrets.token_hex(500), key=str(number)) for number in range(BUNDLE_FILES)]
    manifest = manifests.write(entries)
    assert len(manifests.read(manifest)) == BUNDLE_FILES
    parts = [item["entries"]["B"] for item in cloud.items("drive") if "entries" in item]
    assert len(parts) > 1
    assert max(len(part) for part in parts) < 256 * 1024


def test_a_manifest_without_its_head_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    insert = records.insert

    def crash_before_the_head(table: str, item: records.Item) -> bool:
        if item["sk"] == "MANIFEST":
            raise ConnectionError
        return insert(table, item)

    monkeypatch.setattr(records, "insert", crash_before_the_head)
    with pytest.raises(ConnectionError):
        manifests.write([SONG])
    with pytest.raises(NoSuchManifest):
        manifests.read(manifests.hash_of([SONG]))
    monkeypatch.undo()


def test_a_manifest_that_lost_a_part_is_not_taken_for_a_smaller_one() -> None:
    manifest = manifests.write([SONG])
    records.delete("drive", records.key(f"MANIFEST#{manifest}", "PART#0000"), expect={})
    with pytest.raises(DamagedManifest):
        manifests.read(manifest)


def test_a_content_names_its_manifest() -> None:
    album = Content("born-this-way", "Born This Way", "f00d")
    manifests.publish_content(album)
    assert manifests.read_content("born-this-way") == album
    assert manifests.read_content("nothing") is None
