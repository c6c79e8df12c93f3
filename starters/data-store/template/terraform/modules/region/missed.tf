# The events that a function never took, or failed at each time: read by a person, worked off by nobody.
resource "aws_sqs_queue" "missed" {
  for_each = local.functions

  name                      = "${var.name}-${each.key}-missed"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "missed" {
  for_each = local.functions

  queue_url = aws_sqs_queue.missed[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.missed[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NeverTaken"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.missed[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.start[each.key].arn } }
      },
    ]
  })
}

resource "aws_cloudwatch_metric_alarm" "missed" {
  for_each = local.functions

  alarm_name          = "${var.name}-${each.key}-missed"
  alarm_description   = "${each.value.missed} Runbook: README.md#runbook-${each.value.runbook}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.missed[each.key].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # SQS is silent about a queue that nothing happened to for six hours.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.urgency["ticket"].arn]
  ok_actions         = [aws_sns_topic.urgency["ticket"].arn]
}
