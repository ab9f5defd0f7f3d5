# Cloud Build's part: triggers, the accounts that they run as, where plans are kept. Apart from the relay's own configuration
# and its state, and applied by a person: a build that could change this could give itself anything.

terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 8.0"
    }
  }
}
