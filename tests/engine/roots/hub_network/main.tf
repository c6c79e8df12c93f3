provider "aws" { region = "eu-west-2" }

variable "office_ip" {
  type    = string
  default = "198.51.100.7"
}
variable "resolver_subnets" { type = list(string) }

locals {
  zones = toset(["eu-west-2a", "eu-west-2b"])
  cidrs = { "eu-west-2a" = 0, "eu-west-2b" = 1 }
}

resource "aws_vpc" "hub" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "public" {
  for_each          = local.zones
  vpc_id            = aws_vpc.hub.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(aws_vpc.hub.cidr_block, 8, local.cidrs[each.key])
}

resource "aws_subnet" "private" {
  for_each          = local.zones
  vpc_id            = aws_vpc.hub.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(aws_vpc.hub.cidr_block, 8, 10 + local.cidrs[each.key])
}

resource "aws_eip" "nat" {
  for_each = local.zones
  domain   = "vpc"
}

resource "aws_nat_gateway" "this" {
  for_each      = local.zones
  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
}

resource "aws_route_table" "private" {
  for_each = local.zones
  vpc_id   = aws_vpc.hub.id
}

resource "aws_route" "internet" {
  for_each               = local.zones
  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.key].id
}

resource "aws_route_table_association" "private" {
  for_each       = local.zones
  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_ec2_transit_gateway" "this" {
  description = "hub"
}

resource "aws_ec2_transit_gateway_vpc_attachment" "hub" {
  transit_gateway_id = aws_ec2_transit_gateway.this.id
  vpc_id             = aws_vpc.hub.id
  subnet_ids         = [aws_subnet.private["eu-west-2a"].id]
}

resource "aws_customer_gateway" "office" {
  bgp_asn    = 65000
  ip_address = var.office_ip
  type       = "ipsec.1"
}

resource "aws_vpn_connection" "office" {
  customer_gateway_id = aws_customer_gateway.office.id
  transit_gateway_id  = aws_ec2_transit_gateway.this.id
  type                = "ipsec.1"
}

resource "aws_vpc_endpoint" "interface" {
  for_each          = toset(["ecr.api", "ecr.dkr", "secretsmanager"])
  vpc_id            = aws_vpc.hub.id
  vpc_endpoint_type = "Interface"
  service_name      = "com.amazonaws.eu-west-2.${each.value}"
  subnet_ids        = each.value == "secretsmanager" ? [aws_subnet.private["eu-west-2b"].id] : [for s in aws_subnet.private : s.id]
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.hub.id
  service_name    = "com.amazonaws.eu-west-2.s3"
  route_table_ids = values(aws_route_table.private)[*].id
}

resource "aws_networkfirewall_firewall_policy" "this" {
  name = "hub"
  firewall_policy {
    stateless_default_actions          = ["aws:forward_to_sfe"]
    stateless_fragment_default_actions = ["aws:forward_to_sfe"]
  }
}

resource "aws_networkfirewall_firewall" "this" {
  name                = "hub"
  vpc_id              = aws_vpc.hub.id
  firewall_policy_arn = aws_networkfirewall_firewall_policy.this.arn
  dynamic "subnet_mapping" {
    for_each = aws_subnet.public
    content { subnet_id = subnet_mapping.value.id }
  }
}

resource "aws_route53_resolver_endpoint" "inbound" {
  name               = "inbound"
  direction          = "INBOUND"
  security_group_ids = ["sg-0123456789abcdef0"]
  dynamic "ip_address" {
    for_each = var.resolver_subnets
    content { subnet_id = ip_address.value }
  }
}

resource "aws_vpc" "lab" {
  cidr_block = "10.99.0.0/24"
}

resource "aws_subnet" "lab" {
  vpc_id            = aws_vpc.lab.id
  cidr_block        = "10.99.0.0/25"
  availability_zone = "eu-west-2a"
}

resource "aws_instance" "lab" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.lab.id
}
