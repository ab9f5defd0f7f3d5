variable "falcosidekick" {
  description = "The Kubernetes service account that Falcosidekick runs as, the same in each cluster: it may publish to falco-events, and nothing else."
  type = object({
    namespace       = optional(string, "falco")
    service_account = optional(string, "falcosidekick")
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for name in [var.falcosidekick.namespace, var.falcosidekick.service_account] :
      can(regex("^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$", name))
    ])
    error_message = "falcosidekick.namespace and falcosidekick.service_account are names of Kubernetes."
  }
}

variable "cluster_roles" {
  description = "Whether the module makes its two custom roles in each project that has a cluster, and grants them there: what enrichment needs. With false somebody else does, or alerts pass with less context."
  type        = bool
  default     = true
  nullable    = false
}

variable "audit_logs" {
  description = "Brings the audit logs of GKE to Falco's k8saudit: a sink in each project of a cluster, one topic and one subscription. `reader` is the cluster, PROJECT/LOCATION/NAME of pipeline.yaml, whose Helm release has k8saudit and reads for all of them; `clusters` are those whose logs it is given, all of pipeline.yaml's unless set; `service_account` is its Kubernetes service account, in the namespace of `falcosidekick`."
  type = object({
    reader          = string
    clusters        = optional(set(string))
    service_account = optional(string, "falco-k8saudit")
  })
  default = null

  validation {
    condition     = var.audit_logs == null || contains(keys(local.names_of_clusters), try(var.audit_logs.reader, ""))
    error_message = "audit_logs.reader is no cluster of pipeline.yaml: PROJECT/LOCATION/NAME, as it is listed there."
  }
  validation {
    condition     = try(var.audit_logs.clusters, null) == null || try(length(var.audit_logs.clusters) > 0 && length(setsubtract(var.audit_logs.clusters, keys(local.names_of_clusters))) == 0, false)
    error_message = "audit_logs.clusters are clusters of pipeline.yaml, PROJECT/LOCATION/NAME, one or more: of others the relay believes nothing."
  }
  validation {
    condition     = var.audit_logs == null || can(regex("^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$", var.audit_logs.service_account))
    error_message = "audit_logs.service_account is a name of Kubernetes."
  }
}
