# What Helm, people and the way back are given.

mock_provider "google" {
  source = "./tests/mocks"
}

override_resource {
  target = google_service_account.function["ingest"]
  values = { email = "ingest@acme", member = "serviceAccount:ingest@acme" }
}

override_resource {
  target = google_service_account.function["sweep"]
  values = { email = "sweep@acme", member = "serviceAccount:sweep@acme" }
}

override_resource {
  target = google_service_account.push
  values = { email = "push@acme", member = "serviceAccount:push@acme", name = "projects/acme-security/serviceAccounts/push-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.schedule
  values = { email = "schedule@acme", member = "serviceAccount:schedule@acme" }
}

override_resource {
  target = google_service_account.build
  values = { email = "build@acme", member = "serviceAccount:build@acme", id = "projects/acme-security/serviceAccounts/build@acme" }
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

run "of_the_relay" {
  assert {
    condition = {
      project                  = output.project
      topic                    = output.topic
      dead_letter_subscription = output.dead_letter_subscription
      bundle                   = output.bundle
      } == {
      project                  = "acme-security"
      topic                    = "falco-events"
      dead_letter_subscription = "falco-dead-letter"
      bundle                   = "gs://acme-security-falco-relay-bundles/falco-relay-${substr(filesha256("./tests/bundles/full/falco-relay.zip"), 0, 16)}.zip"
    }
    error_message = "Somebody is sent to the wrong place."
  }
  assert {
    condition     = { for name in ["ingest", "sweep", "push", "schedule", "build"] : name => output.service_accounts[name] } == { for name in ["ingest", "sweep", "push", "schedule", "build"] : name => "${name}@acme" } && length(output.service_accounts) == 8
    error_message = "An account is taken for another."
  }
  assert {
    condition     = output.audit_logs == null && output.callback_url == google_cloudfunctions2_function.function["callback"].service_config[0].uri && output.dashboard == google_monitoring_dashboard.relay.id
    error_message = "An output has nothing behind it, or something else."
  }
}

run "values_for_helm" {
  variables {
    falcosidekick = { namespace = "security", service_account = "sidekick" }
    audit_logs    = { reader = "acme-dev/us-central1/dev-us1" }
  }
  assert {
    condition     = toset(keys(output.helm_values)) == toset(keys(output.clusters)) && length(output.helm_values) == 4
    error_message = "A cluster gets no values."
  }
  assert {
    condition = jsondecode(output.helm_values["acme-prod/europe-west1/payments-eu1"]) == {
      cluster       = { project = "acme-prod", location = "europe-west1", name = "payments-eu1" }
      pubsub        = { project = "acme-security", topic = "falco-events" }
      falcosidekick = { fullnameOverride = "sidekick" }
      enrichment    = { enabled = true, serviceAccount = "ingest@acme" }
      nodeWatch     = { enabled = true, serviceAccount = "sweep@acme" }
    }
    error_message = "A cluster that is asked gets other values than the chart needs."
  }
  assert {
    condition = jsondecode(output.helm_values["acme-dev/us-central1/dev-us1"]) == {
      cluster       = { project = "acme-dev", location = "us-central1", name = "dev-us1" }
      pubsub        = { project = "acme-security", topic = "falco-events" }
      falcosidekick = { fullnameOverride = "sidekick" }
      enrichment    = { enabled = false, serviceAccount = "ingest@acme" }
      nodeWatch     = { enabled = false, serviceAccount = "sweep@acme" }
      audit         = { project = "acme-security", subscription = "falco-k8saudit" }
      k8saudit      = { enabled = true, fullnameOverride = "falco-k8saudit" }
    }
    error_message = "The cluster that reads audit logs gets other values than the chart needs."
  }
}
