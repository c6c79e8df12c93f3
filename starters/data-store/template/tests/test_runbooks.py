"""README.md has an answer to every alarm."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent

NAMED = r"README\.md#(runbook-[a-z]+(?:-[a-z]+)*)(?![-a-z$])"
"""An address that is written out; one that is put together ends in a hyphen or a variable."""


def test_every_alarm_names_a_runbook_that_is_there(design: Path) -> None:
    written = [path.read_text() for path in design.rglob("*") if path.suffix in {".json", ".yaml", ".tf"}]
    named = {name for text in written for name in re.findall(NAMED, text)}
    headings = re.findall(r"^#+ (.+)$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9-]", "", heading.lower().replace(" ", "-")) for heading in headings}
    assert named
    assert sorted(named - anchors) == []
