{{/*
What values.schema.json can't say, because it looks at one value only: a line for each problem, so that all are seen at once.
*/}}
{{- define "falco-relay.problems" -}}
{{- $problems := list }}
{{- $values := .Values }}
{{- if $values.falcosidekick.enabled }}
  {{- range $name := list "project" "location" "name" }}
    {{- if not (get $values.cluster $name) }}
      {{- $problems = append $problems (printf "cluster.%s is empty: the relay needs to know whose alerts these are, e.g. --set cluster.%s=%s" $name $name (get (dict "project" "acme-prod" "location" "europe-west1" "name" "payments-eu1") $name)) }}
    {{- end }}
  {{- end }}
  {{- range $name, $value := dig "config" "gcp" "pubsub" dict $values.falcosidekick }}
    {{- if and $value (has $name (list "projectid" "topic" "customattributes")) }}
      {{- $problems = append $problems (printf "falcosidekick.config.gcp.pubsub.%s has no effect: set `cluster` and `pubsub`, from which it is made" $name) }}
    {{- end }}
  {{- end }}
  {{- if dig "config" "gcp" "pubsub" "minimumpriority" "" $values.falcosidekick }}
    {{- $problems = append $problems "falcosidekick.config.gcp.pubsub.minimumpriority is set: the relay watches nodes and losses by events of the lowest priorities, so leave it empty" }}
  {{- end }}
{{- end }}
{{- if and $values.falcosidekick.enabled $values.podDisruptionBudget.enabled }}
  {{- if and (not (kindIs "string" $values.podDisruptionBudget.minAvailable)) (ge (int $values.podDisruptionBudget.minAvailable) (int $values.falcosidekick.replicaCount)) }}
    {{- $problems = append $problems (printf "podDisruptionBudget.minAvailable %v of %v replicas lets no node be drained: raise falcosidekick.replicaCount, or set podDisruptionBudget.enabled=false" $values.podDisruptionBudget.minAvailable $values.falcosidekick.replicaCount) }}
  {{- end }}
{{- end }}
{{- if not $values.priorityClass.enabled }}
  {{- range $path := list "falco.podPriorityClassName" "k8saudit.podPriorityClassName" "falcosidekick.priorityClassName" }}
    {{- $part := get $values (splitList "." $path | first) }}
    {{- if and $part.enabled (eq (get $part (splitList "." $path | last) | toString) "falco-relay") }}
      {{- $problems = append $problems (printf "%s is falco-relay, which is not made while priorityClass.enabled is false: name another class, or ''" $path) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- range $name := list "falco" "k8saudit" }}
  {{- $release := get $values $name }}
  {{- if $release.enabled }}
    {{- if dig "falcosidekick" "enabled" false $release }}
      {{- $problems = append $problems (printf "%s.falcosidekick.enabled brings a second Falcosidekick of another version, which knows nothing of `cluster`: turn it off" $name) }}
    {{- end }}
    {{- if dig "falcoctl" "artifact" "follow" "enabled" false $release }}
      {{- $problems = append $problems (printf "%s.falcoctl.artifact.follow.enabled replaces rules by newer ones whenever it likes: turn it off, and set versions in %s.falcoctl.config.artifact.install.refs" $name $name) }}
    {{- end }}
    {{- range $ref := dig "falcoctl" "config" "artifact" "install" "refs" list $release }}
      {{- if not (regexMatch "(:[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?|@sha256:[0-9a-f]{64})$" $ref) }}
        {{- $problems = append $problems (printf "%s.falcoctl.config.artifact.install.refs has %q: name one version, such as falco-rules:5.1.0, or a digest" $name $ref) }}
      {{- end }}
    {{- end }}
    {{- range $file, $text := $release.customRules }}
      {{- $items := fromYamlArray $text }}
      {{- range $item := $items }}
        {{- if not (kindIs "map" $item) }}
          {{- $problems = append $problems (printf "%s.customRules.%s is not a list of rules, lists and macros: %v" $name $file $item) }}
        {{- end }}
      {{- end }}
    {{- end }}
    {{- if and (has (dig "falco" "priority" "debug" $release | lower) (list "emergency" "alert" "critical" "error" "warning" "notice")) (dig "metrics" "outputRule" false $release) }}
      {{- $problems = append $problems (printf "%s.falco.priority %q hides Falco's own events, by which the relay watches nodes and losses: leave it at debug" $name $release.falco.priority) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if and $values.k8saudit.enabled (not $values.audit.subscription) }}
  {{- $problems = append $problems "audit.subscription is empty: name the subscription on the topic of your log sinks, e.g. --set audit.subscription=falco-k8saudit" }}
{{- end }}
{{- if and $values.canary.enabled $values.falco.enabled (not (include "falco-relay.hasCanaryRule" .)) }}
  {{- $problems = append $problems (printf "canary.rule %q is in no file of falco.customRules, so the canary would trip nothing: name it there as well, or set canary.enabled=false" $values.canary.rule) }}
{{- end }}
{{- if and $values.enrichment.enabled (not $values.enrichment.serviceAccount) }}
  {{- $problems = append $problems "enrichment.serviceAccount is empty: set it to the e-mail of the service account that ingest runs as" }}
{{- end }}
{{- if and $values.nodeWatch.enabled (not $values.nodeWatch.serviceAccount) }}
  {{- $problems = append $problems "nodeWatch.serviceAccount is empty: set it to the e-mail of the service account that sweep runs as" }}
{{- end }}
{{- join "\n" $problems }}
{{- end }}

{{/* Not empty when a rule by the canary's name is among the custom rules. */}}
{{- define "falco-relay.hasCanaryRule" -}}
{{- range $text := .Values.falco.customRules }}
  {{- range $item := fromYamlArray $text }}
    {{- if kindIs "map" $item }}
      {{- if eq (toString $item.rule) $.Values.canary.rule }}yes{{ end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
