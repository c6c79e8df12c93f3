locals {
  table = "${var.name}-orders"
  # By name: a region is built, changed and lost without asking the one that made the table.
  table_arn = "arn:${local.partition}:dynamodb:${var.region}:${local.account}:table/${local.table}"

  taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]

  permissions = {
    accept = [
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = [local.table_arn] },
      { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [local.queue_arns.work] },
      { Effect = "Allow", Action = ["sqs:GetQueueAttributes"], Resource = values(local.queue_arns) },
    ]
    work = [
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = [local.table_arn] },
      { Effect = "Allow", Action = local.taking, Resource = [local.queue_arns.work] },
      { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [local.queue_arns.sideline] },
    ]
    sideline = [
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = [local.table_arn] },
      { Effect = "Allow", Action = local.taking, Resource = [local.queue_arns.sideline] },
    ]
    reconcile = [
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource = [local.table_arn] },
      { Effect = "Allow", Action = ["dynamodb:Query"], Resource = ["${local.table_arn}/index/open-orders"] },
      { Effect = "Allow", Action = ["sqs:SendMessage", "sqs:GetQueueAttributes"], Resource = values(local.queue_arns) },
    ]
  }

  queue_arns = { for role, queue in aws_sqs_queue.queue : role => queue.arn }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name = "${var.name}-${each.key}-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "needs"
  role = aws_iam_role.function[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.permissions[each.key], [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
    }])
  })
}
