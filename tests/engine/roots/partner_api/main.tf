provider "aws" { region = "us-east-1" }

variable "partners" {
  type    = map(number)
  default = { acme = 50, globex = 10 }
}
variable "webhook_concurrency" {
  type    = number
  default = -1
}

resource "aws_iam_role" "api" {
  name               = "partner-api"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}

resource "aws_lambda_function" "api" {
  function_name = "partner-api"
  role          = aws_iam_role.api.arn
  runtime       = "python3.12"
  handler       = "api.handler"
  filename      = "api.zip"
  timeout       = 15
}

resource "aws_api_gateway_rest_api" "this" {
  name = "partners"
}

resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "orders"
}

resource "aws_api_gateway_method" "orders" {
  rest_api_id      = aws_api_gateway_rest_api.this.id
  resource_id      = aws_api_gateway_resource.orders.id
  http_method      = "ANY"
  authorization    = "NONE"
  api_key_required = true
}

resource "aws_api_gateway_integration" "orders" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.orders.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.api.invoke_arn
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  triggers    = { redeploy = sha1(jsonencode(aws_api_gateway_integration.orders)) }
  lifecycle { create_before_destroy = true }
}

resource "aws_api_gateway_stage" "v1" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = "v1"
}

resource "aws_api_gateway_usage_plan" "partner" {
  for_each = var.partners
  name     = each.key
  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.v1.stage_name
  }
  throttle_settings {
    rate_limit  = each.value
    burst_limit = each.value * 2
  }
}

resource "aws_lambda_function" "webhook" {
  function_name                  = "payment-webhook"
  role                           = aws_iam_role.api.arn
  runtime                        = "python3.12"
  handler                        = "webhook.handler"
  filename                       = "webhook.zip"
  reserved_concurrent_executions = var.webhook_concurrency
}

resource "aws_lambda_function_url" "webhook" {
  function_name      = aws_lambda_function.webhook.function_name
  authorization_type = "NONE"
}

resource "aws_dynamodb_table" "orders" {
  name           = "partner-orders"
  hash_key       = "id"
  billing_mode   = "PROVISIONED"
  read_capacity  = 20
  write_capacity = 20
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
  lifecycle { ignore_changes = [read_capacity, write_capacity] }
}

resource "aws_appautoscaling_target" "orders" {
  for_each           = toset(["Read", "Write"])
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.orders.name}"
  scalable_dimension = "dynamodb:table:${each.key}CapacityUnits"
  min_capacity       = 20
  max_capacity       = 2000
}

resource "aws_appautoscaling_policy" "orders" {
  for_each           = aws_appautoscaling_target.orders
  name               = "orders-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = each.value.service_namespace
  resource_id        = each.value.resource_id
  scalable_dimension = each.value.scalable_dimension
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification { predefined_metric_type = "DynamoDB${each.key}CapacityUtilization" }
    target_value = 70
  }
}

resource "aws_dynamodb_table" "keys" {
  name           = "partner-keys"
  hash_key       = "key"
  read_capacity  = 5
  write_capacity = 5
  attribute {
    name = "key"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
  deletion_protection_enabled = true
}

resource "aws_cognito_user_pool" "partners" {
  name                = "partners"
  deletion_protection = "INACTIVE"
}
