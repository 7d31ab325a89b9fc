{{/* What every object carries besides. */}}
{{- define "wharfinger.labels" -}}
app.kubernetes.io/name: wharfinger
app.kubernetes.io/part-of: wharfinger
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* An image's full name: by digest where one is given, which the tag then only decorates. */}}
{{- define "wharfinger.image" -}}
{{- $tag := .image.tag | default .version -}}
{{- with .image.registry }}{{ . }}/{{ end }}{{ .image.repository }}:{{ $tag }}{{ with .image.digest }}@{{ . }}{{ end }}
{{- end }}
