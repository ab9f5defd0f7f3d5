# Slack and PagerDuty may call, or nobody may, or an organisation forbids allUsers.

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

run "public" {
  assert {
    condition     = google_cloud_run_v2_service_iam_member.callback[0].member == "allUsers" && google_cloud_run_v2_service_iam_member.callback[0].name == "falco-relay-callback"
    error_message = "callback, and only callback, is open."
  }
  assert {
    condition     = { for name, each in google_cloudfunctions2_function.function : name => each.service_config[0].ingress_settings if each.service_config[0].ingress_settings != "ALLOW_INTERNAL_ONLY" } == { callback = "ALLOW_ALL" }
    error_message = "Another function than callback can be reached from outside."
  }
  assert {
    condition     = output.callback_url != ""
    error_message = "Nobody learns what Slack is to call."
  }
}

run "where_all_users_is_forbidden" {
  variables {
    callback_public                = false
    callback_without_invoker_check = true
  }
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.callback) == 0 && google_cloudfunctions2_function.function["callback"].service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "Nothing is granted to allUsers, and callback can be reached."
  }
}

run "both" {
  command = plan
  variables {
    callback_without_invoker_check = true
  }
  expect_failures = [var.callback_public]
}

run "closed_though_pipeline_has_callbacks" {
  command = plan
  variables {
    callback_public = false
  }
  expect_failures = [check.callbacks_can_arrive]
}
