terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.60" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "standby"
  region = "eu-central-1"
}

variable "primary_subnets" { type = list(string) }
variable "standby_subnets" { type = list(string) }

resource "aws_rds_global_cluster" "ledger" {
  global_cluster_identifier = "ledger"
  engine                    = "aurora-postgresql"
  engine_version            = "15.5"
  storage_encrypted         = true
}

resource "aws_secretsmanager_secret" "ledger" {
  name = "ledger/master"
}

resource "aws_secretsmanager_secret" "reporting" {
  name = "ledger/reporting"
  replica {
    region = "eu-central-1"
  }
}

data "aws_secretsmanager_secret_version" "ledger" {
  secret_id = aws_secretsmanager_secret.ledger.id
}

module "primary" {
  source            = "./modules/aurora"
  name              = "ledger-primary"
  global_cluster    = aws_rds_global_cluster.ledger.id
  subnets           = var.primary_subnets
  master_username   = "ledger"
  master_password   = data.aws_secretsmanager_secret_version.ledger.secret_string
  instances         = ["a", "b"]
  backup_days       = 30
}

module "standby" {
  source         = "./modules/aurora"
  providers      = { aws = aws.standby }
  name           = "ledger-standby"
  global_cluster = aws_rds_global_cluster.ledger.id
  subnets        = var.standby_subnets
  instances      = ["a"] # a second one is added when we fail over
  depends_on     = [module.primary]
}

# Reports are a plain PostgreSQL, fed every night.
resource "aws_db_instance" "reports" {
  identifier                = "reports"
  engine                    = "postgres"
  instance_class            = "db.m6g.large"
  allocated_storage         = 200
  max_allocated_storage     = 1000
  multi_az                  = true
  username                  = "reports"
  manage_master_user_password = true
  backup_retention_period   = 7
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "reports-last"
}

resource "aws_db_instance_automated_backups_replication" "reports" {
  provider               = aws.standby
  source_db_instance_arn = aws_db_instance.reports.arn
  retention_period       = 7
}

resource "aws_route53_record" "writer" {
  zone_id = var.zone_id
  name    = "ledger-writer"
  type    = "CNAME"
  ttl     = 30
  records = [module.primary.endpoint]
}

variable "zone_id" { type = string }
