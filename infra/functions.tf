locals {
  # Small on purpose: a group commit makes one instance do much, and a cold start is dear.
  sizes = {
    ingest   = { memory = "512Mi", cpu = "1", concurrency = 200, min_instances = 1, max_instances = 20 }
    escalate = { memory = "512Mi", cpu = "1", concurrency = 80, min_instances = 1, max_instances = 5 }
    notify   = { memory = "512Mi", cpu = "1", concurrency = 40, min_instances = 0, max_instances = 5 }
    sweep    = { memory = "512Mi", cpu = "1", concurrency = 4, min_instances = 0, max_instances = 2 }
    callback = { memory = "512Mi", cpu = "1", concurrency = 40, min_instances = 0, max_instances = 3 }
  }
  sized = {
    for name, size in local.sizes : name => {
      for key, value in size : key => try(coalesce(var.functions[name][key], value), value)
    }
  }

  common_environment = merge(
    {
      PIPELINE             = "pipeline.yaml"
      GOOGLE_CLOUD_PROJECT = var.project
      # What the bundle's compile.js left there of functions-framework.
      NODE_COMPILE_CACHE = "compiled"
      # In 512Mi V8 gives new objects a megabyte, and then copies most of them before they are done with: twice the CPU an event.
      NODE_OPTIONS = "--max-semi-space-size=16"
    },
    local.firestore ? { STORE_URL = "firestore://${var.project}/${google_firestore_database.store[0].name}" } : {},
  )
  loki_environment = { for name, value in {
    LOKI_URL      = var.loki.url
    LOKI_TENANT   = var.loki.tenant
    LOKI_USERNAME = var.loki.username
  } : name => value if value != null }
  environment = {
    for name in local.function_names : name => merge(
      local.common_environment,
      { for topic in local.publishes[name] : local.topic_variables[topic] => google_pubsub_topic.topic[topic].name },
      contains(["ingest", "sweep"], name) ? local.loki_environment : {},
      try(var.functions[name].environment, {}),
    )
  }

  # With Redis every function reaches into the network, since each of them opens the store.
  networked  = var.network == null ? toset([]) : local.redis ? local.function_names : toset(var.network.functions)
  network_id = var.network == null ? null : startswith(var.network.network, "projects/") ? var.network.network : "projects/${var.project}/global/networks/${var.network.network}"

  # Of Loki and of the clusters' own APIs.
  addresses = concat([var.loki.url], [for each in local.clusters : try(each.kubernetes.endpoint, "")])
  private   = [for each in local.addresses : each if can(regex("^https?://(10|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))\\.", each))]

  callback_open = var.callback_public || var.callback_without_invoker_check
}

check "private_addresses_are_reached" {
  assert {
    condition     = length(local.private) == 0 || length(setsubtract(["ingest", "sweep"], local.networked)) == 0
    error_message = "No function reaches private addresses by itself: set `network`, with ingest and sweep among its functions, for ${join(", ", local.private)}."
  }
}

resource "google_storage_bucket" "bundles" {
  project                     = var.project
  name                        = "${var.project}-falco-relay-bundles"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # The bundles before this one are the way back.
  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 90
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_object" "bundle" {
  bucket = google_storage_bucket.bundles.name
  name   = "falco-relay-${substr(local.bundle_sha, 0, 16)}.zip"
  source = var.bundle

  lifecycle {
    # A new name for new content, so that functions are built anew; there first, so that none points to nothing.
    create_before_destroy = true

    precondition {
      condition     = length(local.found.problems) == 0
      error_message = "pipeline.yaml is not right:\n${join("\n", local.found.problems)}"
    }
    precondition {
      condition     = local.readable || length(local.found.problems) > 0
      error_message = "Terraform can't read ${var.pipeline}, though the check could: what YAML has beyond anchors and lists, leave out."
    }
    precondition {
      condition     = local.found.pipeline == filesha256(var.pipeline)
      error_message = "The bundle was made with another pipeline.yaml: run npm run bundle -- ${var.pipeline} again."
    }
    precondition {
      condition     = local.found.bundle == local.bundle_sha
      error_message = "${var.bundle} is not the zip that was made and checked: run npm run bundle again."
    }
    precondition {
      condition     = length(local.missing_secrets) == 0
      error_message = "pipeline.yaml names secrets that `secrets` does not have: ${join(", ", local.missing_secrets)}."
    }
    precondition {
      condition     = length(local.files) == 0
      error_message = "pipeline.yaml names secrets as files (${join(", ", local.files)}). Functions get theirs as variables: write { env: NAME }."
    }
  }
}

