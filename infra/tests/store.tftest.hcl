# Firestore as docs/operate.md has it, or Redis in a network.

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

run "firestore" {
  assert {
    condition = (
      google_firestore_database.store[0].name == "falco-relay" &&
      google_firestore_database.store[0].location_id == "europe-west1" &&
      google_firestore_database.store[0].type == "FIRESTORE_NATIVE" &&
      google_firestore_database.store[0].delete_protection_state == "DELETE_PROTECTION_ENABLED" &&
      google_firestore_database.store[0].deletion_policy == "PREVENT"
    )
    error_message = "The database is not what the relay needs, or not protected."
  }
  assert {
    condition     = toset(keys(google_firestore_field.expires)) == toset(["falco-events", "falco-windows", "falco-openings", "falco-summaries", "falco-documents"])
    error_message = "A collection has no TTL."
  }
  assert {
    condition     = alltrue([for each in google_firestore_field.expires : each.field == "expires" && length(each.ttl_config) == 1 && length(each.index_config) == 1 && length(each.index_config[0].indexes) == 0])
    error_message = "expires is to be the TTL and without an index."
  }
  assert {
    condition = { for name, each in google_firestore_field.searched : name => each.field if join(" ", each.index_config[0].indexes[*].order) == "ASCENDING DESCENDING" && length(each.ttl_config) == 0 } == {
      falco-events    = "counted"
      falco-windows   = "end"
      falco-summaries = "until"
      falco-documents = "due"
    }
    error_message = "What is searched for has no index."
  }
  assert {
    condition     = toset([for name, each in google_firestore_field.unindexed : name if each.field == "*" && length(each.index_config[0].indexes) == 0 && length(each.ttl_config) == 0]) == toset(keys(google_firestore_field.expires))
    error_message = "What is never searched for has an index."
  }
  assert {
    condition     = length(google_redis_instance.store) == 0 && length(google_secret_manager_secret.store_url) == 0
    error_message = "Redis is made where nobody asked."
  }
}

run "firestore_elsewhere" {
  variables {
    store               = { location = "eur3", database = "relay-two", recovery = true }
    deletion_protection = false
  }
  assert {
    condition = (
      google_firestore_database.store[0].location_id == "eur3" &&
      google_firestore_database.store[0].point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" &&
      google_firestore_database.store[0].delete_protection_state == "DELETE_PROTECTION_DISABLED" &&
      google_firestore_database.store[0].deletion_policy == "DELETE" &&
      google_cloudfunctions2_function.function["notify"].service_config[0].environment_variables.STORE_URL == "firestore://acme-security/relay-two"
    )
    error_message = "The settings of store do not arrive."
  }
}

run "redis" {
  variables {
    store   = { kind = "redis", memory_gb = 5 }
    network = { network = "security", subnetwork = "functions" }
  }
  assert {
    condition = (
      google_redis_instance.store[0].tier == "STANDARD_HA" &&
      google_redis_instance.store[0].memory_size_gb == 5 &&
      google_redis_instance.store[0].redis_configs["maxmemory-policy"] == "noeviction" &&
      google_redis_instance.store[0].auth_enabled &&
      google_redis_instance.store[0].deletion_protection &&
      google_redis_instance.store[0].authorized_network == "projects/acme-security/global/networks/security" &&
      google_redis_instance.store[0].connect_mode == "DIRECT_PEERING" &&
      !contains(keys(google_project_service.api), "servicenetworking.googleapis.com")
    )
    error_message = "Redis would lose data, or is open, or elsewhere."
  }
  assert {
    condition     = google_secret_manager_secret_version.store_url[0].secret_data == "redis://:a%2Bb@10.0.0.3:6379?replicas=1"
    error_message = "STORE_URL is not what the relay takes, or does not wait for the replica."
  }
  assert {
    condition = alltrue([for each in google_cloudfunctions2_function.function :
      !contains(keys(each.service_config[0].environment_variables), "STORE_URL") &&
      tolist([for secret in each.service_config[0].secret_environment_variables : "${secret.secret} ${secret.version}" if secret.key == "STORE_URL"]) == tolist(["falco-relay-store-url 7"]) &&
      each.service_config[0].direct_vpc_network_interface[0].subnetwork == "functions" &&
      each.service_config[0].direct_vpc_egress == "VPC_EGRESS_PRIVATE_RANGES_ONLY"
    ])
    error_message = "A function can't reach Redis, or shows its password."
  }
  assert {
    condition     = length(google_firestore_database.store) == 0 && length(google_firestore_field.expires) == 0 && length(google_project_iam_member.firestore) == 0 && length(google_secret_manager_secret_iam_member.store_url) == 5
    error_message = "Firestore is made or granted where nobody uses it."
  }
}

