locals {
  redis     = var.store.kind == "redis"
  firestore = !local.redis

  # The API of Redis refuses to peer with a network of another project: a Shared VPC is reached by private services access.
  shared_network = try(!startswith(local.network_id, "projects/${var.project}/"), false)
  connect_mode   = coalesce(var.store.connect_mode, local.shared_network ? "PRIVATE_SERVICE_ACCESS" : "DIRECT_PEERING")

  # docs/operate.md, "Redis or Firestore". The one field by which each collection is searched; falco-openings is not.
  firestore_expire = local.firestore ? ["falco-events", "falco-windows", "falco-openings", "falco-summaries", "falco-documents"] : []
  firestore_searched = local.firestore ? {
    "falco-events"    = "counted"
    "falco-windows"   = "end"
    "falco-summaries" = "until"
    "falco-documents" = "due"
  } : {}
}

resource "google_firestore_database" "store" {
  count = local.firestore ? 1 : 0

  project                           = var.project
  name                              = var.store.database
  location_id                       = coalesce(var.store.location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  point_in_time_recovery_enablement = var.store.recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "PREVENT" : "DELETE"

  depends_on = [google_project_service.api]
}

# Records go by themselves; an index on an ever-growing time would limit how fast a collection is written.
resource "google_firestore_field" "expires" {
  for_each = toset(local.firestore_expire)

  project    = var.project
  database   = google_firestore_database.store[0].name
  collection = each.key
  field      = "expires"

  ttl_config {}
  index_config {}
}

resource "google_firestore_field" "searched" {
  for_each = local.firestore_searched

  project    = var.project
  database   = google_firestore_database.store[0].name
  collection = each.key
  field      = each.value

  index_config {
    indexes {
      order = "ASCENDING"
    }
    indexes {
      order = "DESCENDING"
    }
  }
}

# All else is never searched for: an index on it would only cost, and what is long can't have one.
resource "google_firestore_field" "unindexed" {
  for_each = toset(local.firestore_expire)

  project    = var.project
  database   = google_firestore_database.store[0].name
  collection = each.key
  field      = "*"

  index_config {}

  # Or a search would find nothing for a moment.
  depends_on = [google_firestore_field.searched]
}

resource "google_project_iam_member" "firestore" {
  for_each = local.firestore ? local.function_names : []

  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.function[each.key].member

  condition {
    title      = "falco-relay-database"
    expression = "resource.name == \"projects/${var.project}/databases/${google_firestore_database.store[0].name}\""
  }
}

resource "google_redis_instance" "store" {
  count = local.redis ? 1 : 0

  project        = var.project
  region         = var.region
  name           = "falco-relay"
  tier           = "STANDARD_HA"
  memory_size_gb = var.store.memory_gb
  redis_version  = "REDIS_7_2"
  # What was acknowledged must stay: the relay refuses a Redis that evicts.
  redis_configs       = { "maxmemory-policy" = "noeviction" }
  auth_enabled        = true
  authorized_network  = local.network_id
  connect_mode        = local.connect_mode
  labels              = var.labels
  deletion_protection = var.deletion_protection

  # Beyond the replica: for the day when both are gone.
  persistence_config {
    persistence_mode    = "RDB"
    rdb_snapshot_period = "ONE_HOUR"
  }

  depends_on = [google_project_service.api]
}

# The password is Memorystore's own and in Terraform's state whatever is done; here it stays out of the functions' settings.
resource "google_secret_manager_secret" "store_url" {
  count = local.redis ? 1 : 0

  project   = var.project
  secret_id = "falco-relay-store-url"
  labels    = var.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_version" "store_url" {
  count = local.redis ? 1 : 0

  secret      = google_secret_manager_secret.store_url[0].id
  secret_data = "redis://:${urlencode(google_redis_instance.store[0].auth_string)}@${google_redis_instance.store[0].host}:${google_redis_instance.store[0].port}?replicas=1"

  # A function that still runs on the old one must be able to start again.
  deletion_policy = "DISABLE"
}

resource "google_secret_manager_secret_iam_member" "store_url" {
  for_each = local.redis ? local.function_names : []

  project   = var.project
  secret_id = google_secret_manager_secret.store_url[0].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.key].member
}
