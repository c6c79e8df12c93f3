from pathlib import Path

import pytest
from seawall.documents import Unreadable
from seawall.placement import MANY, spread_of_subnets
from seawall.sources import terraform
from seawall.sources.terraform import CheckovMissing, read_modules
from seawall.sources.terraform_words import in_terraform
from seawall.values import Reference, Unknown

from tests.terraform_sources import resource_values, root_module, written


def test_types_and_properties_bear_cloudformation_names(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        resource "aws_db_instance" "orders" {
          identifier           = "orders"
          multi_az             = true
          deletion_protection  = true
          db_subnet_group_name = aws_db_subnet_group.private.name
        }
        resource "aws_db_subnet_group" "private" {
          subnet_ids = ["subnet-1"]
        }
        """,
    )
    orders = design.all["", "aws_db_instance.orders"]
    assert (orders.type, orders.declared_type, orders.language) == (
        "AWS::RDS::DBInstance",
        "aws_db_instance",
        "terraform",
    )
    assert orders.get("DBInstanceIdentifier") == "orders"
    assert orders.boolean("MultiAZ") is True
    assert orders.boolean("DeletionProtection") is True
    group = design.resolve(orders.get("DBSubnetGroupName"), "AWS::RDS::DBSubnetGroup")
    assert group is not None
    assert [path for _, path in design.referrers(group)] == ["DBSubnetGroupName"]


def test_the_provider_s_own_defaults_count(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        resource "aws_db_instance" "plain" {}
        resource "aws_db_instance" "restored" { snapshot_identifier = "snap" }
        resource "aws_rds_cluster" "cluster" { skip_final_snapshot = true }
        resource "aws_elb" "classic" {}
        """,
    )
    assert resource_values(design, "aws_db_instance.plain", "BackupRetentionPeriod") == [0]
    assert resource_values(design, "aws_db_instance.restored", "BackupRetentionPeriod") == [None]
    assert resource_values(design, "aws_rds_cluster.cluster", "BackupRetentionPeriod") == [1]
    assert resource_values(design, "aws_elb.classic", "CrossZone") == [True]


def test_a_last_snapshot_and_prevented_destruction_are_deletion_policies(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        variable "throwaway" { type = bool }
        resource "aws_db_instance" "default" {}
        resource "aws_db_instance" "skipped" { skip_final_snapshot = true }
        resource "aws_db_instance" "unknown" { skip_final_snapshot = var.throwaway }
        resource "aws_dynamodb_table" "kept" {
          lifecycle { prevent_destroy = true }
        }
        resource "aws_efs_file_system" "gone" {}
        """,
    )
    policies = {key[1].split(".")[1]: one.attribute("DeletionPolicy") for key, one in design.all.items()}
    assert policies == {
        "default": "Snapshot",
        "skipped": "Delete",
        "unknown": Unknown(("variable throwaway",), ("parameter", "", "throwaway")),
        "kept": "Retain",
        "gone": None,
    }


def test_resources_that_cloudformation_writes_into_another_one_join_it(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        resource "aws_s3_bucket" "data" {}
        resource "aws_s3_bucket_versioning" "data" {
          bucket = aws_s3_bucket.data.id
          versioning_configuration { status = "Enabled" }
        }
        resource "aws_s3_bucket_notification" "data" {
          bucket = aws_s3_bucket.data.id
          lambda_function {
            lambda_function_arn = aws_lambda_function.reader.arn
            events              = ["s3:ObjectCreated:*"]
          }
        }
        resource "aws_lambda_function" "reader" {}
        resource "aws_sqs_queue" "work" {}
        resource "aws_sqs_queue" "dead" {}
        resource "aws_sqs_queue_redrive_policy" "work" {
          queue_url      = aws_sqs_queue.work.id
          redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 4 })
        }
        resource "aws_autoscaling_group" "web" {}
        resource "aws_autoscaling_attachment" "web" {
          autoscaling_group_name = aws_autoscaling_group.web.name
          lb_target_group_arn    = aws_lb_target_group.web.arn
        }
        resource "aws_lb_target_group" "web" {}
        """,
    )
    bucket = design.all["", "aws_s3_bucket.data"]
    assert bucket.get("VersioningConfiguration.Status") == "Enabled"
    (called,) = bucket.get("NotificationConfiguration.LambdaConfigurations")
    assert called["Function"] == Reference(("", "aws_lambda_function.reader"), "Arn")
    work = design.all["", "aws_sqs_queue.work"]
    assert work.get("RedrivePolicy.deadLetterTargetArn") == Reference(("", "aws_sqs_queue.dead"), "Arn")
    (web,) = resource_values(design, "aws_autoscaling_group.web", "TargetGroupARNs")
    assert web == [Reference(("", "aws_lb_target_group.web"), "Arn")]
    assert not any("versioning" in address for _, address in design.all)


