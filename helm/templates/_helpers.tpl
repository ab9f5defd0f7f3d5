{{/* What every object of ours carries. */}}
{{- define "falco-relay.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "falco-relay.pubsubProject" -}}
{{ .Values.pubsub.project | default .Values.cluster.project }}
{{- end }}

{{- define "falco-relay.auditProject" -}}
{{ .Values.audit.project | default .Values.cluster.project }}
{{- end }}

{{- define "falco-relay.canaryImage" -}}
{{- with .Values.canary.image -}}
{{ .registry }}/{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end }}

{{/* The pods of Falcosidekick, as its chart labels them. */}}
{{- define "falco-relay.falcosidekickPods" -}}
app.kubernetes.io/name: falcosidekick
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: core
{{- end }}
