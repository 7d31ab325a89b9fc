-- Health of a wharfinger.dev RegistryWebhook, as Argo CD shows it. One that nothing was sent to yet is healthy.
local passing = { ConfigurationPending = true, NothingSent = true, Paused = true, PodStarting = true }
if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "is being deleted" }
end
local status, found = obj.status or {}, {}
for _, condition in ipairs(status.conditions or {}) do
  found[condition.type] = condition
end
local ready, delivering = found.Ready, found.Delivering
if ready == nil or (status.observedGeneration or 0) < (obj.metadata.generation or 0) then
  return { status = "Progressing", message = "the operator has not seen this yet" }
end
for _, condition in ipairs({ ready, delivering }) do
  if condition.reason == "Suspended" then
    return { status = "Suspended", message = condition.message }
  end
  if condition.status == "False" then
    return { status = passing[condition.reason] and "Progressing" or "Degraded", message = condition.message }
  end
end
if ready.status ~= "True" then
  return { status = "Progressing", message = ready.message }
end
return { status = "Healthy", message = ready.message }
