terraform {
  # 1.9 lets a variable's validation look at another variable.
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # 7.33 is the first that refuses to destroy a Firestore database whose deletion_policy is PREVENT: those before forget it.
      version = ">= 7.33, < 8.0"
    }
  }
}
