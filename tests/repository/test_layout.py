import subprocess
import sys
from collections import Counter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="session")
def files(repository: Path) -> list[Path]:
    """Every file of the project, committed or about to be, relative to the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git is on the path
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    names = (Path(name) for name in listing.stdout.split("\0") if name)
    return [name for name in names if (repository / name).is_file()]


@pytest.fixture(scope="session")
def taken_names() -> set[str]:
    """Every module that Python or an installed package other than Seawall provides."""
    installed = {name for name, distributions in packages_distributions().items() if set(distributions) != {"seawall"}}
    return installed | set(sys.stdlib_module_names)


def test_only_policies_holds_packages(files: list[Path]) -> None:
    """Checkov executes every file of every package that it finds while walking a repository."""
    packages = [path for path in files if path.name == "__init__.py"]
    assert packages
    assert [path for path in packages if path.parts[0] != "policies"] == []


def test_the_engine_is_not_a_package(files: list[Path]) -> None:
    engine = [path for path in files if path.is_relative_to("policies/seawall")]
    assert engine
    assert [path for path in engine if path.name == "__init__.py"] == []


def test_no_yaml_file_holds_short_tags(files: list[Path], repository: Path) -> None:
    """Checkov reads every YAML file as a policy, and one `!Ref` ends the whole scan."""
    read = [path for path in files if path.suffix in {".yaml", ".yml"}]
    assert read
    for path in read:
        list(yaml.safe_load_all((repository / path).read_text()))


def test_no_module_hides_another_one(files: list[Path], taken_names: set[str]) -> None:
    """Checkov puts every folder ahead of the installed packages."""
    modules = [path for path in files if path.suffix == ".py" and path.stem not in {"__init__", "__main__"}]
    assert [path for path in modules if path.stem in taken_names] == []


def test_no_folder_of_policies_hides_a_module(files: list[Path], taken_names: set[str]) -> None:
    folders = {parent for path in files if path.parts[0] == "policies" for parent in path.parents}
    assert [folder for folder in folders if folder.name in taken_names - {"seawall"}] == []


def test_every_policy_has_a_name_of_its_own(files: list[Path]) -> None:
    """Checkov imports a policy under its bare name, whatever folder it lies in."""
    names = Counter(
        path.stem
        for path in files
        if path.suffix == ".py" and path.parts[0] == "policies" and not path.stem.startswith("__")
    )
    assert [name for name, count in names.items() if count > 1] == []
