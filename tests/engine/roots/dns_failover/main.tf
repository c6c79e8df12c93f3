terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

provider "aws" {
  alias  = "ireland"
  region = "eu-west-1"
}

provider "aws" {
  alias  = "frankfurt"
  region = "eu-central-1"
}

variable "sites" {
  type = map(object({ vpc_id = string, subnets = list(string) }))
}

data "aws_route53_zone" "this" {
  provider = aws.ireland
  name     = "example.org."
}

module "ireland" {
  source    = "./modules/site"
  providers = { aws = aws.ireland }
  name      = "ireland"
  vpc_id    = var.sites["ireland"].vpc_id
  subnets   = var.sites["ireland"].subnets
}

module "frankfurt" {
  source    = "./modules/site"
  providers = { aws = aws.frankfurt }
  name      = "frankfurt"
  vpc_id    = var.sites["frankfurt"].vpc_id
  subnets   = var.sites["frankfurt"].subnets
}

resource "aws_route53_health_check" "ireland" {
  provider          = aws.ireland
  fqdn              = module.ireland.dns_name
  port              = 443
  type              = "HTTPS"
  resource_path     = "/deep-health"
  failure_threshold = 3
  request_interval  = 10
}

resource "aws_route53_record" "www_primary" {
  provider        = aws.ireland
  zone_id         = data.aws_route53_zone.this.zone_id
  name            = "www"
  type            = "A"
  set_identifier  = "ireland"
  health_check_id = aws_route53_health_check.ireland.id
  failover_routing_policy { type = "PRIMARY" }
  alias {
    name                   = module.ireland.dns_name
    zone_id                = module.ireland.zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "www_secondary" {
  provider       = aws.ireland
  zone_id        = data.aws_route53_zone.this.zone_id
  name           = "www"
  type           = "A"
  set_identifier = "frankfurt"
  failover_routing_policy { type = "SECONDARY" }
  alias {
    name                   = module.frankfurt.dns_name
    zone_id                = module.frankfurt.zone_id
    evaluate_target_health = false
  }
}

# The same for the API, made in a hurry.
resource "aws_route53_record" "api" {
  for_each = {
    PRIMARY   = module.ireland
    SECONDARY = module.frankfurt
  }
  provider       = aws.ireland
  zone_id        = data.aws_route53_zone.this.zone_id
  name           = "api"
  type           = "A"
  set_identifier = lower(each.key)
  failover_routing_policy { type = each.key }
  alias {
    name                   = each.value.dns_name
    zone_id                = each.value.zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "admin" {
  provider = aws.ireland
  zone_id  = data.aws_route53_zone.this.zone_id
  name     = "admin"
  type     = "A"
  alias {
    name                   = module.ireland.dns_name
    zone_id                = module.ireland.zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "nearest" {
  for_each       = { "eu-west-1" = module.ireland, "eu-central-1" = module.frankfurt }
  provider       = aws.ireland
  zone_id        = data.aws_route53_zone.this.zone_id
  name           = "nearest"
  type           = "A"
  set_identifier = each.key
  latency_routing_policy { region = each.key }
  alias {
    name                   = each.value.dns_name
    zone_id                = each.value.zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "mail" {
  provider = aws.ireland
  zone_id  = data.aws_route53_zone.this.zone_id
  name     = ""
  type     = "MX"
  ttl      = 3600
  records  = ["10 mail.provider.example.", "20 mail2.provider.example."]
}
