# A whole trial in a project of its own: a network, a small GKE Standard cluster, and a relay that tells nobody yet.
# Everything here can be destroyed again, alerts and incidents included. Write your project into pipeline.yaml first.

terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 8.0"
    }
  }
}

variable "project" {
  description = "A project for the trial alone."
  type        = string

  validation {
    condition     = yamldecode(file("${path.root}/pipeline.yaml")).clusters[0].project == var.project
    error_message = "pipeline.yaml names another project than this: write yours into its clusters."
  }
}

locals {
  cluster = yamldecode(file("${path.root}/pipeline.yaml")).clusters[0]
  zone    = local.cluster.location
  region  = replace(local.zone, "/-[a-z]$/", "")
}

provider "google" {
  project = var.project
  region  = local.region
}

resource "google_project_service" "compute" {
  for_each = toset(["compute.googleapis.com", "container.googleapis.com"])

  project            = var.project
  service            = each.key
  disable_on_destroy = false
}

resource "google_compute_network" "trial" {
  name                    = "falco-relay-trial"
  auto_create_subnetworks = false

  depends_on = [google_project_service.compute]
}

resource "google_compute_subnetwork" "trial" {
  name                     = "falco-relay-trial"
  network                  = google_compute_network.trial.id
  region                   = local.region
  ip_cidr_range            = "10.20.0.0/20"
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.24.0.0/16"
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.28.0.0/20"
  }
}

# Kept for the load balancer of the trial's Loki, which Helm makes after the relay has its address: docs/deploy.md.
resource "google_compute_address" "loki" {
  name         = "falco-relay-trial-loki"
  region       = local.region
  subnetwork   = google_compute_subnetwork.trial.id
  address_type = "INTERNAL"
}

# The nodes have public addresses and pull public images: a trial, no template for production.
resource "google_service_account" "nodes" {
  account_id   = "falco-trial-nodes"
  display_name = "Nodes of Falco Relay's trial"
}

resource "google_project_iam_member" "nodes" {
  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes.member
}

resource "google_container_cluster" "trial" {
  name                     = local.cluster.name
  location                 = local.zone
  network                  = google_compute_network.trial.id
  subnetwork               = google_compute_subnetwork.trial.id
  remove_default_node_pool = true
  initial_node_count       = 1
  deletion_protection      = false

  release_channel {
    channel = "REGULAR"
  }
  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }
  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }
  # `kubernetes: dns` in pipeline.yaml asks here; IAM and RBAC say who may.
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
  }
  node_config {
    service_account = google_service_account.nodes.email
  }
}

# Standard, since Autopilot refuses what Falco needs; COS, where only modern eBPF works.
resource "google_container_node_pool" "trial" {
  name       = "trial"
  cluster    = google_container_cluster.trial.id
  node_count = 2

  node_config {
    machine_type    = "e2-standard-2"
    image_type      = "COS_CONTAINERD"
    spot            = true
    disk_size_gb    = 50
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }
}

module "falco_relay" {
  source = "../.."

  project             = var.project
  region              = local.region
  pipeline            = "${path.root}/pipeline.yaml"
  bundle              = "${path.root}/../../../dist/falco-relay.zip"
  loki                = { url = "http://${google_compute_address.loki.address}" }
  network             = { network = google_compute_network.trial.name, subnetwork = google_compute_subnetwork.trial.name }
  functions           = { ingest = { min_instances = 0 }, escalate = { min_instances = 0 } }
  deletion_protection = false

  # Workload Identity's pool of a project exists once its first cluster does.
  depends_on = [google_container_cluster.trial]
}

output "loki_address" {
  description = "Helm's loki.gateway.service.loadBalancerIP."
  value       = google_compute_address.loki.address
}

output "falco_relay" {
  description = "What Helm asks for."
  value       = module.falco_relay
}
