# What the functions answer, as Cloud Run counts it.

locals {
  # Pub/Sub comes again with what a function refuses, some fifteen times in ten minutes, and all is well once it succeeds: what
  # counts there is the share of failures, for longer than one burst of them stays in the window. What nobody repeats is lost
  # once it fails: what counts there is the second time.
  failing = {
    repeated = {
      functions = ["ingest", "escalate", "notify"]
      share     = 0.05
      window    = 300
      duration  = 600
    }
    unrepeated = {
      functions = ["sweep", "callback"]
      count     = 1
      window    = 600
    }
  }
  answers_of = {
    for name, each in local.failing : name => format(
      "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=one_of(%s)",
      join(", ", [for function in each.functions : "\"falco-relay-${function}\""]),
    )
  }
}

resource "google_monitoring_alert_policy" "failing" {
  project               = var.project
  display_name          = "Falco Relay: functions fail"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "${join(", ", local.failing.repeated.functions)}: more than ${100 * local.failing.repeated.share} % of the answers are 5xx, for ten minutes"

    condition_threshold {
      filter             = "${local.answers_of.repeated} AND metric.labels.response_code_class=\"5xx\""
      denominator_filter = local.answers_of.repeated
      comparison         = "COMPARISON_GT"
      threshold_value    = local.failing.repeated.share
      duration           = "${local.failing.repeated.duration}s"
      # No failure in the window is no data.
      evaluation_missing_data = "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period     = "${local.failing.repeated.window}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
      denominator_aggregations {
        alignment_period     = "${local.failing.repeated.window}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  conditions {
    display_name = "${join(", ", local.failing.unrepeated.functions)}: a second 5xx within ten minutes"

    condition_threshold {
      filter          = "${local.answers_of.unrepeated} AND metric.labels.response_code_class=\"5xx\""
      comparison      = "COMPARISON_GT"
      threshold_value = local.failing.unrepeated.count
      duration        = "0s"

      aggregations {
        alignment_period     = "${local.failing.unrepeated.window}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  documentation {
    content   = "503 is a message sent back to come again: the store or Pub/Sub fails. 500 is a defect or a wrong configuration; the log says which."
    mime_type = "text/markdown"
  }

  # One that fails now and then stays one incident.
  alert_strategy {
    auto_close = "3600s"
  }
}

resource "google_monitoring_alert_policy" "sweep_absent" {
  project               = var.project
  display_name          = "Falco Relay: sweep does not run"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "no successful sweep for ten minutes"

    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${google_cloudfunctions2_function.function["sweep"].name}\" AND metric.labels.response_code_class=\"2xx\""
      duration = "600s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "Summaries, next tiers and overdue deliveries stand still. Look at the job falco-relay-sweep of Cloud Scheduler and at the function's log."
    mime_type = "text/markdown"
  }
}
