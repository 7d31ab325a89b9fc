"""Paths of the API server, and kinds as RBAC writes them."""

from kubectl_registry.kube.kinds import NAMESPACE, POD, REGISTRY


def test_paths_are_those_of_the_kubernetes_api() -> None:
    assert POD.path("ci", "team-1", "exec") == "/api/v1/namespaces/ci/pods/team-1/exec"
    assert REGISTRY.path("ci") == "/apis/wharfinger.dev/v1/namespaces/ci/registries"
    assert REGISTRY.path() == "/apis/wharfinger.dev/v1/registries"
    assert NAMESPACE.path("ci", "x") == "/api/v1/namespaces/x"


def test_a_kind_is_written_as_rbac_writes_it() -> None:
    assert (POD.resource, POD.api_version) == ("pods", "v1")
    assert (REGISTRY.resource, REGISTRY.api_version) == ("registries.wharfinger.dev", "wharfinger.dev/v1")
