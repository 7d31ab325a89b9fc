"""Every condition type and every reason that conditions and Events carry, with its meaning.

Rule: a reason that is not here does not exist; the reference page lists them all from here.
"""

from __future__ import annotations

from enum import StrEnum

CONDITIONS = {
    "Ready": "Registry: every other condition is `True`, `WebhooksReady` excepted: a registry serves whatever becomes "
    "of its events. RegistryWebhook: every replica knows the endpoint.",
    "StorageReady": "The claim is bound and as large as asked for, and what the registry has looked at of it is whole.",
    "CertificateReady": "Every replica serves the certificate that the spec asks for, and it is valid.",
    "CredentialsReady": "Every user has a password, and every replica has loaded it.",
    "WorkloadReady": "Every replica runs, and has loaded the configuration that the spec asks for.",
    "ExposureReady": "Clients outside the cluster can come in by what the spec asks for: an Ingress, a route, a load "
    "balancer. Absent where the spec asks for none of them.",
    "WebhooksReady": "Every RegistryWebhook of this Registry is ready and delivering.",
    "Delivering": "RegistryWebhook: the endpoint took the last event that it was sent.",
}


class Reason(StrEnum):
    """One word that says why; `meaning` is its sentence in the reference."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Reason:
        """Make a member out of its word and its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # Ready
    READY = "Ready", "Everything is as the spec asks."
    PAUSED = "Paused", "`spec.paused` holds changes back; the message says which."
    INVALID_SPEC = "InvalidSpec", "The spec does not fit the schema; the message names the field."
    REFUSED = "Refused", "The API server would not take a child; the message is its own."

    # StorageReady
    CLAIM_BOUND = "ClaimBound", "The claim is bound and large enough."
    CLAIM_CREATING = "ClaimCreating", "The claim is about to be created."
    CLAIM_PENDING = "ClaimPending", "The claim waits for a volume."
    CLAIM_LOST = "ClaimLost", "The volume of the claim is gone, or the claim itself while a pod used it."
    CLAIM_DELETING = "ClaimDeleting", "The claim is being deleted; it goes once no pod uses it."
    INDEX_DOUBTED = "IndexDoubted", "The index is not the one that the content was last seen with; nothing is removed."
    CONTENT_DAMAGED = "ContentDamaged", "Blobs are not what they were; the message names images that suffer."
    CLAIM_RESIZING = "ClaimResizing", "The volume is being enlarged."
    CLAIM_FILLING = "ClaimFilling", "The volume is filling up; pushes still work."
    READ_ONLY = "ReadOnly", "The volume is so full that pushes are refused; pulls and deletions work."
    EXPANSION_REFUSED = "ExpansionRefused", "The claim is to grow, and its storage class does not allow that."
    CLAIM_MISSING = "ClaimMissing", "There is no claim of the name in `spec.storage.existingClaim`."
    STORAGE_CLASS_MISSING = "StorageClassMissing", "The claim gets no volume: its storage class does not exist."
    STORAGE_CLASS_REFUSED = "StorageClassRefused", "The claim exists with another storage class; that cannot change."
    ACCESS_MODES_REFUSED = "AccessModesRefused", "The claim exists with other access modes; those cannot change."

    # CertificateReady
    CERTIFICATE_LIVE = "CertificateLive", "Every replica serves the certificate."
    TLS_DISABLED = "TlsDisabled", "The spec asks for plain HTTP."
    CERTIFICATE_PENDING = "CertificatePending", "A replica does not serve the newest certificate yet."
    CERTIFICATE_REJECTED = "CertificateRejected", "A replica could not load the newest certificate."
    CERTIFICATE_SECRET_MISSING = (
        "CertificateSecretMissing",
        "The Secret in `spec.tls.secretName`, or a key in it, is missing.",
    )
    CERTIFICATE_MALFORMED = "CertificateMalformed", "The given certificate or key cannot be read."
    CERTIFICATE_WEAK = "CertificateWeak", "The given certificate has a key or a signature that OpenSSL does not serve."
    CERTIFICATE_KEY_MISMATCH = "CertificateKeyMismatch", "The given key is not the key of the given certificate."
    CERTIFICATE_EXPIRED = "CertificateExpired", "The given certificate is outside its time."
    CERTIFICATE_EXPIRING = "CertificateExpiring", "The certificate is served, and soon expires; nobody has renewed it."
    CERTIFICATE_CHAIN_BROKEN = (
        "CertificateChainBroken",
        "The given certificates do not lead to the CA.",
    )
    CERTIFICATE_HOST_MISSING = "CertificateHostMissing", "The given certificate is not for a host of the spec."

    CERT_MANAGER_MISSING = (
        "CertManagerMissing",
        "`spec.tls.issuer` is CertManager; the cluster has no cert-manager.",
    )
    CERTIFICATE_ISSUING = (
        "CertificateIssuing",
        "cert-manager has not issued it yet; the message is its own.",
    )
    CLIENT_CA_MISSING = "ClientCaMissing", "What `spec.tls.clientCA` names is missing or holds no certificate."

    # ExposureReady
    EXPOSED = "Exposed", "The Ingress, the route or the load balancer is in place."
    GATEWAY_API_MISSING = "GatewayApiMissing", "`spec.gateway` is set, and the cluster lacks the kinds for it."
    ROUTE_PENDING = "RoutePending", "No Gateway has said yet what it makes of the route."
    ROUTE_REFUSED = "RouteRefused", "A Gateway does not take the route; the message is its own."
    INGRESS_PENDING = "IngressPending", "The Ingress is not there yet, or has no host to be for."
    LOAD_BALANCER_PENDING = "LoadBalancerPending", "The load balancer has no address yet."

    # CredentialsReady
    CREDENTIALS_LIVE = "CredentialsLive", "Every user's password is loaded by every replica."
    CREDENTIALS_PENDING = "CredentialsPending", "A replica has not loaded the newest passwords yet."
    CREDENTIALS_REJECTED = "CredentialsRejected", "A replica could not load the newest passwords."
    ROTATION_POSTPONED = "RotationPostponed", "Too many replaced passwords still work for one more."
    COPIES_NOT_ALLOWED = "CopiesNotAllowed", "The operator may not copy pull Secrets to other namespaces."
    COPY_REFUSED = "CopyRefused", "A namespace did not take its copy of the pull Secret; the message is its own."
    PASSWORD_MISSING = "PasswordMissing", "A Secret or key named by `passwordFrom` is missing or empty."
    PASSWORD_MALFORMED = "PasswordMalformed", "A password named by `passwordFrom` cannot be used."

    # WorkloadReady
    WORKLOAD_LIVE = "WorkloadLive", "Every replica runs with the newest configuration."
    STOPPED = "Stopped", "`spec.replicas` is 0."
    HIBERNATED = "Hibernated", "`spec.hibernate` keeps the registry at rest."
    DEPLOYING = "Deploying", "The Deployment is being rolled out."
    REPLICA_FAILURE = "ReplicaFailure", "Kubernetes would not create the pod."
    UNSCHEDULABLE = "Unschedulable", "No node takes the pod."
    IMAGE_PULL_FAILED = "ImagePullFailed", "The image cannot be pulled."
    CONTAINER_REFUSED = "ContainerRefused", "The container cannot be created."
    CRASH_LOOPING = "CrashLooping", "The registry ends soon after each start."
    IMPORTING = "Importing", "What another registry left on the claim is being taken over."
    POD_STARTING = "PodStarting", "The pod is starting."
    POD_NOT_READY = "PodNotReady", "The pod runs but does not answer its readiness probe."
    REPORT_UNAVAILABLE = "ReportUnavailable", "A replica could not be asked what it has loaded."
    CONFIGURATION_PENDING = "ConfigurationPending", "A replica has not loaded the newest configuration yet."
    CONFIGURATION_REJECTED = "ConfigurationRejected", "A replica could not load the newest configuration."

    # WebhooksReady, and the conditions of RegistryWebhook
    NO_WEBHOOKS = "NoWebhooks", "No RegistryWebhook names this Registry."
    WEBHOOKS_HEALTHY = "WebhooksHealthy", "Every webhook is ready and delivering."
    WEBHOOK_UNHEALTHY = "WebhookUnhealthy", "A webhook is not ready, or its endpoint fails."
    ENDPOINT_LIVE = "EndpointLive", "Every replica knows the endpoint."
    REGISTRY_NOT_FOUND = "RegistryNotFound", "`spec.registryRef` names no Registry of the namespace."
    REGISTRY_PAUSED = "RegistryPaused", "The Registry is paused, so its settings do not change."
    HEADER_MISSING = "HeaderMissing", "A Secret or key named by `headersFrom` is missing or unusable."
    CA_MISSING = "CaMissing", "The ConfigMap, Secret or key named by `tls.ca` is missing or holds no certificate."
    CLIENT_CERTIFICATE_UNUSABLE = (
        "ClientCertificateUnusable",
        "The Secret named by `tls.clientCertificate` is missing or holds no certificate with its key.",
    )
    SIGNING_SECRET_UNUSABLE = (
        "SigningSecretUnusable",
        "The Secret or key named by `signing.secretName` is missing or holds no signing secret.",
    )
    NOTHING_SENT = "NothingSent", "No event has been sent yet."
    DELIVERED = "Delivered", "The endpoint took the last event."
    DELIVERY_FAILING = "DeliveryFailing", "The endpoint did not take the last event; it will be tried again."
    SUSPENDED = "Suspended", "`spec.suspend` keeps events back."

    # Events only
    CREATED = "Created", "What the operator made for a new Registry; the message lists it."
    USER_CREATED = "UserCreated", "A password was generated."
    ROTATION_STARTED = "RotationStarted", "A new password was made; it takes over once every replica has loaded it."
    PASSWORD_CHANGED = "PasswordChanged", "A user's password was replaced; the message says where the new one is."
    PASSWORD_ENDED = "PasswordEnded", "A password that had been replaced stopped working."
    PASSWORD_REVOKED = "PasswordRevoked", "Every earlier password of a user stopped working."
    USER_REMOVED = "UserRemoved", "A user can no longer log in."
    CERTIFICATE_ISSUED = "CertificateIssued", "A certificate was issued; the message says why."
    CA_ISSUED = "CaIssued", "A certificate authority was made; the message says why."
    CA_SWITCHED = "CaSwitched", "The new certificate authority signs; the message says how long the old one is trusted."
    SIGNING_SECRET_CHANGED = "SigningSecretChanged", "A webhook's signing secret was replaced."
    CLAIM_CREATED = "ClaimCreated", "A PersistentVolumeClaim was created, enlarged or taken up."
    IMPORTED = "Imported", "What another registry left on the claim was taken over; the message says how much."
    DEPLOYMENT_CREATED = "DeploymentCreated", "The Deployment was created."
    DEPLOYMENT_CHANGED = "DeploymentChanged", "The Deployment was changed; the message names the first field."
    CHILD_RESTORED = "ChildRestored", "A child that had been changed or deleted was put right."
