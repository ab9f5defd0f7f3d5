variable "project" {
  description = "The project that everything is made in. One relay a project: names are fixed."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is not a project id, such as acme-security: 6 to 30 lower-case letters, digits and dashes."
  }
}

variable "region" {
  description = "Where functions, bundles and the store are, such as europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is not a region, such as europe-west1; a zone or a multi-region is none."
  }
}

variable "pipeline" {
  description = "Path of pipeline.yaml, the one that the bundle was made with."
  type        = string

  validation {
    condition     = fileexists(var.pipeline)
    error_message = "pipeline is no file. Give the path of your pipeline.yaml, from where terraform runs or by path.root."
  }
}

variable "bundle" {
  description = "Path of the zip that `npm run bundle -- PIPELINE` wrote; what it found stands beside it, in a .json of the same name."
  type        = string

  validation {
    condition     = endswith(var.bundle, ".zip") && fileexists(replace(var.bundle, "/\\.zip$/", ".json"))
    error_message = "bundle is no zip with a .json beside it. Make both: npm run bundle -- PIPELINE."
  }
}

variable "loki" {
  description = "Loki's address, its tenant, and the user of basic authentication. The password or token is one of `secrets`: LOKI_PASSWORD or LOKI_BEARER_TOKEN."
  type = object({
    url      = string
    tenant   = optional(string)
    username = optional(string)
  })

  validation {
    condition     = can(regex("^https?://[^/@\\s]+(/\\S*)?$", var.loki.url))
    error_message = "loki.url is no http(s) address, or it has a user and password in it: those are `secrets`."
  }
  validation {
    condition     = (var.loki.username != null) == contains(keys(var.secrets), "LOKI_PASSWORD")
    error_message = "loki.username and the secret LOKI_PASSWORD go together."
  }
  validation {
    condition     = var.loki.username == null || !contains(keys(var.secrets), "LOKI_BEARER_TOKEN")
    error_message = "Give loki.username or the secret LOKI_BEARER_TOKEN, not both."
  }
}

variable "secrets" {
  description = "By the name that pipeline.yaml gives it ({ env: NAME }), or LOKI_PASSWORD, LOKI_BEARER_TOKEN, REDACTION_KEY: which secret of Secret Manager, and which version. Only references: Terraform never sees a value."
  type = map(object({
    secret  = string
    version = string
    project = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "A key of secrets is no name of an environment variable."
  }
  validation {
    condition     = alltrue([for each in var.secrets : can(regex("^[1-9][0-9]*$", each.version))])
    error_message = "A secret's version must be a number, not latest: what runs is what was planned, and a rotation is a change that can be taken back."
  }
  validation {
    condition     = alltrue([for each in var.secrets : can(regex("^[A-Za-z0-9_-]{1,255}$", each.secret))])
    error_message = "secrets[...].secret is the short name of a secret; its project, if another, goes into secrets[...].project."
  }
}

variable "store" {
  description = "What keeps events, windows and incidents: `firestore` (nothing to run) or `redis` (Memorystore with a replica, needs `network`). `location` is Firestore's, the region unless set; it can't be changed later. `connect_mode` is how Redis stands in the network: `DIRECT_PEERING` in a network of this project, `PRIVATE_SERVICE_ACCESS` in a Shared VPC, which goes by the project that `network` names unless set; a change makes another Redis. For `PRIVATE_SERVICE_ACCESS` whoever owns the network reserves a range there for Google's services (a /24 or larger, purpose VPC_PEERING) and peers it with servicenetworking.googleapis.com, once: docs/deploy.md."
  type = object({
    kind         = optional(string, "firestore")
    location     = optional(string)
    database     = optional(string, "falco-relay")
    memory_gb    = optional(number, 2)
    recovery     = optional(bool, false)
    connect_mode = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["firestore", "redis"], var.store.kind)
    error_message = "store.kind is firestore or redis."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.store.database))
    error_message = "store.database is 4 to 63 lower-case letters, digits and dashes. The database (default) is nobody's alone, so it is not taken."
  }
  validation {
    condition     = var.store.memory_gb >= 1 && var.store.memory_gb <= 300 && floor(var.store.memory_gb) == var.store.memory_gb
    error_message = "store.memory_gb is a whole number from 1 to 300."
  }
  validation {
    condition     = var.store.kind != "redis" || var.network != null
    error_message = "store.kind = \"redis\" needs `network`: Memorystore has a private address alone."
  }
  validation {
    condition     = var.store.connect_mode == null || contains(["DIRECT_PEERING", "PRIVATE_SERVICE_ACCESS"], coalesce(var.store.connect_mode, "-"))
    error_message = "store.connect_mode is DIRECT_PEERING or PRIVATE_SERVICE_ACCESS."
  }
  validation {
    condition     = var.store.connect_mode != "DIRECT_PEERING" || try(!strcontains(var.network.network, "/") || startswith(var.network.network, "projects/${var.project}/"), true)
    error_message = "store.connect_mode = \"DIRECT_PEERING\" is for a network of the relay's own project. For that of another project, a Shared VPC, leave it out or say PRIVATE_SERVICE_ACCESS."
  }
}

