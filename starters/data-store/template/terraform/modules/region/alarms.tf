locals {
  hour = 60 * 60
  day  = 24 * local.hour

  # Of restores that are made as a test. services/heartbeat and services/restore_check write the metrics.
  restores = {
    restore-overdue-store = {
      means   = "No restore of the store was found good for 9 days, or nobody counts them."
      runbook = "restore-overdue"
      urgency = "ticket"
      metric  = { name = "DaysSinceGoodRestore", source = var.name, statistic = "Maximum", period = local.hour }
      above   = 9
      periods = 3
      # Nobody measuring looks like nobody restoring.
      silence = "breaching"
    }
    # A verdict is one value: the alarm stays for a day, or it would be quiet again before somebody has looked.
    restore-failed-store = {
      means   = "A restore of the store is not what was backed up."
      runbook = "restore-failed"
      urgency = "page"
      metric  = { name = "RestoreFailed", source = var.name, statistic = "Sum", period = local.day }
      above   = 0
      periods = 1
      silence = "notBreaching"
    }
    restore-failed-unknown = {
      means   = "A restore could not be judged: its job cannot be read."
      runbook = "restore-failed"
      urgency = "page"
      metric  = { name = "RestoreFailed", source = "unknown", statistic = "Sum", period = local.day }
      above   = 0
      periods = 1
      silence = "notBreaching"
    }
    restore-slow-store = {
      means   = "Restoring the store took longer than the 4 hours that are promised."
      runbook = "restore-slow"
      urgency = "ticket"
      metric  = { name = "RestoreDurationSeconds", source = var.name, statistic = "Maximum", period = local.day }
      above   = 4 * local.hour
      periods = 1
      silence = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "restore" {
  for_each = local.restores

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.means} Runbook: README.md#runbook-${each.value.runbook}"
  namespace           = var.name
  metric_name         = each.value.metric.name
  dimensions          = { Source = each.value.metric.source }
  statistic           = each.value.metric.statistic
  period              = each.value.metric.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = each.value.silence
  alarm_actions       = [aws_sns_topic.urgency[each.value.urgency].arn]
  ok_actions          = [aws_sns_topic.urgency[each.value.urgency].arn]
}
