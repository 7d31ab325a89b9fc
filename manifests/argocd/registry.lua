-- Health of a wharfinger.dev Registry, as Argo CD shows it. Conditions are believed only for the present generation.
local passing = { -- what everything passes through on its way: worth a wait, not an alarm
  CertificateIssuing = true, CertificatePending = true, ClaimCreating = true, ClaimPending = true,
  ClaimResizing = true, ConfigurationPending = true, CredentialsPending = true, Deploying = true,
  IngressPending = true, LoadBalancerPending = true, NothingSent = true, Paused = true, PodStarting = true,
  Importing = true, ReportUnavailable = true, RoutePending = true,
}
if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "is being deleted" }
end
local status, spec, ready = obj.status or {}, obj.spec or {}, nil
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  end
end
if ready == nil or (status.observedGeneration or 0) < (obj.metadata.generation or 0) then
  return { status = "Progressing", message = "the operator has not seen this yet" }
end
if ready.status == "False" and not passing[ready.reason] and ready.reason ~= "Stopped"
    and ready.reason ~= "Hibernated" then
  return { status = "Degraded", message = ready.message }
end
if spec.paused or spec.hibernate or spec.replicas == 0 then
  return { status = "Suspended", message = ready.message }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
return { status = "Progressing", message = ready.message }
