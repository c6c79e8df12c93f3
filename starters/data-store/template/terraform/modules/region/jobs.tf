# A ticket for each job of AWS Backup that failed: its metrics say only how many did.
locals {
  jobs = {
    Backup  = { field = "state", id = "backupJobId" }
    Copy    = { field = "state", id = "copyJobId" }
    Restore = { field = "status", id = "restoreJobId" }
  }
}

resource "aws_cloudwatch_event_rule" "failed" {
  # seawall:skip=SEA_EVENT_RULE_WITHOUT_DEAD_LETTER: EventBridge tries for a day; the job stays in AWS Backup's list, and a store without a new backup fails its restore test
  for_each = local.jobs

  name        = "${var.name}-${lower(each.key)}-failed"
  description = "A ticket for each failed ${lower(each.key)} job. Runbook: README.md#runbook-backup-failed"

  event_pattern = jsonencode({
    source      = ["aws.backup"]
    detail-type = ["${each.key} Job State Change"]
    detail      = { (each.value.field) = ["FAILED", "ABORTED", "EXPIRED"] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  for_each = local.jobs

  rule = aws_cloudwatch_event_rule.failed[each.key].name
  arn  = aws_sns_topic.urgency["ticket"].arn

  input_transformer {
    input_paths = {
      id    = "$.detail.${each.value.id}"
      state = "$.detail.${each.value.field}"
    }
    input_template = "\"${each.key} job <id> in ${var.region}: <state>. Runbook: README.md#runbook-backup-failed\""
  }
}
