# What each variable refuses.

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

run "project_with_a_space" {
  command = plan
  variables {
    project = "Acme Security"
  }
  expect_failures = [var.project]
}

run "region_that_is_a_zone" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "loki_without_a_scheme" {
  command = plan
  variables {
    loki = { url = "loki.acme.example" }
  }
  expect_failures = [var.loki]
}

run "loki_with_a_password_in_it" {
  command = plan
  variables {
    loki = { url = "https://relay:secret@loki.acme.example" }
  }
  expect_failures = [var.loki]
}

run "loki_user_without_a_password" {
  command = plan
  variables {
    loki = { url = "https://loki.acme.example", username = "relay" }
  }
  expect_failures = [var.loki]
}

run "secret_of_the_latest_version" {
  command = plan
  variables {
    secrets = { SLACK_TOKEN = { secret = "slack", version = "latest" }, PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" } }
  }
  expect_failures = [var.secrets]
}

run "secret_by_its_long_name" {
  command = plan
  variables {
    secrets = { SLACK_TOKEN = { secret = "projects/acme/secrets/slack", version = "1" }, PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" } }
  }
  expect_failures = [var.secrets]
}

run "secret_under_a_strange_name" {
  command = plan
  variables {
    secrets = { "slack-token" = { secret = "slack", version = "1" }, SLACK_TOKEN = { secret = "slack", version = "1" }, PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" } }
  }
  expect_failures = [var.secrets]
}

run "store_in_memory" {
  command = plan
  variables {
    store = { kind = "memory" }
  }
  expect_failures = [var.store]
}

run "store_in_the_default_database" {
  command = plan
  variables {
    store = { database = "(default)" }
  }
  expect_failures = [var.store]
}

run "store_of_half_a_gigabyte" {
  command = plan
  variables {
    store = { memory_gb = 0.5 }
  }
  expect_failures = [var.store]
}

run "network_of_no_function" {
  command = plan
  variables {
    network = { network = "a", subnetwork = "b", functions = ["ingress"] }
  }
  expect_failures = [var.network]
}

run "function_that_is_none" {
  command = plan
  variables {
    functions = { digest = { memory = "1Gi" } }
  }
  expect_failures = [var.functions]
}

run "function_of_a_strange_size" {
  command = plan
  variables {
    functions = { ingest = { memory = "1 GB" } }
  }
  expect_failures = [var.functions]
}

run "function_with_half_a_cpu_and_many_requests" {
  command = plan
  variables {
    functions = { ingest = { cpu = "0.5" } }
  }
  expect_failures = [var.functions]
}

run "function_with_too_many_requests" {
  command = plan
  variables {
    functions = { ingest = { concurrency = 2000 } }
  }
  expect_failures = [var.functions]
}

run "function_with_more_at_least_than_at_most" {
  command = plan
  variables {
    functions = { ingest = { min_instances = 3, max_instances = 2 } }
  }
  expect_failures = [var.functions]
}

run "function_with_a_setting_of_the_module" {
  command = plan
  variables {
    functions = { ingest = { environment = { LOKI_URL = "https://elsewhere.example" } } }
  }
  expect_failures = [var.functions]
}

run "falcosidekick_in_upper_case" {
  command = plan
  variables {
    falcosidekick = { namespace = "Falco" }
  }
  expect_failures = [var.falcosidekick]
}

run "operators_that_are_everybody" {
  command = plan
  variables {
    operators = ["allUsers"]
  }
  expect_failures = [var.operators]
}

run "alerts_to_an_address" {
  command = plan
  variables {
    alerts = { channels = ["email"] }
  }
  expect_failures = [var.alerts]
}

run "alerts_too_soon" {
  command = plan
  variables {
    alerts = { oldest = 5 }
  }
  expect_failures = [var.alerts]
}

run "alerts_without_a_code" {
  command = plan
  variables {
    alerts = { silence_reasons = [] }
  }
  expect_failures = [var.alerts]
}

run "function_with_half_a_cpu_and_one_request" {
  command = plan
  variables {
    functions = { callback = { cpu = "0.5", concurrency = 1, min_instances = 0, environment = { MAX_EVENTS_IN_FLIGHT = "10" } } }
  }
  assert {
    condition     = google_cloudfunctions2_function.function["callback"].service_config[0].available_cpu == "0.5" && google_cloudfunctions2_function.function["callback"].service_config[0].max_instance_count == 3 && google_cloudfunctions2_function.function["callback"].service_config[0].environment_variables.MAX_EVENTS_IN_FLIGHT == "10"
    error_message = "What was set does not arrive, or what was not is lost."
  }
}

run "labels_in_upper_case" {
  command = plan
  variables {
    labels = { team = "Security" }
  }
  expect_failures = [var.labels]
}

run "labels" {
  command = plan
  variables {
    labels = { team = "security", "cost-center" = "4711" }
  }
  assert {
    condition = alltrue([
      for labels in concat(
        values(google_pubsub_topic.topic)[*].labels, values(google_pubsub_subscription.push)[*].labels,
        values(google_cloudfunctions2_function.function)[*].labels, values(google_monitoring_alert_policy.reason)[*].user_labels,
        values(google_monitoring_alert_policy.backlog)[*].user_labels, [google_monitoring_alert_policy.failing.user_labels],
        [google_pubsub_subscription.dead_letter.labels, google_storage_bucket.bundles.labels, google_artifact_registry_repository.images.labels],
      ) : labels.team == "security" && labels["cost-center"] == "4711"
    ])
    error_message = "Something is made without the labels."
  }
}
