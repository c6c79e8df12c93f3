variable "name" {
  description = "Name of the service."
  type        = string
}

variable "region" {
  description = "The region that this module is built in: that of its provider."
  type        = string
}

variable "store" {
  description = "Name of the store as this region has it; empty where it has backups only."
  type        = string
}

variable "beats" {
  description = "Whether heartbeats are written into the store here, or measured of it."
  type        = bool
}

variable "code" {
  description = "The zip that both functions run, and its SHA-256 in base64."
  type = object({
    file = string
    hash = string
  })
}
