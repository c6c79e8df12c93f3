"""What ``seawall.yaml`` may say, who checks it, and what it changes in a design's judgement."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from seawall.cli import main
from seawall.configuration import Configuration, Misuse, Objective, configuration_for
from seawall.configuration_check import SCHEMA, complaints, load_schema
from seawall.configuration_file import read_configuration
from seawall.documents import read_yaml
from seawall.loading import GROUPS
from seawall.thresholds import Thresholds

EVERYTHING = """\
objective: multi-az
recovery: true
objectives:
  - paths: [checkout/**, "payments/*.yaml"]
    objective: multi-region
  - tags: {tier: [critical, 1], owner: "*"}
    objective: multi-region
    recovery: false
groups:
  surge: off
  region: yes
severity:
  zone: error
  surge: warning
  backup: note
thresholds:
  minimum_retention_days: 14
  rpo_minutes: 60
  minimum_zones: 3
assume:
  backup_plans:
    - tags: {backup: daily}
      copies_to: [eu-west-1, us-gov-east-1]
    - name: hourly
      types: ["AWS::RDS::*", aws_db_instance]
      retention_days: 35
      schedule: rate(1 hour)
designs:
  - templates: [network.yaml, "shop/*.yaml"]
  - templates:
      - {path: drive.yaml, region: eu-west-1}
      - {path: drive.yaml, region: eu-central-1, stack: drive-far, parameters: {Stage: live, Size: 3, Spread: true}}
baseline: seawall-baseline.json
"""


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    described = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(described)
    return Draft202012Validator(described)


def written(folder: Path, text: str) -> Path:
    file = folder / "seawall.yaml"
    file.write_text(text)
    return file


def test_everything_that_a_file_may_say_is_read(tmp_path: Path) -> None:
    found = read_configuration(written(tmp_path, EVERYTHING), GROUPS)
    assert found.objective == Objective("multi-az", recovery=True)
    by_path, by_tag = found.rules
    assert by_path.paths == ("checkout/**", "payments/*.yaml")
    assert by_path.objective == Objective("multi-region", recovery=True)
    assert by_tag.tags == (("tier", ("critical", "1")), ("owner", ("*",)))
    assert by_tag.objective == Objective("multi-region", recovery=False)
    assert found.groups == {"surge": False, "region": True}
    assert found.severity_of("surge") == "warning"
    assert found.severity_of("delete") == "error"
    assert found.thresholds == Thresholds(14, 60, 3)
    daily, hourly = found.assumed
    assert daily.title == "backup=daily (assumed in seawall.yaml)"
    assert (hourly.retention_days, hourly.schedule) == (35, "rate(1 hour)")
    assert [one.path for one in found.designs[0]] == ["network.yaml", "shop/*.yaml"]
    near, far = found.designs[1]
    assert (near.region, far.region, far.stack) == ("eu-west-1", "eu-central-1", "drive-far")
    assert far.parameters == (("Stage", "live"), ("Size", "3"), ("Spread", "true"))
    assert found.baseline == tmp_path / "seawall-baseline.json"
    assert found.folder == str(tmp_path)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    found = configuration_for(tmp_path)
    assert found == Configuration()
    assert found.thresholds == Thresholds(7, None, 2)
    assert [group for group in GROUPS if found.judges(group)] == ["zone", "backup", "delete", "surge"]


def test_a_file_in_which_every_key_is_empty_changes_nothing(tmp_path: Path) -> None:
    empty = "".join(f"{key}:\n" for key in load_schema()["properties"])
    assert read_configuration(written(tmp_path, empty)) == Configuration(tmp_path / "seawall.yaml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("objective: multi-az\nobjetive: x\n", ":2: unknown key 'objetive'; did you mean objective?"),
        ("treshold:\n  x: 1\n", ":1: unknown key 'treshold'; did you mean thresholds?"),
        ("a: 1\n", ":1: unknown key 'a'; the keys are objective, recovery, "),
        ("thresholds:\n  minimum_retention_days: 7\n  minimum_zone: 3\n",
         ":3: unknown key 'minimum_zone' in thresholds; did you mean minimum_zones?"),
        ("thresholds:\n  minimum_zones: 1\n", ":2: thresholds.minimum_zones is at least 2, not 1"),
        ("thresholds:\n  rpo_minutes: 1 hour\n", ":2: thresholds.rpo_minutes is a whole number, not '1 hour'"),
        ("thresholds: {rpo_minutes: true}\n", ":1: thresholds.rpo_minutes is a whole number, not true"),
        ("thresholds:\n  - 7\n", ":1: thresholds is a mapping, not a list"),
        ("recovery: 1\n", ":1: recovery is true or false, not 1"),
        ("severity:\n  zone: fatal\n", ":2: severity.zone is error, warning or note, not 'fatal'"),
        ("groups:\n  surge: warning\n", ":2: groups.surge is true or false, not 'warning'"),
        ("groups:\n  zone: on\n  zones: off\n", ":3: no group is called 'zones'; there are backup, delete"),
        ("severity:\n  sruge: note\n", ":2: no group is called 'sruge'"),
        ("objectives:\n  - objective: multi-az\n", ":2: objectives[0] names neither paths nor tags"),
        ("objectives:\n  - paths: [a]\n", ":2: objectives[0] has no objective"),
        ("objectives:\n  - paths: []\n    objective: multi-az\n", ":2: objectives[0].paths is empty"),
        ("objectives:\n  - paths: a\n    objective: multi-az\n", ":2: objectives[0].paths is a list, not 'a'"),
        ("objectives:\n  - tags: {}\n    objective: multi-az\n", ":2: objectives[0].tags is empty"),
        ("objectives:\n  - tags:\n      tier:\n        a: b\n    objective: multi-az\n",
         ":3: objectives[0].tags.tier is a text, a number, true or false or a list, not a mapping"),
        ("assume:\n  backup_plan: []\n", ":2: unknown key 'backup_plan' in assume; did you mean backup_plans?"),
        ("assume:\n  backup_plans:\n    - copies_to: [eu-west-1]\n",
         ":3: assume.backup_plans[0] names neither tags nor types"),
        ("assume:\n  backup_plans:\n    - tags: {a: b}\n      copies_to:\n        - eu-west-1\n        - Ireland\n",
         ":6: assume.backup_plans[0].copies_to[1] is not 'Ireland': write it like eu-west-1"),
        ("assume: {backup_plans: [{tags: {a: b}, schedule: daily}]}\n",
         ":1: assume.backup_plans[0].schedule is not 'daily': write it like cron(0 3 * * ? *) or rate(1 hour)"),
        ("designs:\n  - [a.yaml]\n", ":2: designs[0] is a mapping, not a list"),
        ("designs:\n  - templates: [{region: eu-west-1}]\n", ":2: designs[0].templates[0] has no path"),
        ("designs:\n  - templates: [../other.yaml]\n", ":2: designs: ../other.yaml leads out of the folder"),
        ("designs:\n  - templates: [/etc/passwd]\n", ":2: designs: /etc/passwd leads out of the folder"),
        ("baseline: ''\n", ":1: baseline is empty"),
        ("- objective\n", ": is no mapping; write objective: multi-az"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_key_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(Misuse) as raised:
        read_configuration(written(tmp_path, text), GROUPS)
    assert f"seawall.yaml{complaint}" in str(raised.value)


def test_groups_of_ones_own_may_be_named(tmp_path: Path) -> None:
    file = written(tmp_path, "groups: {naming: off}\nseverity: {naming: note}\n")
    assert read_configuration(file, [*GROUPS, "naming"]).groups == {"naming": False}
    with pytest.raises(Misuse, match="no group is called 'naming'"):
        read_configuration(file, GROUPS)


@pytest.mark.parametrize("content", [b"\xff\xfe\xfa", b"objective: [", b"a: \x07"])
def test_a_file_that_is_no_text_or_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "seawall.yaml").write_bytes(content)
    with pytest.raises(Misuse, match=r"seawall\.yaml"):
        configuration_for(tmp_path)


def test_the_objective_of_the_command_wins_over_the_whole_file(tmp_path: Path) -> None:
    written(tmp_path, EVERYTHING)
    found = configuration_for(tmp_path, objective="multi-region")
    assert found.objective == Objective("multi-region", recovery=True)
    assert found.fixed
    assert found.rules == ()
    assert found.thresholds.minimum_zones == 3


def test_a_named_file_is_read_instead_of_the_nearest(tmp_path: Path) -> None:
    written(tmp_path, "objective: multi-region\n")
    (tmp_path / "other.yaml").write_text("recovery: true\n")
    found = configuration_for(tmp_path, file=tmp_path / "other.yaml")
    assert found.objective == Objective("multi-az", recovery=True)
    with pytest.raises(Misuse, match="cannot be read: no such file"):
        configuration_for(tmp_path, file=tmp_path / "nowhere.yaml")


# The page and the schema

SECTION = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_example_of_the_page_is_as_the_schema_says(repository: Path, tmp_path: Path) -> None:
    examples = SECTION.findall((repository / "docs" / "configuration.md").read_text())
    assert len(examples) > 3
    for example in examples:
        if example.startswith("Resources:"):
            (tmp_path / "templates").mkdir(exist_ok=True)
            (tmp_path / "templates" / "seawall.yaml").touch()
            (tmp_path / "templates" / "template.yaml").write_text(example)
            assert main(["check", str(tmp_path / "templates"), "--output", str(tmp_path / "report")]) != 2
        else:
            read_configuration(written(tmp_path, example), GROUPS)


def test_the_page_explains_every_key(repository: Path) -> None:
    page = (repository / "docs" / "configuration.md").read_text()
    schema = load_schema()
    keys = {*schema["properties"], *schema["properties"]["thresholds"]["properties"]}
    plan = schema["properties"]["assume"]["properties"]["backup_plans"]["items"]["properties"]
    template = schema["properties"]["designs"]["items"]["properties"]["templates"]["items"]["properties"]
    assert [key for key in (*keys, *plan, *template) if key not in page] == []


def test_editors_find_the_schema_where_the_page_says(repository: Path) -> None:
    page = (repository / "docs" / "configuration.md").read_text()
    (address,) = re.findall(r"yaml-language-server: \$schema=(\S+)", page)
    assert (repository / address.partition("/main/")[2]).samefile(SCHEMA)


def test_the_schema_takes_everything_that_is_documented(validator: Draft202012Validator) -> None:
    validator.validate(read_yaml(EVERYTHING, []))


def test_every_keyword_of_the_schema_is_understood_by_the_checker(validator: Draft202012Validator) -> None:
    understood = {
        "$schema", "title", "description", "default", "$defs", "$ref", "type", "enum", "properties", "required",
        "additionalProperties", "anyOf", "items", "minItems", "minProperties", "minLength", "minimum", "pattern",
    }  # fmt: skip

    def keywords(schema: Any) -> set[str]:
        found = set(schema)
        for name in ("properties", "$defs"):
            found = found.union(*map(keywords, schema.get(name, {}).values()))
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), dict):
                found |= keywords(schema[name])
        return found.union(*map(keywords, schema.get("anyOf", ())))

    assert keywords(validator.schema) <= understood


def test_every_key_is_described_for_editors(validator: Draft202012Validator) -> None:
    root: Any = validator.schema

    def resolved(schema: Any) -> Any:
        name = schema.get("$ref", "").removeprefix("#/")
        return root[name.split("/")[0]][name.split("/")[1]] if name else schema

    def bare(schema: Any, path: str) -> Iterator[str]:
        for key, described in schema.get("properties", {}).items():
            item = resolved(described)
            if not item.get("description"):
                yield f"{path}.{key}"
            yield from bare(item, f"{path}.{key}")
            yield from bare(resolved(item.get("items", {})), f"{path}.{key}[]")

    assert list(bare(root, "")) == []


def test_every_group_of_the_catalogue_is_offered(validator: Draft202012Validator) -> None:
    for section in ("groups", "severity"):
        assert list(validator.schema["properties"][section]["properties"]) == list(GROUPS)


def test_the_defaults_of_the_schema_are_those_of_the_engine(validator: Draft202012Validator) -> None:
    numbers = validator.schema["properties"]["thresholds"]["properties"]
    assert {name: numbers[name].get("default") for name in numbers} == Thresholds()._asdict()
    assert validator.schema["properties"]["objective"]["default"] == Objective().name
    assert validator.schema["properties"]["recovery"]["default"] is Objective().recovery


PLAIN: Any = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 40), st.sampled_from([0.5, 2.0]),
    st.sampled_from(["", "a", "multi-az", "eu-west-1", "warning", "rate(1 hour)", "a/b.yaml"]),
)  # fmt: skip
JUNK = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """The documented file with a few changes anywhere, most of them mistakes."""
    document = plain(read_yaml(EVERYTHING, []))
    for _ in range(draw(st.integers(0, 3))):
        holders = [found for found in inside(document) if found]
        if not holders:
            break
        holder = draw(st.sampled_from(holders))
        key = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        action = draw(st.sampled_from(["replace", "drop", "add"]))
        if action == "drop":
            del holder[key]
        elif action == "replace":
            holder[key] = draw(JUNK)
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(["surprise", "zone", "path", "tags"]))] = draw(JUNK)
        else:
            holder.append(draw(JUNK))
    return document


def plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: plain(item) for key, item in node.items()}
    return [plain(item) for item in node] if isinstance(node, list) else node


def inside(node: Any) -> Iterator[Any]:
    """Every mapping and list, the outermost first."""
    if isinstance(node, (dict, list)):
        yield node
        for item in node.values() if isinstance(node, dict) else node:
            yield from inside(item)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=spoilt())
def test_the_checker_and_the_schema_agree_about_any_document(document: Any) -> None:
    schema = load_schema()
    told = list(complaints(document, schema))
    assert bool(told) is not Draft202012Validator(schema).is_valid(document), told


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=JUNK)
def test_the_checker_and_the_schema_agree_about_junk(document: Any) -> None:
    schema = load_schema()
    assert bool(list(complaints(document, schema))) is not Draft202012Validator(schema).is_valid(document)
