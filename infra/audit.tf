# The audit logs of GKE, for the one k8saudit release that reads them all: who did what by the Kubernetes API, and who opened a shell.

locals {
  audit       = var.audit_logs != null
  audit_topic = "falco-k8saudit"
  audited     = !local.audit ? [] : [for name, each in local.names_of_clusters : each if try(contains(var.audit_logs.clusters, name), true)]
  audited_by_project = {
    for each in local.audited : each.project => "(resource.labels.location=\"${each.location}\" AND resource.labels.cluster_name=\"${each.name}\")"...
  }
  audit_reader = try("${local.identities[local.names_of_clusters[var.audit_logs.reader].project]}/${var.audit_logs.service_account}", null)
}

resource "google_pubsub_topic" "audit" {
  count = local.audit ? 1 : 0

  project = var.project
  name    = local.audit_topic
  labels  = var.labels

  depends_on = [google_project_service.api]
}

# What writes and, where a project has Data Access logs turned on, what reads. Leases are renewed every few seconds by everything,
# and no rule looks at them.
resource "google_logging_project_sink" "audit" {
  for_each = local.audited_by_project

  project     = each.key
  name        = local.audit_topic
  description = "Falco Relay: audit logs of clusters, for Falco's k8saudit in the project ${var.project}"
  destination = "pubsub.googleapis.com/projects/${var.project}/topics/${local.audit_topic}"
  filter = join(" AND ", [
    "logName=(\"projects/${each.key}/logs/cloudaudit.googleapis.com%2Factivity\" OR \"projects/${each.key}/logs/cloudaudit.googleapis.com%2Fdata_access\")",
    "resource.type=\"k8s_cluster\"",
    "protoPayload.serviceName=\"k8s.io\"",
    "(${join(" OR ", each.value)})",
    "NOT protoPayload.methodName:\"io.k8s.coordination.\"",
  ])
  unique_writer_identity = true

  depends_on = [google_pubsub_topic.audit]
}

resource "google_pubsub_topic_iam_member" "audit_sink" {
  for_each = local.audited_by_project

  project = var.project
  topic   = google_pubsub_topic.audit[0].name
  role    = "roles/pubsub.publisher"
  member  = google_logging_project_sink.audit[each.key].writer_identity
}

resource "google_pubsub_subscription" "audit" {
  count = local.audit ? 1 : 0

  project                    = var.project
  name                       = local.audit_topic
  topic                      = google_pubsub_topic.audit[0].id
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = "${local.longest_of_backlog}s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription_iam_member" "audit_reader" {
  count = local.audit ? 1 : 0

  project      = var.project
  subscription = google_pubsub_subscription.audit[0].name
  role         = "roles/pubsub.subscriber"
  member       = local.audit_reader
}
