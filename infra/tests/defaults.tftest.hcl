# What stands without any switch: topics, subscriptions, functions, schedule, and who may do what.

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

run "topics_and_subscriptions" {
  assert {
    condition = toset(keys(google_pubsub_topic.topic)) == toset([
      "falco-events", "falco-retry", "escalations", "notifications", "falco-dead-letter",
    ])
    error_message = "The topics are those of docs/operate.md."
  }
  assert {
    condition = toset(keys(google_pubsub_subscription.push)) == toset([
      "falco-events", "falco-retry", "escalations", "notifications-oncall", "notifications-chat",
    ])
    error_message = "One push subscription a topic, and one a receiver."
  }
  assert {
    condition = alltrue([for each in google_pubsub_subscription.push :
      each.ack_deadline_seconds == 600 &&
      each.message_retention_duration == "604800s" &&
      each.expiration_policy[0].ttl == "" &&
      each.dead_letter_policy[0].max_delivery_attempts == 100 &&
      each.push_config[0].oidc_token[0].audience == each.push_config[0].push_endpoint
    ])
    error_message = "Deadline, retention, expiry, dead letter or token of a subscription differ from docs/operate.md."
  }
  assert {
    condition = { for name, each in google_pubsub_subscription.push : name => "${each.retry_policy[0].minimum_backoff} ${each.retry_policy[0].maximum_backoff}" } == {
      falco-events         = "1s 600s"
      falco-retry          = "30s 600s"
      escalations          = "1s 600s"
      notifications-oncall = "1s 600s"
      notifications-chat   = "1s 600s"
    }
    error_message = "A backoff differs from docs/operate.md."
  }
  assert {
    condition     = google_pubsub_subscription.push["notifications-chat"].filter == "attributes.receiver = \"chat\""
    error_message = "A receiver's subscription takes its own messages alone."
  }
  assert {
    condition     = google_pubsub_subscription.push["falco-events"].filter == null
    error_message = "No event is filtered out."
  }
  assert {
    condition     = google_pubsub_subscription.dead_letter.message_retention_duration == "2678400s" && google_pubsub_subscription.dead_letter.expiration_policy[0].ttl == "" && length(google_pubsub_subscription.dead_letter.push_config) == 0
    error_message = "What is parked is kept for 31 days, for somebody who pulls."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.dead_letter_agent.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com" && toset(keys(google_pubsub_subscription_iam_member.dead_letter_agent)) == toset(keys(google_pubsub_subscription.push))
    error_message = "Pub/Sub can move what failed too often from each subscription to the dead letter."
  }
}

run "functions" {
  assert {
    condition = { for name, each in google_cloudfunctions2_function.function : name => each.name } == {
      ingest   = "falco-relay-ingest"
      escalate = "falco-relay-escalate"
      notify   = "falco-relay-notify"
      sweep    = "falco-relay-sweep"
      callback = "falco-relay-callback"
    }
    error_message = "The functions have other names."
  }
  assert {
    condition = alltrue([for name, each in google_cloudfunctions2_function.function :
      each.build_config[0].runtime == "nodejs24" &&
      each.build_config[0].entry_point == name &&
      each.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" &&
      each.service_config[0].timeout_seconds == 540 &&
      length(each.event_trigger) == 0 &&
      length(each.service_config[0].direct_vpc_network_interface) == 0
    ])
    error_message = "Each is an HTTP function on nodejs24 that only the project itself can reach."
  }
  assert {
    condition     = google_cloudfunctions2_function.function["ingest"].service_config[0].max_instance_request_concurrency == 200 && google_cloudfunctions2_function.function["ingest"].service_config[0].min_instance_count == 1
    error_message = "ingest is sized for group commit."
  }
  assert {
    condition = google_cloudfunctions2_function.function["ingest"].service_config[0].environment_variables == tomap({
      PIPELINE             = "pipeline.yaml"
      NODE_COMPILE_CACHE   = "compiled"
      NODE_OPTIONS         = "--max-semi-space-size=16"
      GOOGLE_CLOUD_PROJECT = "acme-security"
      STORE_URL            = "firestore://acme-security/falco-relay"
      LOKI_URL             = "https://loki.acme.example"
      TOPIC_ESCALATIONS    = "escalations"
      TOPIC_NOTIFICATIONS  = "notifications"
      TOPIC_RETRY          = "falco-retry"
      TOPIC_DEAD_LETTER    = "falco-dead-letter"
    })
    error_message = "ingest has other settings."
  }
  assert {
    condition     = toset(keys(google_cloudfunctions2_function.function["callback"].service_config[0].environment_variables)) == toset(["PIPELINE", "NODE_COMPILE_CACHE", "NODE_OPTIONS", "GOOGLE_CLOUD_PROJECT", "STORE_URL", "TOPIC_NOTIFICATIONS"])
    error_message = "callback has settings that it does not use."
  }
  assert {
    condition     = google_storage_bucket_object.bundle.name == "falco-relay-${substr(filesha256("./tests/bundles/plain/falco-relay.zip"), 0, 16)}.zip" && google_storage_bucket.bundles.public_access_prevention == "enforced"
    error_message = "The bundle is named by its content, in a bucket that nobody else reads."
  }
}

