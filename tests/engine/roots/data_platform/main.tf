provider "aws" { region = "eu-west-1" }

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of the data account, from the network team"
}
variable "redshift_password" {
  type      = string
  sensitive = true
}
variable "clickstream_shards" {
  type    = number
  default = 4
}
variable "kafka_zones" {
  type    = list(string)
  default = ["eu-west-1a", "eu-west-1b"]
}

resource "aws_kinesis_stream" "clicks" {
  name        = "clicks"
  shard_count = var.clickstream_shards
}

resource "aws_kinesis_stream" "payments" {
  name             = "payments"
  retention_period = 168
  stream_mode_details { stream_mode = "ON_DEMAND" }
}

resource "aws_s3_bucket" "lake" {
  bucket = "example-data-lake"
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id
  versioning_configuration { status = "Suspended" }
}

resource "aws_iam_role" "firehose" {
  name               = "firehose"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "firehose.amazonaws.com" } }] })
}

resource "aws_kinesis_firehose_delivery_stream" "clicks" {
  name        = "clicks-to-lake"
  destination = "extended_s3"
  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.clicks.arn
    role_arn           = aws_iam_role.firehose.arn
  }
  extended_s3_configuration {
    role_arn   = aws_iam_role.firehose.arn
    bucket_arn = aws_s3_bucket.lake.arn
    prefix     = "clicks/"
  }
}

resource "aws_lambda_function" "payments" {
  function_name = "payments-projection"
  role          = aws_iam_role.firehose.arn
  runtime       = "nodejs20.x"
  handler       = "index.handler"
  filename      = "payments.zip"
}

resource "aws_lambda_event_source_mapping" "payments" {
  event_source_arn               = aws_kinesis_stream.payments.arn
  function_name                  = aws_lambda_function.payments.arn
  starting_position              = "TRIM_HORIZON"
  maximum_retry_attempts         = 5
  bisect_batch_on_function_error = true
}

resource "aws_redshift_subnet_group" "warehouse" {
  name       = "warehouse"
  subnet_ids = var.subnet_ids
}

resource "aws_redshift_cluster" "warehouse" {
  cluster_identifier                  = "warehouse"
  database_name                       = "analytics"
  node_type                           = "ra3.xlplus"
  number_of_nodes                     = 4
  cluster_type                        = "multi-node"
  master_username                     = "analyst"
  master_password                     = var.redshift_password
  cluster_subnet_group_name           = aws_redshift_subnet_group.warehouse.name
  automated_snapshot_retention_period = 3
  skip_final_snapshot                 = true
}

resource "aws_vpc" "kafka" {
  cidr_block = "10.90.0.0/16"
}

resource "aws_subnet" "kafka" {
  count             = length(var.kafka_zones)
  vpc_id            = aws_vpc.kafka.id
  availability_zone = var.kafka_zones[count.index]
  cidr_block        = cidrsubnet(aws_vpc.kafka.cidr_block, 8, count.index)
}

resource "aws_msk_cluster" "events" {
  cluster_name           = "events"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 2 * length(var.kafka_zones)
  broker_node_group_info {
    instance_type   = "kafka.m5.large"
    client_subnets  = aws_subnet.kafka[*].id
    security_groups = []
    storage_info {
      ebs_storage_info { volume_size = 500 }
    }
  }
}

resource "aws_glue_catalog_database" "lake" {
  name = "lake"
}
