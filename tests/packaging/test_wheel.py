import json
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

LONE_DATABASE = {
    "Resources": {
        "Orders": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {"Engine": "postgres", "DBInstanceClass": "db.m7g.large", "MultiAZ": False},
        }
    }
}


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder from which nothing of the checkout can be imported."""
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def groups(repository: Path) -> list[str]:
    return [init.parent.name for init in sorted((repository / "policies").glob("*/__init__.py"))]


def policies(repository: Path) -> list[Path]:
    found = [path for group in groups(repository) for path in (repository / "policies" / group).glob("*.py")]
    return [path for path in sorted(found) if path.stem != "__init__"]


@pytest.fixture(scope="session")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds `pip install seawall` and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python")
    yaml = f"PyYAML=={version('PyYAML')}"  # the one that pip has in its cache
    subprocess.run([*pip, "install", "--quiet", wheel, yaml], check=True, capture_output=True)
    return folder / "bin"


def test_every_group_is_mapped_into_the_wheel(repository: Path) -> None:
    configuration = tomllib.loads((repository / "pyproject.toml").read_text())
    sources = configuration["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]
    expected = {f"policies/{group}": f"seawall/catalogue/{group}" for group in groups(repository)}
    assert sources == {"policies/seawall": "seawall", "starters": "seawall/generator/starters", **expected}


def test_everything_is_installed_under_three_names(names: set[str]) -> None:
    """The command, and the two libraries that what the starters write imports."""
    installed = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert installed == {"seawall", "seawall_constructs", "embedded_cloud"}


def listed(repository: Path, folder: str) -> set[str]:
    """The files of a folder that are committed, or about to be."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder],  # noqa: S607
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listing.stdout.split("\0") if name and (repository / name).is_file()}


@pytest.mark.parametrize("library", ["seawall_constructs", "embedded_cloud"])
def test_the_libraries_are_in_the_wheel_as_they_are_here(library: str, names: set[str], repository: Path) -> None:
    files = listed(repository, library)
    assert files
    assert {name for name in names if name.startswith(f"{library}/")} == files


def test_the_starters_are_in_the_wheel_as_copier_reads_them_here(names: set[str], repository: Path) -> None:
    """Not what only their authors need."""
    left = ("starters/README.md", "starters/copier_file.py", "starters/shared/stubs/")
    files = {name for name in listed(repository, "starters") if not name.startswith(left)} | {"copier.yml"}
    inside = {name.removeprefix("seawall/generator/") for name in names if name.startswith("seawall/generator/")}
    assert inside == files


def test_every_policy_is_in_the_wheel_with_its_page(names: set[str], repository: Path) -> None:
    assert policies(repository)
    for policy in policies(repository):
        inside = f"seawall/catalogue/{policy.parent.name}/{policy.stem}"
        assert {f"{inside}.py", f"{inside}.md"} <= names


def test_every_module_and_schema_of_the_engine_is_in_the_wheel(names: set[str], repository: Path) -> None:
    engine = repository / "policies" / "seawall"
    shipped = [path for path in engine.rglob("*") if path.suffix in {".py", ".jsonschema"} or path.name == "py.typed"]
    assert engine / "py.typed" in shipped
    assert {path.relative_to(engine.parent).as_posix() for path in shipped} <= names


@pytest.mark.parametrize("heavy", ["checkov", "aws_cdk", "boto3", "copier", "hcl2", "jinja2", "ministack"])
def test_installing_seawall_does_not_drag_in(heavy: str, environment: Path, tmp_path: Path) -> None:
    outcome = run(environment / "python", "-c", f"import {heavy}", folder=tmp_path)
    assert "ModuleNotFoundError" in outcome.stderr


def test_the_installed_command_flags_a_lone_database(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "template.json").write_text(json.dumps(LONE_DATABASE))
    outcome = run(environment / "seawall", "check", "template.json", folder=tmp_path)
    assert outcome.returncode == 1, outcome.stderr
    assert "SEA_SINGLE_AZ_DATABASE" in outcome.stdout


def test_the_installed_command_lists_every_policy(environment: Path, repository: Path, tmp_path: Path) -> None:
    outcome = run(environment / "seawall", "list", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    for policy in policies(repository):
        assert f"SEA_{policy.stem.upper()}" in outcome.stdout


def test_the_installed_command_explains_a_policy(environment: Path, tmp_path: Path) -> None:
    outcome = run(environment / "seawall", "explain", "SEA_SINGLE_AZ_DATABASE", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert "Why it matters" in outcome.stdout


def test_the_installed_command_says_what_a_new_service_needs(environment: Path, tmp_path: Path) -> None:
    outcome = run(environment / "seawall", "new", "shop-orders", "--starter", "queue-worker", folder=tmp_path)
    assert outcome.returncode == 2
    assert outcome.stderr == "seawall: Copier is missing, which writes the files: pip install 'seawall[new]'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="session")
def starting(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds `pip install 'seawall[new]'`."""
    folder = tmp_path_factory.mktemp("starting")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python")
    subprocess.run([*pip, "install", "--quiet", f"seawall[new] @ {wheel.as_uri()}"], check=True, capture_output=True)
    return folder / "bin"


def test_the_installed_command_writes_every_starter(starting: Path, wheel: Path, tmp_path: Path) -> None:
    listing = run(starting / "seawall", "new", "--list", folder=tmp_path).stdout
    starters = [line for line in listing.splitlines() if line and line[0].islower()]
    assert len(starters) >= 2
    for starter in starters:
        outcome = run(starting / "seawall", "new", f"my-{starter}", "--starter", starter, folder=tmp_path)
        assert outcome.returncode == 0, outcome.stderr
        written = tmp_path / f"my-{starter}"
        assert (written / "README.md").is_file()
        assert (written / "local.mk").read_text().endswith(f"SEAWALL := seawall[cdk,local] @ {wheel.as_uri()}\n")
