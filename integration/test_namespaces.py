"""The operator confined to some namespaces: it needs no right beyond them, and touches nothing beyond them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import yaml
from e2e.cluster.settings import REPOSITORY

from integration.api import CORE, OURS, Api
from integration.audit import Audit
from integration.control_plane import ControlPlane
from integration.installation import SYSTEM, kubeconfig
from integration.process import Operator
from integration.tenant import Tenant

CONFINED = "confined"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_OVERLAY = REPOSITORY / "manifests" / "overlays" / "namespaced"


async def confine(api: Api, *tenants: Tenant) -> None:
    """Bind the overlay's roles to a ServiceAccount of its own, in these namespaces alone."""
    await api.create(f"{CORE}/namespaces/{SYSTEM}/serviceaccounts", {"metadata": {"name": CONFINED}})
    subject = [{"kind": "ServiceAccount", "name": CONFINED, "namespace": SYSTEM}]
    role, binding = yaml.safe_load_all((_OVERLAY / "cluster-scope.yaml").read_text())
    await api.create(f"{_RBAC}/clusterroles", role)
    await api.create(f"{_RBAC}/clusterrolebindings", {**binding, "subjects": subject})
    one = next(yaml.safe_load_all((_OVERLAY / "role-bindings.yaml").read_text()))
    for tenant in tenants:
        metadata = {"name": one["metadata"]["name"], "namespace": tenant.name}
        body = {**one, "metadata": metadata, "subjects": subject}
        await api.create(f"{_RBAC}/namespaces/{tenant.name}/rolebindings", body)


async def test_an_operator_confined_to_two_namespaces_works_there_and_nowhere_else(
    api: Api,
    plane: ControlPlane,
    tenants: Callable[[], Tenant],
    start: Callable[..., Operator],
    audit: Callable[[], Audit],
    tmp_path: Path,
) -> None:
    one, two, other = [await tenants().create() for _ in range(3)]
    await confine(api, one, two)
    seen = audit()
    config = await kubeconfig(api, plane, tmp_path / "confined", CONFINED)
    operator = await start(config=config, WHARFINGER_NAMESPACES=f"{one.name},{two.name}").ready()
    for tenant in (other, one, two):
        await tenant.registry()
    await one.reaches("True")
    await two.reaches("True")
    await one.remove("services", "team")
    await asyncio.sleep(1)
    await one.reaches("True")
    assert await one.child("services", "team")
    untouched = await api.get(other.path(OURS, "registries", "team"))
    assert untouched is not None
    assert "status" not in untouched
    calls = list(seen.calls(f"system:serviceaccount:{SYSTEM}:{CONFINED}"))
    forbidden = {f"{call.verb} {call.resource}" for call in calls if call.status == 403}
    assert forbidden <= {"list namespaces"}, "Kopf asks which namespaces there are, and does without"
    assert {call.namespace for call in calls} <= {one.name, two.name, ""}
    assert (await operator.get("/healthz"))[0] == 200
