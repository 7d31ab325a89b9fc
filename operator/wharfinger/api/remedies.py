"""What to do about each reason that a condition carries.

Rule: every reason stands under each condition that can carry it. Only one with which all is well has no remedy; the
message of a condition names the same remedy with the names and figures of the case.
"""

from __future__ import annotations

from collections.abc import Mapping

from wharfinger.api.reasons import Reason

_WELL = ""
_POD = "see `kubectl describe pod`"
_MAKE_IT = "Create the Secret that the message names, with the key that it names"
_LACKING = {  # why a webhook keeps its events
    Reason.INVALID_SPEC: "Correct the field that the message names.",
    Reason.REGISTRY_NOT_FOUND: "Create the Registry, or correct `spec.registryRef.name`.",
    Reason.HEADER_MISSING: f"{_MAKE_IT}; one line of ASCII text.",
    Reason.CA_MISSING: "Create what the message names, with the CA as PEM text.",
    Reason.CLIENT_CERTIFICATE_UNUSABLE: "Put a PEM certificate into `tls.crt` and its key into `tls.key`.",
    Reason.SIGNING_SECRET_UNUSABLE: "Put `whsec_` and the base64 of 24 to 64 random bytes into the key that the "
    "message names.",
}

REMEDIES: Mapping[str, Mapping[Reason, str]] = {
    "Ready": {
        Reason.READY: _WELL,
        Reason.PAUSED: "Set `spec.paused` to false to have the changes made that the message lists.",
        Reason.INVALID_SPEC: "Correct the field that the message names.",
    },
    "StorageReady": {
        Reason.CLAIM_BOUND: _WELL,
        Reason.CLAIM_CREATING: "Wait a moment; if it lasts, the other conditions say what holds it up.",
        Reason.CLAIM_PENDING: "Do what the message asks: wake the registry, create the storage class or its "
        "provisioner, or make a class the cluster's default.",
        Reason.CLAIM_LOST: "Restore the volume from a backup, or start empty: delete what the message names.",
        Reason.CLAIM_DELETING: "Back the content up now; it goes with the pod. To keep the volume, set its reclaim "
        "policy to Retain.",
        Reason.CLAIM_MISSING: "Create the claim, or remove `spec.storage.existingClaim`.",
        Reason.CLAIM_RESIZING: "Wait; if it lasts, allow the storage class to expand, or set the size back.",
        Reason.CLAIM_FILLING: "Delete images, or make the volume larger, before pushes are refused.",
        Reason.READ_ONLY: "Delete images and collect garbage, or make the volume larger.",
        Reason.EXPANSION_REFUSED: "Run the command in the message, which allows the class to expand; or set the size "
        "back.",
        Reason.STORAGE_CLASS_MISSING: "Create the class, or make a Registry with a class that there is.",
        Reason.STORAGE_CLASS_REFUSED: "Set the field back, or copy the content to a new Registry of the other class.",
        Reason.ACCESS_MODES_REFUSED: "Set the field that the message names back, or copy the content to a new "
        "Registry.",
        Reason.INDEX_DOUBTED: "Put the right index.db back, or push the images again; then, or if this is the right "
        "one, run `wharf gc --trust-index`.",
        Reason.CONTENT_DAMAGED: "Push the images that the message names again, or delete them; look at the volume.",
        Reason.REFUSED: "Do what the API server's message asks: raise the quota, allow expansion, change the policy.",
    },
    "WorkloadReady": {
        Reason.WORKLOAD_LIVE: _WELL,
        Reason.STOPPED: "Set `spec.replicas` to 1.",
        Reason.HIBERNATED: "Set `spec.hibernate` to false.",
        Reason.DEPLOYING: "Wait; if it lasts, see `kubectl describe deployment`.",
        Reason.REPLICA_FAILURE: "Lift the quota or policy that the message names.",
        Reason.UNSCHEDULABLE: "Change `spec.pod`, make room on the nodes, or mend the claim that the message names.",
        Reason.IMAGE_PULL_FAILED: "Correct `spec.image` or `spec.pod.imagePullSecrets`, or let the nodes reach the "
        "image.",
        Reason.CONTAINER_REFUSED: f"Mend what Kubernetes says in the message; {_POD}.",
        Reason.CRASH_LOOPING: "The message has its last words; `kubectl logs --previous` has the rest.",
        Reason.IMPORTING: "Wait; `kubectl logs -c import` says how far it is.",
        Reason.POD_STARTING: f"Wait; if it lasts, {_POD}.",
        Reason.POD_NOT_READY: "See `kubectl logs` of the pod that the message names.",
        Reason.REPORT_UNAVAILABLE: "Let the operator reach port 5001 of the pod: a NetworkPolicy or a firewall keeps "
        "it away.",
        Reason.CONFIGURATION_PENDING: "Wait a minute at most; then delete the pod.",
        Reason.CONFIGURATION_REJECTED: "Correct what the message names; if `spec.image` is set, use the operator's own "
        "release.",
        Reason.REFUSED: "Do what the API server's message asks: raise the quota, change the policy, apply the "
        "release's ClusterRole again.",
    },
    "CertificateReady": {
        Reason.CERTIFICATE_LIVE: _WELL,
        Reason.TLS_DISABLED: "Set `spec.tls.issuer` to anything else: passwords cross the network readable.",
        Reason.CERTIFICATE_PENDING: "Wait a minute at most; then delete the pod.",
        Reason.CERTIFICATE_REJECTED: "Have a certificate issued that OpenSSL takes: P-256, or RSA of 2048 bits.",
        Reason.CERTIFICATE_SECRET_MISSING: f"{_MAKE_IT}; `kubectl create secret tls` makes both keys.",
        Reason.CERTIFICATE_MALFORMED: "Put PEM text into the key that the message names.",
        Reason.CERTIFICATE_WEAK: "Have a certificate issued with a key on P-256, or RSA of 2048 bits or more.",
        Reason.CERTIFICATE_KEY_MISMATCH: "Store the certificate and the key that belong together.",
        Reason.CERTIFICATE_EXPIRED: "Renew the certificate; one that is not valid yet is taken up when it is.",
        Reason.CERTIFICATE_EXPIRING: "Renew the certificate in the Secret that the message names before it expires.",
        Reason.CERTIFICATE_CHAIN_BROKEN: "Put the server's certificate first, then each intermediate after the one "
        "that it signed.",
        Reason.CERTIFICATE_HOST_MISSING: "Have it issued for the host that the message names, or remove the host.",
        Reason.CERT_MANAGER_MISSING: "Install cert-manager, or choose another `spec.tls.issuer`.",
        Reason.CERTIFICATE_ISSUING: "See `kubectl describe certificate`.",
        Reason.CLIENT_CA_MISSING: "Create what the message names, with the CA of your clients.",
    },
    "CredentialsReady": {
        Reason.CREDENTIALS_LIVE: _WELL,
        Reason.CREDENTIALS_PENDING: "Wait a minute at most; then delete the pod.",
        Reason.CREDENTIALS_REJECTED: "If `spec.image` is set, use the operator's own release.",
        Reason.PASSWORD_MISSING: f"{_MAKE_IT}.",
        Reason.PASSWORD_MALFORMED: "Use 1 to 72 bytes of UTF-8 text on one line.",
        Reason.ROTATION_POSTPONED: "Shorten `spec.auth.rotationOverlap`, rotate less often, or write a new text into "
        "`revoke`.",
        Reason.COPIES_NOT_ALLOWED: "Install the operator with the right to copy, or remove "
        "`spec.pullSecrets.namespaceSelector`.",
        Reason.COPY_REFUSED: "Lift what the message names in that namespace, or take the label off it.",
    },
    "ExposureReady": {
        Reason.EXPOSED: _WELL,
        Reason.GATEWAY_API_MISSING: "Install the Gateway API (1.4 or newer), or remove `spec.gateway`.",
        Reason.ROUTE_PENDING: "Correct `spec.gateway.parentRefs`, let the Gateway take routes of this namespace, or "
        "name a host.",
        Reason.ROUTE_REFUSED: "Change `spec.gateway` or the Gateway's listeners as its message says.",
        Reason.INGRESS_PENDING: "Set `spec.ingress.hosts` to a name; if it is set, wait a moment.",
        Reason.LOAD_BALANCER_PENDING: "Install a load balancer controller, or set `spec.service.type` to NodePort.",
    },
    "WebhooksReady": {
        Reason.NO_WEBHOOKS: _WELL,
        Reason.WEBHOOKS_HEALTHY: _WELL,
        Reason.WEBHOOK_UNHEALTHY: "Do what the message says; `kubectl describe registrywebhook` says more.",
        Reason.CONFIGURATION_PENDING: "Wait a minute at most; then delete the registry's pod.",
    },
    "RegistryWebhook Ready": {
        Reason.ENDPOINT_LIVE: _WELL,
        **_LACKING,
        Reason.REGISTRY_PAUSED: "Set the Registry's `spec.paused` to false.",
        Reason.CONFIGURATION_PENDING: "Wait a minute at most; then delete the registry's pod.",
        Reason.CONFIGURATION_REJECTED: "See the Registry's WorkloadReady.",
    },
    "RegistryWebhook Delivering": {
        **_LACKING,
        Reason.DELIVERED: _WELL,
        Reason.NOTHING_SENT: "Nothing, until something is pushed; if something was, see the other conditions.",
        Reason.SUSPENDED: "Set `spec.suspend` to false.",
        Reason.DELIVERY_FAILING: "Mend the endpoint; it is tried again by itself. What was given up is sent again by "
        "a new text in `spec.replay`.",
    },
}
