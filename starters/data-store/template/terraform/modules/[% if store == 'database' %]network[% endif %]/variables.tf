variable "name" {
  description = "Name of the service."
  type        = string
}

variable "region" {
  description = "The region that this module is built in: that of its provider."
  type        = string
}
