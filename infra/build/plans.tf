# A plan has in it what the state has, so nobody but the builds reads this bucket.
resource "google_storage_bucket" "plans" {
  project                     = var.project
  name                        = "${var.project}-falco-relay-plans"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # What is deployed is one object, deployed/current.tar.gz; the ones before it are its older versions.
  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 90
    }
  }
  # A plan is worth nothing once another one was applied, and a month is enough to read it.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 30
      matches_prefix = ["plans/"]
    }
  }
}
