variable "cluster_name" {
  type    = string
  default = "platform"
}
variable "gpu_enabled" {
  type    = bool
  default = true
}
variable "cidr" {
  type    = string
  default = "10.64.0.0/16"
}

provider "aws" { region = "eu-central-1" }

data "aws_availability_zones" "this" {
  state = "available"
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = { for index, name in slice(data.aws_availability_zones.this.names, 0, 3) : name => index }
}

resource "aws_vpc" "this" {
  cidr_block = var.cidr
}

resource "aws_subnet" "nodes" {
  for_each          = local.zones
  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 4, each.value)
  tags = {
    "kubernetes.io/role/internal-elb"           = "1"
    "kubernetes.io/cluster/${var.cluster_name}" = "shared"
  }
}

data "aws_iam_policy_document" "eks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "${var.cluster_name}-cluster"
  assume_role_policy = data.aws_iam_policy_document.eks.json
}

resource "aws_iam_role" "nodes" {
  name               = "${var.cluster_name}-nodes"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}

resource "aws_eks_cluster" "this" {
  name     = var.cluster_name
  role_arn = aws_iam_role.cluster.arn
  version  = "1.30"
  vpc_config {
    subnet_ids = values(aws_subnet.nodes)[*].id
  }
}

module "general" {
  source         = "./modules/node_group"
  cluster_name   = aws_eks_cluster.this.name
  name           = "general"
  role_arn       = aws_iam_role.nodes.arn
  subnet_ids     = [for subnet in aws_subnet.nodes : subnet.id]
  instance_types = ["m6i.large", "m5.large", "m6a.large"]
  sizes          = { min = 3, max = 12 }
}

module "batch" {
  source         = "./modules/node_group"
  cluster_name   = aws_eks_cluster.this.name
  name           = "batch"
  role_arn       = aws_iam_role.nodes.arn
  subnet_ids     = [for subnet in aws_subnet.nodes : subnet.id]
  instance_types = ["c6i.xlarge", "c5.xlarge"]
  capacity_type  = "SPOT"
  sizes          = { min = 0, max = 40 }
}

# One group in the first zone only: the GPU type is not sold in the others.
module "gpu" {
  count          = var.gpu_enabled ? 1 : 0
  source         = "./modules/node_group"
  cluster_name   = aws_eks_cluster.this.name
  name           = "gpu"
  role_arn       = aws_iam_role.nodes.arn
  subnet_ids     = [values(aws_subnet.nodes)[0].id]
  instance_types = ["g5.xlarge"]
  sizes          = { min = 0, max = 4 }
}

resource "aws_ecr_repository" "apps" {
  for_each     = toset(["api", "worker"])
  name         = "${var.cluster_name}/${each.value}"
  force_delete = each.value == "worker"
}

resource "aws_ebs_volume" "prometheus" {
  availability_zone = data.aws_availability_zones.this.names[0]
  size              = 200
  type              = "gp3"
  tags              = { Name = "prometheus" }
}
