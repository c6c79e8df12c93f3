"""What each command does. Each returns what scripts are told, what people are told, and the exit code."""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from .downloading import Fetched
from .drive import Answer, Drive, Health
from .errors import Failure, Mistake, Refused, Unreachable
from .names import check_path, local_path, shown
from .output import size_of
from .settings import Settings
from .uploading import Stored

Result = tuple[dict[str, Any], list[str], int]
_Thing = TypeVar("_Thing")


def put(drive: Drive, options: argparse.Namespace, settings: Settings) -> Result:
    """Send files."""
    wanted = list(_to_send(options))

    def send(pair: tuple[Path, str]) -> Answer:
        stored: Stored = drive.put(*pair)
        durability = None
        if options.wait:
            durability = drive.wait_until_copied(stored, patience=settings.patience, copied=options.wait == "copied")
        return {"local": str(pair[0]), **asdict(stored), "durability": durability}

    done = _each(send, wanted, settings.parallel)
    lines = [f"{shown(one['path'])}  {size_of(one['size'])}  {one['durability'] or 'committed'}" for one in done]
    return {"files": done}, lines, 0


def get(drive: Drive, options: argparse.Namespace, settings: Settings) -> Result:
    """Fetch files."""
    if options.output and (len(options.paths) > 1 or options.paths[0].endswith("/")):
        raise Mistake("usage", "--output is for one file: use --to for several.")
    if options.zip:
        files = [str(file["file"]) for _, file in _to_fetch(drive, options.paths)]
        fetched = drive.bundle(
            Path(options.zip), files=files, overwrite=options.force, patience=max(settings.patience, 3600)
        )
        return _fetched([fetched])
    folder = Path(options.to)
    pairs = []
    for below, file in _to_fetch(drive, options.paths):
        target = Path(options.output) if options.output else local_path(folder, str(file["path"]), below=below)
        pairs.append((str(file["file"]), target))
    if len({target for _, target in pairs}) < len(pairs):
        raise Mistake("usage", "Two of these files would have the same name here: fetch them one by one.")
    return _fetched(
        _each(lambda pair: drive.fetch(pair[0], pair[1], overwrite=options.force), pairs, settings.parallel)
    )


def ls(drive: Drive, options: argparse.Namespace, _: Settings) -> Result:
    """List files."""
    if options.versions:
        found = drive.versions(str(_anywhere(drive, options.prefix)["file"]))
        lines = [
            f"{one['version']}  {one['size']:>12}  {one['committed_at']}  {one['region']}  {one['durability']}"
            for one in found["versions"]
        ]
        return found, [shown(line) for line in lines], 0
    files = sorted(drive.files(options.prefix, deleted=options.deleted), key=lambda file: str(file["path"]))
    when = "deleted_at" if options.deleted else "committed_at"
    lines = [f"{file['size']:>12}  {shown(str(file.get(when)))}  {shown(str(file['path']))}" for file in files]
    return {"files": files}, lines, 0


def album(drive: Drive, options: argparse.Namespace, settings: Settings) -> Result:
    """List, buy or fetch albums."""
    if options.album is None:
        if options.buy or options.output:
            raise Mistake("usage", "Name the album: `drive album` without one lists those that you own.")
        owned = list(drive.owned())
        return {"items": owned}, [shown(f"{one['content']}  {one['granted_at']}") for one in owned], 0
    order = None
    if options.buy:
        # What is bought is yours at once; before it can be fetched it has to be in the library.
        order = drive.buy(options.album, patience=0 if options.no_fetch else settings.patience)
    if options.no_fetch:
        if order is None:
            raise Mistake("usage", "--no-fetch is for --buy.")
        return dict(order.answer), [shown(str(order.answer.get("detail", order.state)))], 0
    target = Path(options.output) if options.output else local_path(Path(), f"{options.album}.zip")
    patience = max(settings.patience, 3600)
    fetched = drive.bundle(target, album=options.album, overwrite=options.force, patience=patience)
    members, lines, code = _fetched([fetched])
    return members | ({"purchase": dict(order.answer)} if order else {}), lines, code


