terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.tokyo]
    }
  }
}

provider "aws" { region = "us-west-2" }
provider "aws" {
  alias  = "tokyo"
  region = "ap-northeast-1"
}

variable "extra_region" {
  type        = string
  description = "where the third copy of the audit table is kept; set by the compliance workspace"
}

locals {
  tables = {
    carts    = { regions = ["ap-northeast-1", "eu-west-1"], protected = true }
    wishes   = { regions = [], protected = true }
    profiles = { regions = ["ap-northeast-1"], protected = false }
  }
}

module "table" {
  source          = "./modules/table"
  for_each        = local.tables
  name            = each.key
  replica_regions = each.value.regions
  protected       = each.value.protected
}

module "audit" {
  source          = "./modules/table"
  name            = "audit"
  replica_regions = [var.extra_region]
  protected       = true
}

resource "aws_kms_key" "west" {
  description  = "tokens"
  multi_region = true
}

resource "aws_kms_replica_key" "tokyo" {
  provider        = aws.tokyo
  primary_key_arn = aws_kms_key.west.arn
}

resource "aws_lambda_function" "api_west" {
  function_name = "carts-api"
  role          = aws_iam_role.api.arn
  runtime       = "nodejs20.x"
  handler       = "index.handler"
  filename      = "api.zip"
  environment {
    variables = { TABLE = module.table["carts"].name, KEY = aws_kms_key.west.arn }
  }
}

resource "aws_lambda_function" "api_tokyo" {
  provider      = aws.tokyo
  function_name = "carts-api"
  role          = aws_iam_role.api.arn
  runtime       = "nodejs20.x"
  handler       = "index.handler"
  filename      = "api.zip"
  environment {
    variables = { TABLE = module.table["carts"].name, KEY = aws_kms_replica_key.tokyo.arn }
  }
}

resource "aws_iam_role" "api" {
  name               = "carts-api"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}

resource "aws_iam_role_policy" "api" {
  role = aws_iam_role.api.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = [for table in module.table : table.arn] },
      { Effect = "Allow", Action = ["kms:Encrypt", "kms:Decrypt"], Resource = [aws_kms_key.west.arn, aws_kms_replica_key.tokyo.arn] },
    ]
  })
}

resource "aws_elasticache_replication_group" "stock" {
  replication_group_id       = "stock"
  description                = "stock levels"
  node_type                  = "cache.r7g.large"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  snapshot_retention_limit   = 7
  final_snapshot_identifier  = "stock-last"
}

resource "aws_elasticache_global_replication_group" "stock" {
  global_replication_group_id_suffix = "stock"
  primary_replication_group_id       = aws_elasticache_replication_group.stock.id
}

resource "aws_elasticache_replication_group" "stock_tokyo" {
  provider                    = aws.tokyo
  replication_group_id        = "stock-tokyo"
  description                 = "stock levels"
  global_replication_group_id = aws_elasticache_global_replication_group.stock.global_replication_group_id
  num_cache_clusters          = 1
}
