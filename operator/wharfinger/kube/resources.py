"""The resource types that the operator deals in, and their paths on the API server.

Rule: one table; no discovery requests, because the set is fixed with the release.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUP = "wharfinger.dev"
MANAGED_BY = "app.kubernetes.io/managed-by=wharfinger"  # selects our children on the server
FIELD_MANAGER = "wharfinger"  # of server-side apply
REGISTRY_LABEL = f"{GROUP}/registry"  # on every child: the name of its Registry
SOURCE_NAMESPACE, SOURCE_REGISTRY = f"{GROUP}/source-namespace", f"{GROUP}/source-registry"  # on copies elsewhere


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource type."""

    api_version: str
    kind: str
    plural: str
    cluster: bool = False  # whether it belongs to no namespace

    @property
    def definition(self) -> str:
        """Name of the CustomResourceDefinition that brings it."""
        return f"{self.plural}.{self.api_version.partition('/')[0]}"

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path of an object, of a namespace's collection, or (without a namespace) of all of them."""
        root = "/api/" if "/" not in self.api_version else "/apis/"
        parts = [f"{root}{self.api_version}"]
        if namespace:
            parts.append(f"namespaces/{namespace}")
        parts.extend(part for part in (self.plural, name, subresource) if part)
        return "/".join(parts)


REGISTRY = Resource(f"{GROUP}/v1", "Registry", "registries")
WEBHOOK = Resource(f"{GROUP}/v1", "RegistryWebhook", "registrywebhooks")
DEPLOYMENT = Resource("apps/v1", "Deployment", "deployments")
SERVICE = Resource("v1", "Service", "services")
CLAIM = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
SECRET = Resource("v1", "Secret", "secrets")
CONFIG_MAP = Resource("v1", "ConfigMap", "configmaps")
INGRESS = Resource("networking.k8s.io/v1", "Ingress", "ingresses")
NETWORK_POLICY = Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
BUDGET = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
SERVICE_ACCOUNT = Resource("v1", "ServiceAccount", "serviceaccounts")
POD = Resource("v1", "Pod", "pods")
EVENT = Resource("v1", "Event", "events")
STORAGE_CLASS = Resource("storage.k8s.io/v1", "StorageClass", "storageclasses", cluster=True)
DEFINITION = Resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", cluster=True)
CERTIFICATE = Resource("cert-manager.io/v1", "Certificate", "certificates")
HTTP_ROUTE = Resource("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
BACKEND_TLS_POLICY = Resource("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "backendtlspolicies")
NAMESPACE = Resource("v1", "Namespace", "namespaces", cluster=True)
LEASE = Resource("coordination.k8s.io/v1", "Lease", "leases")

CHILDREN = (
    DEPLOYMENT,
    SERVICE,
    CLAIM,
    SECRET,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    INGRESS,
    NETWORK_POLICY,
    BUDGET,
)  # what a plan may apply
WATCHED = (REGISTRY, WEBHOOK, *CHILDREN, POD)
# kinds that others bring: watched once a Registry asks for one, and only while the cluster knows it
FOREIGN = (CERTIFICATE, HTTP_ROUTE, BACKEND_TLS_POLICY)

_BY_KIND = {(resource.api_version, resource.kind): resource for resource in (*WATCHED, *FOREIGN, EVENT)}


def resource_of(api_version: str, kind: str) -> Resource:
    """Return the resource type of a manifest. Raises LookupError for a type that the operator does not deal in."""
    try:
        return _BY_KIND[api_version, kind]
    except KeyError:
        raise LookupError(f"{api_version} {kind} is not in wharfinger.kube.resources: add it there") from None
