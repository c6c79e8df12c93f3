provider "aws" { region = "eu-west-1" }

variable "approval_days" {
  type    = number
  default = 2
}

locals {
  functions = {
    reserve = { timeout = 20 }
    charge  = { timeout = 45 }
    ship    = { timeout = 10 }
  }
}

resource "aws_iam_role" "this" {
  for_each = toset(["lambda", "states", "scheduler"])
  name     = "orders-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "${each.key}.amazonaws.com" } }]
  })
}

resource "aws_lambda_function" "step" {
  for_each      = local.functions
  function_name = "orders-${each.key}"
  role          = aws_iam_role.this["lambda"].arn
  runtime       = "python3.12"
  handler       = "${each.key}.handle"
  filename      = "orders.zip"
  timeout       = each.value.timeout
}

resource "aws_sfn_state_machine" "orders" {
  name     = "orders"
  role_arn = aws_iam_role.this["states"].arn
  definition = jsonencode({
    StartAt        = "Reserve"
    TimeoutSeconds = 86400
    States = {
      Reserve = {
        Type     = "Task"
        Resource = aws_lambda_function.step["reserve"].arn
        Retry    = [{ ErrorEquals = ["States.TaskFailed"], MaxAttempts = 3, BackoffRate = 2, JitterStrategy = "FULL" }]
        Next     = "Charge"
      }
      Charge = {
        Type     = "Task"
        Resource = "arn:aws:states:::lambda:invoke"
        Parameters = {
          FunctionName = aws_lambda_function.step["charge"].arn
          "Payload.$"  = "$"
        }
        Next = "Ship"
      }
      Ship = {
        Type     = "Task"
        Resource = aws_lambda_function.step["ship"].arn
        Retry    = [{ ErrorEquals = ["States.ALL"], MaxAttempts = 5 }]
        End      = true
      }
    }
  })
}

resource "aws_sfn_state_machine" "refunds" {
  name     = "refunds"
  role_arn = aws_iam_role.this["states"].arn
  definition = jsonencode({
    StartAt = "Approve"
    States = {
      Approve = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
        Parameters = { QueueUrl = aws_sqs_queue.approvals.url, MessageBody = { "token.$" = "$$.Task.Token" } }
        Retry      = [{ ErrorEquals = ["States.TaskFailed"] }]
        End        = true
      }
    }
  })
}

resource "aws_sqs_queue" "approvals" {
  name                      = "refund-approvals"
  message_retention_seconds = var.approval_days * 24 * 3600
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.approvals_dead.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "approvals_dead" {
  name                      = "refund-approvals-dead"
  message_retention_seconds = 1209600
}

resource "aws_apigatewayv2_api" "orders" {
  name          = "orders"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "charge" {
  api_id                 = aws_apigatewayv2_api.orders.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.step["charge"].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "charge" {
  api_id    = aws_apigatewayv2_api.orders.id
  route_key = "POST /charges"
  target    = "integrations/${aws_apigatewayv2_integration.charge.id}"
}

resource "aws_apigatewayv2_stage" "live" {
  api_id      = aws_apigatewayv2_api.orders.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_scheduler_schedule" "close_day" {
  name                = "close-day"
  schedule_expression = "cron(55 23 * * ? *)"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = aws_sfn_state_machine.orders.arn
    role_arn = aws_iam_role.this["scheduler"].arn
    input    = jsonencode({ close = true })
  }
}

resource "aws_dynamodb_table" "orders" {
  name             = "orders"
  hash_key         = "id"
  billing_mode     = "PAY_PER_REQUEST"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
  deletion_protection_enabled = true
}
