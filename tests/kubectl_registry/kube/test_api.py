"""Requests: who we are, what is asked, and what is said when there is no answer."""

from pathlib import Path

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object

from kubectl_registry.errors import NotFoundError, UnreachableError
from kubectl_registry.kube.api import Api, Place, contexts
from kubectl_registry.kube.kinds import POD, REGISTRY


def test_the_kubeconfig_says_who_we_are_and_where(api: Api) -> None:
    assert api.namespace == "ci"
    assert api.headers() == {"authorization": "Bearer a-token"}
    assert contexts("") == ["here"]


def test_an_object_is_got_or_found_or_missing(api: Api, team: Object) -> None:
    assert api.get(REGISTRY, "ci", "team") == team
    assert api.find(REGISTRY, "ci", "other") is None
    with pytest.raises(NotFoundError):
        api.get(REGISTRY, "ci", "other")


def test_a_list_is_of_a_namespace_or_of_all_and_selected(api: Api, cluster: FakeCluster, team: Object) -> None:
    cluster.add(POD, {"metadata": {"name": "a", "namespace": "ci", "labels": {"x": "1"}}})
    cluster.add(POD, {"metadata": {"name": "b", "namespace": "other"}})
    assert len(api.list_all(POD, "")) == 2
    assert len(api.list_all(POD, "ci", labels="x=1")) == 1
    assert api.list_all(POD, "ci", labels="x=2") == []


def test_an_apply_names_our_field_manager(api: Api, cluster: FakeCluster, team: Object) -> None:
    body = {"metadata": {"name": "team", "namespace": "ci"}, "spec": {"paused": True}}
    assert api.apply(REGISTRY, body, force=True)["spec"] == {"paused": True}
    assert cluster.patches == [({"fieldManager": "kubectl-registry", "force": "true"}, body)]


def test_a_kind_is_served_or_not(api: Api, cluster: FakeCluster) -> None:
    assert api.serves(REGISTRY)
    cluster.installed = False
    assert not api.serves(REGISTRY)
    assert api.version()["gitVersion"]


def test_something_that_is_no_api_server_is_told(api: Api, cluster: FakeCluster, team: Object) -> None:
    cluster.page = "<html>a portal</html>"
    with pytest.raises(UnreachableError, match="does not speak Kubernetes"):
        api.get(REGISTRY, "ci", "team")


def test_a_kubeconfig_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="kubectl config view"):
        Api.connect(Place(str(tmp_path / "none")))


def test_several_kubeconfigs_are_one(kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{kubeconfig}")
    assert Api.connect(Place()).namespace == "ci"
