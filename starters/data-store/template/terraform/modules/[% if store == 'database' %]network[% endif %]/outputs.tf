output "region" {
  description = "Where this is."
  value       = var.region
}

output "subnets" {
  description = "The database's subnets, one in each zone, as a group."
  value       = aws_db_subnet_group.database.name
}

output "zones" {
  description = "The zones of the subnets."
  value       = aws_subnet.database[*].availability_zone
}

output "clients" {
  description = "The security group of what calls the database."
  value       = aws_security_group.clients.id
}

output "database" {
  description = "The security group of the database."
  value       = aws_security_group.database.id
}
