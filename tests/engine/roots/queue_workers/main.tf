provider "aws" { region = "us-east-1" }

variable "alarm_topic_arn" { type = string }

locals {
  queues = {
    orders = {
      visibility = 360
      attempts   = 5
      timeout    = 60
      fifo       = false
    }
    mails = {
      visibility = 30
      attempts   = 1
      timeout    = 120
      fifo       = false
    }
    ledger = {
      visibility = 90
      attempts   = 5
      timeout    = 15
      fifo       = true
    }
  }
}

module "queue" {
  source   = "./modules/queue"
  for_each = local.queues

  name               = each.key
  visibility_timeout = each.value.visibility
  max_receive_count  = each.value.attempts
  fifo               = each.value.fifo
  alarm_actions      = each.key == "mails" ? [] : [var.alarm_topic_arn]
}

resource "aws_iam_role" "worker" {
  for_each = local.queues
  name     = "worker-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "worker" {
  for_each = local.queues
  role     = aws_iam_role.worker[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      Resource = module.queue[each.key].arn
    }]
  })
}

resource "aws_lambda_function" "worker" {
  for_each      = local.queues
  function_name = "worker-${each.key}"
  role          = aws_iam_role.worker[each.key].arn
  runtime       = "python3.12"
  handler       = "worker.handle"
  filename      = "${path.module}/build/${each.key}.zip"
  timeout       = each.value.timeout
}

resource "aws_lambda_event_source_mapping" "worker" {
  for_each         = local.queues
  event_source_arn = module.queue[each.key].arn
  function_name    = aws_lambda_function.worker[each.key].arn
  batch_size       = 10
  scaling_config {
    maximum_concurrency = 20
  }
}

# The other team's events come in here; nobody thought of what cannot be handled.
resource "aws_sqs_queue" "inbox" {
  name                      = "partner-inbox"
  message_retention_seconds = 1209600
}

resource "aws_sns_topic" "partner" {
  name = "partner-events"
}

resource "aws_sns_topic_subscription" "inbox" {
  topic_arn = aws_sns_topic.partner.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.inbox.arn
}

resource "aws_sqs_queue_policy" "inbox" {
  queue_url = aws_sqs_queue.inbox.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.inbox.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.partner.arn } }
    }]
  })
}
