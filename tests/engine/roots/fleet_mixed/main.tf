variable "environment" { default = "live" }
variable "night_shift" {
  type    = bool
  default = true
}
variable "instance_types" {
  type    = list(string)
  default = ["m6i.large", "m5.large", "m6a.large"]
}

provider "aws" { region = "us-west-2" }

locals {
  zones = ["us-west-2a", "us-west-2b", "us-west-2c"]
  tags = {
    team        = "search"
    environment = var.environment
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.8.0.0/16"
}

resource "aws_subnet" "this" {
  count             = length(local.zones)
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.8.${count.index}.0/24"
  availability_zone = local.zones[count.index]
}

data "aws_ami" "this" {
  most_recent = true
  owners      = ["self"]
  filter {
    name   = "name"
    values = ["search-*"]
  }
}

resource "aws_launch_template" "this" {
  name_prefix   = "search-"
  image_id      = data.aws_ami.this.id
  instance_type = var.instance_types[0]
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs { volume_size = 40 }
  }
}

resource "aws_autoscaling_group" "query" {
  name                = "search-query"
  min_size            = 3
  max_size            = 24
  vpc_zone_identifier = aws_subnet.this[*].id
  target_group_arns   = [aws_lb_target_group.query.arn]
  health_check_type   = "ELB"

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = 3
      on_demand_percentage_above_base_capacity = 25
      spot_allocation_strategy                 = "price-capacity-optimized"
    }
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = "$Latest"
      }
      dynamic "override" {
        for_each = var.instance_types
        content { instance_type = override.value }
      }
    }
  }

  dynamic "tag" {
    for_each = local.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage = 90
      auto_rollback          = true
    }
  }
}

resource "aws_autoscaling_policy" "query" {
  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.query.name
  policy_type            = "TargetTrackingScaling"
  target_tracking_configuration {
    predefined_metric_specification { predefined_metric_type = "ASGAverageCPUUtilization" }
    target_value = 80
  }
}

resource "aws_autoscaling_schedule" "night" {
  count                  = var.night_shift ? 1 : 0
  scheduled_action_name  = "night"
  autoscaling_group_name = aws_autoscaling_group.query.name
  recurrence             = "0 22 * * *"
  min_size               = 1
  max_size               = 24
  desired_capacity       = 1
}

resource "aws_lb" "query" {
  name               = "search-query"
  internal           = true
  load_balancer_type = "network"
  subnets            = aws_subnet.this[*].id
}

resource "aws_lb_target_group" "query" {
  name     = "search-query"
  port     = 9000
  protocol = "TCP"
  vpc_id   = aws_vpc.this.id
}

resource "aws_lb_listener" "query" {
  load_balancer_arn = aws_lb.query.arn
  port              = 9000
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.query.arn
  }
}

resource "aws_autoscaling_group" "index" {
  name               = "search-index"
  min_size           = 2
  max_size           = 2
  availability_zones = [local.zones[0]]
  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }
}
