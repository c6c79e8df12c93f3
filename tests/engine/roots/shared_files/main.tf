provider "aws" {
  region = "ap-southeast-2"
}

variable "directory_id" { type = string }
variable "windows_deployment" {
  type    = string
  default = "SINGLE_AZ_2"
}

data "aws_vpc" "shared" {
  tags = { Name = "shared" }
}

data "aws_availability_zones" "all" {}

resource "aws_subnet" "files" {
  count             = 3
  vpc_id            = data.aws_vpc.shared.id
  cidr_block        = cidrsubnet(data.aws_vpc.shared.cidr_block, 8, 200 + count.index)
  availability_zone = data.aws_availability_zones.all.names[count.index]
}

resource "aws_efs_file_system" "content" {
  creation_token = "content"
  encrypted      = true
  lifecycle_policy { transition_to_ia = "AFTER_30_DAYS" }
  lifecycle { prevent_destroy = true }
}

resource "aws_efs_backup_policy" "content" {
  file_system_id = aws_efs_file_system.content.id
  backup_policy { status = "ENABLED" }
}

# The third zone was added to the service later.
resource "aws_efs_mount_target" "content" {
  for_each        = { for index in [0, 1] : "zone${index}" => aws_subnet.files[index].id }
  file_system_id  = aws_efs_file_system.content.id
  subnet_id       = each.value
  security_groups = [aws_security_group.files.id]
}

resource "aws_security_group" "files" {
  name_prefix = "files-"
  vpc_id      = data.aws_vpc.shared.id
}

resource "aws_efs_access_point" "uploads" {
  file_system_id = aws_efs_file_system.content.id
  posix_user {
    uid = 1000
    gid = 1000
  }
  root_directory { path = "/uploads" }
}

resource "aws_ecs_cluster" "content" { name = "content" }

resource "aws_ecs_task_definition" "content" {
  family                   = "content"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  volume {
    name = "uploads"
    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.content.id
      transit_encryption = "ENABLED"
      authorization_config { access_point_id = aws_efs_access_point.uploads.id }
    }
  }
  container_definitions = jsonencode([
    {
      name        = "cms"
      image       = "wordpress:6"
      mountPoints = [{ sourceVolume = "uploads", containerPath = "/var/www/html/wp-content" }]
      healthCheck = { command = ["CMD-SHELL", "curl -f http://localhost/ || exit 1"] }
    },
    { name = "fluent-bit", image = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable" },
  ])
}

resource "aws_ecs_service" "content" {
  name                               = "content"
  cluster                            = aws_ecs_cluster.content.id
  task_definition                    = aws_ecs_task_definition.content.arn
  desired_count                      = 2
  launch_type                        = "FARGATE"
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  network_configuration {
    subnets = aws_subnet.files[*].id
  }
  service_connect_configuration {
    enabled   = true
    namespace = "content"
    service {
      port_name = "http"
      client_alias { port = 80 }
    }
  }
}

resource "aws_efs_file_system" "builds" {
  creation_token         = "builds"
  availability_zone_name = "ap-southeast-2a"
}

resource "aws_fsx_windows_file_system" "homes" {
  active_directory_id = var.directory_id
  storage_capacity    = 300
  throughput_capacity = 32
  subnet_ids          = [aws_subnet.files[0].id]
  deployment_type     = var.windows_deployment
}

resource "aws_fsx_lustre_file_system" "scratch" {
  storage_capacity = 1200
  subnet_ids       = [aws_subnet.files[0].id]
  deployment_type  = "SCRATCH_2"
}
