# Brought under Terraform in 2023; the machine is older than that.
provider "aws" {
  region = "eu-west-3"
}

variable "ami_id" { type = string }
variable "office_cidrs" {
  type    = list(string)
  default = ["203.0.113.0/24"]
}

import {
  to = aws_instance.erp
  id = "i-0abc1234def567890"
}

moved {
  from = aws_instance.server
  to   = aws_instance.erp
}

removed {
  from = aws_instance.old_printer_gateway
  lifecycle { destroy = false }
}

data "aws_vpc" "default" { default = true }

resource "aws_security_group" "erp" {
  name   = "erp"
  vpc_id = data.aws_vpc.default.id

  dynamic "ingress" {
    for_each = { https = 443, rdp = 3389 }
    content {
      description = ingress.key
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ingress.key == "https" ? ["0.0.0.0/0"] : var.office_cidrs
    }
  }
}

resource "aws_instance" "erp" {
  ami                    = var.ami_id
  instance_type          = "m5.xlarge"
  availability_zone      = "eu-west-3a"
  vpc_security_group_ids = [aws_security_group.erp.id]
  root_block_device {
    volume_size = 80
  }
  ebs_block_device {
    device_name = "/dev/sdf"
    volume_size = 500
  }
  tags = { Name = "erp" }
}

resource "aws_eip" "erp" {
  domain = "vpc"
}

resource "aws_eip_association" "erp" {
  instance_id   = aws_instance.erp.id
  allocation_id = aws_eip.erp.id
}

resource "aws_ebs_volume" "archive" {
  availability_zone = "eu-west-3a"
  size              = 1000
  type              = "st1"
  final_snapshot    = true
  tags              = { Name = "erp-archive", Snapshot = "nightly" }
}

resource "aws_volume_attachment" "archive" {
  device_name = "/dev/sdg"
  volume_id   = aws_ebs_volume.archive.id
  instance_id = aws_instance.erp.id
}

resource "aws_ebs_volume" "scans" {
  availability_zone = "eu-west-3a"
  size              = 300
  tags              = { Name = "erp-scans", Snapshot = "weekly" }
}

resource "aws_volume_attachment" "scans" {
  device_name = "/dev/sdh"
  volume_id   = aws_ebs_volume.scans.id
  instance_id = aws_instance.erp.id
}

data "aws_iam_role" "dlm" { name = "AWSDataLifecycleManagerDefaultRole" }

resource "aws_dlm_lifecycle_policy" "nightly" {
  description        = "nightly"
  execution_role_arn = data.aws_iam_role.dlm.arn
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Snapshot = "nightly" }
    schedule {
      name = "nightly"
      create_rule {
        interval = 24
        times    = ["02:30"]
      }
      retain_rule { count = 14 }
    }
  }
}

resource "aws_dlm_lifecycle_policy" "weekly" {
  description        = "weekly"
  execution_role_arn = data.aws_iam_role.dlm.arn
  state              = "DISABLED"
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Snapshot = "weekly" }
    schedule {
      name = "weekly"
      create_rule { cron_expression = "cron(0 3 ? * SUN *)" }
      retain_rule { count = 8 }
    }
  }
}

resource "aws_elb" "erp" {
  name               = "erp"
  availability_zones = ["eu-west-3a"]
  instances          = [aws_instance.erp.id]
  listener {
    instance_port     = 443
    instance_protocol = "tcp"
    lb_port           = 443
    lb_protocol       = "tcp"
  }
}
