variable "name" { type = string }
variable "replica_regions" {
  type    = list(string)
  default = []
}
variable "protected" { type = bool }

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  stream_enabled              = length(var.replica_regions) > 0
  stream_view_type            = length(var.replica_regions) > 0 ? "NEW_AND_OLD_IMAGES" : null
  deletion_protection_enabled = var.protected

  dynamic "attribute" {
    for_each = ["pk", "sk"]
    content {
      name = attribute.value
      type = "S"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "replica" {
    for_each = toset(var.replica_regions)
    content {
      region_name            = replica.value
      point_in_time_recovery = replica.value != "eu-west-1"
    }
  }
}

output "name" { value = aws_dynamodb_table.this.name }
output "arn" { value = aws_dynamodb_table.this.arn }
