"""What the tests of the hosts share: a template for each verdict, and a team's own policies."""

import json
from pathlib import Path
from typing import Any

import pytest

OWN_POLICY = '''"""A team's own policy."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy


@policy(applies_to="AWS::SNS::Topic")
def {name}(topic: Resource, design: Design) -> Verdict:
    """Topic has no name."""
    if topic.get("TopicName"):
        return accepted("it has a name")
    {body}
'''
FLAGS = 'return flagged("nobody finds it", fix="set TopicName", at="TopicName")'


def database(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "postgres", **properties}}


@pytest.fixture
def designs(tmp_path: Path) -> Path:
    """A folder with a template for each verdict of the policy single_az_database."""
    exception = {"checkov": {"skip": [{"id": "SEA_SINGLE_AZ_DATABASE", "comment": "test data"}]}}
    contents: dict[str, dict[str, Any]] = {
        "accepted": {"Resources": {"Orders": database(MultiAZ=True)}},
        "flagged": {"Resources": {"Orders": database(MultiAZ=False)}},
        "undecided": {
            "Parameters": {"Spread": {"Type": "String"}},
            "Resources": {"Orders": database(MultiAZ={"Ref": "Spread"})},
        },
        "skipped": {"Resources": {"Orders": {**database(MultiAZ=False), "Metadata": exception}}},
    }
    folder = tmp_path / "templates"
    folder.mkdir()
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2))
    return folder


@pytest.fixture
def own_policies(tmp_path: Path) -> Path:
    """A folder of policies outside the catalogue: one in a group of its own, one in the group region."""
    folder = tmp_path / "own"
    for group, name in (("naming", "nameless_topic"), ("region", "regional_topic")):
        (folder / group).mkdir(parents=True)
        (folder / group / f"{name}.py").write_text(OWN_POLICY.format(name=name, body=FLAGS))
    return folder


@pytest.fixture
def topic(tmp_path: Path) -> Path:
    """A template that both policies of ``own_policies`` flag."""
    file = tmp_path / "deep" / "er" / "topic.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"Resources": {"News": {"Type": "AWS::SNS::Topic"}}}, indent=2))
    return file
