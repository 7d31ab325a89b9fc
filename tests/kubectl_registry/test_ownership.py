"""Who owns a field: GitOps tools by their marks, managers by managedFields."""

import pytest
from tests.kubectl_registry.conftest import Object

from kubectl_registry import ownership

ROTATION = ["f:spec", "f:auth", "f:users", 'k:{"name":"ci"}', "f:rotation"]


def thing(manager: str, *, subresource: str = "", operation: str = "Apply") -> Object:
    fields = {"f:spec": {"f:auth": {"f:users": {'k:{"name":"ci"}': {".": {}, "f:rotation": {}}}}}}
    entry = {"manager": manager, "operation": operation, "fieldsV1": fields, "subresource": subresource}
    return {"metadata": {"name": "team", "managedFields": [entry]}}


@pytest.mark.parametrize(
    ("manager", "tool"),
    [("argocd-controller", "Argo CD"), ("kustomize-controller", "Flux"), ("helm", "Helm"), ("kubectl", "")],
)
def test_a_field_has_an_owner_and_the_owner_a_tool(manager: str, tool: str) -> None:
    assert ownership.owners(thing(manager), ROTATION) == [manager]
    assert ownership.tool(manager) == tool


def test_our_own_manager_and_writers_of_the_status_are_no_others() -> None:
    assert ownership.owners(thing("kubectl-registry"), ROTATION) == []
    assert ownership.owners(thing("wharfinger", subresource="status"), ROTATION) == []
    assert ownership.owners(thing("argocd-controller"), [*ROTATION[:-1], "f:groups"]) == []


def test_what_is_ours_is_what_we_applied() -> None:
    assert list(ownership.mine(thing("kubectl-registry"), ROTATION[:3])) == ['k:{"name":"ci"}']
    assert ownership.mine(thing("kubectl-registry", operation="Update"), ROTATION[:3]) == {}
    assert ownership.mine(thing("argocd-controller"), ROTATION[:3]) == {}


@pytest.mark.parametrize(
    ("metadata", "tool"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "Flux"),
        ({"labels": None}, ""),
    ],
)
def test_a_mark_tells_who_keeps_an_object(metadata: Object, tool: str) -> None:
    assert ownership.keeper({"metadata": metadata}) == tool
