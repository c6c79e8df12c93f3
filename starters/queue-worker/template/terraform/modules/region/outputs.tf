output "accept_url" {
  description = "Where orders are handed in."
  value       = aws_lambda_function_url.accept.function_url
}

output "region" {
  description = "Where this is."
  value       = var.region
}