variable "network" {
  description = "A network to which functions reach out directly (Direct VPC egress): all of them for Redis, else those of `functions`, for a Loki, a receiver or a cluster with a private address. A /26 or larger has room for them. Names, or full names of a Shared VPC (projects/PROJECT/global/networks/NAME)."
  type = object({
    network    = string
    subnetwork = string
    functions  = optional(set(string), ["ingest", "sweep"])
    tags       = optional(list(string), [])
    all        = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.network == null || length(setsubtract(try(var.network.functions, []), ["ingest", "escalate", "notify", "sweep", "callback"])) == 0
    error_message = "network.functions names what is no function: ingest, escalate, notify, sweep, callback."
  }
  validation {
    condition     = var.network == null || can(regex("^(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/global/networks/)?[a-z][a-z0-9-]{0,62}$", var.network.network))
    error_message = "network.network is a name, or projects/PROJECT/global/networks/NAME with the id of the project, for a Shared VPC."
  }
}

variable "functions" {
  description = "Sizes that differ from the module's own, by function."
  type = map(object({
    memory        = optional(string)
    cpu           = optional(string)
    concurrency   = optional(number)
    min_instances = optional(number)
    max_instances = optional(number)
    environment   = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.functions), ["ingest", "escalate", "notify", "sweep", "callback"])) == 0
    error_message = "functions has a key that is no function: ingest, escalate, notify, sweep, callback."
  }
  validation {
    condition     = alltrue([for each in var.functions : each.memory == null || can(regex("^[1-9][0-9]*[MG]i$", each.memory))])
    error_message = "functions[...].memory is a size such as 512Mi or 1Gi."
  }
  validation {
    condition = alltrue([
      for each in var.functions :
      each.cpu == null ? true : can(regex("^([1-8]|0\\.[0-9]+)$", each.cpu)) && (!startswith(each.cpu, "0") || try(each.concurrency == 1, false))
    ])
    error_message = "functions[...].cpu is 1 to 8, or a fraction such as 0.5; below 1 there is one request at a time: set concurrency = 1 too."
  }
  validation {
    condition     = alltrue([for each in var.functions : try(each.concurrency >= 1 && each.concurrency <= 1000, each.concurrency == null)])
    error_message = "functions[...].concurrency is from 1 to 1000."
  }
  validation {
    condition     = alltrue([for each in var.functions : try(each.min_instances <= each.max_instances, true) || each.min_instances == null || each.max_instances == null])
    error_message = "functions[...].min_instances is more than max_instances."
  }
  validation {
    condition = alltrue(flatten([
      for each in var.functions :
      [for name in keys(each.environment) : contains(["MAX_EVENTS_IN_FLIGHT", "MAX_BYTES_IN_FLIGHT"], name)]
    ]))
    error_message = "functions[...].environment may set MAX_EVENTS_IN_FLIGHT and MAX_BYTES_IN_FLIGHT; the module sets all others itself."
  }
}

variable "callback_public" {
  description = "Whether Slack and PagerDuty may call `callback`: it is then open to everybody (allUsers), and signatures are the authentication. With false nobody may; so it must be where an organisation forbids allUsers (iam.allowedPolicyMemberDomains), unless `callback_without_invoker_check` is allowed."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.callback_public && var.callback_without_invoker_check)
    error_message = "callback_public and callback_without_invoker_check do the same in two ways: set one."
  }
}

variable "callback_without_invoker_check" {
  description = "For organisations that forbid allUsers: expects that somebody turned the invoker check of the service falco-relay-callback off (docs/deploy.md). Opens its ingress and grants nothing."
  type        = bool
  default     = false
  nullable    = false
}

variable "operators" {
  description = "Who may look at parked messages and publish them again, such as group:sre@acme.example. What is parked is unredacted."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(user|group|serviceAccount|principal|principalSet):\\S+$", member))])
    error_message = "operators are members of IAM, such as group:sre@acme.example; everybody (allUsers) is not among them."
  }
}

variable "alerts" {
  description = "Notification channels of Cloud Monitoring for what goes wrong with the relay itself (full names; not the chain that it watches over), how long a message may wait, and which reason codes tell of silence."
  type = object({
    channels     = optional(list(string), [])
    oldest       = optional(number, 600)
    oldest_retry = optional(number, 21600)
    silence_reasons = optional(list(string), [
      "node-silent", "node-silent-after-alert", "cluster-silent", "canary-silent", "nothing-arrives",
    ])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in var.alerts.channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", name))])
    error_message = "alerts.channels are full names: projects/PROJECT/notificationChannels/NUMBER."
  }
  validation {
    condition     = var.alerts.oldest >= 60 && var.alerts.oldest_retry >= 60
    error_message = "alerts.oldest and alerts.oldest_retry are seconds, 60 or more."
  }
  validation {
    condition     = length(var.alerts.silence_reasons) > 0 && alltrue([for code in var.alerts.silence_reasons : can(regex("^[a-z][a-z0-9-]*$", code))])
    error_message = "alerts.silence_reasons are codes of docs/reasons.md, one or more."
  }
}

variable "enable_apis" {
  description = "Whether the module turns on the APIs that it needs. With false they must be on."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Keeps the store from being deleted, by Terraform or by hand. Off for a trial alone."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of everything that takes some."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels are lower-case letters, digits, _ and -, at most 63 of them; a key begins with a letter."
  }
}
