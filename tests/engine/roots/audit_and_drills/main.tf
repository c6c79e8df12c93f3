provider "aws" { region = "us-east-1" }

variable "on_call_topic" { type = string }
variable "services" {
  type    = set(string)
  default = ["checkout", "search"]
}
variable "alarms_enabled" {
  type    = bool
  default = true
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

resource "aws_s3_bucket" "trail" {
  bucket = "audit-${data.aws_caller_identity.current.account_id}"
}

resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.trail.arn
      },
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.trail.arn}/AWSLogs/${data.aws_caller_identity.current.account_id}/*"
        Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
    ]
  })
}

resource "aws_cloudtrail" "account" {
  name           = "account"
  s3_bucket_name = aws_s3_bucket.trail.id
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = var.services
  alarm_name          = "${each.key}-errors"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 20
  alarm_actions       = each.key == "checkout" ? [var.on_call_topic] : []
}

resource "aws_cloudwatch_metric_alarm" "heartbeat" {
  alarm_name          = "settlement-heartbeat"
  namespace           = "Settlement"
  metric_name         = "RunsCompleted"
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 24
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  actions_enabled     = var.alarms_enabled
  alarm_actions       = [var.on_call_topic]
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "search-latency"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 2
}

resource "aws_cloudwatch_composite_alarm" "slow" {
  alarm_name    = "search-slow"
  alarm_rule    = "ALARM(${aws_cloudwatch_metric_alarm.latency.alarm_name})"
  alarm_actions = [var.on_call_topic]
}

resource "aws_iam_role" "fis" {
  name               = "fis"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "fis.amazonaws.com" } }] })
}

resource "aws_fis_experiment_template" "stop_instances" {
  for_each    = var.services
  description = "stop a third of ${each.key}"
  role_arn    = aws_iam_role.fis.arn

  stop_condition {
    source = each.key == "checkout" ? "aws:cloudwatch:alarm" : "none"
    value  = each.key == "checkout" ? aws_cloudwatch_metric_alarm.errors["checkout"].arn : null
  }
  action {
    name      = "stop"
    action_id = "aws:ec2:stop-instances"
    target {
      key   = "Instances"
      value = "some"
    }
  }
  target {
    name           = "some"
    resource_type  = "aws:ec2:instance"
    selection_mode = "PERCENT(33)"
    resource_tag {
      key   = "service"
      value = each.key
    }
  }
}

resource "aws_ecr_repository" "services" {
  for_each = var.services
  name     = each.key
}

resource "aws_ecr_replication_configuration" "this" {
  replication_configuration {
    rule {
      destination {
        region      = "us-west-2"
        registry_id = data.aws_caller_identity.current.account_id
      }
      repository_filter {
        filter      = "check"
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}

resource "aws_kms_key" "tokens" {
  description             = "signs tokens"
  key_usage               = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days = 30
}

resource "aws_lambda_function" "issuer" {
  function_name = "issuer"
  role          = aws_iam_role.fis.arn
  runtime       = "python3.12"
  handler       = "issuer.handler"
  filename      = "issuer.zip"
  environment { variables = { KEY_ID = aws_kms_key.tokens.key_id } }
}
