locals {
  apis = concat([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudscheduler.googleapis.com",
    "container.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    ],
    local.redis ? ["redis.googleapis.com"] : ["firestore.googleapis.com"],
    local.redis && local.connect_mode == "PRIVATE_SERVICE_ACCESS" ? ["servicenetworking.googleapis.com"] : [],
    local.redis || var.network != null ? ["compute.googleapis.com"] : [],
  )
}

resource "google_project_service" "api" {
  for_each = toset(var.enable_apis ? local.apis : [])

  project = var.project
  service = each.key
  # Somebody else may use it too.
  disable_on_destroy = false
}

data "google_project" "this" {
  project_id = var.project
}

# A project's number, by its id: Workload Identity names pools by number.
data "google_project" "of_clusters" {
  for_each = toset([for each in local.clusters : each.project])

  project_id = each.key
}