def test_a_redrive_policy_written_as_text_is_read(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        resource "aws_sqs_queue" "work" {
          redrive_policy = <<-JSON
            {"deadLetterTargetArn": "${aws_sqs_queue.dead.arn}", "maxReceiveCount": ${var.tries}}
          JSON
        }
        resource "aws_sqs_queue" "dead" {}
        variable "tries" {}
        """,
    )
    (policy,) = resource_values(design, "aws_sqs_queue.work", "RedrivePolicy")
    assert policy["deadLetterTargetArn"] == Reference(("", "aws_sqs_queue.dead"), "Arn")
    assert policy["maxReceiveCount"].because == ("variable tries",)


def test_count_and_for_each_make_instances(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        locals { zones = ["us-east-1b", "us-east-1a"] }
        resource "aws_subnet" "private" {
          count             = length(local.zones)
          availability_zone = local.zones[count.index]
        }
        resource "aws_sqs_queue" "each" {
          for_each = { fast = 30, slow = 900 }
          name     = each.key
          visibility_timeout_seconds = each.value
        }
        resource "aws_db_subnet_group" "all" {
          subnet_ids = aws_subnet.private[*].id
        }
        resource "aws_sqs_queue" "off" { count = 0 }
        """,
    )
    assert resource_values(design, "aws_subnet.private[0]", "AvailabilityZone") == ["us-east-1b"]
    assert resource_values(design, 'aws_sqs_queue.each["slow"]', "QueueName", "VisibilityTimeout") == ["slow", 900]
    (subnets,) = resource_values(design, "aws_db_subnet_group.all", "SubnetIds")
    assert subnets == [Reference(("", f"aws_subnet.private[{index}]")) for index in (0, 1)]
    assert ("", "aws_sqs_queue.off") not in design.all


def test_an_unknown_number_of_instances_is_judged_once_and_never_counted_as_one(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        variable "readers" { type = number }
        resource "aws_rds_cluster_instance" "reader" { count = var.readers }
        """,
    )
    assert [one.id for one in design.declared("AWS::RDS::DBInstance")] == ["aws_rds_cluster_instance.reader[0]"]
    _, possible = design.of_type("AWS::RDS::DBInstance")
    assert isinstance(possible.exists, Unknown)
    assert possible.exists.because == ("variable readers",)


def test_a_switch_in_count_leaves_one_instance(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        variable "create" {}
        resource "aws_sqs_queue" "maybe" { count = var.create ? 1 : 0 }
        resource "aws_sns_topic_subscription" "s" { endpoint = aws_sqs_queue.maybe[0].arn }
        """,
    )
    (endpoint,) = resource_values(design, "aws_sns_topic_subscription.s", "Endpoint")
    assert endpoint == Reference(("", "aws_sqs_queue.maybe[0]"), "Arn")


def test_zones_of_a_data_source_differ_by_their_index(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        provider "aws" { region = "eu-west-1" }
        data "aws_availability_zones" "available" {}
        resource "aws_subnet" "each" {
          count             = length(data.aws_availability_zones.available.names)
          availability_zone = data.aws_availability_zones.available.names[count.index]
        }
        """,
    )
    zones = [one.get("AvailabilityZone") for one in design.of_type("AWS::EC2::Subnet")]
    assert len(zones) == 2, "no region has fewer zones"
    assert zones[0].family == zones[1].family == ("select", ("zones", "eu-west-1"))
    assert zones[0].identity != zones[1].identity
    assert zones[0].because == ("data source aws_availability_zones.available",)


def test_modules_take_arguments_give_outputs_and_use_the_passed_provider(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        provider "aws" {
          region = "us-east-1"
          default_tags { tags = { backup = "daily" } }
        }
        provider "aws" {
          alias  = "west"
          region = "us-west-2"
        }
        module "copy" {
          for_each  = toset(["a", "b"])
          source    = "./copy"
          name      = each.key
          providers = { aws = aws.west }
        }
        module "elsewhere" { source = "terraform-aws-modules/vpc/aws" }
        resource "aws_sns_topic_subscription" "a" { endpoint = module.copy["a"].arn }
        resource "aws_elb" "web" { subnets = module.elsewhere.public_subnets }
        """,
        copy__main="""
        variable "name" {}
        variable "settings" {
          type    = object({ multi_az = optional(bool, true) })
          default = {}
        }
        resource "aws_sqs_queue" "q" { name = "queue-${var.name}" }
        resource "aws_db_instance" "d" { multi_az = var.settings.multi_az }
        output "arn" { value = aws_sqs_queue.q.arn }
        """,
    )
    queue = design.all["", 'module.copy["b"].aws_sqs_queue.q']
    assert (queue.get("QueueName"), queue.region, queue.tags) == ("queue-b", "us-west-2", {})
    assert resource_values(design, 'module.copy["a"].aws_db_instance.d', "MultiAZ") == [True]
    subscription = design.all["", "aws_sns_topic_subscription.a"]
    assert subscription.get("Endpoint") == Reference(("", 'module.copy["a"].aws_sqs_queue.q'), "Arn")
    assert (subscription.region, subscription.tags) == ("us-east-1", {"backup": "daily"})
    (subnets,) = resource_values(design, "aws_elb.web", "Subnets")
    assert subnets.because == ("module elsewhere (terraform-aws-modules/vpc/aws)",)
    assert queue.file == str(tmp_path / "copy" / "main.tf")


