provider "aws" { region = "us-east-2" }

locals {
  masters = var.large ? 3 : 0
  subnets = [var.subnet_a, var.subnet_b]
}

resource "aws_opensearch_domain" "catalogue" {
  domain_name    = "catalogue"
  engine_version = "OpenSearch_2.11"

  cluster_config {
    instance_type            = var.large ? "r6g.xlarge.search" : "t3.medium.search"
    instance_count           = 4
    zone_awareness_enabled   = true
    dedicated_master_enabled = local.masters > 0
    dedicated_master_count   = local.masters > 0 ? local.masters : null
    dedicated_master_type    = local.masters > 0 ? "m6g.large.search" : null
    zone_awareness_config { availability_zone_count = 2 }
  }
  ebs_options {
    ebs_enabled = true
    volume_size = 100
  }
  vpc_options { subnet_ids = local.subnets }
  lifecycle { prevent_destroy = true }
}

resource "aws_opensearch_domain" "logs" {
  domain_name = "logs"
  cluster_config {
    instance_type          = "t3.small.search"
    instance_count         = 2
    zone_awareness_enabled = true
  }
  ebs_options {
    ebs_enabled = true
    volume_size = 50
  }
}

resource "aws_opensearch_domain" "metrics" {
  domain_name = "metrics"
  cluster_config {
    instance_type            = "m6g.large.search"
    instance_count           = var.data_nodes
    zone_awareness_enabled   = true
    dedicated_master_enabled = true
    dedicated_master_count   = 3
    dedicated_master_type    = "m6g.large.search"
  }
  ebs_options {
    ebs_enabled = true
    volume_size = 50
  }
  lifecycle { prevent_destroy = true }
}

resource "aws_elasticache_subnet_group" "this" {
  name       = "shop"
  subnet_ids = local.subnets
}

resource "aws_elasticache_replication_group" "carts" {
  replication_group_id       = "carts"
  description                = "carts"
  engine                     = "valkey"
  node_type                  = "cache.r7g.large"
  num_node_groups            = 2
  replicas_per_node_group    = var.large ? 1 : 0
  automatic_failover_enabled = true
  multi_az_enabled           = var.large
  snapshot_retention_limit   = 7
  final_snapshot_identifier  = "carts-last"
  subnet_group_name          = aws_elasticache_subnet_group.this.name
}

resource "aws_elasticache_cluster" "pages" {
  cluster_id           = "pages"
  engine               = "memcached"
  node_type            = "cache.t4g.small"
  num_cache_nodes      = 2
  parameter_group_name = "default.memcached1.6"
}

resource "aws_memorydb_cluster" "stock" {
  count                  = contains(var.features, "stock") ? 1 : 0
  name                   = "stock"
  node_type              = "db.t4g.small"
  acl_name               = "open-access"
  num_replicas_per_shard = 0
}

resource "aws_memorydb_cluster" "recommendations" {
  count                    = contains(var.features, "recommendations") ? 1 : 0
  name                     = "recommendations"
  node_type                = "db.r6g.large"
  acl_name                 = "open-access"
  num_shards               = 1
  num_replicas_per_shard   = 0
  snapshot_retention_limit = 7
}
