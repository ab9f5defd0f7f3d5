# docs/operate.md, "Subscriptions it needs", as resources.

locals {
  topics = toset(["falco-events", "falco-retry", "escalations", "notifications", "falco-dead-letter"])

  # Backoff doubles, so that nothing waits longer than what was down was, and a hundred tries outlast a day's work.
  subscriptions = merge(
    {
      falco-events = { topic = "falco-events", function = "ingest", filter = null, minimum = "1s", maximum = "600s" }
      # This one waits while Loki is down.
      falco-retry = { topic = "falco-retry", function = "ingest", filter = null, minimum = "30s", maximum = "600s" }
      escalations = { topic = "escalations", function = "escalate", filter = null, minimum = "1s", maximum = "600s" }
    },
    # A push backoff holds back a whole subscription, so each receiver has its own.
    {
      for each in local.receivers : "notifications-${each.name}" => {
        topic    = "notifications"
        function = "notify"
        filter   = "attributes.receiver = \"${each.name}\""
        minimum  = "1s"
        maximum  = "600s"
      }
    },
  )

  day                = 86400
  pubsub_agent       = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  delivery_attempts  = 100
  longest_of_pubsub  = 600
  longest_of_backlog = 7 * local.day
}

resource "google_pubsub_topic" "topic" {
  for_each = local.topics

  project = var.project
  name    = each.key
  labels  = var.labels

  depends_on = [google_project_service.api]
}

resource "google_pubsub_subscription" "push" {
  for_each = local.subscriptions

  project                    = var.project
  name                       = each.key
  topic                      = google_pubsub_topic.topic[each.value.topic].id
  labels                     = var.labels
  filter                     = each.value.filter
  ack_deadline_seconds       = local.longest_of_pubsub
  message_retention_duration = "${local.longest_of_backlog}s"

  push_config {
    # Its own address under run.app: others count as calls from outside, which the ingress setting refuses.
    push_endpoint = google_cloudfunctions2_function.function[each.value.function].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.function[each.value.function].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = each.value.minimum
    maximum_backoff = each.value.maximum
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.topic["falco-dead-letter"].id
    max_delivery_attempts = local.delivery_attempts
  }

  # Without it a subscription that had nothing to do for a month is deleted.
  expiration_policy {
    ttl = ""
  }

  # A push before its function may be called would only be refused; and what can't be dead-lettered is tried for ever.
  depends_on = [
    google_cloud_run_v2_service_iam_member.push,
    google_pubsub_topic_iam_member.dead_letter_agent,
  ]
}

# What is parked lies here until somebody looks; without a subscription it would be lost.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project
  name                       = "falco-dead-letter"
  topic                      = google_pubsub_topic.topic["falco-dead-letter"].id
  labels                     = var.labels
  ack_deadline_seconds       = local.longest_of_pubsub
  message_retention_duration = "${31 * local.day}s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves a message that failed too often: it publishes here, and acknowledges there.
resource "google_pubsub_topic_iam_member" "dead_letter_agent" {
  project = var.project
  topic   = google_pubsub_topic.topic["falco-dead-letter"].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter_agent" {
  for_each = local.subscriptions

  project      = var.project
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "operators" {
  for_each = var.operators

  project      = var.project
  subscription = google_pubsub_subscription.dead_letter.name
  role         = "roles/pubsub.subscriber"
  member       = each.key
}

# Whatever is parked goes back to the topic that it came from.
resource "google_pubsub_topic_iam_member" "operators" {
  for_each = {
    for pair in setproduct(var.operators, ["falco-events", "escalations", "notifications"]) : "${pair[0]} ${pair[1]}" => { member = pair[0], topic = pair[1] }
  }

  project = var.project
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = each.value.member
}
