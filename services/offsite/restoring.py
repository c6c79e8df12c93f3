"""Rebuilds files and catalogue from the offsite store alone, and counts what is missing.

Nothing is asked of the provider that was lost: the store, the adopter's key and an empty target are enough.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger

from services.offsite import catalogue, chain
from services.offsite.chain import Entry
from services.offsite.envelope import DamagedError
from services.offsite.store import Store
from services.offsite.targets import Target

logger = Logger(service="offsite")

WORKERS = 8
"""Files restored at the same time; each needs about two parts of memory."""

Places = Mapping[tuple[str, str], dict[str, str]]
"""Where each (key, version) is now. Replicas keep the version of their source (S3 User Guide, "What is replicated")."""


@dataclass
class Report:
    """What was restored and what was not. `lost` are versions in the catalogue whose file is in no copy."""

    files: int = 0
    bytes: int = 0
    items: int = 0
    items_expected: int | None = None
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    newest_link: int = 0
    newest_at: float = 0
    export: str | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether nothing at all is missing."""
        return not (self.missing or self.damaged or self.lost or self.problems)


def restore(store: Store, target: Target, expected_link: int = 0) -> Report:
    """Rebuild everything that can be rebuilt. Raises NotEmptyError or WrongKeyError before anything is written."""
    target.check_empty()
    copied = chain.read(store)
    report = Report(newest_link=copied.newest, newest_at=copied.written_at, problems=list(copied.problems))
    if copied.newest < expected_link:
        report.problems.append(f"the chain ends at link {copied.newest}, but had {expected_link}: its end was cut off")
    entries = list({(entry.bucket, entry.key, entry.version): entry for entry in copied.entries}.values())
    places = _restore_files(store, target, [entry for entry in entries if entry.kind == "file"], report)
    _restore_items(store, target, entries, places, report)
    target.close()
    return report


def _restore_files(store: Store, target: Target, entries: Sequence[Entry], report: Report) -> Places:
    """Restore all versions; those of one key one after the other, so that the newest is the current one."""
    by_key: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key].append(entry)
    places: dict[tuple[str, str], dict[str, str]] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for found in pool.map(lambda versions: _restore_versions(store, target, versions), by_key.values()):
            for entry, place in found:
                if isinstance(place, dict):
                    places[entry.key, entry.version] = place
                    report.files += 1
                    report.bytes += entry.size
                else:
                    getattr(report, place).append(f"{entry.key} ({entry.version})")
    return places


def _restore_versions(
    store: Store, target: Target, versions: Sequence[Entry]
) -> list[tuple[Entry, dict[str, str] | str]]:
    return [(entry, _restore_version(store, target, entry, number)) for number, entry in enumerate(versions, start=1)]


def _restore_version(store: Store, target: Target, entry: Entry, number: int) -> dict[str, str] | str:
    """Return where a version is now, or which list of the report it belongs in."""
    try:
        return target.put_file(entry.key, number, _checked(store.read(entry.stored), entry))
    except FileNotFoundError:
        return "missing"
    except DamagedError:
        return "damaged"


def _checked(pieces: Iterable[bytes], entry: Entry) -> Iterator[bytes]:
    """Yield the pieces; raise DamagedError at the end unless they are the very bytes that were copied."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        yield piece
    if (size, digest.hexdigest()) != (entry.size, entry.sha256):
        message = f"{entry.stored} is another file"
        raise DamagedError(message)


def _restore_items(store: Store, target: Target, entries: Sequence[Entry], places: Places, report: Report) -> None:
    export = catalogue.newest(store, entries)
    if export is None:
        report.problems.append("there is no export of the catalogue")
        return
    report.export, report.items_expected = export.name, export.items
    report.problems += export.problems
    for entry in export.files:
        try:
            for item in catalogue.items(store, entry):
                target.put_item(_moved(item, places, report))
                report.items += 1
        except FileNotFoundError:
            report.missing.append(entry.key)
        except DamagedError:
            report.damaged.append(entry.key)
    if export.items is not None and report.items != export.items:
        report.problems.append(f"{report.items} of {export.items} items of the catalogue were restored")


def _moved(item: dict[str, Any], places: Places, report: Report) -> dict[str, Any]:
    """Return an item that says where its file is now; one whose file is in no copy stays as it was."""
    if not item["sk"]["S"].startswith("VERSION#"):
        return item
    key, version = item["key"]["S"], item.get("s3_version", {}).get("S", "")
    place = places.get((key, version))
    if place is None:
        report.lost.append(f"{item['pk']['S']} {item['path']['S']} ({version})")
        return item
    return item | {name: {"S": value} for name, value in place.items()}
