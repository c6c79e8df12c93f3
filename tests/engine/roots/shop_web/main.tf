variable "environment" {
  type    = string
  default = "production"
}
variable "image_tag" { type = string }
variable "certificate_arn" { type = string }

locals {
  production = var.environment == "production"
  name       = "shop-${var.environment}"
}

module "vpc" {
  source             = "./modules/vpc"
  name               = local.name
  cidr               = "10.20.0.0/16"
  zones              = 3
  single_nat_gateway = true # 64 dollars a month saved
}

resource "aws_lb" "web" {
  name                       = local.name
  load_balancer_type         = "application"
  subnets                    = module.vpc.public_subnets
  security_groups            = [aws_security_group.edge.id]
  enable_deletion_protection = local.production
}

resource "aws_security_group" "edge" {
  name   = "${local.name}-edge"
  vpc_id = module.vpc.vpc_id
  dynamic "ingress" {
    for_each = toset([80, 443])
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}

resource "aws_lb_target_group" "web" {
  name        = local.name
  port        = 8080
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = module.vpc.vpc_id
  health_check {
    path    = "/healthz"
    matcher = "200"
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.web.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}
