"""README.md says what to do about every alarm."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_every_alarm_names_a_runbook_that_is_there(design: Path) -> None:
    written = [path.read_text() for path in design.rglob("*") if path.suffix in {".json", ".yaml", ".tf"}]
    named = {
        name for text in written for name in re.findall(r"README\.md#(runbook-[a-z]+(?:-[a-z]+)*)(?![-a-z$])", text)
    }
    headings = re.findall(r"^#+ (.+)$", README.read_text(), flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9-]", "", heading.lower().replace(" ", "-")) for heading in headings}

    assert named
    assert named - anchors == set()
