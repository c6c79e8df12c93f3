variable "cluster_name" {}
variable "name" {}
variable "role_arn" {}
variable "subnet_ids" { type = list(string) }
variable "instance_types" { type = list(string) }
variable "capacity_type" { default = "ON_DEMAND" }
variable "sizes" {
  type = object({ min = number, max = number })
}

resource "aws_eks_node_group" "this" {
  cluster_name    = var.cluster_name
  node_group_name = var.name
  node_role_arn   = var.role_arn
  subnet_ids      = var.subnet_ids
  instance_types  = var.instance_types
  capacity_type   = var.capacity_type

  scaling_config {
    min_size     = var.sizes.min
    max_size     = var.sizes.max
    desired_size = var.sizes.min
  }
  update_config { max_unavailable = 1 }
  lifecycle { ignore_changes = [scaling_config[0].desired_size] }
}