run "redis_in_a_shared_vpc" {
  variables {
    store   = { kind = "redis" }
    network = { network = "projects/acme-network/global/networks/shared", subnetwork = "projects/acme-network/regions/europe-west1/subnetworks/functions" }
  }
  assert {
    condition     = google_redis_instance.store[0].connect_mode == "PRIVATE_SERVICE_ACCESS" && google_redis_instance.store[0].authorized_network == "projects/acme-network/global/networks/shared"
    error_message = "Redis peers with a network of another project, which its API refuses."
  }
  assert {
    condition     = contains(keys(google_project_service.api), "servicenetworking.googleapis.com") && contains(keys(google_project_service.api), "redis.googleapis.com")
    error_message = "An API that Redis needs there is not turned on."
  }
}

run "redis_by_the_full_name_of_its_own_network" {
  variables {
    store   = { kind = "redis" }
    network = { network = "projects/acme-security/global/networks/security", subnetwork = "functions" }
  }
  assert {
    condition     = google_redis_instance.store[0].connect_mode == "DIRECT_PEERING"
    error_message = "A network of the same project is taken for a Shared VPC."
  }
}

run "redis_by_private_services_in_its_own_network" {
  variables {
    store   = { kind = "redis", connect_mode = "PRIVATE_SERVICE_ACCESS" }
    network = { network = "security", subnetwork = "functions" }
  }
  assert {
    condition     = google_redis_instance.store[0].connect_mode == "PRIVATE_SERVICE_ACCESS" && contains(keys(google_project_service.api), "servicenetworking.googleapis.com")
    error_message = "What was chosen does not arrive."
  }
}

run "redis_that_peers_with_a_shared_vpc" {
  command = plan
  variables {
    store   = { kind = "redis", connect_mode = "DIRECT_PEERING" }
    network = { network = "projects/acme-network/global/networks/shared", subnetwork = "projects/acme-network/regions/europe-west1/subnetworks/functions" }
  }
  expect_failures = [var.store]
}

run "redis_in_a_mode_that_is_none" {
  command = plan
  variables {
    store   = { kind = "redis", connect_mode = "PSC" }
    network = { network = "security", subnetwork = "functions" }
  }
  expect_failures = [var.store]
}

run "network_by_its_address" {
  command = plan
  variables {
    network = { network = "https://www.googleapis.com/compute/v1/projects/acme-network/global/networks/shared", subnetwork = "functions" }
  }
  expect_failures = [var.network]
}

run "network_alone" {
  variables {
    network = { network = "projects/acme-network/global/networks/shared", subnetwork = "projects/acme-network/regions/europe-west1/subnetworks/functions", all = true, functions = ["ingest", "notify"], tags = ["falco-relay", "egress"] }
  }
  assert {
    condition     = toset([for name, each in google_cloudfunctions2_function.function : name if length(each.service_config[0].direct_vpc_network_interface) == 1]) == toset(["ingest", "notify"])
    error_message = "Only what is named reaches into the network."
  }
  assert {
    condition     = google_cloudfunctions2_function.function["ingest"].service_config[0].direct_vpc_egress == "VPC_EGRESS_ALL_TRAFFIC"
    error_message = "`all` sends everything through the network."
  }
  assert {
    condition     = toset([for each in google_cloudfunctions2_function.function : join(" ", each.service_config[0].direct_vpc_network_interface[0].tags) if length(each.service_config[0].direct_vpc_network_interface) == 1]) == toset(["falco-relay egress"])
    error_message = "What a firewall goes by does not arrive."
  }
}

run "loki_at_a_private_address_without_a_network" {
  command = plan
  variables {
    loki = { url = "http://10.132.0.9" }
  }
  expect_failures = [check.private_addresses_are_reached]
}

run "loki_at_a_private_address_out_of_reach" {
  command = plan
  variables {
    loki    = { url = "https://172.20.0.9/loki" }
    network = { network = "security", subnetwork = "functions", functions = ["ingest"] }
  }
  expect_failures = [check.private_addresses_are_reached]
}

run "loki_at_a_private_address" {
  command = plan
  variables {
    loki    = { url = "https://192.168.0.9" }
    network = { network = "security", subnetwork = "functions" }
  }
}

run "redis_without_a_network" {
  command = plan
  variables {
    store = { kind = "redis" }
  }
  expect_failures = [var.store]
}
