resource "aws_backup_vault" "vault" {
  name        = "${var.name}-vault"
  kms_key_arn = aws_kms_key.vault.arn

  lifecycle {
    prevent_destroy = true
  }
}

# Nobody deletes a backup in its first week, but who may lift the lock; and a mistyped retention keeps personal data no longer than 400 days.
resource "aws_backup_vault_lock_configuration" "vault" {
  backup_vault_name  = aws_backup_vault.vault.name
  min_retention_days = 7
  max_retention_days = 400
}

resource "aws_kms_key" "vault" {
  description             = "Encrypts the backups of ${var.name}; without it none can be restored"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "vault" {
  name          = "alias/${var.name}-vault"
  target_key_id = aws_kms_key.vault.key_id
}

resource "aws_iam_role" "backup" {
  name = "${var.name}-backup-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# AWS Backup's own policies: they follow what the service needs for each new kind of restore.
resource "aws_iam_role_policy_attachment" "backup" {
  for_each = toset([
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
  ])

  role       = aws_iam_role.backup.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.key}"
}