def test_variables_come_from_files_then_from_the_user(tmp_path: Path) -> None:
    files = {
        "main.tf": 'variable "a" { default = 1 }\nvariable "b" {}\nvariable "c" {}\n'
        'resource "aws_sqs_queue" "q" {\n  visibility_timeout_seconds = var.a\n'
        "  message_retention_seconds = var.b\n  name = var.c[0]\n}\n",
        "terraform.tfvars": "a = 2\nb = 3\n",
        "z.auto.tfvars": "b = 4\n",
    }
    (design,) = read_modules(written(tmp_path, files), {"c": '["x", "y"]'})
    names = ("VisibilityTimeout", "MessageRetentionPeriod", "QueueName")
    assert resource_values(design, "aws_sqs_queue.q", *names) == [2, 4, "x"]


def test_dynamic_blocks_are_written_out(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        variable "regions" { default = ["eu-west-1", "eu-central-1"] }
        variable "others" {}
        resource "aws_dynamodb_table" "known" {
          dynamic "replica" {
            for_each = var.regions
            content { region_name = replica.value }
          }
        }
        resource "aws_dynamodb_table" "unknown" {
          dynamic "replica" {
            for_each = var.others
            content { region_name = replica.value }
          }
        }
        """,
    )
    (known,) = resource_values(design, "aws_dynamodb_table.known", "Replicas")
    assert [replica["Region"] for replica in known] == ["eu-west-1", "eu-central-1"]
    (unknown,) = resource_values(design, "aws_dynamodb_table.unknown", "Replicas")
    assert unknown.because == ("variable others",)


def test_a_finding_stands_on_the_line_of_the_attribute(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """\
        resource "aws_backup_plan" "daily" {
          name = "daily"
          rule {
            rule_name         = "daily"
            target_vault_name = "vault"
            lifecycle {
              delete_after = 7
            }
          }
        }
        """,
    )
    plan = design.all["", "aws_backup_plan.daily"]
    assert plan.line_of("BackupPlan.BackupPlanName") == 2
    assert plan.line_of("BackupPlan.BackupPlanRule.TargetBackupVault") == 5
    assert (plan.line, plan.last_line) == (1, 10)


def test_things_that_depend_on_themselves_end(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        locals {
          a = local.b
          b = local.a
        }
        resource "aws_sqs_queue" "q" { name = local.a }
        """,
    )
    (name,) = resource_values(design, "aws_sqs_queue.q", "QueueName")
    assert "depends on itself" in name.because[0]


def test_a_loop_over_loops_ends_with_one_line(tmp_path: Path) -> None:
    text = """
    locals {
      a = range(1000)
      b = [for x in local.a : [for y in local.a : [for z in local.a : z]]]
    }
    resource "aws_sqs_queue" "q" { name = length(local.b) }
    """
    problems: list[Unreadable] = []
    assert read_modules(written(tmp_path, {"main.tf": text}), problems=problems) == []
    assert [problem.reason for problem in problems] == ["takes too many steps to evaluate"]