run "schedule" {
  assert {
    condition     = google_cloud_scheduler_job.sweep.schedule == "* * * * *" && google_cloud_scheduler_job.sweep.http_target[0].http_method == "POST" && google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].audience == google_cloud_scheduler_job.sweep.http_target[0].uri
    error_message = "sweep is called each minute, signed."
  }
}

run "least_privilege" {
  assert {
    condition = toset(keys(google_pubsub_topic_iam_member.publisher)) == toset([
      "ingest/escalations", "ingest/notifications", "ingest/falco-retry", "ingest/falco-dead-letter",
      "escalate/notifications", "escalate/falco-dead-letter",
      "notify/notifications", "notify/falco-dead-letter",
      "sweep/escalations", "sweep/notifications", "sweep/falco-dead-letter",
      "callback/notifications",
    ])
    error_message = "A function may publish where it does not."
  }
  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.push)) == toset(["ingest", "escalate", "notify"]) && length(google_cloud_run_v2_service_iam_member.callback) == 0 && google_cloud_run_v2_service_iam_member.schedule.name == "falco-relay-sweep"
    error_message = "Somebody may call a function who does not."
  }
  assert {
    condition     = alltrue([for each in google_project_iam_member.firestore : each.condition[0].expression == "resource.name == \"projects/acme-security/databases/falco-relay\""])
    error_message = "A function may use another database too."
  }
  assert {
    condition     = google_project_iam_member.build_copied_source.condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-123456789012-europe-west1\")"
    error_message = "The build account may read other buckets."
  }
  assert {
    condition     = length(google_pubsub_subscription_iam_member.operators) == 0 && length(google_pubsub_topic_iam_member.operators) == 0
    error_message = "Somebody reads what is parked whom nobody named."
  }
}

run "operators" {
  variables {
    operators = ["group:sre@acme.example"]
  }
  assert {
    condition     = google_pubsub_subscription_iam_member.operators["group:sre@acme.example"].subscription == "falco-dead-letter" && toset([for each in google_pubsub_topic_iam_member.operators : each.topic]) == toset(["falco-events", "escalations", "notifications"])
    error_message = "Operators look at what is parked and publish it again, and nothing else."
  }
}

run "without_apis" {
  variables {
    enable_apis = false
  }
  assert {
    condition     = length(google_project_service.api) == 0
    error_message = "APIs are left alone."
  }
}

run "nobody_to_tell" {
  command = plan
  variables {
    pipeline = "./tests/bundles/quiet/pipeline.yaml"
    bundle   = "./tests/bundles/quiet/falco-relay.zip"
    secrets  = {}
  }
  assert {
    condition     = toset(keys(google_pubsub_subscription.push)) == toset(["falco-events", "falco-retry", "escalations"])
    error_message = "No receiver, no subscription."
  }
  expect_failures = [check.somebody_is_told]
}
