# Plans only what was checked: a pipeline.yaml that is right, the one of the bundle, and the bundle that was made.

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

run "right" {
  command = plan
  assert {
    condition     = length(local.found.problems) == 0 && local.readable
    error_message = "A right pipeline.yaml has problems."
  }
}

run "wrong" {
  command = plan
  variables {
    pipeline = "./tests/bundles/wrong/pipeline.yaml"
    bundle   = "./tests/bundles/wrong/falco-relay.zip"
    secrets  = { PAGERDUTY_ROUTING_KEY = { secret = "pagerduty", version = "1" } }
  }
  expect_failures = [google_storage_bucket_object.bundle]
}

run "changed_since" {
  command = plan
  variables {
    pipeline = "./tests/bundles/stale/pipeline.yaml"
    bundle   = "./tests/bundles/stale/falco-relay.zip"
  }
  expect_failures = [google_storage_bucket_object.bundle]
}

run "of_another_bundle" {
  command = plan
  variables {
    pipeline = "./tests/bundles/full/pipeline.yaml"
  }
  expect_failures = [google_storage_bucket_object.bundle, check.callbacks_can_arrive]
}

run "swapped_since" {
  command = plan
  variables {
    pipeline = "./tests/bundles/swapped/pipeline.yaml"
    bundle   = "./tests/bundles/swapped/falco-relay.zip"
  }
  expect_failures = [google_storage_bucket_object.bundle]
}

run "no_bundle" {
  command = plan
  variables {
    bundle = "./tests/bundles/plain/none.zip"
  }
  expect_failures = [var.bundle]
}

run "no_pipeline" {
  command = plan
  variables {
    pipeline = "./tests/bundles/plain/none.yaml"
  }
  expect_failures = [var.pipeline]
}
