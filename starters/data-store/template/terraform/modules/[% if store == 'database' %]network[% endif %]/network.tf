# Three zones, and no way in or out but from what is let in.
locals {
  addresses  = "10.20.0.0/20"
  zones      = 3
  postgresql = 5432
}

data "aws_availability_zones" "available" {
  # Local Zones are not what a database is spread over.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "database" {
  cidr_block           = local.addresses
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = "${var.name}-database" }
}

resource "aws_subnet" "database" {
  count = local.zones

  vpc_id            = aws_vpc.database.id
  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(local.addresses, 2, count.index)

  tags = { Name = "${var.name}-database-${count.index + 1}" }
}

resource "aws_db_subnet_group" "database" {
  name        = "${var.name}-database"
  description = "Where the database lives, and what is restored from its backups"
  subnet_ids  = aws_subnet.database[*].id
}

# What AWS Backup restores for a test is in the network's own group, and nobody shall reach it.
resource "aws_default_security_group" "restored" {
  vpc_id = aws_vpc.database.id
}

# For what calls the database: attach it there, and nothing else is needed.
resource "aws_security_group" "clients" {
  name        = "${var.name}-database-clients"
  description = "Calls the database"
  vpc_id      = aws_vpc.database.id
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "The database"
  vpc_id      = aws_vpc.database.id
}

resource "aws_vpc_security_group_egress_rule" "clients" {
  security_group_id            = aws_security_group.clients.id
  description                  = "PostgreSQL"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = local.postgresql
  to_port                      = local.postgresql
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  description                  = "PostgreSQL"
  referenced_security_group_id = aws_security_group.clients.id
  ip_protocol                  = "tcp"
  from_port                    = local.postgresql
  to_port                      = local.postgresql
}

# What is refused is what nobody meant to happen.
resource "aws_flow_log" "refused" {
  vpc_id          = aws_vpc.database.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.refused.arn
  iam_role_arn    = aws_iam_role.flow_log.arn
}

resource "aws_cloudwatch_log_group" "refused" {
  name              = "/aws/vpc/${var.name}-database"
  retention_in_days = 30
}

resource "aws_iam_role" "flow_log" {
  name = "${var.name}-flow-log-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "flow_log" {
  name = "write"
  role = aws_iam_role.flow_log.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.refused.arn}:*"]
    }]
  })
}
