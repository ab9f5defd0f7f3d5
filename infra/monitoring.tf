# The relay watched from outside of itself, by what it logs and by what Google counts. docs/reasons.md has the codes.

locals {
  reasons_metric = "falco_relay_reasons"
  services       = join(", ", [for name in local.function_names : "\"falco-relay-${name}\""])

  # Alerts on reason codes: any of them, once, is worth a look.
  reason_alerts = {
    internal = {
      title    = "a defect or a configuration that does not start"
      severity = "CRITICAL"
      reasons  = ["internal"]
      help     = "The log line of the function says what is wrong; with a configuration that is wrong nothing runs at all. The way back is in docs/deploy.md."
    }
    receiver = {
      title    = "a receiver is misconfigured"
      severity = "CRITICAL"
      reasons  = ["receiver-denied", "receiver-unknown", "receiver-address-forbidden"]
      help     = "Its fallback is told meanwhile. Mend the secret or the address in pipeline.yaml."
    }
    store = {
      title    = "the store fails"
      severity = "ERROR"
      reasons  = ["store-unavailable"]
      help     = "Messages wait in Pub/Sub for up to seven days, and what escalates is told. Bring the store back."
    }
    loki = {
      title    = "Loki refuses"
      severity = "ERROR"
      reasons  = ["loki-refused", "loki-denied"]
      help     = "What is refused lies on falco-dead-letter with Loki's words; what is denied waits on falco-retry until address and credentials are right."
    }
    enrich = {
      title    = "context is denied"
      severity = "WARNING"
      reasons  = ["enrich-denied"]
      help     = "Alerts pass with less context: a role of docs/deploy.md is missing in a cluster's project, or RBAC in the cluster."
    }
    heartbeat = {
      title    = "the dead-man's switch is not reached"
      severity = "ERROR"
      reasons  = ["heartbeat-unavailable"]
      help     = "It will page for nothing: check heartbeat.url."
    }
    silence = {
      title    = "a node or a cluster is silent"
      severity = "WARNING"
      reasons  = var.alerts.silence_reasons
      help     = "The relay tells its receivers of it too; this comes by another way. Look at Falco and Falcosidekick there."
    }
  }

  # Alerts on what Google counts.
  backlogs = merge({
    oldest = {
      title         = "messages wait too long"
      severity      = "CRITICAL"
      subscriptions = [for name in keys(local.subscriptions) : name if name != "falco-retry"]
      seconds       = var.alerts.oldest
      help          = "Alerts or pages are late: look at the function of that subscription, and at the store."
    }
    retry = {
      title         = "events wait for Loki"
      severity      = "ERROR"
      subscriptions = ["falco-retry"]
      seconds       = var.alerts.oldest_retry
      help          = "Pages go on; log entries wait. Loki must be back within seven days."
    }
    }, local.audit ? {
    audit = {
      title         = "audit logs are not read"
      severity      = "ERROR"
      subscriptions = [local.audit_topic]
      seconds       = var.alerts.oldest
      help          = "k8saudit does not run, or may not read its subscription: look at its pod in the cluster of audit_logs.reader."
    }
  } : {})
}

# One counter with the code as a label: codes are bounded, and a new one needs no new metric.
resource "google_logging_metric" "reasons" {
  project     = var.project
  name        = local.reasons_metric
  description = "Log lines of Falco Relay by reason code"
  filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${replace(local.services, ", ", " OR ")}) AND jsonPayload.reason=~\"^[a-z][a-z0-9-]*$\""

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    unit         = "1"
    display_name = "Falco Relay: reasons"

    labels {
      key         = "reason"
      value_type  = "STRING"
      description = "A code of docs/reasons.md"
    }
  }

  label_extractors = {
    reason = "EXTRACT(jsonPayload.reason)"
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "reason" {
  for_each = local.reason_alerts

  project               = var.project
  display_name          = "Falco Relay: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = join(", ", each.value.reasons)

    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.reasons.name}\" AND resource.type=\"cloud_run_revision\" AND metric.labels.reason=one_of(${join(", ", [for code in each.value.reasons : "\"${code}\""])})"
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.label.reason"]
      }
    }
  }

  documentation {
    content   = each.value.help
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"
  }
}

resource "google_monitoring_alert_policy" "dead_letter" {
  project               = var.project
  display_name          = "Falco Relay: messages are parked"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "falco-dead-letter is not empty"

    condition_threshold {
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letter.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content   = "Each has its reason as an attribute. docs/operate.md, \"Parked messages\", says how to look and how to publish them again."
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "backlog" {
  for_each = local.backlogs

  project               = var.project
  display_name          = "Falco Relay: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "the oldest unacknowledged message is over ${each.value.seconds} s old"

    condition_threshold {
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(${join(", ", [for name in each.value.subscriptions : "\"${name}\""])})"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.seconds
      duration        = "60s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content   = each.value.help
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_dashboard" "relay" {
  project        = var.project
  dashboard_json = file("${path.module}/dashboard.json")

  # Its panels name the metric of reasons.
  depends_on = [google_logging_metric.reasons]
}
