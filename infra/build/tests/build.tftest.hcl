# Which accounts there are, what they may do, and what starts which build.

mock_provider "google" {
  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
  mock_resource "google_project_iam_custom_role" {
    defaults = {
      id = "projects/acme-security/roles/mocked"
    }
  }
  mock_resource "google_service_account" {
    defaults = {
      member = "serviceAccount:falco-relay-mocked@acme-security.iam.gserviceaccount.com"
      id     = "projects/acme-security/serviceAccounts/falco-relay-mocked@acme-security.iam.gserviceaccount.com"
    }
  }
}

override_resource {
  target = google_service_account.build["pull"]
  values = { member = "serviceAccount:pull@acme", email = "pull@acme", id = "projects/acme-security/serviceAccounts/pull@acme" }
}

override_resource {
  target = google_service_account.build["plan"]
  values = { member = "serviceAccount:plan@acme", email = "plan@acme", id = "projects/acme-security/serviceAccounts/plan@acme" }
}

override_resource {
  target = google_service_account.build["apply"]
  values = { member = "serviceAccount:apply@acme", email = "apply@acme", id = "projects/acme-security/serviceAccounts/apply@acme" }
}

override_resource {
  target = google_project_iam_custom_role.secret_planner["acme-secrets"]
  values = { id = "planner of acme-secrets" }
}

override_resource {
  target = google_project_iam_custom_role.secret_planner["acme-vault"]
  values = { id = "planner of acme-vault" }
}

override_resource {
  target = google_project_iam_custom_role.secret_granter["acme-secrets"]
  values = { id = "granter of acme-secrets" }
}

override_resource {
  target = google_project_iam_custom_role.secret_granter["acme-vault"]
  values = { id = "granter of acme-vault" }
}

variables {
  project      = "acme-security"
  repository   = "projects/acme-security/locations/europe-west1/connections/github/repositories/falco-relay"
  state_bucket = "acme-security-terraform"
  clusters     = { projects = ["acme-prod"] }
  loki         = { url = "https://loki.acme.example", secret = "falco-relay-loki-reader", version = "1" }
}

run "three_triggers" {
  assert {
    condition     = google_cloudbuild_trigger.pull.filename == "cloudbuild.yaml" && google_cloudbuild_trigger.pull.substitutions._SAVE == "no" && google_cloudbuild_trigger.pull.repository_event_config[0].pull_request[0].comment_control == "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    error_message = "A pull request is more than tested and planned, or a stranger's runs unasked."
  }
  assert {
    condition     = google_cloudbuild_trigger.plan.filename == "cloudbuild.yaml" && google_cloudbuild_trigger.plan.substitutions._SAVE == "yes" && google_cloudbuild_trigger.plan.repository_event_config[0].push[0].branch == "^main$"
    error_message = "A push to the branch is not planned, or its plan is not saved."
  }
  assert {
    condition     = google_cloudbuild_trigger.apply.approval_config[0].approval_required && google_cloudbuild_trigger.apply.git_file_source[0].path == "infra/build/apply.yaml" && length(google_cloudbuild_trigger.apply.repository_event_config) == 0
    error_message = "An apply starts by itself, or without a person's approval."
  }
  assert {
    condition     = google_cloudbuild_trigger.apply.substitutions._PLANS_BUCKET == "acme-security-falco-relay-plans" && google_cloudbuild_trigger.apply.substitutions._DNS_ENDPOINT == "no"
    error_message = "The apply looks for plans elsewhere, or reaches clusters by another way than it was told."
  }
  assert {
    condition     = length(distinct([for each in google_service_account.build : each.account_id])) == 3
    error_message = "Two of the three triggers have one account."
  }
}

