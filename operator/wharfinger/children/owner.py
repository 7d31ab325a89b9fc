"""Who the children belong to, what they are called, and the metadata that they share.

Rule: labels are our own, never the parent's (a tracking label of Argo CD would make it prune our children), and every
name of a child is made here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.api import API_VERSION

REGISTRY_LABEL = "wharfinger.dev/registry"
SOURCE_NAMESPACE = "wharfinger.dev/source-namespace"  # on copies of a pull Secret: where its Registry is
SOURCE_REGISTRY = "wharfinger.dev/source-registry"  # and what it is called
MANAGED_BY = {"app.kubernetes.io/managed-by": "wharfinger"}
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Owner:
    """The Registry that children belong to."""

    name: str
    namespace: str
    uid: str

    @property
    def selector(self) -> dict[str, str]:
        """Labels that find the pods of this Registry, and only them."""
        return {"app.kubernetes.io/name": "wharf", REGISTRY_LABEL: self.name}

    @property
    def labels(self) -> dict[str, str]:
        """Labels of every child."""
        return MANAGED_BY | self.selector

    @property
    def tls(self) -> str:
        """Secret with the server certificate."""
        return f"{self.name}-tls"

    @property
    def ca(self) -> str:
        """Secret with the CA's key, and ConfigMap with the CA's certificate."""
        return f"{self.name}-ca"

    @property
    def htpasswd(self) -> str:
        """Secret with the password hashes."""
        return f"{self.name}-htpasswd"

    @property
    def certificate(self) -> str:
        """Secret that cert-manager fills."""
        return f"{self.name}-cert-manager"

    @property
    def config(self) -> str:
        """Secret with the registry's configuration."""
        return f"{self.name}-config"

    @property
    def copy(self) -> str:
        """Copy of the pull Secret in another namespace."""
        return f"{self.name}.{self.namespace}-pull"

    def user(self, user: str) -> str:
        """Secret with a generated password. A name that no Secret can have is made one, with a hash to be unique.

        Names of our own robots begin with _, which no user's name does: `_pull` has Secret NAME-pull.
        """
        if user.startswith("_"):
            return f"{self.name}-{user[1:]}"
        if _SUBDOMAIN.fullmatch(user):
            return f"{self.name}-user-{user}"
        safe = re.sub(r"[^a-z0-9]+", "-", user.lower()).strip("-")
        digest = hashlib.sha256(user.encode()).hexdigest()[:10]
        return f"{self.name}-user-{safe}-{digest}" if safe else f"{self.name}-user-{digest}"

    @staticmethod
    def signing(webhook: str) -> str:
        """Secret with what a RegistryWebhook's requests are signed with."""
        return f"{webhook}-signing"

    def hosts(self, cluster_domain: str) -> list[str]:
        """Every DNS name that the Service has, shortest first."""
        service = f"{self.name}.{self.namespace}"
        return [self.name, service, f"{service}.svc", f"{service}.svc.{cluster_domain}"]

    @property
    def host(self) -> str:
        """The Service name that URLs use: it works with every cluster domain."""
        return f"{self.name}.{self.namespace}.svc"

    def metadata(
        self, name: str, *, annotations: Mapping[str, str] | None = None, owned: bool = True
    ) -> dict[str, Any]:
        """The metadata of a child; `owned` children are deleted with the Registry."""
        metadata: dict[str, Any] = {"name": name, "namespace": self.namespace, "labels": self.labels}
        if annotations:
            metadata["annotations"] = dict(sorted(annotations.items()))
        if owned:
            metadata["ownerReferences"] = [
                {
                    "apiVersion": API_VERSION,
                    "kind": "Registry",
                    "name": self.name,
                    "uid": self.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ]
        return metadata


def encoded(data: Mapping[str, str | bytes]) -> dict[str, str]:
    """The `data` of a Secret: base64, as the API server gives it back."""
    return {
        key: base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
        for key, value in data.items()
    }


def decoded(secret: Mapping[str, Any] | None, key: str) -> bytes | None:
    """One value of a live Secret; None when the Secret, the key or a value that is base64 is missing."""
    value = (secret or {}).get("data", {}) or {}
    try:
        return base64.b64decode(value[key], validate=True)
    except (KeyError, ValueError, TypeError):
        return None
