"""Where a download goes: into a hidden neighbour first, and under its name only when all of it is there and right."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .errors import Mistake

SPARE = 1024 * 1024
"""Bytes that are left free on a disk."""


class Target:
    """A file to be written. `part` holds what has come so far; the target is not touched before `finish`."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.path = path
        self.overwrite = overwrite
        # Short, however long the name is, and the same in the next run.
        self.part = path.with_name(f".drive-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.part")

    def check(self) -> None:
        """Raise Mistake if the file may not be written: asked before anything is fetched, and again at the end."""
        if self.path.is_dir():
            raise Mistake("exists", f"{self.path} is a folder: give the name of a file.")
        if not self.overwrite and (self.path.exists() or self.path.is_symlink()):
            raise Mistake("exists", f"{self.path} is there already: move it away, or add --force to replace it.")

    def prepare(self, size: int) -> bool:
        """Make the neighbour with its full size; return whether an earlier run left one. Raises Mistake."""
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            there = self._own_part()
            missing = size - (self.part.stat().st_blocks * 512 if there else 0)
            free = shutil.disk_usage(self.path.parent).free
            if missing + SPARE > free:
                raise _full(self.path, missing + SPARE - free)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self.part, flags, 0o600)
            try:
                os.ftruncate(descriptor, size)
            finally:
                os.close(descriptor)
        return there

    def finish(self) -> None:
        """Put the file under its name, at once and for good. Raises Mistake."""
        self.check()
        with explained(self.path):
            with self.part.open("rb+") as file:
                os.fsync(file.fileno())
            self.part.chmod(0o666 & ~_umask())
            self._rename()
            _sync_folder(self.path.parent)

    def discard(self) -> None:
        """Remove what has come so far."""
        self.part.unlink(missing_ok=True)

    def _rename(self) -> None:
        if self.overwrite:
            self.part.replace(self.path)
            return
        try:
            os.link(self.part, self.path)  # unlike a rename it fails if somebody else was faster
        except FileExistsError:
            self.check()
            raise
        except OSError:  # a file system without hard links
            self.check()
            self.part.replace(self.path)
            return
        self.part.unlink()

    def _own_part(self) -> bool:
        if self.part.is_symlink() or (self.part.exists() and not self.part.is_file()):
            raise Mistake("unwritable", f"{self.part} is in the way: remove it.")
        return self.part.exists()


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the file system says into a Mistake that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise _full(path, None) from error
        raise Mistake(
            "unwritable", f"Cannot write {path}: {error.strerror or error}. Choose another folder."
        ) from error


def _full(path: Path, missing: int | None) -> Mistake:
    how_much = f"{missing} more bytes are needed" if missing else "no space is left"
    return Mistake(
        "disk-full",
        f"Cannot write {path}: {how_much} on this disk. Make room and repeat the command: it goes on where it stopped.",
    )


def _umask() -> int:
    mask = os.umask(0o077)  # there is no way to ask without setting it; the strictest one, for the moment in between
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
