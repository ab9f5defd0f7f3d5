# What the builds may do in other projects than the relay's, beyond clusters: secrets that lie elsewhere, and the sinks of audit logs.

locals {
  secrets_elsewhere = merge([
    for project, names in var.secret_projects : { for name in names : "${project}/${name}" => { project = project, secret = name } }
  ]...)
  read_elsewhere = merge([
    for planner in local.planners : { for key, each in local.secrets_elsewhere : "${planner}/${key}" => merge(each, { account = planner }) }
  ]...)

  # In the relay's own project the roles of accounts.tf have these.
  sink_projects = var.clusters.audit_logs ? setsubtract(var.clusters.projects, [var.project]) : toset([])
}

# To plan is to ask who may read a secret; to apply is to say it. Neither reads one, though who says it could let itself.
resource "google_project_iam_custom_role" "secret_planner" {
  for_each = var.secret_projects

  project     = each.key
  role_id     = "falcoRelaySecretPlanner"
  title       = "Falco Relay: plan access to secrets"
  description = "Sees who may read a secret, and not what is in it"
  permissions = ["secretmanager.secrets.getIamPolicy"]
}

resource "google_secret_manager_secret_iam_member" "planner_of_secrets" {
  for_each = local.read_elsewhere

  project   = each.value.project
  secret_id = each.value.secret
  role      = google_project_iam_custom_role.secret_planner[each.value.project].id
  member    = google_service_account.build[each.value.account].member
}

resource "google_project_iam_custom_role" "secret_granter" {
  for_each = var.secret_projects

  project     = each.key
  role_id     = "falcoRelaySecretGranter"
  title       = "Falco Relay: give access to secrets"
  description = "Says who may read a secret"
  permissions = ["secretmanager.secrets.getIamPolicy", "secretmanager.secrets.setIamPolicy"]
}

resource "google_secret_manager_secret_iam_member" "apply_secrets" {
  for_each = local.secrets_elsewhere

  project   = each.value.project
  secret_id = each.value.secret
  role      = google_project_iam_custom_role.secret_granter[each.value.project].id
  member    = google_service_account.build["apply"].member
}

resource "google_project_iam_custom_role" "sink_planner" {
  for_each = local.sink_projects

  project     = each.key
  role_id     = "falcoRelaySinkPlanner"
  title       = "Falco Relay: plan the sink of audit logs"
  description = "Sees sinks, and no log"
  permissions = ["logging.sinks.get"]
}

resource "google_project_iam_member" "planner_of_sinks" {
  for_each = { for each in setproduct(local.planners, local.sink_projects) : join("/", each) => each }

  project = each.value[1]
  role    = google_project_iam_custom_role.sink_planner[each.value[1]].id
  member  = google_service_account.build[each.value[0]].member
}

resource "google_project_iam_custom_role" "sink_maker" {
  for_each = local.sink_projects

  project     = each.key
  role_id     = "falcoRelaySinkMaker"
  title       = "Falco Relay: make the sink of audit logs"
  description = "Makes and changes sinks"
  permissions = ["logging.sinks.create", "logging.sinks.delete", "logging.sinks.get", "logging.sinks.update"]
}

resource "google_project_iam_member" "apply_sinks" {
  for_each = local.sink_projects

  project = each.key
  role    = google_project_iam_custom_role.sink_maker[each.key].id
  member  = google_service_account.build["apply"].member
}
