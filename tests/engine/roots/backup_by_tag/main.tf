provider "aws" { region = "eu-west-1" }
provider "aws" {
  alias  = "copy"
  region = "eu-north-1"
}

variable "notification_email" { type = string }

locals {
  plans = {
    daily  = { schedule = "cron(0 3 * * ? *)", keep = 35, copy = true }
    hourly = { schedule = "cron(0 * * * ? *)", keep = 2, copy = false }
  }
}

module "vault" {
  source   = "./modules/vault"
  name     = "main"
  min_days = 7
}

module "copy_vault" {
  source    = "./modules/vault"
  providers = { aws = aws.copy }
  name      = "copies"
}

resource "aws_iam_role" "backup" {
  name               = "backup"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "backup.amazonaws.com" } }] })
}

resource "aws_backup_plan" "this" {
  for_each = local.plans
  name     = each.key

  rule {
    rule_name         = each.key
    target_vault_name = module.vault.name
    schedule          = each.value.schedule
    lifecycle { delete_after = each.value.keep }

    dynamic "copy_action" {
      for_each = each.value.copy ? [module.copy_vault.arn] : []
      content {
        destination_vault_arn = copy_action.value
        lifecycle { delete_after = 90 }
      }
    }
  }
}

resource "aws_backup_selection" "this" {
  for_each     = local.plans
  name         = each.key
  plan_id      = aws_backup_plan.this[each.key].id
  iam_role_arn = aws_iam_role.backup.arn
  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = each.key
  }
}

resource "aws_dynamodb_table" "tenants" {
  name                        = "tenants"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = true
  attribute {
    name = "id"
    type = "S"
  }
  tags = { backup = "daily" }
}

resource "aws_dynamodb_table" "events" {
  name         = "events"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  tags = { backup = "hourly" }
}

resource "aws_dynamodb_table" "sessions" {
  name         = "sessions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  tags = { Backup = "daily" } # tags are case-sensitive
}

resource "aws_efs_file_system" "documents" {
  tags = { backup = "daily" }
  lifecycle { prevent_destroy = true }
}

resource "aws_sns_topic" "operators" {
  name = "backup-failures"
}

resource "aws_sns_topic_subscription" "operators" {
  topic_arn = aws_sns_topic.operators.arn
  protocol  = "email"
  endpoint  = var.notification_email
}

resource "aws_cloudwatch_event_rule" "failed" {
  name = "backup-failed"
  event_pattern = jsonencode({
    source        = ["aws.backup"]
    "detail-type" = ["Backup Job State Change"]
    detail        = { state = ["FAILED", "ABORTED", "EXPIRED"] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule = aws_cloudwatch_event_rule.failed.name
  arn  = aws_sns_topic.operators.arn
}

resource "aws_backup_restore_testing_plan" "weekly" {
  name                = "weekly"
  schedule_expression = "cron(0 9 ? * SUN *)"
  recovery_point_selection {
    algorithm            = "LATEST_WITHIN_WINDOW"
    include_vaults       = [module.vault.arn]
    recovery_point_types = ["SNAPSHOT"]
  }
}

resource "aws_backup_restore_testing_selection" "tables" {
  name                      = "tables"
  restore_testing_plan_name = aws_backup_restore_testing_plan.weekly.name
  protected_resource_type   = "DynamoDB"
  iam_role_arn              = aws_iam_role.backup.arn
  protected_resource_arns   = ["*"]
}
