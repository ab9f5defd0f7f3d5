# Who may do what; docs/deploy.md has the same as a table with reasons, and a test holds the two together.

locals {
  accounts = {
    pull  = "plans a pull request"
    plan  = "plans a push, and saves the plan"
    apply = "applies a saved plan"
  }
  planners = toset(["pull", "plan"])

  # What Terraform asks of each kind of thing that the module makes, to compare it with the state; nothing here changes anything,
  # or reads the value of a secret, but for the password of Redis, which the state has as well.
  readable = concat([
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "cloudfunctions.functions.get",
    "cloudscheduler.jobs.get",
    "datastore.databases.getMetadata",
    "datastore.indexes.get",
    "datastore.indexes.list",
    "datastore.operations.get",
    "iam.roles.get",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.getIamPolicy",
    "logging.logMetrics.get",
    "logging.sinks.get",
    "monitoring.alertPolicies.get",
    "monitoring.dashboards.get",
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.getIamPolicy",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
    "redis.instances.get",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "run.services.get",
    "run.services.getIamPolicy",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.versions.get",
    "serviceusage.services.get",
    "serviceusage.services.list",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
  ], var.redis ? ["redis.instances.getAuthString"] : [])

  # As docs/deploy.md says of whoever applies. The bucket of bundles and the granting of roles are apart: they have conditions.
  applying = toset([
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.admin",
    "roles/cloudscheduler.admin",
    var.redis ? "roles/redis.admin" : "roles/datastore.owner",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
  ])

  # The roles that the module grants on projects. The account may grant these and no other, or it could make itself an owner.
  grants = {
    for each in setunion(var.clusters.projects, [var.project]) : each => concat(
      each == var.project ? ["roles/datastore.user", "roles/logging.logWriter", "roles/storage.objectViewer"] : [],
      contains(var.clusters.projects, each) ? [for role in ["falcoRelayClusterReader", "falcoRelayClusterConnect"] : "projects/${each}/roles/${role}"] : [],
    )
  }

  # A condition on objects alone would forbid to list them, which is asked of the bucket.
  of_state = "resource.name == \"projects/_/buckets/${var.state_bucket}\" || resource.name.startsWith(\"projects/_/buckets/${var.state_bucket}/objects/${var.state_prefix}/\")"
  of_plans = "projects/_/buckets/${google_storage_bucket.plans.name}/objects"
  # The one that the module makes, and what is in it.
  of_bundles = "resource.name == \"projects/_/buckets/${var.project}-falco-relay-bundles\" || resource.name.startsWith(\"projects/_/buckets/${var.project}-falco-relay-bundles/\")"
  store_url  = "projects/${data.google_project.this.number}/secrets/falco-relay-store-url/"
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_service_account" "build" {
  for_each = local.accounts

  project      = var.project
  account_id   = "falco-relay-build-${each.key}"
  display_name = "Falco Relay: Cloud Build ${each.value} as this"
}

resource "google_project_iam_member" "log" {
  for_each = google_service_account.build

  project = var.project
  role    = "roles/logging.logWriter"
  member  = each.value.member
}

# Planning.
resource "google_project_iam_custom_role" "planner" {
  project     = var.project
  role_id     = "falcoRelayPlanner"
  title       = "Falco Relay: plan"
  description = "Reads what Terraform has made of the relay, and changes nothing"
  permissions = local.readable
}

resource "google_project_iam_member" "planner" {
  for_each = local.planners

  project = var.project
  role    = google_project_iam_custom_role.planner.id
  member  = google_service_account.build[each.key].member
}

resource "google_project_iam_member" "planner_of_clusters" {
  for_each = { for each in setproduct(local.planners, setsubtract(var.clusters.projects, [var.project])) : join("/", each) => each }

  project = each.value[1]
  role    = "roles/iam.roleViewer"
  member  = google_service_account.build[each.value[0]].member
}

resource "google_storage_bucket_iam_member" "planner_state" {
  for_each = local.planners

  bucket = var.state_bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.build[each.key].member

  condition {
    title      = "falco-relay-state"
    expression = local.of_state
  }
}

resource "google_project_iam_member" "planner_bundles" {
  for_each = local.planners

  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build[each.key].member

  condition {
    title      = "falco-relay-bundles"
    expression = local.of_bundles
  }
}

resource "google_project_iam_member" "planner_store_url" {
  for_each = var.redis ? local.planners : []

  project = var.project
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.build[each.key].member

  condition {
    title      = "falco-relay-store-url"
    expression = "resource.name.startsWith(\"${local.store_url}\")"
  }
}

resource "google_storage_bucket_iam_member" "plan_saves" {
  bucket = google_storage_bucket.plans.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.build["plan"].member

  condition {
    title      = "plans"
    expression = "resource.name.startsWith(\"${local.of_plans}/plans/\")"
  }
}

# Applying.
resource "google_project_iam_member" "apply" {
  for_each = local.applying

  project = var.project
  role    = each.key
  member  = google_service_account.build["apply"].member
}

resource "google_project_iam_member" "apply_bundles" {
  project = var.project
  role    = "roles/storage.admin"
  member  = google_service_account.build["apply"].member

  condition {
    title      = "falco-relay-bundles"
    expression = local.of_bundles
  }
}

resource "google_project_iam_member" "apply_grants" {
  for_each = local.grants

  project = each.key
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.build["apply"].member

  condition {
    title      = "falco-relay-roles-alone"
    expression = "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly(${jsonencode(each.value)})"
  }
}

resource "google_project_iam_member" "apply_roles" {
  for_each = var.clusters.projects

  project = each.key
  role    = "roles/iam.roleAdmin"
  member  = google_service_account.build["apply"].member
}

resource "google_project_iam_custom_role" "deployer" {
  for_each = var.clusters.projects

  project     = each.key
  role_id     = "falcoRelayDeployer"
  title       = "Falco Relay: reach clusters"
  description = "Finds a cluster and reaches its API; what is allowed there is a matter of RBAC"
  permissions = ["container.clusters.get", "container.clusters.connect"]
}

resource "google_project_iam_member" "deployer" {
  for_each = var.clusters.projects

  project = each.key
  role    = google_project_iam_custom_role.deployer[each.key].id
  member  = google_service_account.build["apply"].member
}

resource "google_storage_bucket_iam_member" "apply_state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.build["apply"].member

  condition {
    title      = "falco-relay-state"
    expression = local.of_state
  }
}

resource "google_storage_bucket_iam_member" "apply_plans" {
  bucket = google_storage_bucket.plans.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build["apply"].member
}

resource "google_storage_bucket_iam_member" "apply_deployed" {
  bucket = google_storage_bucket.plans.name
  role   = "roles/storage.objectUser"
  member = google_service_account.build["apply"].member

  condition {
    title      = "deployed"
    expression = "resource.name.startsWith(\"${local.of_plans}/deployed/\")"
  }
}

resource "google_secret_manager_secret_iam_member" "loki" {
  project   = var.project
  secret_id = var.loki.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.build["apply"].member
}
