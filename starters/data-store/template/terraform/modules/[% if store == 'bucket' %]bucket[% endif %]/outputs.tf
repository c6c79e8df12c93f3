output "name" {
  description = "Name of the bucket, once it keeps versions."
  value       = aws_s3_bucket_versioning.bucket.bucket
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.bucket.arn
}
