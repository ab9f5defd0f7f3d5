# References alone: Terraform reads no value, so none is in its state.

locals {
  readers = merge([
    for function, names in local.secrets_of : {
      for name in names : "${function}/${name}" => merge(var.secrets[name], { function = function }) if contains(keys(var.secrets), name)
    }
  ]...)
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = local.readers

  project   = coalesce(each.value.project, var.project)
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value.function].member
}
