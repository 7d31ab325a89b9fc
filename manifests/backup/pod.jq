# From a Registry's Deployment to a pod with its image and its volumes that serves nothing, in which to run `wharf restore`.
{
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: (.metadata.name + "-restore") },
  spec: .spec.template.spec
}
| del(.spec.initContainers)
| .spec.terminationGracePeriodSeconds = 1
| .spec.containers[0] |= (
    del(.args, .ports, .startupProbe, .readinessProbe, .livenessProbe) | .command = ["sleep", "infinity"]
  )
