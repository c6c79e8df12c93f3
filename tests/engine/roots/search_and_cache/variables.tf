variable "large" {
  type    = bool
  default = false
}
variable "data_nodes" {
  type        = number
  description = "set by each workspace"
}
variable "subnet_a" { type = string }
variable "subnet_b" { type = string }
variable "features" {
  type    = set(string)
  default = []
}
