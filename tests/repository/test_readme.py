import re
from pathlib import Path

import pytest
from seawall.cli import main

TRANSCRIPT = re.compile(r"^```text\n\$ seawall (check .*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEMPLATE = re.compile(r"<summary>(\S+):.*?```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = re.compile(r"in [0-9.]+ s")


def test_the_transcript_is_what_the_command_prints(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (repository / "README.md").read_text()
    [(name, template)] = TEMPLATE.findall(readme)
    [(command, transcript)] = TRANSCRIPT.findall(readme)
    (tmp_path / name).write_text(template)
    monkeypatch.chdir(tmp_path)
    main(command.split())
    assert SECONDS.sub("", capsys.readouterr().out) == SECONDS.sub("", transcript)


def test_every_local_link_leads_somewhere(repository: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (repository / "README.md").read_text())
    assert links
    assert [link for link in links if not (repository / link).exists()] == []
