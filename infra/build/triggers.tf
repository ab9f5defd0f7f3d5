locals {
  planning = {
    _CONFIGURATION = var.configuration
    _PIPELINE      = var.pipeline
    _REGION        = var.region
    _LOKI_URL      = var.loki.url
    _STATE_BUCKET  = var.state_bucket
    _PLANS_BUCKET  = google_storage_bucket.plans.name
  }
}

# What a pull request runs is what its author wrote: an account that reads alone, and for strangers not before somebody who
# may write to the repository has said /gcbrun.
resource "google_cloudbuild_trigger" "pull" {
  project         = var.project
  location        = var.region
  name            = "falco-relay-pull"
  description     = "Falco Relay: tests a pull request and shows its plan"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.build["pull"].id
  substitutions   = merge(local.planning, { _SAVE = "no" })

  repository_event_config {
    repository = var.repository
    pull_request {
      branch          = "^${var.branch}$"
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }

  depends_on = [google_project_iam_member.log]
}

resource "google_cloudbuild_trigger" "plan" {
  project         = var.project
  location        = var.region
  name            = "falco-relay-plan"
  description     = "Falco Relay: tests what was pushed, plans, and saves the plan"
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.build["plan"].id
  substitutions   = merge(local.planning, { _SAVE = "yes" })

  repository_event_config {
    repository = var.repository
    push {
      branch = "^${var.branch}$"
    }
  }

  depends_on = [google_project_iam_member.log]
}

# Run by hand with the plan's name and checksum, and then approved: nobody's push starts it.
resource "google_cloudbuild_trigger" "apply" {
  project         = var.project
  location        = var.region
  name            = "falco-relay-apply"
  description     = "Falco Relay: applies one saved plan, upgrades releases, looks for canaries, and goes back if need be"
  service_account = google_service_account.build["apply"].id
  substitutions = {
    _PLAN                = ""
    _PLAN_SHA256         = ""
    _STATE_BUCKET        = var.state_bucket
    _PLANS_BUCKET        = google_storage_bucket.plans.name
    _HELM_VALUES         = var.helm_values
    _DNS_ENDPOINT        = var.clusters.dns_endpoint ? "yes" : "no"
    _LOKI_URL            = var.loki.url
    _LOKI_TENANT         = var.loki.tenant
    _LOKI_USERNAME       = var.loki.username
    _LOKI_SECRET         = var.loki.secret
    _LOKI_SECRET_VERSION = var.loki.version
  }

  source_to_build {
    repository = var.repository
    ref        = "refs/heads/${var.branch}"
    repo_type  = "GITHUB"
  }
  git_file_source {
    path       = "infra/build/apply.yaml"
    repository = var.repository
    revision   = "refs/heads/${var.branch}"
    repo_type  = "GITHUB"
  }
  approval_config {
    approval_required = true
  }

  depends_on = [google_project_iam_member.log]
}

output "triggers" {
  description = "The names of the three triggers."
  value = {
    pull  = google_cloudbuild_trigger.pull.name
    plan  = google_cloudbuild_trigger.plan.name
    apply = google_cloudbuild_trigger.apply.name
  }
}

output "service_accounts" {
  description = "The accounts that builds run as. That of apply needs to be cluster-admin in each cluster (docs/deploy.md)."
  value       = { for name, account in google_service_account.build : name => account.email }
}
