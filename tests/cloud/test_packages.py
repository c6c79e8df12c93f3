"""Packages of Python functions run with this machine's libraries, and with their own where it has none."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from embedded_cloud.packages import copy_python


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package as `pip install --target` leaves it: with one library that is here and one that is not."""
    for name, here in (("boto3", "boto3"), ("not-here", "not_here")):
        library = tmp_path / "package" / here
        library.mkdir(parents=True)
        (library / "code.py").write_text("")
        (library / "native.so").write_bytes(b"of another processor")
        told = tmp_path / "package" / f"{here}-1.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n")
        (told / "RECORD").write_text(f'{here}/code.py,sha256=x,0\n"{here}/native.so",,\n{told.name}/RECORD,,\n')
    (tmp_path / "package" / "orders").mkdir()
    (tmp_path / "package" / "orders" / "handler.py").write_text("")
    (tmp_path / "package" / "empty").mkdir()
    return tmp_path / "package"


def _copied(package: Path, handlers: Iterable[str]) -> tuple[list[str], list[str]]:
    target = package.parent / "copy"
    told = list(copy_python(package, target, handlers))
    return told, sorted(str(path.relative_to(target)) for path in target.rglob("*"))


def test_a_library_that_this_machine_has_is_left_out(package: Path) -> None:
    told, files = _copied(package, ["orders.handler.handle"])

    assert told == ["this machine's libraries instead of its own: boto3"]
    assert files == [
        *("empty", "not_here", "not_here-1.0.dist-info", "not_here-1.0.dist-info/METADATA"),
        *("not_here-1.0.dist-info/RECORD", "not_here/code.py", "not_here/native.so", "orders", "orders/handler.py"),
    ]


def test_a_package_without_libraries_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "handler.py").write_text("")

    assert _copied(tmp_path / "package", ["handler.handle"]) == ([], ["handler.py"])


def test_code_is_put_where_its_handlers_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "package" / "api").mkdir(parents=True)
    (tmp_path / "package" / "api" / "read.py").write_text("")

    told, files = _copied(tmp_path / "package", ["services.api.read.handle"])

    assert told == ["its code is put into a folder services, where its handlers are looked for"]
    assert files == ["services", "services/api", "services/api/read.py"]
