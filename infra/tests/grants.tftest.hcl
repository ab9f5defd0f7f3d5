# Who gets what, to the letter: each account has an e-mail of its own here, so that a grant to another one is seen. A test holds this
# file to have every grant of the module.

mock_provider "google" {
  source = "./tests/mocks"
}

override_resource {
  target = google_service_account.function["ingest"]
  values = { email = "ingest@acme", member = "serviceAccount:ingest@acme", id = "id-of-ingest", name = "projects/acme-security/serviceAccounts/ingest-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.function["escalate"]
  values = { email = "escalate@acme", member = "serviceAccount:escalate@acme", id = "id-of-escalate", name = "projects/acme-security/serviceAccounts/escalate-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.function["notify"]
  values = { email = "notify@acme", member = "serviceAccount:notify@acme", id = "id-of-notify", name = "projects/acme-security/serviceAccounts/notify-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.function["sweep"]
  values = { email = "sweep@acme", member = "serviceAccount:sweep@acme", id = "id-of-sweep", name = "projects/acme-security/serviceAccounts/sweep-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.function["callback"]
  values = { email = "callback@acme", member = "serviceAccount:callback@acme", id = "id-of-callback", name = "projects/acme-security/serviceAccounts/callback-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.push
  values = { email = "push@acme", member = "serviceAccount:push@acme", id = "id-of-push", name = "projects/acme-security/serviceAccounts/push-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.schedule
  values = { email = "schedule@acme", member = "serviceAccount:schedule@acme", id = "id-of-schedule", name = "projects/acme-security/serviceAccounts/schedule-account@acme-security.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.build
  values = { email = "build@acme", member = "serviceAccount:build@acme", id = "id-of-build", name = "projects/acme-security/serviceAccounts/build-account@acme-security.iam.gserviceaccount.com" }
}

override_data {
  target = data.google_project.of_clusters["acme-prod"]
  values = { number = "111" }
}

override_data {
  target = data.google_project.of_clusters["acme-dev"]
  values = { number = "222" }
}

override_data {
  target = data.google_project.of_clusters["acme-lab"]
  values = { number = "333" }
}

override_resource {
  target = google_project_iam_custom_role.cluster_reader["acme-prod"]
  values = { id = "projects/acme-prod/roles/reader" }
}

override_resource {
  target = google_project_iam_custom_role.cluster_reader["acme-dev"]
  values = { id = "projects/acme-dev/roles/reader" }
}

override_resource {
  target = google_project_iam_custom_role.cluster_connect["acme-prod"]
  values = { id = "projects/acme-prod/roles/connect" }
}

override_resource {
  target = google_logging_project_sink.audit["acme-prod"]
  values = { writer_identity = "serviceAccount:sink-of-acme-prod@acme" }
}

override_resource {
  target = google_logging_project_sink.audit["acme-dev"]
  values = { writer_identity = "serviceAccount:sink-of-acme-dev@acme" }
}

override_resource {
  target = google_logging_project_sink.audit["acme-lab"]
  values = { writer_identity = "serviceAccount:sink-of-acme-lab@acme" }
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
    LOKI_BEARER_TOKEN         = { secret = "loki", version = "1" }
    REDACTION_KEY             = { secret = "redaction", version = "1" }
  }
  callback_public = true
  operators       = ["group:sre@acme.example"]
  audit_logs      = { reader = "acme-prod/europe-west1/payments-eu1" }
}

run "who_runs_what" {
  assert {
    condition     = { for name, each in google_cloudfunctions2_function.function : name => each.service_config[0].service_account_email } == { for name in ["ingest", "escalate", "notify", "sweep", "callback"] : name => "${name}@acme" }
    error_message = "A function runs as another one's account."
  }
  assert {
    condition     = toset([for each in google_cloudfunctions2_function.function : each.build_config[0].service_account]) == toset(["id-of-build"])
    error_message = "Images are not made by the account that is for that."
  }
  assert {
    condition     = toset([for each in google_pubsub_subscription.push : each.push_config[0].oidc_token[0].service_account_email]) == toset(["push@acme"]) && google_cloud_scheduler_job.sweep.http_target[0].oidc_token[0].service_account_email == "schedule@acme"
    error_message = "Pub/Sub or Cloud Scheduler calls as somebody else."
  }
}

run "functions_and_topics" {
  assert {
    condition = { for key, each in google_pubsub_topic_iam_member.publisher : key => "${each.role} ${each.topic} ${each.member}" } == {
      for key in [
        "ingest/escalations", "ingest/notifications", "ingest/falco-retry", "ingest/falco-dead-letter",
        "escalate/notifications", "escalate/falco-dead-letter",
        "notify/notifications", "notify/falco-dead-letter",
        "sweep/escalations", "sweep/notifications", "sweep/falco-dead-letter",
        "callback/notifications",
      ] : key => "roles/pubsub.publisher ${split("/", key)[1]} serviceAccount:${split("/", key)[0]}@acme"
    }
    error_message = "A function may publish where it does not, or as another."
  }
  assert {
    condition = { for project, each in google_pubsub_topic_iam_member.falcosidekick : project => "${each.role} ${each.topic} ${each.member}" } == {
      for project, number in { acme-prod = 111, acme-dev = 222, acme-lab = 333 } : project =>
      "roles/pubsub.publisher falco-events principal://iam.googleapis.com/projects/${number}/locations/global/workloadIdentityPools/${project}.svc.id.goog/subject/ns/falco/sa/falcosidekick"
    }
    error_message = "Somebody else than Falcosidekick publishes events."
  }
  assert {
    condition     = "${google_pubsub_topic_iam_member.dead_letter_agent.role} ${google_pubsub_topic_iam_member.dead_letter_agent.topic} ${google_pubsub_topic_iam_member.dead_letter_agent.member}" == "roles/pubsub.publisher falco-dead-letter serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "Pub/Sub can't park what failed too often."
  }
  assert {
    condition = { for name, each in google_pubsub_subscription_iam_member.dead_letter_agent : name => "${each.role} ${each.subscription} ${each.member}" } == {
      for name in ["falco-events", "falco-retry", "escalations", "notifications-oncall", "notifications-chat", "notifications-leads"] :
      name => "roles/pubsub.subscriber ${name} serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    }
    error_message = "Pub/Sub can't acknowledge what it parks."
  }
  assert {
    condition     = "${google_service_account_iam_member.push_token.role} ${google_service_account_iam_member.push_token.service_account_id} ${google_service_account_iam_member.push_token.member}" == "roles/iam.serviceAccountOpenIdTokenCreator projects/acme-security/serviceAccounts/push-account@acme-security.iam.gserviceaccount.com serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "Pub/Sub can't sign its calls, or signs as another."
  }
}

run "callers" {
  assert {
    condition     = { for name, each in google_cloud_run_v2_service_iam_member.push : name => "${each.role} ${each.name} ${each.member}" } == { for name in ["ingest", "escalate", "notify"] : name => "roles/run.invoker falco-relay-${name} serviceAccount:push@acme" }
    error_message = "Pub/Sub may not call, or somebody else may."
  }
  assert {
    condition     = "${google_cloud_run_v2_service_iam_member.schedule.role} ${google_cloud_run_v2_service_iam_member.schedule.name} ${google_cloud_run_v2_service_iam_member.schedule.member}" == "roles/run.invoker falco-relay-sweep serviceAccount:schedule@acme"
    error_message = "Cloud Scheduler may not call, or somebody else may."
  }
  assert {
    condition     = [for each in google_cloud_run_v2_service_iam_member.callback : "${each.role} ${each.name} ${each.member}"] == ["roles/run.invoker falco-relay-callback allUsers"]
    error_message = "Another function than callback is open to everybody."
  }
}

run "secrets_and_store" {
  assert {
    condition = { for key, each in google_secret_manager_secret_iam_member.reader : key => "${each.role} ${each.project}/${each.secret_id} ${each.member}" } == {
      for key, secret in {
        "ingest/LOKI_BEARER_TOKEN"           = "acme-security/loki"
        "ingest/REDACTION_KEY"               = "acme-security/redaction"
        "notify/PAGERDUTY_ROUTING_KEY"       = "acme-security/pagerduty"
        "notify/SLACK_TOKEN"                 = "acme-security/slack"
        "notify/LEADS_WEBHOOK_URL"           = "acme-secrets/leads-url"
        "notify/LEADS_WEBHOOK_SECRET"        = "acme-secrets/leads-secret"
        "sweep/LOKI_BEARER_TOKEN"            = "acme-security/loki"
        "sweep/HEARTBEAT_URL"                = "acme-security/heartbeat"
        "callback/SLACK_SIGNING_SECRET"      = "acme-security/slack-signing"
        "callback/SLACK_SIGNING_SECRET_NEXT" = "acme-security/slack-signing"
      } : key => "roles/secretmanager.secretAccessor ${secret} serviceAccount:${split("/", key)[0]}@acme"
    }
    error_message = "A secret is read by another function than the one that uses it."
  }
  assert {
    condition     = { for name, each in google_project_iam_member.firestore : name => "${each.role} ${each.project} ${each.member}" } == { for name in ["ingest", "escalate", "notify", "sweep", "callback"] : name => "roles/datastore.user acme-security serviceAccount:${name}@acme" }
    error_message = "A function can't use the store, or somebody else can."
  }
}

run "redis" {
  variables {
    store   = { kind = "redis" }
    network = { network = "security", subnetwork = "functions" }
  }
  assert {
    condition     = { for name, each in google_secret_manager_secret_iam_member.store_url : name => "${each.role} ${each.project}/${each.secret_id} ${each.member}" } == { for name in ["ingest", "escalate", "notify", "sweep", "callback"] : name => "roles/secretmanager.secretAccessor acme-security/falco-relay-store-url serviceAccount:${name}@acme" }
    error_message = "The address of Redis is read by somebody else than the functions."
  }
}

run "clusters" {
  assert {
    condition = { for key, each in google_project_iam_member.cluster_reader : key => "${each.role} ${each.project} ${each.member}" } == {
      for key in ["ingest/acme-prod", "ingest/acme-dev", "sweep/acme-prod"] : key => "projects/${split("/", key)[1]}/roles/reader ${split("/", key)[1]} serviceAccount:${split("/", key)[0]}@acme"
    }
    error_message = "Somebody else reads clusters, or in another project."
  }
  assert {
    condition = { for key, each in google_project_iam_member.cluster_connect : key => "${each.role} ${each.project} ${each.member}" } == {
      for key in ["ingest/acme-prod", "sweep/acme-prod"] : key => "projects/acme-prod/roles/connect acme-prod serviceAccount:${split("/", key)[0]}@acme"
    }
    error_message = "Somebody else reaches the Kubernetes API, or in another project."
  }
}

run "audit_logs" {
  assert {
    condition     = { for project, each in google_pubsub_topic_iam_member.audit_sink : project => "${each.role} ${each.topic} ${each.member}" } == { for project in ["acme-prod", "acme-dev", "acme-lab"] : project => "roles/pubsub.publisher falco-k8saudit serviceAccount:sink-of-${project}@acme" }
    error_message = "A sink can't write, or somebody else can."
  }
  assert {
    condition     = [for each in google_pubsub_subscription_iam_member.audit_reader : "${each.role} ${each.subscription} ${each.member}"] == ["roles/pubsub.subscriber falco-k8saudit principal://iam.googleapis.com/projects/111/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/subject/ns/falco/sa/falco-k8saudit"]
    error_message = "k8saudit can't read, or somebody else can."
  }
}

run "operators" {
  assert {
    condition = [
      for each in [google_pubsub_subscription_iam_member.operators["group:sre@acme.example"]] : "${each.role} ${each.subscription} ${each.member}"
    ] == ["roles/pubsub.subscriber falco-dead-letter group:sre@acme.example"]
    error_message = "Who looks at what is parked is somebody else, or looks elsewhere."
  }
  assert {
    condition = [
      for each in google_pubsub_topic_iam_member.operators : "${each.role} ${each.topic} ${each.member}"
      ] == [
      "roles/pubsub.publisher escalations group:sre@acme.example",
      "roles/pubsub.publisher falco-events group:sre@acme.example",
      "roles/pubsub.publisher notifications group:sre@acme.example",
    ]
    error_message = "Who publishes it again is somebody else, or publishes elsewhere."
  }
}

run "making_images" {
  assert {
    condition     = "${google_project_iam_member.build_log.role} ${google_project_iam_member.build_log.project} ${google_project_iam_member.build_log.member}" == "roles/logging.logWriter acme-security serviceAccount:build@acme"
    error_message = "The log of a build is written by somebody else."
  }
  assert {
    condition     = "${google_artifact_registry_repository_iam_member.build_image.role} ${google_artifact_registry_repository_iam_member.build_image.repository} ${google_artifact_registry_repository_iam_member.build_image.member}" == "roles/artifactregistry.writer ${google_artifact_registry_repository.images.name} serviceAccount:build@acme"
    error_message = "Images are pushed by somebody else."
  }
  assert {
    condition     = "${google_storage_bucket_iam_member.build_source.role} ${google_storage_bucket_iam_member.build_source.bucket} ${google_storage_bucket_iam_member.build_source.member}" == "roles/storage.objectViewer acme-security-falco-relay-bundles serviceAccount:build@acme"
    error_message = "Bundles are read by somebody else."
  }
  assert {
    condition     = "${google_project_iam_member.build_copied_source.role} ${google_project_iam_member.build_copied_source.project} ${google_project_iam_member.build_copied_source.member}" == "roles/storage.objectViewer acme-security serviceAccount:build@acme"
    error_message = "Copied sources are read by somebody else."
  }
}
