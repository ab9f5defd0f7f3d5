# The smallest relay: the shipped policy, Firestore, one Loki. Edit clusters and receivers of the pipeline.yaml first.

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

variable "loki_url" {
  description = "Loki's address."
  type        = string
}

provider "google" {
  project = var.project
  region  = var.region
}

module "falco_relay" {
  source = "../.."

  project  = var.project
  region   = var.region
  pipeline = "${path.root}/../../../functions/pipeline.yaml"
  bundle   = "${path.root}/../../../dist/falco-relay.zip"
  loki     = { url = var.loki_url }

  secrets = {
    PAGERDUTY_ROUTING_KEY = { secret = "falco-relay-pagerduty", version = "1" }
    SLACK_TOKEN           = { secret = "falco-relay-slack", version = "1" }
  }
}

output "falco_relay" {
  description = "What Helm asks for."
  value       = module.falco_relay
}
