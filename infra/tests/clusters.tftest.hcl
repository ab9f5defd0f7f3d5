# Several clusters in several projects: who publishes, and what is asked for context.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project  = "acme-security"
  region   = "europe-west1"
  pipeline = "./tests/bundles/full/pipeline.yaml"
  bundle   = "./tests/bundles/full/falco-relay.zip"
  loki     = { url = "https://loki.acme.example" }
  secrets = {
    PAGERDUTY_ROUTING_KEY     = { secret = "pagerduty", version = "1" }
    SLACK_TOKEN               = { secret = "slack", version = "2" }
    LEADS_WEBHOOK_URL         = { secret = "leads-url", version = "1", project = "acme-secrets" }
    LEADS_WEBHOOK_SECRET      = { secret = "leads-secret", version = "1", project = "acme-secrets" }
    HEARTBEAT_URL             = { secret = "heartbeat", version = "1" }
    SLACK_SIGNING_SECRET      = { secret = "slack-signing", version = "1" }
    SLACK_SIGNING_SECRET_NEXT = { secret = "slack-signing", version = "2" }
  }
  callback_public = true
}

run "falcosidekick" {
  variables {
    falcosidekick = { namespace = "security", service_account = "sidekick" }
  }
  assert {
    condition     = { for project, each in google_pubsub_topic_iam_member.falcosidekick : project => "${each.role} ${each.topic}" } == { for project in ["acme-prod", "acme-dev", "acme-lab"] : project => "roles/pubsub.publisher falco-events" }
    error_message = "Falcosidekick publishes to falco-events and nothing else, once for each pool of identities."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.falcosidekick["acme-dev"].member == "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-dev.svc.id.goog/subject/ns/security/sa/sidekick"
    error_message = "It is not Falcosidekick that may publish."
  }
  assert {
    condition     = length(output.falcosidekick) == 4 && output.falcosidekick["acme-prod/us-central1/shop-us1"].namespace == "security" && output.clusters["acme-lab/europe-west4-b/lab-eu4"].location == "europe-west4-b"
    error_message = "Helm does not learn what it needs."
  }
}

run "context" {
  assert {
    condition     = { for project, each in google_project_iam_custom_role.cluster_reader : project => tolist(each.permissions) } == { acme-prod = tolist(["container.clusters.get"]), acme-dev = tolist(["container.clusters.get"]) }
    error_message = "The GKE API is asked in projects whose clusters are asked, and no more than that. A static file needs nothing."
  }
  assert {
    condition     = { for project, each in google_project_iam_custom_role.cluster_connect : project => tolist(each.permissions) } == { acme-prod = tolist(["container.clusters.connect"]) }
    error_message = "The Kubernetes API is reached where pipeline.yaml says so."
  }
  assert {
    condition     = toset(keys(google_project_iam_member.cluster_reader)) == toset(["ingest/acme-prod", "ingest/acme-dev", "sweep/acme-prod"]) && toset(keys(google_project_iam_member.cluster_connect)) == toset(["ingest/acme-prod", "sweep/acme-prod"])
    error_message = "Somebody asks who does not, or in another project."
  }
}

run "roles_by_somebody_else" {
  variables {
    cluster_roles = false
  }
  assert {
    condition     = length(google_project_iam_custom_role.cluster_reader) + length(google_project_iam_custom_role.cluster_connect) + length(google_project_iam_member.cluster_reader) + length(google_project_iam_member.cluster_connect) == 0
    error_message = "Roles are made where somebody else does."
  }
}
