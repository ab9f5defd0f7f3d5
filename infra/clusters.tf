# What the clusters of pipeline.yaml need: their Falcosidekick publishes, and enrichment asks the GKE API for each of them.

locals {
  names_of_clusters = { for each in local.clusters : "${each.project}/${each.location}/${each.name}" => each }
  identities = {
    for project in toset([for each in local.clusters : each.project]) : project => format(
      "principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s.svc.id.goog/subject/ns/%s/sa",
      data.google_project.of_clusters[project].number, project, var.falcosidekick.namespace,
    )
  }

  # Clusters of one project share one pool of identities, so the same name in two of them is one member.
  publisher_of = {
    for name, each in local.names_of_clusters : name => "${local.identities[each.project]}/${var.falcosidekick.service_account}"
  }
  # Known at plan time, while numbers of projects may not be.
  publishing_projects = { for name, each in local.names_of_clusters : each.project => name... }

  # A static file stands in for the GKE API; `kubernetes` asks it for the endpoint, and sweep whether a silent node is still there.
  asked     = var.cluster_roles ? [for each in local.clusters : each if try(each.metadata, null) == null || try(each.kubernetes, null) != null] : []
  connected = var.cluster_roles ? [for each in local.clusters : each if try(each.kubernetes, null) == "dns"] : []

  get_members = merge(
    { for each in local.asked : "ingest/${each.project}" => { function = "ingest", project = each.project }... },
    { for each in local.asked : "sweep/${each.project}" => { function = "sweep", project = each.project }... if try(each.kubernetes, null) != null },
  )
  connect_members = merge([
    for function in ["ingest", "sweep"] :
    { for each in local.connected : "${function}/${each.project}" => { function = function, project = each.project }... }
  ]...)
}

resource "google_pubsub_topic_iam_member" "falcosidekick" {
  for_each = local.publishing_projects

  project = var.project
  topic   = google_pubsub_topic.topic["falco-events"].name
  role    = "roles/pubsub.publisher"
  member  = local.publisher_of[each.value[0]]
}

resource "google_project_iam_custom_role" "cluster_reader" {
  for_each = toset([for each in local.asked : each.project])

  project     = each.key
  role_id     = "falcoRelayClusterReader"
  title       = "Falco Relay: read a cluster"
  description = "Version, location, node pools and endpoints of a cluster, for the context of an alert"
  permissions = ["container.clusters.get"]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "cluster_reader" {
  for_each = local.get_members

  project = each.value[0].project
  role    = google_project_iam_custom_role.cluster_reader[each.value[0].project].id
  member  = google_service_account.function[each.value[0].function].member
}

# Lets a caller reach the Kubernetes API by its DNS endpoint; what it may do there is RBAC's to say, from the Helm chart.
resource "google_project_iam_custom_role" "cluster_connect" {
  for_each = toset([for each in local.connected : each.project])

  project     = each.key
  role_id     = "falcoRelayClusterConnect"
  title       = "Falco Relay: reach a cluster's API"
  description = "The DNS endpoint of a cluster's Kubernetes API; what is allowed there is a matter of RBAC"
  permissions = ["container.clusters.connect"]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "cluster_connect" {
  for_each = local.connect_members

  project = each.value[0].project
  role    = google_project_iam_custom_role.cluster_connect[each.value[0].project].id
  member  = google_service_account.function[each.value[0].function].member
}
