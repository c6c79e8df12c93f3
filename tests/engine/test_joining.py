"""Templates that are deployed together, as ``designs`` of ``seawall.yaml`` says."""

from pathlib import Path
from typing import Any

import pytest

from tests.command import check
from tests.designs import PLAN, selection, table, tag_entry, tags
from tests.engine.test_promises import configured, put

ZONAL = "SEA_SINGLE_AZ_CONTAINER_SERVICE"


def subnet(zone: int) -> dict[str, Any]:
    zones = {"Fn::Select": [zone, {"Fn::GetAZs": ""}]}
    return {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "vpc-1", "AvailabilityZone": zones}}


def network(*zones: int, prefix: Any = "net") -> dict[str, Any]:
    names = [{"Fn::Join": ["-", [prefix, str(index)]]} for index in range(len(zones))]
    outputs = {
        f"O{index}": {"Value": {"Ref": f"S{index}"}, "Export": {"Name": name}} for index, name in enumerate(names)
    }
    return {"resources": {f"S{index}": subnet(zone) for index, zone in enumerate(zones)}, "Outputs": outputs}


def service(*names: Any) -> dict[str, Any]:
    subnets = {"Subnets": [{"Fn::ImportValue": name} for name in names]}
    configuration = {"AwsvpcConfiguration": subnets}
    return {
        "Orders": {
            "Type": "AWS::ECS::Service",
            "Properties": {"DesiredCount": 4, "NetworkConfiguration": configuration},
        }
    }


def verdicts(*paths: str | Path, policy: str = ZONAL) -> dict[str, str]:
    report = check(*paths)[1]
    return {finding["resource"]: finding["verdict"] for finding in report["findings"] if finding["policy"] == policy}


@pytest.fixture
def apart(tmp_path: Path) -> Path:
    """A network and a service in two files, in one zone once they are looked at together."""
    put(tmp_path, "network.json", **network(0, 0))
    put(tmp_path, "shop/service.json", service("net-0", "net-1"))
    return tmp_path


TOGETHER = "designs:\n  - templates: [network.json, 'shop/*.json']\n"


def test_templates_that_deploy_together_are_one_design(apart: Path) -> None:
    assert verdicts(apart) == {"Orders": "undecided"}
    configured(apart, TOGETHER)
    assert verdicts(apart) == {"Orders": "flagged"}
    put(apart, "network.json", **network(0, 1))
    assert verdicts(apart) == {"Orders": "accepted"}


def test_a_template_is_judged_with_the_others_and_they_are_not_reported(apart: Path) -> None:
    configured(apart, TOGETHER)
    put(apart, "network.json", **{**network(0, 0), "resources": {**network(0, 0)["resources"], "Notes": table()}})
    for path in (apart / "shop", apart / "shop" / "service.json"):
        report = check(path)[1]
        assert {finding["resource"] for finding in report["findings"]} == {"Orders"}
        assert report["summary"]["files"] == 1
        assert verdicts(path) == {"Orders": "flagged"}
    assert check(apart)[1]["summary"]["files"] == 2


def test_a_backup_plan_in_one_template_covers_a_table_in_another(tmp_path: Path) -> None:
    put(tmp_path, "a.json", {"Orders": table(Tags=tags(backup="daily"))})
    put(tmp_path, "b.json", {"Plan": PLAN, "Selection": selection(ListOfTags=[tag_entry("backup", "daily")])})
    assert verdicts(tmp_path, policy="SEA_TABLE_WITHOUT_RECOVERY") == {"Orders": "flagged"}
    configured(tmp_path, "designs: [{templates: ['*.json']}]\n")
    assert verdicts(tmp_path, policy="SEA_TABLE_WITHOUT_RECOVERY") == {"Orders": "accepted"}


def test_the_names_of_stacks_and_parameters_tie_imports_to_exports(tmp_path: Path) -> None:
    put(tmp_path, "network.json", **network(0, 0, prefix={"Ref": "AWS::StackName"}))
    imports = [{"Fn::Join": ["-", [{"Ref": "Network"}, str(index)]]} for index in range(2)]
    put(tmp_path, "service.json", service(*imports), Parameters={"Network": {"Type": "String"}})
    configured(
        tmp_path,
        "designs:\n  - templates:\n      - {path: network.json, stack: base}\n"
        "      - {path: service.json, parameters: {Network: base}}\n",
    )
    assert verdicts(tmp_path) == {"Orders": "flagged"}
    assert verdicts(tmp_path, "--parameter", "Network=other") == {"Orders": "undecided"}