def test_a_file_with_a_mistake_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    files = {"good.tf": 'resource "aws_sqs_queue" "q" {}\n', "bad.tf": 'resource "aws_sqs_queue" "r" {\n  name =\n}\n'}
    problems: list[Unreadable] = []
    (design,) = read_modules(written(tmp_path, files), problems=problems)
    assert [(problem.file, problem.line) for problem in problems] == [(str(tmp_path / "bad.tf"), 2)]
    assert [one.id for one in design.all.values()] == ["aws_sqs_queue.q"]


def test_what_only_checkov_s_grammar_lacks_is_read_all_the_same(tmp_path: Path) -> None:
    files = {
        "main.tf": 'module "store" {\n  source = "./store"\n  days   = -(-7)\n}\n',
        "store/main.tf": """
            variable "days" {}
            resource "aws_db_instance" "d" {
              backup_retention_period = var.days
            }
            """,
    }
    problems: list[Unreadable] = []
    (design,) = read_modules(written(tmp_path, files), problems=problems)
    assert problems == []
    assert resource_values(design, "module.store.aws_db_instance.d", "BackupRetentionPeriod") == [7]


def test_an_override_file_replaces_arguments_and_blocks(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        resource "aws_dynamodb_table" "t" {
          name = "t"
          point_in_time_recovery { enabled = false }
        }
        """,
        local_override="""
        resource "aws_dynamodb_table" "t" {
          name = "u"
          point_in_time_recovery { enabled = true }
        }
        """,
    )
    found = resource_values(design, "aws_dynamodb_table.t", "TableName", "PointInTimeRecoverySpecification")
    assert found == ["u", {"PointInTimeRecoveryEnabled": True}]


def test_files_outside_the_modules_are_not_read(tmp_path: Path) -> None:
    written(tmp_path, {"secret.txt": "days", "root/near.txt": "near"})
    design = root_module(
        tmp_path / "root",
        """
        resource "aws_sqs_queue" "q" { name = file("${path.module}/../secret.txt") }
        resource "aws_sqs_queue" "r" { name = file("${path.module}/near.txt") }
        """,
    )
    assert isinstance(design.all["", "aws_sqs_queue.q"].get("QueueName"), Unknown)
    assert resource_values(design, "aws_sqs_queue.r", "QueueName") == ["near"]


def test_a_pattern_that_would_take_for_ever_is_unknown(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        locals { text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab" }
        resource "aws_sqs_queue" "q" { visibility_timeout_seconds = length(regexall("(a+)+$", local.text)) }
        resource "aws_sqs_queue" "r" { visibility_timeout_seconds = length(regexall("^a[a-z]", "ab-ac")) }
        """,
    )
    assert isinstance(design.all["", "aws_sqs_queue.q"].get("VisibilityTimeout"), Unknown)
    assert resource_values(design, "aws_sqs_queue.r", "VisibilityTimeout") == [1]


def test_resources_of_two_roots_that_call_one_module_are_told_apart(tmp_path: Path) -> None:
    call = 'module "m" { source = "../../shared" }\n'
    files = {"env/live/main.tf": call, "env/test/main.tf": call, "shared/main.tf": 'resource "aws_sqs_queue" "q" {}\n'}
    designs = read_modules(written(tmp_path, files))
    assert sorted(key for design in designs for key in design.all) == [
        ("env/live", "module.m.aws_sqs_queue.q"),
        ("env/test", "module.m.aws_sqs_queue.q"),
    ]


def test_each_root_is_a_design_and_a_called_module_belongs_to_its_caller(tmp_path: Path) -> None:
    files = {
        "one/main.tf": 'module "m" { source = "../shared" }\n',
        "two/main.tf": 'resource "aws_sqs_queue" "two" {}\n',
        "shared/main.tf": 'resource "aws_sqs_queue" "shared" {}\n',
    }
    designs = read_modules(written(tmp_path, files))
    assert sorted([one.id for one in design.all.values()] for design in designs) == [
        ["aws_sqs_queue.two"],
        ["module.m.aws_sqs_queue.shared"],
    ]


def test_a_named_file_brings_its_own_folder_alone(tmp_path: Path) -> None:
    files = {
        "main.tf": 'resource "aws_sqs_queue" "a" {}\n',
        "other.tf": 'resource "aws_sqs_queue" "b" {}\n',
        "below/main.tf": 'resource "aws_sqs_queue" "c" {}\n',
    }
    (design,) = read_modules(written(tmp_path, files) / "main.tf")
    assert {one.id for one in design.all.values()} == {"aws_sqs_queue.a", "aws_sqs_queue.b"}


