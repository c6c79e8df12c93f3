variable "name" { type = string }
variable "min_days" {
  type    = number
  default = null
}

resource "aws_kms_key" "this" {
  description             = "backups of ${var.name}"
  deletion_window_in_days = 7
}

resource "aws_backup_vault" "this" {
  name        = var.name
  kms_key_arn = aws_kms_key.this.arn
}

resource "aws_backup_vault_lock_configuration" "this" {
  count               = var.min_days == null ? 0 : 1
  backup_vault_name   = aws_backup_vault.this.name
  min_retention_days  = var.min_days
  changeable_for_days = 3
}

output "name" { value = aws_backup_vault.this.name }
output "arn" { value = aws_backup_vault.this.arn }