def test_one_template_may_be_deployed_to_two_regions(tmp_path: Path) -> None:
    plan = {"Plan": PLAN, "Selection": selection(ListOfTags=[tag_entry("backup", "daily")])}
    put(tmp_path, "drive.json", {"Orders": table(Tags=tags(backup="daily")), **plan})
    configured(
        tmp_path,
        "objective: multi-region\ndesigns:\n  - templates:\n      - {path: drive.json, region: eu-west-1}\n"
        "      - {path: drive.json, region: eu-central-1}\n",
    )
    report = check(tmp_path)[1]
    found = [item for item in report["findings"] if item["policy"] == "SEA_SINGLE_REGION_TABLE"]
    # The plan copies to eu-west-1, which is elsewhere for one of the two only.
    assert {item["stack"]: item["verdict"] for item in found} == {
        "drive": "flagged",
        "drive in eu-central-1": "accepted",
    }


def test_templates_without_a_region_of_their_own_share_one(tmp_path: Path) -> None:
    put(tmp_path, "a.json", {"Orders": table(Tags=tags(backup="daily"))})
    vault = {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "v"}}
    rule = {"RuleName": "n", "TargetBackupVault": "v",
            "CopyActions": [{"DestinationBackupVaultArn": {"Fn::GetAtt": ["Vault", "BackupVaultArn"]}}]}  # fmt: skip
    plan = {"Type": "AWS::Backup::BackupPlan",
            "Properties": {"BackupPlan": {"BackupPlanName": "n", "BackupPlanRule": [rule]}}}  # fmt: skip
    put(
        tmp_path,
        "b.json",
        {"Vault": vault, "Plan": plan, "Selection": selection(ListOfTags=[tag_entry("backup", "daily")])},
    )
    configured(tmp_path, "objective: multi-region\ndesigns: [{templates: [a.json, b.json]}]\n")
    assert verdicts(tmp_path, policy="SEA_SINGLE_REGION_TABLE") == {"Orders": "flagged"}


def test_a_nested_stack_that_also_fits_is_judged_once_within_its_parent(tmp_path: Path) -> None:
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
    put(tmp_path, "parent.json", {"Child": nested})
    put(tmp_path, "child.json", {"Orders": table()})
    put(tmp_path, "other.json", {"Posts": table()})
    configured(tmp_path, "designs: [{templates: ['*.json']}]\n")
    report = check(tmp_path)[1]
    found = [
        (item["resource"], item["stack"]) for item in report["findings"] if item["policy"] == "SEA_DELETABLE_TABLE"
    ]
    assert sorted(found) == [("Orders", "parent/Child"), ("Posts", "other")]
    assert report["summary"]["files"] == 3


@pytest.mark.parametrize(
    ("designs", "complaint"),
    [
        ("  - templates: [network.json, nowhere/*.yaml]\n", "2: designs: no file fits nowhere/*.yaml"),
        (
            "  - templates: [network.json]\n  - templates: ['*.json']\n",
            "3: designs: network.json belongs to two designs",
        ),
    ],
)
def test_a_design_that_cannot_be_made_is_reported_with_its_line(apart: Path, designs: str, complaint: str) -> None:
    configured(apart, f"designs:\n{designs}")
    code, report = check(apart, apart / "shop")
    assert code == 2
    assert [f"{one['line']}: {one['reason']}" for one in report["unread"]] == [complaint]


def test_a_member_that_is_no_template_or_cannot_be_read_is_reported_and_the_rest_is_judged(apart: Path) -> None:
    (apart / "plan.json").write_text('{"format_version": "1.2", "planned_values": {}}')
    (apart / "broken.yaml").write_text("Resources:\n\tA:\n")
    configured(apart, "designs: [{templates: [network.json, shop, plan.json, '*.yaml']}]\n")
    code, report = check(apart)
    assert code == 2
    assert sorted(Path(one["file"]).name for one in report["unread"]) == ["broken.yaml", "plan.json"]
    assert verdicts(apart) == {"Orders": "flagged"}


def test_a_link_out_of_the_folder_is_not_followed(apart: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = put(tmp_path_factory.mktemp("outside"), "secret.json", {"Secret": table()})
    (apart / "linked.json").symlink_to(outside)
    configured(apart, "designs: [{templates: [network.json, shop, linked.json]}]\n")
    report = check(apart)[1]
    assert "Secret" not in {finding["resource"] for finding in report["findings"]}


def test_joined_designs_are_judged_in_several_processes_too(apart: Path) -> None:
    configured(apart, TOGETHER)
    for number in range(70):
        put(apart, f"more/t{number}.json", {f"Table{number}": table()})
    one, two = (check(apart, "--jobs", jobs)[1]["findings"] for jobs in ("1", "2"))
    assert sorted(map(str, one)) == sorted(map(str, two))
    assert verdicts(apart, "--jobs", "2") == {"Orders": "flagged"}
