"""What the team of the tests has in git, and what is seen of it on the cluster. Rule: the same for each GitOps tool."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from e2e.clients import Login, request
from e2e.kubectl import Kubectl, Object, eventually
from e2e.resources import registry_manifest, webhook_manifest

WATCHED = float(os.environ.get("GITOPS_SECONDS", "60"))
"""How long it is watched for a fight; a release is watched for 600 s."""
BYSTANDER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"kept-by": "git"}}
PASSING = "Event|EndpointSlice|Endpoints|Pod|ReplicaSet|Lease"
"""Kinds that come and go by themselves."""


def wanted(**user: str) -> Object:
    """The Registry in git."""
    auth = {"rotationOverlap": "1h", "users": [{"name": "ci", "rotation": "1", **user}]}
    return registry_manifest("team", auth=auth, storage={"size": "1024Mi"}, pod={"resources": {"limits": {"cpu": 1}}})


def webhook(namespace: str, **spec: Any) -> Object:
    """The RegistryWebhook in git."""
    return webhook_manifest("deploy", "team", f"http://hooks.{namespace}.svc/events", timeout="5000ms", **spec)


def password(kubectl: Kubectl, namespace: str) -> str:
    """What the user's Secret says now."""
    secret = kubectl.get("secret", "team-user-ci", namespace) or {}
    return base64.b64decode(secret["data"]["password"]).decode()


def answer(at: Login, secret: str) -> int:
    """The registry's answer to a password."""
    return request(replace(at, password=secret), "GET", "/v2/").status


def require_rotated(kubectl: Kubectl, namespace: str, at: Login) -> str:
    """Wait until another password than that of `at` logs in; the new one. The old one has an hour left."""
    old = at.password
    new = eventually(
        "the Secret has another password", lambda: next((p for p in [password(kubectl, namespace)] if p != old), None)
    )
    eventually("the new password logs in", lambda: answer(at, new) == 200)
    told = (kubectl.get("registry", "team", namespace) or {})["status"]["users"]
    (user,) = [user for user in told if user["name"] == "ci"]
    overlap = datetime.fromisoformat(user["previousValidUntil"]) - datetime.fromisoformat(user["rotatedAt"])
    assert 3500 <= overlap.total_seconds() <= 3700
    assert answer(at, old) == 200, "the overlap is an hour"
    return new


def present(kubectl: Kubectl, namespace: str) -> dict[str, str]:
    """`Kind/name` -> uid of all that is in a namespace and does not come and go by itself."""
    kinds = kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
    text = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{'\\n'}{end}"
    rows = kubectl("get", ",".join(kinds), "-n", namespace, "-o", text).splitlines()
    return dict(row.split() for row in rows if not re.match(f"({PASSING})/", row))


def generations(kubectl: Kubectl, namespace: str) -> dict[str, int]:
    """How often each spec has been written."""
    objects = {
        name: kubectl.get(kind, name, namespace) or {} for kind, name in (("registry", "team"), ("regwh", "deploy"))
    }
    return {name: item["metadata"]["generation"] for name, item in objects.items()}


def require_webhook_gone(kubectl: Kubectl, namespace: str, before: dict[str, str]) -> None:
    """Wait until the webhook is gone with its signing Secret, of all that was there before; nothing else may be."""
    gone = {"RegistryWebhook/deploy", "Secret/deploy-signing"}
    eventually("both are gone", lambda: not gone & set(present(kubectl, namespace)))
    assert present(kubectl, namespace) == {key: uid for key, uid in before.items() if key not in gone}
    assert kubectl.condition("registry", "team", namespace, "Ready")["status"] == "True"


def require_registry_gone(kubectl: Kubectl, namespace: str, before: dict[str, str]) -> None:
    """Wait until the registry is gone; its claim and what is not ours have to be the same still."""
    eventually(
        "it is gone", lambda: not [key for key in present(kubectl, namespace) if key.startswith("Deployment/team")]
    )
    kept = present(kubectl, namespace)
    for key in ("PersistentVolumeClaim/team", "ConfigMap/notes", "Deployment/hooks", "Service/hooks"):
        assert kept[key] == before[key], f"{key} is another"
