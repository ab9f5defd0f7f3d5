# The audit logs of GKE: whose, from where, and for whom.

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
  audit_logs      = { reader = "acme-prod/us-central1/shop-us1" }
  labels          = { team = "security" }
}

run "of_all_clusters" {
  assert {
    condition = { for project, each in google_logging_project_sink.audit : project => "${each.project} ${each.name} ${each.destination} ${each.unique_writer_identity}" } == {
      for project in ["acme-prod", "acme-dev", "acme-lab"] : project => "${project} falco-k8saudit pubsub.googleapis.com/projects/acme-security/topics/falco-k8saudit true"
    }
    error_message = "A project has no sink, or it leads elsewhere."
  }
  assert {
    condition = google_logging_project_sink.audit["acme-prod"].filter == join(" AND ", [
      "logName=(\"projects/acme-prod/logs/cloudaudit.googleapis.com%2Factivity\" OR \"projects/acme-prod/logs/cloudaudit.googleapis.com%2Fdata_access\")",
      "resource.type=\"k8s_cluster\"",
      "protoPayload.serviceName=\"k8s.io\"",
      "((resource.labels.location=\"europe-west1\" AND resource.labels.cluster_name=\"payments-eu1\") OR (resource.labels.location=\"us-central1\" AND resource.labels.cluster_name=\"shop-us1\"))",
      "NOT protoPayload.methodName:\"io.k8s.coordination.\"",
    ])
    error_message = "Another log is taken than that of the clusters' Kubernetes API."
  }
  assert {
    condition     = google_pubsub_topic.audit[0].name == "falco-k8saudit" && google_pubsub_topic.audit[0].labels.team == "security"
    error_message = "The topic of audit logs has another name."
  }
  assert {
    condition = (
      google_pubsub_subscription.audit[0].name == "falco-k8saudit" &&
      google_pubsub_subscription.audit[0].topic == google_pubsub_topic.audit[0].id &&
      length(google_pubsub_subscription.audit[0].push_config) == 0 &&
      google_pubsub_subscription.audit[0].message_retention_duration == "604800s" &&
      google_pubsub_subscription.audit[0].expiration_policy[0].ttl == "" &&
      google_pubsub_subscription.audit[0].labels.team == "security"
    )
    error_message = "The subscription of audit logs does not wait for who pulls, or is deleted one day."
  }
  assert {
    condition = output.audit_logs == {
      project      = "acme-security"
      subscription = "falco-k8saudit"
      principal    = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/subject/ns/falco/sa/falco-k8saudit"
    }
    error_message = "Helm does not learn what k8saudit reads, and as whom."
  }
  assert {
    condition     = google_monitoring_alert_policy.backlog["audit"].conditions[0].condition_threshold[0].filter == "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(\"falco-k8saudit\")"
    error_message = "Nobody is told that audit logs are not read."
  }
}

run "of_some_clusters" {
  variables {
    falcosidekick = { namespace = "security" }
    audit_logs    = { reader = "acme-prod/us-central1/shop-us1", clusters = ["acme-dev/us-central1/dev-us1"], service_account = "falco-audit" }
  }
  assert {
    condition     = keys(google_logging_project_sink.audit) == ["acme-dev"] && strcontains(google_logging_project_sink.audit["acme-dev"].filter, "((resource.labels.location=\"us-central1\" AND resource.labels.cluster_name=\"dev-us1\"))") && keys(google_pubsub_topic_iam_member.audit_sink) == ["acme-dev"]
    error_message = "Logs are taken of a cluster that was not named."
  }
  assert {
    condition     = endswith(google_pubsub_subscription_iam_member.audit_reader[0].member, "/acme-prod.svc.id.goog/subject/ns/security/sa/falco-audit")
    error_message = "It is not k8saudit that may read."
  }
}

run "none" {
  variables {
    audit_logs = null
  }
  assert {
    condition     = length(google_pubsub_topic.audit) + length(google_pubsub_subscription.audit) + length(google_logging_project_sink.audit) + length(google_pubsub_topic_iam_member.audit_sink) + length(google_pubsub_subscription_iam_member.audit_reader) == 0 && !contains(keys(google_monitoring_alert_policy.backlog), "audit")
    error_message = "Something is made of audit logs that nobody asked for."
  }
}

run "reader_that_is_not_listed" {
  command = plan
  variables {
    audit_logs = { reader = "acme-prod/europe-west1/other" }
  }
  expect_failures = [var.audit_logs]
}

run "cluster_that_is_not_listed" {
  command = plan
  variables {
    audit_logs = { reader = "acme-prod/us-central1/shop-us1", clusters = ["shop-us1"] }
  }
  expect_failures = [var.audit_logs]
}

run "no_cluster_at_all" {
  command = plan
  variables {
    audit_logs = { reader = "acme-prod/us-central1/shop-us1", clusters = [] }
  }
  expect_failures = [var.audit_logs]
}

run "account_in_upper_case" {
  command = plan
  variables {
    audit_logs = { reader = "acme-prod/us-central1/shop-us1", service_account = "Falco" }
  }
  expect_failures = [var.audit_logs]
}
