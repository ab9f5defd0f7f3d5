# Who may do what; docs/deploy.md has the same as a table with reasons, and a test holds the two together.

locals {
  function_names = toset(["ingest", "escalate", "notify", "sweep", "callback"])

  # Which topics each function publishes to; it gets their names in these variables.
  topic_variables = {
    escalations       = "TOPIC_ESCALATIONS"
    notifications     = "TOPIC_NOTIFICATIONS"
    falco-retry       = "TOPIC_RETRY"
    falco-dead-letter = "TOPIC_DEAD_LETTER"
  }
  publishes = {
    ingest   = ["escalations", "notifications", "falco-retry", "falco-dead-letter"]
    escalate = ["notifications", "falco-dead-letter"]
    notify   = ["notifications", "falco-dead-letter"]
    sweep    = ["escalations", "notifications", "falco-dead-letter"]
    callback = ["notifications"]
  }
  publishers = merge([
    for name, topics in local.publishes : { for topic in topics : "${name}/${topic}" => { function = name, topic = topic } }
  ]...)
}

resource "google_service_account" "function" {
  for_each = local.function_names

  project      = var.project
  account_id   = "falco-relay-${each.key}"
  display_name = "Falco Relay: the function ${each.key}"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "push" {
  project      = var.project
  account_id   = "falco-relay-push"
  display_name = "Falco Relay: Pub/Sub calls ingest, escalate and notify as this"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "schedule" {
  project      = var.project
  account_id   = "falco-relay-schedule"
  display_name = "Falco Relay: Cloud Scheduler calls sweep as this"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "build" {
  project      = var.project
  account_id   = "falco-relay-build"
  display_name = "Falco Relay: Cloud Build makes the functions' images as this"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local.publishers

  project = var.project
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function[each.value.function].member
}

# Pub/Sub signs its calls as the push account. In projects from before April 2021 it may not by itself.
resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = local.pubsub_agent

  depends_on = [google_pubsub_topic.topic]
}

resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = toset(["ingest", "escalate", "notify"])

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

resource "google_cloud_run_v2_service_iam_member" "schedule" {
  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.function["sweep"].name
  role     = "roles/run.invoker"
  member   = google_service_account.schedule.member
}

# Neither Slack nor PagerDuty can sign in to Google; what they send carries their own signature, which callback verifies.
resource "google_cloud_run_v2_service_iam_member" "callback" {
  count = var.callback_public ? 1 : 0

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.function["callback"].name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

# Making an image: its log, the image, and the source. Cloud Functions copies our bundle into a bucket of its own first.
resource "google_project_iam_member" "build_log" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build_image" {
  project    = var.project
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_storage_bucket_iam_member" "build_source" {
  bucket = google_storage_bucket.bundles.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_project_iam_member" "build_copied_source" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "falco-relay-source"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}
