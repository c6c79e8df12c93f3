locals {
  minute = 60
  hour   = 60 * 60

  # Seconds that the oldest order may wait in each queue before somebody gets a ticket, and before somebody is woken up.
  late = {
    work     = { ticket = 4 * local.minute, page = 10 * local.minute }
    sideline = { ticket = 30 * local.minute, page = 4 * local.hour }
  }

  of_queues = merge([for role, late in local.late : {
    "${role}-late-ticket" = {
      means   = "The oldest order in ${role} has waited for more than ${late.ticket / local.minute} minutes."
      runbook = "queue-late"
      urgency = "ticket"
      queue   = aws_sqs_queue.queue[role].name
      metric  = "ApproximateAgeOfOldestMessage"
      above   = late.ticket
      minutes = 3
    }
    "${role}-late-page" = {
      means   = "The oldest order in ${role} has waited for more than ${late.page / local.minute} minutes."
      runbook = "queue-late"
      urgency = "page"
      queue   = aws_sqs_queue.queue[role].name
      metric  = "ApproximateAgeOfOldestMessage"
      above   = late.page
      minutes = 3
    }
    "${role}-dead-letters-ticket" = {
      means   = "An order was tried in vain in ${role}."
      runbook = "dead-letters"
      urgency = "ticket"
      queue   = aws_sqs_queue.dead_letters[role].name
      metric  = "ApproximateNumberOfMessagesVisible"
      above   = 0
      minutes = 5
    }
    # One order may be poison; a hundred are a fault of ours.
    "${role}-dead-letters-page" = {
      means   = "More than 100 orders were tried in vain in ${role}."
      runbook = "dead-letters"
      urgency = "page"
      queue   = aws_sqs_queue.dead_letters[role].name
      metric  = "ApproximateNumberOfMessagesVisible"
      above   = 100
      minutes = 5
    }
  }]...)

  # 99.9 % of a month's orders are done within 15 minutes. A burn rate of 14.4 uses 2 % of what may be late in one hour, one of 6 uses 5 % in six hours.
  burning = {
    page   = { period = local.hour, above = 14.4 * 0.1 }
    ticket = { period = 6 * local.hour, above = 6 * 0.1 }
  }
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = local.of_queues

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.means} Runbook: README.md#runbook-${each.value.runbook}"
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  period              = local.minute
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  # SQS is silent about a queue that nothing happened to for six hours.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.urgency[each.value.urgency].arn]
  ok_actions         = [aws_sns_topic.urgency[each.value.urgency].arn]
}

resource "aws_cloudwatch_metric_alarm" "orders_refused" {
  alarm_name          = "${var.name}-orders-refused"
  alarm_description   = "More than 10 orders were refused in 5 minutes: they would have waited too long. Runbook: README.md#runbook-orders-refused"
  namespace           = var.name
  metric_name         = "OrdersRefused"
  statistic           = "Sum"
  period              = 5 * local.minute
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10
  # Nothing is written while nothing is refused.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.urgency["ticket"].arn]
  ok_actions         = [aws_sns_topic.urgency["ticket"].arn]
}

resource "aws_cloudwatch_metric_alarm" "accept_failing" {
  alarm_name          = "${var.name}-accept-failing"
  alarm_description   = "More than 5 orders met a fault of ours in 5 minutes. Runbook: README.md#runbook-accept-failing"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.function["accept"].function_name }
  statistic           = "Sum"
  period              = 5 * local.minute
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  # Nobody orders anything at night.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.urgency["page"].arn]
  ok_actions         = [aws_sns_topic.urgency["page"].arn]
}

resource "aws_cloudwatch_metric_alarm" "reconcile_silent" {
  alarm_name          = "${var.name}-reconcile-silent"
  alarm_description   = "Nobody has looked for lost orders for 5 minutes. Runbook: README.md#runbook-reconcile-silent"
  namespace           = var.name
  metric_name         = "ReconcileRuns"
  statistic           = "Sum"
  period              = 5 * local.minute
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  # It counts its own runs: what does not run writes nothing.
  treat_missing_data = "breaching"
  alarm_actions      = [aws_sns_topic.urgency["page"].arn]
  ok_actions         = [aws_sns_topic.urgency["page"].arn]
}

resource "aws_cloudwatch_metric_alarm" "orders_slow" {
  for_each = local.burning

  alarm_name          = "${var.name}-orders-slow-${each.key}"
  alarm_description   = "At this rate more than one order in a thousand takes longer than 15 minutes this month. Runbook: README.md#runbook-orders-slow"
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.urgency[each.key].arn]
  ok_actions          = [aws_sns_topic.urgency[each.key].arn]

  metric_query {
    id          = "percent"
    label       = "orders that took longer than 15 minutes, %"
    expression  = "IF(done > 0, 100 * late / done, 0)"
    return_data = true
  }

  metric_query {
    id = "late"

    metric {
      namespace   = var.name
      metric_name = "OrdersLate"
      stat        = "Sum"
      period      = each.value.period
    }
  }

  metric_query {
    id = "done"

    metric {
      namespace   = var.name
      metric_name = "OrdersDone"
      stat        = "Sum"
      period      = each.value.period
    }
  }
}
