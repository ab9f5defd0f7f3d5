# Each function gets the secrets that it uses; what pipeline.yaml names and nobody gives is told before anything is made.

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

run "just_where_they_are_used" {
  assert {
    condition = { for name, each in google_cloudfunctions2_function.function : name => toset([for secret in each.service_config[0].secret_environment_variables : secret.key]) } == {
      ingest   = toset([])
      escalate = toset([])
      notify   = toset(["PAGERDUTY_ROUTING_KEY", "SLACK_TOKEN", "LEADS_WEBHOOK_URL", "LEADS_WEBHOOK_SECRET"])
      sweep    = toset(["HEARTBEAT_URL"])
      callback = toset(["SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET_NEXT"])
    }
    error_message = "A function has a secret that it does not use, or lacks one."
  }
  assert {
    condition = toset(keys(google_secret_manager_secret_iam_member.reader)) == toset([
      "notify/PAGERDUTY_ROUTING_KEY", "notify/SLACK_TOKEN", "notify/LEADS_WEBHOOK_URL", "notify/LEADS_WEBHOOK_SECRET",
      "sweep/HEARTBEAT_URL", "callback/SLACK_SIGNING_SECRET", "callback/SLACK_SIGNING_SECRET_NEXT",
    ])
    error_message = "Somebody may read a secret that it does not use."
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.reader["notify/LEADS_WEBHOOK_URL"].project == "acme-secrets" && google_secret_manager_secret_iam_member.reader["notify/SLACK_TOKEN"].project == "acme-security"
    error_message = "A secret is looked for in the wrong project."
  }
  assert {
    condition     = tolist([for secret in google_cloudfunctions2_function.function["callback"].service_config[0].secret_environment_variables : secret.version if secret.key == "SLACK_SIGNING_SECRET_NEXT"]) == tolist(["2"])
    error_message = "A version is not the one that was pinned."
  }
}

run "loki_and_redaction" {
  variables {
    pipeline = "./tests/bundles/plain/pipeline.yaml"
    bundle   = "./tests/bundles/plain/falco-relay.zip"
    loki     = { url = "https://loki.acme.example/tenant", tenant = "security", username = "relay" }
    secrets = {
      PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" }
      SLACK_TOKEN           = { secret = "slack", version = "2" }
      LOKI_PASSWORD         = { secret = "loki", version = "3" }
      REDACTION_KEY         = { secret = "redaction", version = "1" }
    }
    callback_public = false
  }
  assert {
    condition = { for name, each in google_cloudfunctions2_function.function : name => toset([for secret in each.service_config[0].secret_environment_variables : secret.key]) } == {
      ingest   = toset(["LOKI_PASSWORD", "REDACTION_KEY"])
      escalate = toset([])
      notify   = toset(["PAGERDUTY_ROUTING_KEY", "SLACK_TOKEN"])
      sweep    = toset(["LOKI_PASSWORD"])
      callback = toset([])
    }
    error_message = "Loki's password is for ingest and sweep, the key of redaction for ingest."
  }
  assert {
    condition     = google_cloudfunctions2_function.function["sweep"].service_config[0].environment_variables.LOKI_TENANT == "security" && google_cloudfunctions2_function.function["sweep"].service_config[0].environment_variables.LOKI_USERNAME == "relay"
    error_message = "Tenant and user do not arrive."
  }
}

run "one_is_missing" {
  command = plan
  variables {
    secrets = {
      PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" }
    }
  }
  assert {
    condition     = local.missing_secrets == toset(["SLACK_TOKEN", "LEADS_WEBHOOK_URL", "LEADS_WEBHOOK_SECRET", "HEARTBEAT_URL", "SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET_NEXT"])
    error_message = "It is not said which are missing."
  }
  expect_failures = [google_storage_bucket_object.bundle]
}

run "one_is_nobodys" {
  command = plan
  variables {
    pipeline = "./tests/bundles/plain/pipeline.yaml"
    bundle   = "./tests/bundles/plain/falco-relay.zip"
    secrets = {
      PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" }
      SLACK_TOKEN           = { secret = "slack", version = "2" }
      SLACK_TOKKEN          = { secret = "slack", version = "2" }
    }
    callback_public = false
  }
  expect_failures = [check.secrets_are_used]
}

run "a_file" {
  command = plan
  variables {
    pipeline        = "./tests/bundles/files/pipeline.yaml"
    bundle          = "./tests/bundles/files/falco-relay.zip"
    secrets         = {}
    callback_public = false
  }
  expect_failures = [google_storage_bucket_object.bundle]
}
