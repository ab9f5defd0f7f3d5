# Who is told when the relay itself goes wrong.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project  = "acme-security"
  region   = "europe-west1"
  pipeline = "./tests/bundles/plain/pipeline.yaml"
  bundle   = "./tests/bundles/plain/falco-relay.zip"
  loki     = { url = "https://loki.acme.example" }
  secrets = {
    PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" }
    SLACK_TOKEN           = { secret = "slack", version = "2" }
  }
}

run "alerts" {
  variables {
    alerts = { channels = ["projects/acme-security/notificationChannels/1"], oldest = 120, oldest_retry = 3600, silence_reasons = ["node-silent"] }
  }
  assert {
    condition     = alltrue([for each in concat(values(google_monitoring_alert_policy.reason), values(google_monitoring_alert_policy.backlog), [google_monitoring_alert_policy.dead_letter, google_monitoring_alert_policy.failing, google_monitoring_alert_policy.sweep_absent]) : each.notification_channels == tolist(["projects/acme-security/notificationChannels/1"])])
    error_message = "An alert reaches nobody."
  }
  assert {
    condition     = google_monitoring_alert_policy.reason["silence"].conditions[0].condition_threshold[0].filter == "metric.type=\"logging.googleapis.com/user/falco_relay_reasons\" AND resource.type=\"cloud_run_revision\" AND metric.labels.reason=one_of(\"node-silent\")"
    error_message = "Silence is not told by the codes that were given."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.reason["receiver"].conditions[0].condition_threshold[0].filter, "\"receiver-denied\"")
    error_message = "A misconfigured receiver is told to nobody."
  }
  assert {
    condition     = google_monitoring_alert_policy.backlog["oldest"].conditions[0].condition_threshold[0].threshold_value == 120 && !strcontains(google_monitoring_alert_policy.backlog["oldest"].conditions[0].condition_threshold[0].filter, "falco-retry") && strcontains(google_monitoring_alert_policy.backlog["oldest"].conditions[0].condition_threshold[0].filter, "\"notifications-oncall\"")
    error_message = "The wait of a subscription is not looked at, or that of falco-retry, which waits on purpose."
  }
  assert {
    condition     = google_monitoring_alert_policy.backlog["retry"].conditions[0].condition_threshold[0].threshold_value == 3600 && google_monitoring_alert_policy.backlog["retry"].conditions[0].condition_threshold[0].filter == "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(\"falco-retry\")"
    error_message = "Nobody is told that falco-retry waits for longer than alerts.oldest_retry."
  }
  assert {
    condition     = google_monitoring_alert_policy.sweep_absent.conditions[0].condition_absent[0].duration == "600s" && google_monitoring_alert_policy.sweep_absent.conditions[0].condition_absent[0].filter == "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"falco-relay-sweep\" AND metric.labels.response_code_class=\"2xx\""
    error_message = "A sweep that does not run, or never succeeds, is told to nobody."
  }
  assert {
    condition     = google_monitoring_alert_policy.dead_letter.conditions[0].condition_threshold[0].threshold_value == 0 && strcontains(google_monitoring_alert_policy.dead_letter.conditions[0].condition_threshold[0].filter, "falco-dead-letter")
    error_message = "One parked message is enough for an alert."
  }
}

run "functions_that_fail" {
  assert {
    condition = [for each in google_monitoring_alert_policy.failing.conditions : each.condition_threshold[0].filter] == [
      "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=one_of(\"falco-relay-ingest\", \"falco-relay-escalate\", \"falco-relay-notify\") AND metric.labels.response_code_class=\"5xx\"",
      "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=one_of(\"falco-relay-sweep\", \"falco-relay-callback\") AND metric.labels.response_code_class=\"5xx\"",
    ]
    error_message = "A function that fails is told to nobody."
  }
  assert {
    condition     = google_monitoring_alert_policy.failing.conditions[0].condition_threshold[0].denominator_filter == "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=one_of(\"falco-relay-ingest\", \"falco-relay-escalate\", \"falco-relay-notify\")"
    error_message = "The share is not one of all answers."
  }
  assert {
    condition     = [for each in google_monitoring_alert_policy.failing.conditions : "${each.condition_threshold[0].threshold_value} ${each.condition_threshold[0].duration} ${each.condition_threshold[0].aggregations[0].alignment_period} ${each.condition_threshold[0].aggregations[0].per_series_aligner}"] == ["0.05 600s 300s ALIGN_DELTA", "1 0s 600s ALIGN_DELTA"]
    error_message = "The thresholds are others than those that test/infra/monitoring.test.ts plays."
  }
}

run "metric" {
  assert {
    condition     = google_logging_metric.reasons.label_extractors == tomap({ reason = "EXTRACT(jsonPayload.reason)" }) && strcontains(google_logging_metric.reasons.filter, "\"falco-relay-sweep\"")
    error_message = "Reasons are not counted."
  }
  assert {
    condition     = jsondecode(google_monitoring_dashboard.relay.dashboard_json).displayName == "Falco Relay"
    error_message = "The dashboard is no JSON."
  }
}
