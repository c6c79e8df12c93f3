"""Whether a copy leaves the account, and what of Terraform's providers tells."""

from pathlib import Path
from typing import Any

import pytest
from seawall.backup_plans import rules_of
from seawall.design import Design
from seawall.values import Answer, Unknown
from seawall.vault_accounts import leaves_account

from tests.designs import template
from tests.terraform_plans import block, planned, resource
from tests.terraform_sources import root_module

PROVIDERS = """
provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "copies"
  region = "eu-central-1"
  SIGNS_IN
}

variable "role" {}

data "aws_caller_identity" "current" {}

resource "aws_backup_vault" "copies" {
  provider = aws.copies
  name     = "copies"
}

resource "aws_backup_plan" "daily" {
  name = "daily"
  rule {
    rule_name         = "daily"
    target_vault_name = "Default"
    copy_action {
      destination_vault_arn = VAULT
    }
  }
}
"""
DECLARED = "aws_backup_vault.copies.arn"
OTHER = 'assume_role {\n    role_arn = "arn:aws:iam::999988887777:role/terraform"\n  }'
OPEN = "assume_role {\n    role_arn = var.role\n  }"
OWN = '"arn:aws:backup:eu-central-1:${data.aws_caller_identity.current.account_id}:backup-vault:copies"'


@pytest.mark.parametrize(
    ("signs_in", "vault", "leaves"),
    [
        ("", DECLARED, False),
        (OTHER, DECLARED, True),
        (OPEN, DECLARED, None),
        ('profile = "copies"', DECLARED, None),
        ("", OWN, False),
        ("", '"arn:aws:backup:eu-central-1:999988887777:backup-vault:copies"', True),
        ("", "var.role", None),
    ],
)
def test_a_provider_that_takes_on_a_role_is_in_the_account_of_the_role(
    signs_in: str, vault: str, leaves: bool | None, tmp_path: Path
) -> None:
    found = root_module(tmp_path, PROVIDERS.replace("SIGNS_IN", signs_in).replace("VAULT", vault))
    plan = found.all["", "aws_backup_plan.daily"]
    (rule,), _ = rules_of(plan)
    answer: Answer = leaves_account(rule.copies[0], plan, found)
    assert isinstance(answer, Unknown) if leaves is None else answer is leaves


def provider_of_plan(role: dict[str, Any]) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": [resource("aws_backup_vault", "copies", {"name": "copies"})]}},
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws"},
                "aws.copies": {"name": "aws", "alias": "copies", "expressions": {"assume_role": [{"role_arn": role}]}},
            },
            "root_module": {"resources": [block("aws_backup_vault", "copies", "aws.copies")]},
        },
    }


def test_a_plan_tells_the_role_too(tmp_path: Path) -> None:
    role = "arn:aws:iam::999988887777:role/terraform"
    known = planned(tmp_path, provider_of_plan({"constant_value": role}))
    assert known.all["", "aws_backup_vault.copies"].credentials == role
    unknown = planned(tmp_path, provider_of_plan({"references": ["var.role"]}))
    assert isinstance(unknown.all["", "aws_backup_vault.copies"].credentials, Unknown)


RULE = {
    "RuleName": "daily",
    "TargetBackupVault": "Default",
    "CopyActions": [{"DestinationBackupVaultArn": "arn:aws:backup:eu-west-1:222233334444:backup-vault:x"}],
}
PLAN = {
    "Type": "AWS::Backup::BackupPlan",
    "Properties": {"BackupPlan": {"BackupPlanName": "daily", "BackupPlanRule": [RULE]}},
}


@pytest.mark.parametrize(("account", "leaves"), [(None, True), ("111122223333", True), ("222233334444", False)])
def test_the_stacks_account_counts_where_it_is_known(account: str | None, leaves: bool) -> None:
    stack = template({"Daily": PLAN})
    stack.account = account
    found = Design([stack])
    plan = found.all["", "Daily"]
    (rule,), _ = rules_of(plan)
    assert leaves_account(rule.copies[0], plan, found) is leaves
