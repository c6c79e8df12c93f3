resource "aws_db_subnet_group" "this" {
  name       = local.name
  subnet_ids = module.vpc.private_subnets
}

resource "aws_rds_cluster" "orders" {
  cluster_identifier        = "${local.name}-orders"
  engine                    = "aurora-postgresql"
  engine_version            = "15.5"
  database_name             = "orders"
  master_username           = "shop"
  manage_master_user_password = true
  db_subnet_group_name      = aws_db_subnet_group.this.name
  backup_retention_period   = local.production ? 14 : 1
  deletion_protection       = local.production
  final_snapshot_identifier = "${local.name}-orders-last"
}

resource "aws_rds_cluster_instance" "orders" {
  count              = local.production ? 2 : 1
  identifier         = "${local.name}-orders-${count.index}"
  cluster_identifier = aws_rds_cluster.orders.id
  engine             = aws_rds_cluster.orders.engine
  instance_class     = "db.r6g.large"
}

resource "aws_elasticache_subnet_group" "sessions" {
  name       = "${local.name}-sessions"
  subnet_ids = module.vpc.private_subnets
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "${local.name}-sessions"
  description                = "Sessions and carts"
  engine                     = "redis"
  node_type                  = "cache.t4g.small"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.sessions.name
}
