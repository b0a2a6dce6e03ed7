{{- define "generex-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "generex-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 60 | trimSuffix "-" }}
{{- else if contains (include "generex-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 60 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "generex-exporter.name" .) | trunc 60 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "generex-exporter.selector" -}}
app.kubernetes.io/name: {{ include "generex-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: fleet
{{- end }}

{{- define "generex-exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: {{ include "generex-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: generex-exporter
{{- end }}

{{/* The chart's labels and those of a value, which win: nothing selects these objects by the chart's. */}}
{{- define "generex-exporter.labelsWith" -}}
{{- merge (dict) (default dict (index . 1)) (include "generex-exporter.labels" (index . 0) | fromYaml) | toYaml }}
{{- end }}

{{/* The labels of a pod: list CONTEXT SUFFIX. */}}
{{- define "generex-exporter.podLabels" -}}
{{- $given := default dict (index . 0).Values.podLabels }}
{{- $selected := include "generex-exporter.selector" (index . 0) | fromYaml }}
{{- with index . 1 }}{{ $_ := set $selected "generex-exporter/replica" (trimPrefix "-" .) }}{{ end }}
{{- range $key, $_ := $given }}
{{- if hasKey $selected $key }}
{{- fail (printf "podLabels has %s, by which the chart's objects find its pods: leave it out" $key) }}
{{- end }}
{{- end }}
{{- merge (dict) $given $selected (dict "app.kubernetes.io/part-of" "generex-exporter") | toYaml }}
{{- end }}

{{/* The path in front of all endpoints, as the exporter takes it from the same values: "" or like "/ups". */}}
{{- define "generex-exporter.prefix" -}}
{{- $path := default (regexReplaceAll "^https?://[^/]*" .Values.web.externalUrl "") .Values.web.routePrefix }}
{{- with trimAll "/" $path }}/{{ . }}{{ end }}
{{- end }}

{{/* How the exporter is reached where it asks for TLS or a password. */}}
{{- define "generex-exporter.access" -}}
{{- with .Values.scrape.tlsConfig }}
tlsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scrape.basicAuth }}
basicAuth: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "generex-exporter.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{- define "generex-exporter.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The suffixes of the exporters' names: none for a single one, -0 to -N for several. */}}
{{- define "generex-exporter.suffixes" -}}
{{- if gt (int .Values.replicas) 1 }}{{ range until (int .Values.replicas) }}-{{ . }} {{ end }}{{ else }}none{{ end }}
{{- end }}

{{/*
The exporter as one more container of your own pod. In a chart that has this one as a dependency:

  initContainers:
    {{- include "generex-exporter.sidecar" (dict "target" "ups1=tcp://192.0.2.7" "image" "generex-exporter:1.0.0") | nindent 4 }}

A native sidecar (Kubernetes 1.29) starts before the pod's containers and ends after them.
*/}}
{{- define "generex-exporter.sidecar" -}}
- name: generex-exporter
  image: {{ required "the sidecar needs an image" .image }}
  restartPolicy: Always
  env:
    - name: GENEREX_TARGET
      value: {{ required "the sidecar needs a target, like ups1=tcp://192.0.2.7" .target | quote }}
    - name: GENEREX_LOG_FORMAT
      value: json
  ports:
    - name: generex-metrics
      containerPort: 10141
  # no probe for start or readiness: they would hold back the pod's own containers
  livenessProbe:
    httpGet: {path: /-/healthy, port: generex-metrics}
    initialDelaySeconds: 10
    periodSeconds: 15
    timeoutSeconds: 5
    failureThreshold: 4
  resources:
    requests: {cpu: 10m, memory: 64Mi}
    limits: {memory: 128Mi}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    {{- include "generex-exporter.containerSecurity" . | nindent 4 }}
    seccompProfile:
      type: RuntimeDefault
{{- end }}
