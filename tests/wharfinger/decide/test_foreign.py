"""What others added to a child is found by the API server's own record, and nothing else is touched."""

from typing import Any

import pytest

from wharfinger.decide.foreign import paths, removal

CONTAINER = {"name": "wharf", "image": "wharf:1", "ports": [{"name": "registry", "containerPort": 5000}]}
WANTED = {
    "kind": "Deployment",
    "metadata": {"name": "team"},
    "spec": {"replicas": 1, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [CONTAINER]}}},
}


def live(pod: dict[str, Any], fields: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """A Deployment whose pod template has `pod` besides, with a record of who manages it."""
    spec = {"replicas": 1, "template": {"metadata": {"annotations": {"x": "y"}}, "spec": pod}}
    entries = [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:template": entry}}} for entry in (fields, *more)]
    return {"kind": "Deployment", "metadata": {"name": "team", "managedFields": entries}, "spec": spec}


def pod_patch(patch: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": patch}}}


def test_an_added_container_is_deleted_by_its_key() -> None:
    found = removal(
        WANTED,
        live(
            {"containers": [CONTAINER, {"name": "evil"}]},
            {"f:spec": {"f:containers": {'k:{"name":"evil"}': {".": {}, "f:name": {}, "f:image": {}}}}},
        ),
    )
    assert found == pod_patch({"containers": [{"name": "evil", "$patch": "delete"}]})
    assert paths(found) == ("spec.template.spec.containers[evil]",)


def test_what_was_added_within_our_container_goes_and_the_container_stays() -> None:
    changed = {**CONTAINER, "env": [{"name": "X", "value": "1"}], "ports": [*CONTAINER["ports"], {"containerPort": 1}]}
    fields = {
        'k:{"name":"wharf"}': {
            "f:env": {".": {}, 'k:{"name":"X"}': {".": {}, "f:name": {}}},
            "f:image": {},
            "f:ports": {'k:{"containerPort":1,"protocol":"TCP"}': {".": {}}},
        }
    }
    found = removal(WANTED, live({"containers": [changed]}, {"f:spec": {"f:containers": fields}}))
    ports = [{"containerPort": 1, "$patch": "delete"}]
    assert found == pod_patch({"containers": [{"name": "wharf", "env": None, "ports": ports}]})
    assert paths(found) == (
        "spec.template.spec.containers[wharf].env",
        "spec.template.spec.containers[wharf].ports[1]",
    )


def test_a_field_of_the_pod_is_removed_whole() -> None:
    found = removal(WANTED, live({"hostNetwork": True, "containers": [CONTAINER]}, {"f:spec": {"f:hostNetwork": {}}}))
    assert found == pod_patch({"hostNetwork": None})


def test_two_managers_additions_are_removed_together() -> None:
    pod = {"hostNetwork": True, "hostPID": True, "containers": [CONTAINER]}
    found = removal(WANTED, live(pod, {"f:spec": {"f:hostNetwork": {}}}, {"f:spec": {"f:hostPID": {}}}))
    assert found == pod_patch({"hostNetwork": None, "hostPID": None})


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"f:metadata": {"f:annotations": {".": {}, "f:x": {}}}}, id="an annotation of a restart"),
        pytest.param(
            {"f:spec": {"f:containers": {'k:{"name":"wharf"}': {"f:image": {}}}}}, id="a field that is ours too"
        ),
        pytest.param({"f:spec": {"f:hostNetwork": {}}}, id="a field that is gone already"),
        pytest.param({"f:spec": {"f:containers": {'k:{"name":"evil"}': {}}}}, id="an entry that is gone already"),
    ],
)
def test_nothing_is_removed_for(fields: dict[str, Any]) -> None:
    assert removal(WANTED, live({"containers": [CONTAINER]}, fields)) == {}


def test_a_key_added_to_a_secret_goes() -> None:
    wanted = {"kind": "Secret", "metadata": {}, "data": {"htpasswd": "eA=="}}
    entry = {"manager": "kubectl", "fieldsV1": {"f:data": {"f:more": {}, "f:htpasswd": {}}}}
    found = removal(wanted, {"metadata": {"managedFields": [entry]}, "data": {"htpasswd": "eA==", "more": "eA=="}})
    assert found == {"data": {"more": None}}
    assert paths(found) == ("data.more",)


def test_a_claim_is_left_alone() -> None:
    wanted = {"kind": "PersistentVolumeClaim", "metadata": {}, "spec": {}}
    entry = {"manager": "kube-controller-manager", "fieldsV1": {"f:spec": {"f:volumeName": {}}}}
    assert removal(wanted, {"metadata": {"managedFields": [entry]}, "spec": {"volumeName": "pv"}}) == {}


def test_a_child_that_nobody_else_touched_needs_nothing() -> None:
    assert removal(WANTED, {}) == {}
    assert removal(WANTED, {"metadata": {"name": "team"}, "spec": {"paused": True}}) == {}


def test_parameters_of_another_strategy_go_together_with_its_type() -> None:
    wanted = {"kind": "Deployment", "metadata": {}, "spec": {"strategy": {"type": "Recreate"}}}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    fields = {"f:spec": {"f:strategy": {"f:type": {}, "f:rollingUpdate": {".": {}, "f:maxSurge": {}}}}}
    there = {"metadata": {"managedFields": [{"fieldsV1": fields}]}, "spec": {"strategy": strategy}}
    found = removal(wanted, there)
    assert found == {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}
    assert paths(found) == ("spec.strategy.rollingUpdate",)
