# pipeline.yaml is the one list of receivers, clusters and secrets: all that follows from it is made from it.

locals {
  # What can't be read is named by the check, better than here; a file of comments alone is one that sets nothing.
  readable  = can(yamldecode(file(var.pipeline))) || length(regexall("(?m)^[^#\\s]", file(var.pipeline))) == 0
  pipeline  = try(yamldecode(file(var.pipeline)), null)
  receivers = try([for each in local.pipeline.receivers : each], [])
  clusters  = try([for each in local.pipeline.clusters : each], [])

  # What `npm run bundle` found: the project's own checker, run where there is Node. Cloud Build's steps each have an image of
  # their own, and Terraform's has no Node, so its verdict travels in a file, and with it what it was given of.
  found      = jsondecode(file(replace(var.bundle, "/\\.zip$/", ".json")))
  bundle_sha = fileexists(var.bundle) ? filesha256(var.bundle) : ""

  # { env: NAME } and { file: PATH }, wherever they stand: text inside of a string has its quotes escaped and can't look so.
  env_reference  = "\\{\"env\":\"([A-Za-z_][A-Za-z0-9_]*)\"\\}"
  file_reference = "\\{\"file\":\"([^\"]+)\"\\}"
  parts = {
    notify   = jsonencode(local.receivers)
    sweep    = jsonencode(try(local.pipeline.heartbeat, null))
    callback = jsonencode(try(local.pipeline.callbacks, null))
  }
  named = { for name, part in local.parts : name => distinct(flatten(regexall(local.env_reference, part))) }
  files = distinct(flatten([for part in local.parts : regexall(local.file_reference, part)]))

  # Each function is given the secrets that it uses, and no other: functions/config.ts asks it for no more.
  loki_secrets = setintersection(keys(var.secrets), ["LOKI_PASSWORD", "LOKI_BEARER_TOKEN"])
  secrets_of = {
    ingest   = setunion(local.loki_secrets, setintersection(keys(var.secrets), ["REDACTION_KEY"]))
    escalate = toset([])
    notify   = toset(local.named.notify)
    sweep    = setunion(local.loki_secrets, local.named.sweep)
    callback = toset(local.named.callback)
  }
  needed_secrets  = setunion(values(local.secrets_of)...)
  missing_secrets = setsubtract(local.needed_secrets, keys(var.secrets))
}

check "secrets_are_used" {
  assert {
    condition     = length(setsubtract(keys(var.secrets), local.needed_secrets)) == 0
    error_message = "Nobody uses these secrets: ${join(", ", setsubtract(keys(var.secrets), local.needed_secrets))}. Is a name in pipeline.yaml another?"
  }
}

check "somebody_is_told" {
  assert {
    condition     = length(local.receivers) > 0
    error_message = "pipeline.yaml has no receiver: nobody will be told of anything."
  }
}

check "callbacks_can_arrive" {
  assert {
    condition     = (try(local.pipeline.callbacks, null) != null) == (var.callback_public || var.callback_without_invoker_check)
    error_message = "pipeline.yaml has `callbacks` and nobody may call the function, or the other way round: see callback_public."
  }
}