def test_without_checkov_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "checkov.terraform.tf_parser", None)
    with pytest.raises(CheckovMissing, match=r"seawall\[checkov\]"):
        terraform.read_modules(written(tmp_path, {"main.tf": 'resource "aws_sqs_queue" "q" {}\n'}))


@pytest.mark.parametrize(
    ("resource_type", "fix", "in_its_words"),
    [
        ("aws_db_instance", "set MultiAZ: true", "set multi_az = true"),
        ("aws_sqs_queue", "set MessageRetentionPeriod: 1209600", "set message_retention_seconds = 1209600"),
        ("aws_elasticache_cluster", "set AZMode: cross-az", 'set az_mode = "cross-az"'),
        (
            "aws_s3_bucket",
            "set VersioningConfiguration.Status: Enabled",
            'set versioning_configuration.status = "Enabled" in an aws_s3_bucket_versioning',
        ),
        ("aws_rds_cluster", "add an AWS::RDS::DBInstance", "add an aws_rds_cluster_instance"),
        ("aws_dynamodb_table", "copy it with DynamoDB", "copy it with DynamoDB"),
    ],
)
def test_a_fix_speaks_terraform(resource_type: str, fix: str, in_its_words: str) -> None:
    assert in_terraform(fix, resource_type) == in_its_words


ZONES = """
    provider "aws" { region = "eu-central-1" }
    data "aws_availability_zones" "here" {}
    locals { zones = slice(data.aws_availability_zones.here.names, 0, 3) }
    resource "aws_subnet" "set" {
      for_each          = toset(local.zones)
      availability_zone = each.key
    }
    resource "aws_subnet" "map" {
      for_each          = { for position, zone in local.zones : zone => position }
      availability_zone = each.key
      cidr_block        = "10.0.${each.value}.0/24"
    }
    resource "aws_subnet" "zip" {
      for_each          = zipmap(local.zones, ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"])
      availability_zone = each.key
    }
    resource "aws_subnet" "all" {
      for_each          = toset(data.aws_availability_zones.here.names)
      availability_zone = each.key
    }
    resource "aws_nat_gateway" "one_each" {
      for_each  = toset(local.zones)
      subnet_id = aws_subnet.map[each.key].id
    }
"""


@pytest.mark.parametrize(("label", "expected"), [("set", 3), ("map", 3), ("zip", 3), ("all", 2)])
def test_a_loop_over_zones_that_only_the_deployment_names_makes_an_instance_in_each(
    label: str, expected: int, tmp_path: Path
) -> None:
    design = root_module(tmp_path, ZONES)
    made = [one for (_, address), one in design.all.items() if address.startswith(f"aws_subnet.{label}[")]
    zones = [one.get("AvailabilityZone") for one in made]
    assert len(made) == len({zone.identity for zone in zones}) == expected


def test_a_resource_is_found_by_a_zone_that_only_the_deployment_names(tmp_path: Path) -> None:
    design = root_module(tmp_path, ZONES)
    gateways = [one for (_, address), one in design.all.items() if address.startswith("aws_nat_gateway.")]
    assert len({gateway.get("SubnetId") for gateway in gateways}) == 3


def test_a_condition_that_is_decided_names_only_what_its_side_names(tmp_path: Path) -> None:
    design = root_module(
        tmp_path,
        """
        resource "aws_sqs_queue" "dead" {}
        resource "aws_sqs_queue" "work" {
          for_each = { kept = true, dropped = false }
          name     = each.value ? "${aws_sqs_queue.dead.name}-source" : "alone"
        }
        """,
    )
    referrers = [other.id for other, _ in design.referrers(design.all["", "aws_sqs_queue.dead"])]
    assert referrers == ['aws_sqs_queue.work["kept"]']


def test_a_loop_over_all_zones_of_a_region_may_make_more_than_two(tmp_path: Path) -> None:
    text = (
        ZONES
        + """
    resource "aws_lb" "all" { subnets = [for subnet in aws_subnet.all : subnet.id] }
    resource "aws_lb" "three" { subnets = [for subnet in aws_subnet.set : subnet.id] }
    resource "aws_lb" "one" { subnets = slice(values(aws_subnet.all)[*].id, 0, 1) }
    """
    )
    design = root_module(tmp_path, text)
    balancers = [design.all["", f"aws_lb.{name}"] for name in ("all", "three", "one")]
    spreads = [spread_of_subnets(one.get("Subnets"), one, design) for one in balancers]
    assert [(spread.at_least, spread.at_most) for spread in spreads] == [(2, MANY), (3, 3), (1, 1)]