resource "google_artifact_registry_repository" "images" {
  project       = var.project
  location      = var.region
  repository_id = "falco-relay"
  format        = "DOCKER"
  description   = "Images of Falco Relay's functions"
  labels        = var.labels

  cleanup_policies {
    id     = "keep-the-last"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "delete-after-a-quarter"
    action = "DELETE"
    condition {
      older_than = "${90 * local.day}s"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.function_names

  project     = var.project
  location    = var.region
  name        = "falco-relay-${each.key}"
  description = "Falco Relay: ${each.key}"
  labels      = var.labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.key
    docker_repository = google_artifact_registry_repository.images.id
    service_account   = google_service_account.build.id

    source {
      storage_source {
        bucket = google_storage_bucket.bundles.name
        object = google_storage_bucket_object.bundle.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    available_memory                 = local.sized[each.key].memory
    available_cpu                    = local.sized[each.key].cpu
    max_instance_request_concurrency = local.sized[each.key].concurrency
    min_instance_count               = local.sized[each.key].min_instances
    max_instance_count               = local.sized[each.key].max_instances
    # A minute less than Pub/Sub waits, so that an answer always comes.
    timeout_seconds = local.longest_of_pubsub - 60
    # Calls by Pub/Sub and Cloud Scheduler of this project count as internal.
    ingress_settings      = each.key == "callback" && local.callback_open ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    environment_variables = local.environment[each.key]
    direct_vpc_egress     = contains(local.networked, each.key) ? (var.network.all ? "VPC_EGRESS_ALL_TRAFFIC" : "VPC_EGRESS_PRIVATE_RANGES_ONLY") : null

    dynamic "direct_vpc_network_interface" {
      for_each = contains(local.networked, each.key) ? [var.network] : []
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }

    dynamic "secret_environment_variables" {
      for_each = { for name in local.secrets_of[each.key] : name => var.secrets[name] if contains(keys(var.secrets), name) }
      content {
        key        = secret_environment_variables.key
        project_id = coalesce(secret_environment_variables.value.project, var.project)
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }

    dynamic "secret_environment_variables" {
      for_each = google_secret_manager_secret_version.store_url[*].version
      content {
        key        = "STORE_URL"
        project_id = var.project
        secret     = google_secret_manager_secret.store_url[0].secret_id
        version    = secret_environment_variables.value
      }
    }
  }

  # An instance that may not read its secrets does not start, and an image that can't be pushed is not built.
  depends_on = [
    google_artifact_registry_repository_iam_member.build_image,
    google_project_iam_member.build_copied_source,
    google_project_iam_member.build_log,
    google_project_iam_member.firestore,
    google_pubsub_topic_iam_member.publisher,
    google_secret_manager_secret_iam_member.reader,
    google_secret_manager_secret_iam_member.store_url,
    google_storage_bucket_iam_member.build_source,
  ]
}

resource "google_cloud_scheduler_job" "sweep" {
  project     = var.project
  region      = var.region
  name        = "falco-relay-sweep"
  description = "Falco Relay: summaries, updates, next tiers, overdue deliveries"
  schedule    = "* * * * *"
  time_zone   = "Etc/UTC"
  # The next one comes in a minute, and two at once do no harm.
  attempt_deadline = "180s"

  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.function["sweep"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.schedule.email
      audience              = google_cloudfunctions2_function.function["sweep"].service_config[0].uri
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.schedule]
}
