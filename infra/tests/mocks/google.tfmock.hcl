mock_data "google_project" {
  defaults = {
    number = "123456789012"
  }
}

mock_resource "google_service_account" {
  defaults = {
    email  = "falco-relay-mocked@acme-security.iam.gserviceaccount.com"
    member = "serviceAccount:falco-relay-mocked@acme-security.iam.gserviceaccount.com"
    id     = "projects/acme-security/serviceAccounts/falco-relay-mocked@acme-security.iam.gserviceaccount.com"
    name   = "projects/acme-security/serviceAccounts/falco-relay-mocked@acme-security.iam.gserviceaccount.com"
  }
}

mock_resource "google_pubsub_topic" {
  defaults = {
    id = "projects/acme-security/topics/mocked"
  }
}

mock_resource "google_cloudfunctions2_function" {
  defaults = {
    service_config = {
      uri = "https://falco-relay-mocked.run.app"
    }
  }
}

mock_resource "google_artifact_registry_repository" {
  defaults = {
    id = "projects/acme-security/locations/europe-west1/repositories/falco-relay"
  }
}

mock_resource "google_secret_manager_secret" {
  defaults = {
    id = "projects/acme-security/secrets/falco-relay-store-url"
  }
}

mock_resource "google_secret_manager_secret_version" {
  defaults = {
    version = "7"
  }
}

mock_resource "google_redis_instance" {
  defaults = {
    host        = "10.0.0.3"
    port        = 6379
    auth_string = "a+b"
  }
}

mock_resource "google_project_iam_custom_role" {
  defaults = {
    id = "projects/acme-prod/roles/mocked"
  }
}

mock_resource "google_logging_project_sink" {
  defaults = {
    writer_identity = "serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com"
  }
}
