terraform {
  backend "gcs" {
    prefix = "falco-relay-build"
  }
}

provider "google" {
  project = var.project
  region  = var.region
}
