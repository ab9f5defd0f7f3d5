variable "project" {
  description = "The project of the relay, where builds run too."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is not a project id, such as acme-security."
  }
}

variable "region" {
  description = "The relay's region, where triggers and saved plans are too."
  type        = string
  default     = "europe-west1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is not a region, such as europe-west1."
  }
}

variable "repository" {
  description = "The repository of these sources, as you connected it to Cloud Build (2nd generation)."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.repository))
    error_message = "repository is the full name of a connected one: projects/P/locations/R/connections/C/repositories/N."
  }
}

variable "branch" {
  description = "The branch whose pushes are planned to be applied."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_/-]+$", var.branch))
    error_message = "branch is the plain name of one branch, no pattern."
  }
}

variable "state_bucket" {
  description = "The bucket of Terraform's state, which you made; uniform access, or conditions on it mean nothing."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket is the name of a bucket, without gs://."
  }
}

variable "state_prefix" {
  description = "The prefix of the relay's state in that bucket, as the backend of its configuration says. Not that of this one."
  type        = string
  default     = "falco-relay"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.state_prefix)) && var.state_prefix != "falco-relay-build"
    error_message = "state_prefix is one name without slashes, and not falco-relay-build, which is the prefix of this configuration."
  }
}

variable "configuration" {
  description = "The folder of the relay's Terraform configuration, from the top of the repository."
  type        = string
  default     = "infra/examples/minimal"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_./-]*$", var.configuration)) && !strcontains(var.configuration, "..")
    error_message = "configuration is a path inside of the repository."
  }
}

variable "pipeline" {
  description = "The pipeline.yaml that this configuration names, from the top of the repository."
  type        = string
  default     = "functions/pipeline.yaml"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_./-]*$", var.pipeline)) && !strcontains(var.pipeline, "..")
    error_message = "pipeline is a path inside of the repository."
  }
}

variable "helm_values" {
  description = "A folder of values for the chart: common.yaml, and PROJECT_LOCATION_NAME.yaml for one cluster."
  type        = string
  default     = "infra/values"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_./-]*$", var.helm_values)) && !strcontains(var.helm_values, "..")
    error_message = "helm_values is a path inside of the repository."
  }
}

variable "clusters" {
  description = "The projects that have clusters, whether clusters are reached by their DNS endpoints, and whether the relay's configuration sets `audit_logs`, whose sinks are in those projects."
  type = object({
    projects     = set(string)
    dns_endpoint = optional(bool, false)
    audit_logs   = optional(bool, false)
  })

  validation {
    condition     = length(var.clusters.projects) > 0 && alltrue([for each in var.clusters.projects : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", each))])
    error_message = "clusters.projects are ids of projects, one at least."
  }
}

variable "secret_projects" {
  description = "Where `secrets` of the relay's configuration names another project: by its id, the short names of those secrets there. The builds then ask and set who may read these secrets, and no other; they never read a value."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for project in keys(var.secret_projects) : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", project)) && project != var.project])
    error_message = "secret_projects has a key that is no id of another project; in the relay's own the builds may do it already."
  }
  validation {
    condition     = alltrue([for names in var.secret_projects : length(names) > 0 && alltrue([for name in names : can(regex("^[A-Za-z0-9_-]{1,255}$", name))])])
    error_message = "secret_projects has, for each project, short names of secrets, one at least."
  }
}

variable "redis" {
  description = "Whether the relay's store is Redis: planning then reads its password, and applying makes it and no Firestore."
  type        = bool
  default     = false
  nullable    = false
}

variable "loki" {
  description = "Where the smoke test looks for the canary: Loki's address, tenant and user, and the secret (in this project) with the password of that user, or with a token where there is no user."
  type = object({
    url      = string
    tenant   = optional(string, "")
    username = optional(string, "")
    secret   = string
    version  = string
  })

  validation {
    condition     = can(regex("^https?://[^/@\\s]+(/\\S*)?$", var.loki.url))
    error_message = "loki.url is no http(s) address, or it has a user and password in it: those go to loki.username and loki.secret."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.loki.secret)) && can(regex("^[1-9][0-9]*$", var.loki.version))
    error_message = "loki.secret is the short name of a secret, and loki.version a number, not latest."
  }
}
