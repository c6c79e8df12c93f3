provider "aws" { region = "eu-west-1" }
provider "aws" {
  alias  = "dr"
  region = "eu-west-2"
}

variable "stage" {
  type    = string
  default = "prod"
  validation {
    condition     = contains(["dev", "prod"], var.stage)
    error_message = "dev or prod"
  }
}
variable "broker_user" {
  type      = object({ name = string, password = string })
  sensitive = true
}
variable "subnet_ids" { type = list(string) }

locals {
  sizes = {
    dev  = { instance = "mq.t3.micro", mode = "SINGLE_INSTANCE" }
    prod = { instance = "mq.m5.large", mode = "ACTIVE_STANDBY_MULTI_AZ" }
  }
  size = local.sizes[var.stage]
}

resource "aws_mq_broker" "trades" {
  broker_name        = "trades"
  engine_type        = "ActiveMQ"
  engine_version     = "5.18"
  host_instance_type = local.size.instance
  deployment_mode    = local.size.mode
  subnet_ids         = slice(var.subnet_ids, 0, 2)
  user {
    username = var.broker_user.name
    password = var.broker_user.password
  }
}

resource "aws_mq_broker" "notices" {
  broker_name        = "notices"
  engine_type        = "RabbitMQ"
  engine_version     = "3.13"
  host_instance_type = "mq.m5.large"
  user {
    username = var.broker_user.name
    password = var.broker_user.password
  }
}

resource "aws_dms_replication_subnet_group" "this" {
  replication_subnet_group_id          = "migration"
  replication_subnet_group_description = "migration"
  subnet_ids                           = var.subnet_ids
}

resource "aws_dms_replication_instance" "this" {
  replication_instance_id     = "migration"
  replication_instance_class  = "dms.c5.large"
  replication_subnet_group_id = aws_dms_replication_subnet_group.this.id
  multi_az                    = var.stage == "prod"
}

resource "aws_db_instance" "trades" {
  identifier                = "trades"
  engine                    = "sqlserver-se"
  instance_class            = "db.m5.xlarge"
  license_model             = "license-included"
  allocated_storage         = 500
  max_allocated_storage     = 500
  multi_az                  = true
  username                  = "trades"
  manage_master_user_password = true
  backup_retention_period   = 35
  deletion_protection       = true
  final_snapshot_identifier = "trades-last"
}

resource "aws_db_instance" "history" {
  identifier                = "history"
  engine                    = "mysql"
  instance_class            = "db.r6g.large"
  allocated_storage         = 500
  max_allocated_storage     = 2000
  multi_az                  = true
  username                  = "history"
  manage_master_user_password = true
  backup_retention_period   = 14
  deletion_protection       = true
}

resource "aws_db_instance" "history_dr" {
  provider              = aws.dr
  identifier            = "history-dr"
  replicate_source_db   = aws_db_instance.history.arn
  instance_class        = "db.r6g.large"
  max_allocated_storage = 2000
  skip_final_snapshot   = true
}

resource "aws_docdb_cluster" "notices" {
  cluster_identifier = "notices"
  master_username    = "notices"
  master_password    = var.broker_user.password
  skip_final_snapshot = var.stage != "prod"
  final_snapshot_identifier = "notices-last"
}

resource "aws_docdb_cluster_instance" "notices" {
  count              = var.stage == "prod" ? 2 : 1
  identifier         = "notices-${count.index}"
  cluster_identifier = aws_docdb_cluster.notices.id
  instance_class     = "db.r6g.large"
}
