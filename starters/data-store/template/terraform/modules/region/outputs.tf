output "region" {
  description = "Where this is."
  value       = var.region
}

output "topics" {
  description = "Where alarms go, by urgency: page or ticket."
  value       = { for urgency, topic in aws_sns_topic.urgency : urgency => topic.arn }
}

output "vault" {
  description = "Name of the vault."
  value       = aws_backup_vault.vault.name
}

output "vault_arn" {
  description = "ARN of the vault."
  value       = aws_backup_vault.vault.arn
}

output "backup_role_arn" {
  description = "What AWS Backup makes and restores backups with."
  value       = aws_iam_role.backup.arn
  # It can do nothing before.
  depends_on = [aws_iam_role_policy_attachment.backup]
}
