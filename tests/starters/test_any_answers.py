"""`seawall new`, whatever is given."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seawall.cli import main
from seawall.new_command import read_starters, template_folder

STARTER = "queue-worker"
STARTERS = read_starters(template_folder())

VALID_NAMES = st.from_regex(STARTERS.name, fullmatch=True)
NAMES_OF_ALL_KINDS = st.text(max_size=40) | st.from_regex(r"[a-z][a-z0-9-]{0,40}", fullmatch=True)
REGIONS_OF_ALL_KINDS = st.sampled_from(sorted(STARTERS.regions)) | st.text(max_size=20) | st.just("")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES_OF_ALL_KINDS, region=REGIONS_OF_ALL_KINDS, second=REGIONS_OF_ALL_KINDS)
def test_whatever_is_given_there_is_a_message_and_nothing_or_a_design_that_is_read(
    name: str, region: str, second: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "service")
        answers = ["--set", f"region={region}", "--set", f"second_region={second}", "--set", "language=cloudformation"]
        code = main(["new", "--starter", STARTER, "--defaults", *answers, "--into", str(target), "--", name])
        said = capsys.readouterr().err
        if code == 2:
            assert len(said.splitlines()) == 1
            assert list(Path(folder).iterdir()) == []
        else:
            assert code == 0
            assert main(["check", str(target / "templates"), "--config", str(target / "seawall.yaml")]) == 0
            capsys.readouterr()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=VALID_NAMES, region=st.sampled_from(sorted(STARTERS.regions)))
def test_every_name_and_region_gives_a_design_that_survives(
    name: str, region: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "service")
        answers = ["--set", f"region={region}", "--set", "language=cloudformation"]
        code = main(["new", "--starter", STARTER, "--defaults", *answers, "--into", str(target), "--", name])
        assert code == 0, capsys.readouterr().err
        assert main(["check", str(target / "templates"), "--config", str(target / "seawall.yaml")]) == 0
        capsys.readouterr()
