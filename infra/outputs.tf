output "project" {
  description = "Helm's pubsub.project: where Falcosidekick publishes."
  value       = var.project
}

output "topic" {
  description = "Helm's pubsub.topic."
  value       = google_pubsub_topic.topic["falco-events"].name
}

output "falcosidekick" {
  description = "By cluster (PROJECT/LOCATION/NAME): who may publish, as Workload Identity calls Falcosidekick there, and in which namespace and under which name it must run."
  value = {
    for cluster, principal in local.publisher_of : cluster => {
      principal       = principal
      namespace       = var.falcosidekick.namespace
      service_account = var.falcosidekick.service_account
    }
  }
}

output "clusters" {
  description = "Helm's `cluster` values, a release each, by PROJECT/LOCATION/NAME."
  value = {
    for each in local.clusters : "${each.project}/${each.location}/${each.name}" => {
      project  = each.project
      location = each.location
      name     = each.name
    }
  }
}

output "audit_logs" {
  description = "Where `audit_logs` is set: Helm's audit.project and audit.subscription, and the principal that may read it."
  value = local.audit ? {
    project      = var.project
    subscription = google_pubsub_subscription.audit[0].name
    principal    = local.audit_reader
  } : null
}

output "helm_values" {
  description = "By PROJECT/LOCATION/NAME: values of the chart for the release in that cluster, as JSON that `helm --values` takes. Enrichment and nodeWatch are on where pipeline.yaml has `kubernetes`, k8saudit is in the cluster of `audit_logs.reader`."
  value = {
    for name, each in local.names_of_clusters : name => jsonencode(merge(
      {
        cluster       = { project = each.project, location = each.location, name = each.name }
        pubsub        = { project = var.project, topic = google_pubsub_topic.topic["falco-events"].name }
        falcosidekick = { fullnameOverride = var.falcosidekick.service_account }
        enrichment    = { enabled = try(each.kubernetes, null) != null, serviceAccount = google_service_account.function["ingest"].email }
        nodeWatch     = { enabled = try(each.kubernetes, null) != null, serviceAccount = google_service_account.function["sweep"].email }
      },
      # Not by `? : {}`, which would make text of `true`.
      [for reader in [name] : {
        audit    = { project = var.project, subscription = local.audit_topic }
        k8saudit = { enabled = true, fullnameOverride = var.audit_logs.service_account }
      } if reader == try(var.audit_logs.reader, null)]...
    ))
  }
}

output "service_accounts" {
  description = "By function, and of push, schedule and build. Helm's enrichment.serviceAccount is that of ingest, its nodeWatch.serviceAccount that of sweep."
  value = merge(
    { for name, account in google_service_account.function : name => account.email },
    {
      push     = google_service_account.push.email
      schedule = google_service_account.schedule.email
      build    = google_service_account.build.email
    },
  )
}

output "callback_url" {
  description = "What Slack and PagerDuty call, where callback is open; docs/callbacks.md says where to put it."
  value       = google_cloudfunctions2_function.function["callback"].service_config[0].uri
}

output "dead_letter_subscription" {
  description = "Where parked messages lie."
  value       = google_pubsub_subscription.dead_letter.name
}

output "bundle" {
  description = "The bundle that runs; the ones before it are in the same bucket, for the way back."
  value       = "gs://${google_storage_bucket.bundles.name}/${google_storage_bucket_object.bundle.name}"
}

output "dashboard" {
  description = "The dashboard's name at Cloud Monitoring."
  value       = google_monitoring_dashboard.relay.id
}