run "who_plans_reads_alone" {
  assert {
    condition     = alltrue([for each in google_project_iam_custom_role.planner.permissions : can(regex("\\.(get|list|getIamPolicy|getMetadata)$", each))])
    error_message = "Planning can change something, or read a secret."
  }
  assert {
    condition     = keys(google_project_iam_member.planner) == ["plan", "pull"] && length(google_project_iam_member.planner_store_url) == 0
    error_message = "Another than those who plan has the role, or Redis is read where there is none."
  }
  assert {
    condition     = google_storage_bucket_iam_member.plan_saves.role == "roles/storage.objectCreator" && google_storage_bucket_iam_member.plan_saves.condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/acme-security-falco-relay-plans/objects/plans/\")"
    error_message = "A saved plan can be written over, or one that is deployed."
  }
  assert {
    condition     = strcontains(google_storage_bucket_iam_member.planner_state["pull"].condition[0].expression, "/objects/falco-relay/\"")
    error_message = "The state of this configuration is open to those who plan."
  }
}

run "who_applies_grants_few_roles" {
  assert {
    condition     = google_project_iam_member.apply_grants["acme-security"].condition[0].expression == "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([\"roles/datastore.user\",\"roles/logging.logWriter\",\"roles/storage.objectViewer\"])"
    error_message = "In the relay's project other roles can be granted than those that the module grants."
  }
  assert {
    condition     = google_project_iam_member.apply_grants["acme-prod"].condition[0].expression == "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([\"projects/acme-prod/roles/falcoRelayClusterReader\",\"projects/acme-prod/roles/falcoRelayClusterConnect\"])"
    error_message = "In a project of clusters other roles can be granted than the module's own."
  }
  assert {
    condition     = contains(keys(google_project_iam_member.apply), "roles/datastore.owner") && !contains(keys(google_project_iam_member.apply), "roles/redis.admin")
    error_message = "A store is administered that is not there."
  }
  assert {
    condition     = keys(google_project_iam_member.deployer) == ["acme-prod"] && keys(google_project_iam_member.planner_of_clusters) == ["plan/acme-prod", "pull/acme-prod"]
    error_message = "A project of clusters is out of reach, or another is in it."
  }
}

run "redis_in_one_project" {
  variables {
    redis    = true
    clusters = { projects = ["acme-security"], dns_endpoint = true }
  }
  assert {
    condition     = contains(keys(google_project_iam_member.apply), "roles/redis.admin") && !contains(keys(google_project_iam_member.apply), "roles/datastore.owner")
    error_message = "Redis can't be made, or Firestore can."
  }
  assert {
    condition     = contains(google_project_iam_custom_role.planner.permissions, "redis.instances.getAuthString") && google_project_iam_member.planner_store_url["plan"].condition[0].expression == "resource.name.startsWith(\"projects/123456789012/secrets/falco-relay-store-url/\")"
    error_message = "Planning can't compare what it has of Redis, or reads other secrets too."
  }
  assert {
    condition     = length(google_project_iam_member.apply_grants) == 1 && length(google_project_iam_member.planner_of_clusters) == 0 && google_cloudbuild_trigger.apply.substitutions._DNS_ENDPOINT == "yes"
    error_message = "One project is taken for two, or the DNS endpoint is not used."
  }
}

