"""What outlives a process: keys of what was asked for and has not been answered, and how far transfers have come.

One small JSON file each, below the user's state folder. Without a folder everything is kept in memory alone, which is
what programs with many users want.
"""

import contextlib
import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import Mistake

try:
    import fcntl
except ImportError:  # Windows has no such locks; two commands for one file at a time are then not noticed
    fcntl = None  # type: ignore[assignment]

LIFE = 7 * 24 * 3600
"""What nobody came back to for this long (seconds) is removed; the drive forgets an upload after three days."""

Record = dict[str, Any]


class Memory:
    """Small records by kind and name. Raises Mistake when they cannot be kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._records: dict[str, Record] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def load(self, kind: str, name: str) -> Record:
        """Return a record, empty when there is none or when it is damaged."""
        if self._folder is None:
            return json.loads(json.dumps(self._records.get(_key(kind, name), {})))  # type: ignore[no-any-return]
        try:
            found = json.loads(self._path(kind, name).read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save(self, kind: str, name: str, record: Record) -> None:
        """Keep a record: whole, or as it was before."""
        if self._folder is None:
            self._records[_key(kind, name)] = record
            return
        path = self._path(kind, name)
        try:
            write_file(path, json.dumps(record).encode())
        except OSError as error:
            raise Mistake(
                "state-unwritable", f"Cannot write {path.parent} ({error.strerror}): set DRIVE_STATE to another folder."
            ) from error

    def forget(self, kind: str, name: str) -> None:
        """Remove a record, if there is one."""
        self._records.pop(_key(kind, name), None)
        if self._folder is not None:
            self._path(kind, name).unlink(missing_ok=True)

    def intent(self, kind: str, name: str, key: str | None = None) -> str:
        """Return the idempotency key of what is wanted: the same one until it is done and forgotten."""
        known = self.load(kind, name).get("key")
        if key is None and isinstance(known, str):
            return known
        made = key or new_key()
        self.save(kind, name, {"key": made})
        return made

    @contextlib.contextmanager
    def held(self, kind: str, name: str) -> Iterator[None]:
        """Keep everybody else from the same thing; raises Mistake when somebody else is at it."""
        key = _key(kind, name)
        with self._lock:
            if key in self._busy:
                raise _busy()
            self._busy.add(key)
        try:
            with self._file_lock(kind, name):
                yield
        finally:
            with self._lock:
                self._busy.discard(key)

    def prune(self) -> None:
        """Remove what nobody came back to."""
        if self._folder is None:
            return
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LIFE:
                    path.unlink()

    @contextlib.contextmanager
    def _file_lock(self, kind: str, name: str) -> Iterator[None]:
        if self._folder is None or fcntl is None:
            yield
            return
        path = self._path(kind, name).with_suffix(".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Mistake(
                "state-unwritable", f"Cannot write {path.parent} ({error.strerror}): set DRIVE_STATE to another folder."
            ) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise _busy() from None
            yield
        finally:
            os.close(lock)

    def _path(self, kind: str, name: str) -> Path:
        if self._folder is None:
            message = "a memory without a folder has no paths"
            raise ValueError(message)
        return self._folder / kind / f"{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def new_key() -> str:
    """Return a new Idempotency-Key."""
    return secrets.token_hex(16)


def write_file(path: Path, content: bytes) -> None:
    """Write a small file: whole, or not at all. Only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    neighbour = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        neighbour.replace(path)
    finally:
        neighbour.unlink(missing_ok=True)


def _key(kind: str, name: str) -> str:
    return f"{kind}\0{name}"


def _busy() -> Mistake:
    return Mistake("busy", "Another command is at work on this very file: wait until it has finished.")
