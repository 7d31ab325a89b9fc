"""The operator's rights are those that it uses: one Registry with everything on, then off, by the API server's record.

A right that nothing here exercises fails the test with its verb and resource: exercise it below, or take it away.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
import yaml

from integration.api import APPS, CORE, NETWORKING, OURS, POLICY, Api, Object, eventually
from integration.audit import Audit
from integration.installation import BASE, SYSTEM, USER
from integration.process import Operator
from integration.tenant import Tenant

Right = tuple[str, str, str]  # verb, group, resource
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/wharfinger"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
FOREIGN = {
    "Certificate": ("cert-manager.io", "certificates"),
    "HTTPRoute": ("gateway.networking.k8s.io", "httproutes"),
    "BackendTLSPolicy": ("gateway.networking.k8s.io", "backendtlspolicies"),
}
EVERYTHING: Object = {
    "replicas": 2,
    "auth": {"users": [{"name": "a"}, {"name": "b"}]},
    "storage": {"size": "1Gi", "storageClassName": "here", "accessModes": ["ReadWriteMany"]},
    "tls": {"hosts": ["r.example.com"]},
    "ingress": {"className": "nginx"},
    "gateway": {"parentRefs": [{"name": "front"}]},
    "networkPolicy": {},
}
EDITS: dict[str, Object] = {
    "deployments": {"spec": {"template": {"spec": {"automountServiceAccountToken": True}}}},
    "services": {"spec": {"selector": {"app": "nothing"}}},
    "serviceaccounts": {"automountServiceAccountToken": True},
    "configmaps": {"data": {"ca.crt": "rubbish"}},
    "secrets": {"metadata": {"labels": {"app.kubernetes.io/name": "nothing"}}},
    "persistentvolumeclaims": {"metadata": {"labels": {"app.kubernetes.io/name": "nothing"}}},
}


def granted() -> set[Right]:
    """What the manifests grant."""
    files = [yaml.safe_load_all((BASE / name).read_text()) for name in ("cluster-role.yaml", "lease-role.yaml")]
    rules = [rule for documents in files for document in documents for rule in document.get("rules", ())]
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def used(seen: Audit) -> set[Right]:
    """What the operator did. A server-side apply that makes something is a `patch`, and needs `create` too."""
    found = set()
    for call in seen.calls(USER):
        found.add((call.verb, call.group, call.resource))
        if call.verb == "patch" and call.status == 201:
            found.add(("create", call.group, call.resource))
    return found


@pytest.fixture
async def neighbours(api: Api) -> AsyncIterator[None]:
    """The kinds of cert-manager and the Gateway API, and a storage class."""
    for kind, (group, plural) in FOREIGN.items():
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
        name = f"{plural}.{group}"
        metadata = {"name": name, "annotations": {"api-approved.kubernetes.io": "unapproved, a test"}}
        spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
        await api.create(_CRDS, {"metadata": metadata, "spec": spec})
        await eventually(f"{name} is served", partial(served, api, f"/apis/{group}/v1/{plural}"))
    await api.create(_CLASSES, {"metadata": {"name": "here"}, "provisioner": "example.com/none"})
    yield
    for group, plural in FOREIGN.values():
        await api.delete(f"{_CRDS}/{plural}.{group}")
    await api.delete(f"{_CLASSES}/here")


async def served(api: Api, path: str) -> bool:
    await api.list(path)
    return True


async def there(tenant: Tenant, path: str) -> Object | None:
    return await tenant.api.get(path)


def paths(tenant: Tenant) -> dict[str, list[str]]:
    """Where children of `team` are, by resource."""
    foreign = {plural: f"/apis/{group}/v1" for group, plural in FOREIGN.values()}
    roots = {**foreign, "ingresses": NETWORKING, "networkpolicies": NETWORKING, "deployments": APPS,
             "poddisruptionbudgets": POLICY}  # fmt: skip
    names = {"secrets": ["team-user-a", "team-pull", "team-htpasswd"], "configmaps": ["team-ca"]}
    plurals = ("deployments", "services", "serviceaccounts", "configmaps", "secrets", "persistentvolumeclaims",
               "ingresses", "networkpolicies", "poddisruptionbudgets", "httproutes", "backendtlspolicies")  # fmt: skip
    return {p: [tenant.path(roots.get(p, CORE), p, name) for name in names.get(p, ["team"])] for p in plurals}


async def settled(seen: Audit) -> None:
    """Wait until nothing is written any more. (No Gateway takes the route, so that nothing becomes Ready here.)"""

    async def quiet() -> bool:
        before = len(seen.writes(USER))
        await asyncio.sleep(1.5)
        return len(seen.writes(USER)) == before

    await eventually("all is quiet", quiet, seconds=60)


async def come_back(tenant: Tenant, seen: Audit) -> None:
    """Delete every child; each is made again."""
    for plural, all_of_them in paths(tenant).items():
        for path in all_of_them:
            before = await there(tenant, path)
            assert before, path
            await tenant.api.delete(path)
            await eventually(f"{plural}: {path} is back", partial(there, tenant, path), seconds=60)
    await settled(seen)


async def trouble(tenant: Tenant) -> None:
    """Let a pod fail, so that the operator asks why."""
    (pod, *_) = await tenant.api.list(tenant.path(CORE, "pods"))
    path = tenant.path(CORE, "pods", pod["metadata"]["name"], "status")
    condition = {"type": "Ready", "status": "False"}
    await tenant.api.patch(path, {"status": {"conditions": [condition]}}, "strategic")


@pytest.mark.timeout(300)
async def test_the_rights_of_the_operator_are_those_that_it_uses(
    tenant: Tenant, start: Callable[..., Operator], audit: Callable[[], Audit], neighbours: None
) -> None:
    seen = audit()
    await tenant.api.delete(_LEASE)
    operator = await start(WHARFINGER_LEASE_NAMESPACE=SYSTEM).ready()
    await tenant.registry(**EVERYTHING)
    hook = {"registryRef": {"name": "team"}, "url": "https://example.com/hook"}
    body = {"apiVersion": "wharfinger.dev/v1", "kind": "RegistryWebhook", "metadata": {"name": "hook"}, "spec": hook}
    await tenant.api.create(tenant.path(OURS, "registrywebhooks"), body)
    await settled(seen)
    for plural, edit in EDITS.items():
        await tenant.api.patch(paths(tenant)[plural][0], edit)
    await settled(seen)
    await come_back(tenant, seen)
    operator.stop()
    await start(WHARFINGER_LEASE_NAMESPACE=SYSTEM).ready()  # which tells the same again
    await come_back(tenant, seen)
    issued = {"hosts": ["r.example.com"], "issuer": "CertManager", "certManager": {"name": "ca"}}
    await tenant.edit(tls=issued)
    certificate = tenant.path("/apis/cert-manager.io/v1", "certificates")
    made = await eventually("a Certificate is asked for", lambda: listed(tenant, certificate))
    await tenant.api.delete(f"{certificate}/{made[0]['metadata']['name']}")
    await eventually("the Certificate is back", lambda: listed(tenant, certificate))
    nothing: dict[str, Any] = {"replicas": 1, "ingress": None, "gateway": None, "networkPolicy": {"mode": "None"}}
    given = {"issuer": "SelfSigned", "certManager": None}
    await tenant.edit("team", **nothing, tls=given, auth={"users": [{"name": "a"}]})
    await settled(seen)
    await tenant.edit(tls={"issuer": "Disabled", "hosts": None})
    await trouble(tenant)
    await asyncio.sleep(3)
    rights = granted()
    assert not [right for right in rights if "*" in "".join(right)], "no wildcard"
    assert {right for right in rights if right not in used(seen)} == set(), "nobody exercised these"
    forbidden = [str(call) for call in seen.calls(USER) if call.status == 403]
    assert forbidden == []


async def listed(tenant: Tenant, path: str) -> list[Object]:
    return await tenant.api.list(path)
