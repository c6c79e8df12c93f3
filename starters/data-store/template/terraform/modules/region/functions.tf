locals {
  functions = {
    heartbeat = {
      description = "Writes down what a backup has to contain, and counts the days since the last good restore"
      handler     = "heartbeat.handler.handle"
      timeout     = 60
      schedule    = "rate(1 hour)"
      pattern     = null
      runbook     = "heartbeat-missed"
      missed      = "No heartbeat was written, although it was tried again: the next backup cannot be told from an old one."
    }
    restore-check = {
      description = "Says whether what was restored from a backup is good"
      handler     = "restore_check.handler.handle"
      # The most that Lambda gives; the check stops itself before it is over and says so.
      timeout  = 900
      schedule = null
      pattern = jsonencode({
        source      = ["aws.backup"]
        detail-type = ["Restore Job State Change"]
        detail = {
          status                = ["COMPLETED", "FAILED", "ABORTED"]
          restoreTestingPlanArn = [{ exists = true }]
        }
      })
      runbook = "restore-missed"
      missed  = "A restore was not judged, although it was tried again."
    }
  }

  environment = {
    SERVICE              = var.name
    STORE                = var.store
    BEATS                = var.beats ? "yes" : ""
    VAULT                = aws_backup_vault.vault.name
    RESTORE_TESTING_PLAN = aws_backup_restore_testing_plan.weekly.arn
  }
}

# No concurrency is reserved: a new account has too little of it, and these run alone.
resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name    = "${var.name}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  filename         = var.code.file
  source_code_hash = var.code.hash
  runtime          = "python3.14"
  architectures    = ["arm64"]
  handler          = each.value.handler
  timeout          = each.value.timeout
  memory_size      = 512
  # What runs is a version, behind the alias `live`: going back is turning the alias back.
  publish = true

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = "live"
  function_name    = aws_lambda_function.function[each.key].function_name
  function_version = aws_lambda_function.function[each.key].version
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = 90
}

resource "aws_cloudwatch_event_rule" "start" {
  for_each = local.functions

  name                = "${var.name}-${each.key}"
  description         = each.value.description
  schedule_expression = each.value.schedule
  event_pattern       = each.value.pattern
}

resource "aws_cloudwatch_event_target" "start" {
  for_each = local.functions

  rule = aws_cloudwatch_event_rule.start[each.key].name
  arn  = aws_lambda_alias.live[each.key].arn

  dead_letter_config {
    arn = aws_sqs_queue.missed[each.key].arn
  }
}

resource "aws_lambda_permission" "start" {
  for_each = local.functions

  statement_id  = "start"
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.start[each.key].arn
  function_name = aws_lambda_function.function[each.key].function_name
  qualifier     = aws_lambda_alias.live[each.key].name
}

# An event at which a function failed three times.
resource "aws_lambda_function_event_invoke_config" "live" {
  for_each = local.functions

  function_name = aws_lambda_function.function[each.key].function_name
  qualifier     = aws_lambda_alias.live[each.key].name

  destination_config {
    on_failure {
      destination = aws_sqs_queue.missed[each.key].arn
    }
  }
}
