"""What is written, deployed to the embedded cloud: what goes in comes out, and what is broken is kept and seen."""

import pytest

from tests.starters.combinations import DEPLOYED
from tests.starters.conftest import Rendered


@pytest.mark.parametrize("service", DEPLOYED, indirect=True, ids=lambda combination: combination.title)
def test_make_deploy_local_shows_what_the_service_is_for(service: Rendered) -> None:
    """The script raises for whatever it does not see: each starter's own page says what it shows."""
    shown = service.run("-m", "tests.deploy_local", "--folder", service.scratch / "cloud")
    assert shown.returncode == 0, shown.stdout[-6000:] + shown.stderr[-6000:]
    assert "All of it was seen" in shown.stdout
    assert "Traceback" not in shown.stderr