run "secrets_of_another_project" {
  variables {
    secret_projects = { acme-secrets = ["leads-url", "leads-secret"], acme-vault = ["loki"] }
  }
  assert {
    condition = { for key, each in google_secret_manager_secret_iam_member.planner_of_secrets : key => "${each.project}/${each.secret_id} ${each.role} ${each.member}" } == {
      for key in [
        "plan/acme-secrets/leads-url", "plan/acme-secrets/leads-secret", "plan/acme-vault/loki",
        "pull/acme-secrets/leads-url", "pull/acme-secrets/leads-secret", "pull/acme-vault/loki",
      ] : key => "${join("/", slice(split("/", key), 1, 3))} planner of ${split("/", key)[1]} serviceAccount:${split("/", key)[0]}@acme"
    }
    error_message = "A plan gets 403 for a secret of another project, or sees more than it needs."
  }
  assert {
    condition = { for key, each in google_secret_manager_secret_iam_member.apply_secrets : key => "${each.project}/${each.secret_id} ${each.role} ${each.member}" } == {
      for key in ["acme-secrets/leads-url", "acme-secrets/leads-secret", "acme-vault/loki"] : key => "${key} granter of ${split("/", key)[0]} serviceAccount:apply@acme"
    }
    error_message = "An apply gets 403 for a secret of another project, or may do more than it needs."
  }
  assert {
    condition     = { for project, each in google_project_iam_custom_role.secret_planner : project => join(" ", each.permissions) } == { for project in ["acme-secrets", "acme-vault"] : project => "secretmanager.secrets.getIamPolicy" }
    error_message = "Who plans may do more than see who may read a secret."
  }
  assert {
    condition     = { for project, each in google_project_iam_custom_role.secret_granter : project => join(" ", sort(each.permissions)) } == { for project in ["acme-secrets", "acme-vault"] : project => "secretmanager.secrets.getIamPolicy secretmanager.secrets.setIamPolicy" }
    error_message = "Who applies can read a secret, or change one."
  }
}

run "secrets_of_the_same_project" {
  assert {
    condition     = length(google_project_iam_custom_role.secret_planner) + length(google_project_iam_custom_role.secret_granter) + length(google_secret_manager_secret_iam_member.planner_of_secrets) + length(google_secret_manager_secret_iam_member.apply_secrets) == 0
    error_message = "Something is granted in a project that nobody named."
  }
}

run "sinks_of_audit_logs" {
  variables {
    clusters = { projects = ["acme-prod", "acme-security"], audit_logs = true }
  }
  assert {
    condition     = { for key, each in google_project_iam_member.planner_of_sinks : key => "${each.project} ${each.member}" } == { "plan/acme-prod" = "acme-prod serviceAccount:plan@acme", "pull/acme-prod" = "acme-prod serviceAccount:pull@acme" } && join(" ", google_project_iam_custom_role.sink_planner["acme-prod"].permissions) == "logging.sinks.get"
    error_message = "A plan does not see the sinks, or sees more."
  }
  assert {
    condition     = { for key, each in google_project_iam_member.apply_sinks : key => "${each.project} ${each.member}" } == { "acme-prod" = "acme-prod serviceAccount:apply@acme" } && join(" ", sort(google_project_iam_custom_role.sink_maker["acme-prod"].permissions)) == "logging.sinks.create logging.sinks.delete logging.sinks.get logging.sinks.update"
    error_message = "An apply can't make the sinks, or may do more."
  }
}

run "no_sinks" {
  assert {
    condition     = length(google_project_iam_custom_role.sink_planner) + length(google_project_iam_custom_role.sink_maker) == 0
    error_message = "Sinks can be made where nobody asked."
  }
}

run "values_that_are_wrong" {
  command = plan
  variables {
    project       = "Acme"
    region        = "eu"
    repository    = "github.com/acme/falco-relay"
    branch        = "^main$"
    state_bucket  = "gs://acme"
    state_prefix  = "falco-relay-build"
    configuration = "../elsewhere"
    pipeline      = "/etc/pipeline.yaml"
    helm_values   = "a/../../b"
    clusters      = { projects = [] }
    loki          = { url = "https://relay:secret@loki.acme.example", secret = "a/b", version = "latest" }
  }
  expect_failures = [
    var.project, var.region, var.repository, var.branch, var.state_bucket, var.state_prefix, var.configuration, var.pipeline,
    var.helm_values, var.clusters, var.loki,
  ]
}

run "secrets_of_the_relays_own_project" {
  command = plan
  variables {
    secret_projects = { acme-security = ["loki"] }
  }
  expect_failures = [var.secret_projects]
}

run "secrets_of_a_project_that_has_none" {
  command = plan
  variables {
    secret_projects = { acme-secrets = [] }
  }
  expect_failures = [var.secret_projects]
}
