provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "oregon"
  region = "us-west-2"
}

locals {
  buckets = {
    originals = { copied = true, keep_old_versions_days = 90 }
    drafts    = { copied = false, keep_old_versions_days = 2 }
  }
}

resource "aws_s3_bucket" "media" {
  for_each = local.buckets
  bucket   = "example-media-${each.key}"
}

resource "aws_s3_bucket_versioning" "media" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.media[each.key].id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_lifecycle_configuration" "media" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.media[each.key].id
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = each.value.keep_old_versions_days
    }
  }
}

resource "aws_s3_bucket_logging" "media" {
  for_each      = local.buckets
  bucket        = aws_s3_bucket.media[each.key].id
  target_bucket = aws_s3_bucket.access_logs.id
  target_prefix = "${each.key}/"
}

resource "aws_s3_bucket" "access_logs" {
  bucket        = "example-media-access-logs"
  force_destroy = true
}

resource "aws_s3_bucket" "replica" {
  provider = aws.oregon
  bucket   = "example-media-originals-replica"
}

resource "aws_s3_bucket_versioning" "replica" {
  provider = aws.oregon
  bucket   = aws_s3_bucket.replica.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_iam_role" "replication" {
  name = "media-replication"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "s3.amazonaws.com" } }]
  })
}

resource "aws_s3_bucket_replication_configuration" "originals" {
  depends_on = [aws_s3_bucket_versioning.media, aws_s3_bucket_versioning.replica]
  role       = aws_iam_role.replication.arn
  bucket     = aws_s3_bucket.media["originals"].id

  rule {
    id       = "everything"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication { status = "Enabled" }
    destination {
      bucket        = aws_s3_bucket.replica.arn
      storage_class = "STANDARD_IA"
    }
  }
}

# Thumbnails: made again from the originals by a nightly job of another team.
resource "aws_s3_bucket" "thumbnails" {
  bucket        = "example-media-thumbnails"
  force_destroy = true
}

resource "aws_s3_bucket_lifecycle_configuration" "thumbnails" {
  bucket = aws_s3_bucket.thumbnails.id
  rule {
    id     = "cheap"
    status = "Enabled"
    filter { prefix = "" }
    transition {
      days          = 30
      storage_class = "ONEZONE_IA"
    }
  }
}

resource "aws_cloudfront_distribution" "media" {
  enabled = true
  origin {
    origin_id   = "originals"
    domain_name = aws_s3_bucket.media["originals"].bucket_regional_domain_name
    s3_origin_config { origin_access_identity = "" }
  }
  default_cache_behavior {
    target_origin_id       = "originals"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "redirect-to-https"
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }
  restrictions {
    geo_restriction { restriction_type = "none" }
  }
  viewer_certificate { cloudfront_default_certificate = true }
}
