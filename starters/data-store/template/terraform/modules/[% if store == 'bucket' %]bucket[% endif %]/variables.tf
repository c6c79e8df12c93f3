variable "name" {
  description = "Name of the bucket, which is unique in the world."
  type        = string
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
}

variable "lock_days" {
  description = "For how many days nobody removes an object, unless allowed to lift the lock. 0: no lock, and none later either."
  type        = number
  default     = 0
}
