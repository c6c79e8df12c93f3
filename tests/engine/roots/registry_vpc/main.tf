terraform {
  required_version = "~> 1.7"
}

provider "aws" {
  region = var.region
  default_tags { tags = { Owner = "platform" } }
}

variable "region" {
  type    = string
  default = "ca-central-1"
}
variable "database_password" {
  type      = string
  sensitive = true
}
variable "multi_az" {
  type        = bool
  description = "one standby more; decided by each stage"
}

# terraform-aws-modules/vpc/aws 5.x, vendored because the build has no way to the registry
module "vpc" {
  source = "./modules/terraform-aws-vpc"

  name               = "platform"
  cidr               = "10.0.0.0/16"
  azs                = ["${var.region}a", "${var.region}b"]
  private_subnets    = ["10.0.1.0/24", "10.0.2.0/24"]
  public_subnets     = ["10.0.101.0/24", "10.0.102.0/24"]
  database_subnets   = ["10.0.201.0/24", "10.0.202.0/24"]
  enable_nat_gateway = true
  one_nat_gateway_per_az = true
}

# The stage for trials takes the module as the registry has it.
module "trial_vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.8.1"
  name    = "trial"
  cidr    = "10.1.0.0/16"
}

resource "aws_db_instance" "app" {
  identifier              = "app"
  engine                  = "postgres"
  instance_class          = "db.t4g.medium"
  allocated_storage       = 100
  max_allocated_storage   = 400
  username                = "app"
  password                = var.database_password
  multi_az                = var.multi_az
  db_subnet_group_name    = module.vpc.database_subnet_group_name
  skip_final_snapshot     = true
}

resource "aws_lb" "app" {
  name                       = "app"
  subnets                    = module.vpc.public_subnets
  enable_deletion_protection = true
}

resource "aws_lb" "trial" {
  name                       = "trial"
  load_balancer_type         = "network"
  subnets                    = module.trial_vpc.public_subnets
  enable_deletion_protection = true
}

resource "aws_lambda_function" "app" {
  function_name = "app"
  role          = "arn:aws:iam::123456789012:role/app"
  runtime       = "python3.12"
  handler       = "app.handler"
  filename      = "app.zip"
  vpc_config {
    subnet_ids         = slice(module.vpc.private_subnets, 0, 1)
    security_group_ids = []
  }
}

resource "aws_lambda_function" "trial" {
  function_name = "trial"
  role          = "arn:aws:iam::123456789012:role/app"
  runtime       = "python3.12"
  handler       = "app.handler"
  filename      = "app.zip"
  vpc_config {
    subnet_ids         = module.trial_vpc.private_subnets
    security_group_ids = []
  }
}
