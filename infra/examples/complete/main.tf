# All that can be switched: Redis in a network of yours, clusters of two projects and their audit logs, callbacks, a dead-man's switch, people.

terraform {
  required_version = ">= 1.9"
  backend "gcs" {
    prefix = "falco-relay"
  }
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 8.0"
    }
  }
}

variable "project" {
  description = "The project of the relay."
  type        = string
}

variable "region" {
  description = "Its region."
  type        = string
  default     = "europe-west1"
}

provider "google" {
  project = var.project
  region  = var.region
}

module "falco_relay" {
  source = "../.."

  project  = var.project
  region   = var.region
  pipeline = "${path.root}/pipeline.yaml"
  bundle   = "${path.root}/../../../dist/falco-relay.zip"
  loki     = { url = "https://loki.acme.example", tenant = "security", username = "falco-relay" }

  # A Shared VPC, so Redis is reached by private services access: whoever owns the network has peered a range of it with
  # servicenetworking.googleapis.com before.
  store = { kind = "redis", memory_gb = 5 }
  network = {
    network    = "projects/acme-network/global/networks/shared"
    subnetwork = "projects/acme-network/regions/${var.region}/subnetworks/functions"
    tags       = ["falco-relay"]
  }

  secrets = {
    PAGERDUTY_ROUTING_KEY    = { secret = "falco-relay-pagerduty", version = "3" }
    SLACK_TOKEN              = { secret = "falco-relay-slack", version = "1" }
    LEADS_WEBHOOK_URL        = { secret = "leads-webhook-url", version = "2", project = "acme-secrets" }
    LEADS_WEBHOOK_SECRET     = { secret = "leads-webhook-secret", version = "2", project = "acme-secrets" }
    HEARTBEAT_URL            = { secret = "falco-relay-heartbeat", version = "1" }
    SLACK_SIGNING_SECRET     = { secret = "falco-relay-slack-signing", version = "1" }
    PAGERDUTY_WEBHOOK_SECRET = { secret = "falco-relay-pagerduty-webhook", version = "1" }
    LOKI_PASSWORD            = { secret = "falco-relay-loki", version = "4" }
    REDACTION_KEY            = { secret = "falco-relay-redaction", version = "1" }
  }

  callback_public = true
  audit_logs      = { reader = "acme-prod/europe-west1/payments-eu1" }
  falcosidekick   = { namespace = "falco", service_account = "falcosidekick" }
  operators       = ["group:security-oncall@acme.example"]
  alerts          = { channels = ["projects/${var.project}/notificationChannels/1234567890"], oldest = 300 }
  functions = {
    ingest = { memory = "1Gi", min_instances = 2, max_instances = 50, environment = { MAX_EVENTS_IN_FLIGHT = "4000" } }
  }
  labels = { team = "security" }
}

output "falco_relay" {
  description = "What Helm asks for, and the address for Slack and PagerDuty."
  value       = module.falco_relay
}
