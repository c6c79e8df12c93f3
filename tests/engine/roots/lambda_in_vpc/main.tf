variable "vpc_id" { type = string }
variable "private_subnet_ids" {
  type        = list(string)
  description = "Exported by the network workspace"
}
variable "database_url_parameter" { type = string }

data "aws_subnet" "first" {
  id = var.private_subnet_ids[0]
}

data "aws_ssm_parameter" "database_url" {
  name = var.database_url_parameter
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "documents"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_security_group" "this" {
  name   = "documents"
  vpc_id = var.vpc_id
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_s3_bucket" "incoming" {
  bucket_prefix = "documents-incoming-"
}

resource "aws_s3_bucket_versioning" "incoming" {
  bucket = aws_s3_bucket.incoming.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_lambda_function" "extract" {
  function_name = "documents-extract"
  role          = aws_iam_role.this.arn
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/extract:latest"
  timeout       = 300
  vpc_config {
    subnet_ids         = var.private_subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }
  environment {
    variables = { DATABASE_URL = data.aws_ssm_parameter.database_url.value }
  }
}

resource "aws_s3_bucket_notification" "incoming" {
  bucket = aws_s3_bucket.incoming.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.extract.arn
    events              = ["s3:ObjectCreated:*"]
    filter_suffix       = ".pdf"
  }
  depends_on = [aws_lambda_permission.incoming]
}

resource "aws_lambda_permission" "incoming" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.extract.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.incoming.arn
}

# Only one address is allowed through the partner's firewall, so it runs beside that one NAT instance.
resource "aws_lambda_function" "partner" {
  function_name = "documents-partner"
  role          = aws_iam_role.this.arn
  runtime       = "python3.12"
  handler       = "partner.handler"
  filename      = "partner.zip"
  vpc_config {
    subnet_ids         = [data.aws_subnet.first.id]
    security_group_ids = [aws_security_group.this.id]
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }
}

resource "aws_sqs_queue" "failed" {
  name                      = "documents-failed"
  message_retention_seconds = 1209600
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "documents-partner-nightly"
  schedule_expression = "cron(30 1 * * ? *)"
}

resource "aws_cloudwatch_event_target" "nightly" {
  rule = aws_cloudwatch_event_rule.nightly.name
  arn  = aws_lambda_function.partner.arn
}

resource "aws_cloudwatch_event_rule" "approved" {
  name          = "documents-approved"
  event_pattern = jsonencode({ source = ["documents"], "detail-type" = ["Approved"] })
}

resource "aws_cloudwatch_event_target" "approved" {
  rule = aws_cloudwatch_event_rule.approved.name
  arn  = aws_lambda_function.partner.arn
  dead_letter_config { arn = aws_sqs_queue.failed.arn }
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "documents-failed"
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesSent"
  dimensions          = { QueueName = aws_sqs_queue.failed.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
}
