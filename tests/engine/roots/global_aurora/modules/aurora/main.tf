variable "name" { type = string }
variable "global_cluster" { type = string }
variable "subnets" { type = list(string) }
variable "master_username" {
  type    = string
  default = null
}
variable "master_password" {
  type      = string
  default   = null
  sensitive = true
}
variable "instances" {
  type    = list(string)
  default = ["a", "b"]
}
variable "backup_days" {
  type    = number
  default = 1
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_rds_cluster" "this" {
  cluster_identifier        = var.name
  global_cluster_identifier = var.global_cluster
  engine                    = "aurora-postgresql"
  engine_version            = "15.5"
  db_subnet_group_name      = aws_db_subnet_group.this.name
  master_username           = var.master_username
  master_password           = var.master_password
  backup_retention_period   = var.backup_days
  deletion_protection       = true
  skip_final_snapshot       = true
  storage_encrypted         = true

  lifecycle {
    ignore_changes = [replication_source_identifier]
  }
}

resource "aws_rds_cluster_instance" "this" {
  for_each           = toset(var.instances)
  identifier         = "${var.name}-${each.key}"
  cluster_identifier = aws_rds_cluster.this.id
  engine             = aws_rds_cluster.this.engine
  instance_class     = "db.r6g.xlarge"
  promotion_tier     = each.key == "a" ? 0 : 1
}

output "endpoint" { value = aws_rds_cluster.this.endpoint }