def undelete(drive: Drive, options: argparse.Namespace, _: Settings) -> Result:
    """Have a deleted file back."""
    file = _anywhere(drive, options.path) if options.to_version else drive.find(options.path, deleted=True)
    done = drive.undelete(str(file["file"]), version=options.to_version)
    return {"path": file["path"], **done}, [f"{shown(str(file['path']))} is back"], 0


def status(drive: Drive, options: argparse.Namespace, _: Settings) -> Result:
    """Show how the regions are, or an order."""
    if options.job:
        order = drive.orders.status(options.job)
        shows = ("state", "detail", "position", "wait_seconds", "accepted_at")
        lines = [shown(f"{name}: {order.answer[name]}") for name in shows if name in order.answer]
        return dict(order.answer), lines, 0
    found = drive.health()
    code = 0 if any(one.ok for one in found) else Unreachable.exit_code
    return {"endpoints": [asdict(one) for one in found]}, [_said(one) for one in found], code


def _to_send(options: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """Return what is sent and the path it gets; raises Mistake before anything is sent."""
    if options.path is not None:
        if len(options.local) > 1 or options.recursive:
            raise Mistake("usage", "--as names one file: use --to for several.")
        yield Path(options.local[0]), check_path(options.path)
        return
    folder = options.to.strip("/")
    for name in options.local:
        local = Path(name)
        inside = f"{folder}/" if folder else ""
        if options.recursive and local.is_dir():
            top = local.resolve().name
            for path in _walk(local):
                yield path, check_path(f"{inside}{top}/{PurePosixPath(*path.relative_to(local).parts)}")
        else:
            yield local, check_path(f"{inside}{local.name}")


def _walk(folder: Path) -> Iterator[Path]:
    """Return the regular files of a folder; links are not followed, since they may lead anywhere."""

    def fail(error: OSError) -> None:
        raise Mistake("unreadable", f"Cannot read {error.filename}: {error.strerror}.") from error

    for at, folders, names in os.walk(folder, onerror=fail):
        folders.sort()
        for name in sorted(names):
            path = Path(at, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _to_fetch(drive: Drive, paths: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Return the files that are meant, each with the folder of the drive that it was found below."""
    for path in paths:
        if not path.endswith("/"):
            yield "", drive.find(path)
            continue
        below = f"{check_path(path.rstrip('/'))}/"
        found = sorted(drive.files(below), key=lambda file: str(file["path"]))
        if not found:
            raise Refused("not-found", f"You have nothing below {shown(below)}.", status=404)
        for file in found:
            yield below, file


def _anywhere(drive: Drive, path: str) -> Answer:
    """Return a file, deleted or not."""
    try:
        return drive.find(path)
    except Refused as error:
        if error.status != 404:
            raise
        return drive.find(path, deleted=True)


def _each(do: Callable[[_Thing], Any], things: Sequence[_Thing], parallel: int) -> list[Any]:
    """Do all of them, some at a time; then raise the first failure, if any: what could be done is done."""
    with ThreadPoolExecutor(max(1, min(parallel, len(things)))) as workers:
        futures = [workers.submit(do, thing) for thing in things]
    failures = [error for future in futures if (error := future.exception())]
    if len(failures) > 1 and isinstance(failures[0], Failure):
        failures[0].args = (f"{failures[0]} ({len(failures)} of {len(things)} failed)",)
    if failures:
        raise failures[0]
    return [future.result() for future in futures]


def _fetched(files: Sequence[Fetched]) -> Result:
    members = [
        {"target": str(one.target), "size": one.size, "sha256": one.sha256, "present": one.present} for one in files
    ]
    lines = [
        f"{shown(str(one.target))}  {size_of(one.size)}{'  (was here already)' if one.present else ''}" for one in files
    ]
    return {"files": members}, lines, 0


def _said(health: Health) -> str:
    bad = [name for name, works in health.checks.items() if not works]
    how = "well" if health.ok else f"not well ({', '.join(bad) or health.reason})"
    return shown(f"{health.region or '?'}  {health.endpoint}  {how}")
