import pytest

from services.drive.environment import MissingVariable, here


def test_a_variable_is_named_after_its_attribute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVE_TABLE", "cloud-drive")
    assert here.drive_table == "cloud-drive"


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIVE_TABLE", raising=False)
    with pytest.raises(MissingVariable, match="DRIVE_TABLE is not set"):
        _ = here.drive_table


def test_what_a_deployment_may_leave_out_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FILES_HOST", raising=False)
    assert here.files_host is None
