"""The kinds that the plugin reads, and where the API server keeps them.

Rule: a kind that is not here is not asked for, so this is the list of what a user may need rights on.
"""

from __future__ import annotations

from dataclasses import dataclass

FIELD_MANAGER = "kubectl-registry"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of the Kubernetes API. `group` is empty for the core group."""

    name: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True

    @property
    def resource(self) -> str:
        """The kind as RBAC and `kubectl auth can-i` write it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """The path of its group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection (of all namespaces, if none is given), an object or a subresource."""
        parts = [self.root]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        return "/".join([*parts, *(part for part in (name, subresource) if part)])


REGISTRY = Kind("Registry", "registries", "wharfinger.dev")
WEBHOOK = Kind("RegistryWebhook", "registrywebhooks", "wharfinger.dev")
DEPLOYMENT = Kind("Deployment", "deployments", "apps")
POD = Kind("Pod", "pods")
SERVICE = Kind("Service", "services")
SECRET = Kind("Secret", "secrets")
CONFIG_MAP = Kind("ConfigMap", "configmaps")
CLAIM = Kind("PersistentVolumeClaim", "persistentvolumeclaims")
EVENT = Kind("Event", "events")
NAMESPACE = Kind("Namespace", "namespaces", namespaced=False)
ENDPOINT_SLICE = Kind("EndpointSlice", "endpointslices", "discovery.k8s.io")
NETWORK_POLICY = Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io")
LEASE = Kind("Lease", "leases", "coordination.k8s.io")
