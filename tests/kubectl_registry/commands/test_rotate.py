"""`rotate`: one field, by server-side apply, no fight with GitOps, and an end that is true."""

import json
from datetime import UTC, datetime

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object, Run, registry

from kubectl_registry.commands import rotate
from kubectl_registry.errors import NotFoundError, RefusedError, UsageError
from kubectl_registry.registries import users


def finish(registry: Object) -> None:
    """What the operator does with a rotation."""
    registry["status"]["observedGeneration"] = registry["metadata"]["generation"]
    new = {"rotatedAt": "2026-11-25T00:00:00Z", "previousValidUntil": "2099-11-26T00:00:00Z"}
    registry["status"]["users"][0] |= new


def owned(manager: str, user: str = "admin") -> Object:
    fields = {"f:spec": {"f:auth": {"f:users": {f'k:{{"name":"{user}"}}': {"f:rotation": {}}}}}}
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields}


def test_it_writes_only_the_rotation_and_says_until_when_the_old_one_works(
    plugin: Run, cluster: FakeCluster, team: Object
) -> None:
    cluster.after_patch = finish
    code, out, _ = plugin("rotate", "team")
    assert code == 0
    assert "works until 2099-11-26T00:00:00Z" in out
    ((query, body),) = cluster.patches
    assert query["fieldManager"] == "kubectl-registry"
    (user,) = body["spec"]["auth"]["users"]
    assert set(user) == {"name", "rotation"}
    assert set(body["spec"]) == {"auth"}


def test_json_tells_the_same(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    cluster.after_patch = finish
    told = json.loads(plugin("rotate", "team", "-o", "json")[1])
    assert told == {
        "user": "admin", "secretName": "team-user-admin", "rotatedAt": "2026-11-25T00:00:00Z",
        "previousValidUntil": "2099-11-26T00:00:00Z",
    }  # fmt: skip


def test_without_waiting_it_only_asks(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    code, _, err = plugin("rotate", "team", "--no-wait")
    assert code == 0
    assert "Asked for a new password" in err


def test_an_operator_that_does_nothing_ends_the_wait(plugin: Run, team: Object) -> None:
    code, _, err = plugin("rotate", "team", "--timeout", "0.1")
    assert code == 7
    assert "the operator has not seen the change" in err


def test_the_user_has_to_be_named_when_there_are_several() -> None:
    thing = registry()
    thing["spec"] = {"auth": {"users": [{"name": "a"}, {"name": "b", "passwordFrom": {"secretName": "mine"}}]}}
    with pytest.raises(UsageError, match="--user: a, b"):
        rotate.choose(thing, "")
    with pytest.raises(NotFoundError, match="there is a, b"):
        rotate.choose(thing, "c")
    with pytest.raises(UsageError, match="Secret mine: change it there"):
        rotate.choose(thing, "b")
    assert rotate.choose(thing, "a").name == "a"


def test_a_gitops_tool_that_owns_the_field_is_not_fought_with() -> None:
    thing = registry()
    (user,) = users(thing)
    thing["metadata"]["managedFields"] = [owned("argocd-controller")]
    with pytest.raises(RefusedError, match="Argo CD owns"):
        rotate.check(thing, user, force=False)
    assert "argocd-controller" in rotate.check(thing, user, force=True)


def test_a_gitops_tool_that_keeps_the_object_is_warned_of() -> None:
    thing = registry()
    thing["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "apps"}
    (user,) = users(thing)
    assert "Flux keeps this Registry" in rotate.check(thing, user, force=False)
    thing["metadata"]["managedFields"] = [owned("before-first-apply")]
    with pytest.raises(RefusedError, match="Flux owns"):
        rotate.check(thing, user, force=False)


def test_a_file_that_names_the_rotation_is_mentioned() -> None:
    thing = registry()
    (user,) = users(thing)
    thing["metadata"]["managedFields"] = [owned("kubectl-client-side-apply")]
    assert "write the new text there as well" in rotate.check(thing, user, force=False)
    thing["metadata"]["managedFields"] = [owned("kubectl-client-side-apply", user="other")]
    assert rotate.check(thing, user, force=False) == ""


def test_earlier_rotations_of_ours_are_kept() -> None:
    thing = registry()
    thing["spec"] = {"auth": {"users": [{"name": "a", "rotation": "1"}, {"name": "b", "rotation": "2"}, {"name": "c"}]}}
    thing["metadata"]["managedFields"] = [owned("kubectl-registry", "a"), owned("kubectl", "b")]
    changed = rotate.change(thing, rotate.choose(thing, "c"), "3")
    assert changed["spec"]["auth"]["users"] == [{"name": "a", "rotation": "1"}, {"name": "c", "rotation": "3"}]


def test_live_is_replaced_seen_and_loaded() -> None:
    before = registry()
    (user,) = users(before)
    after = registry(generation=2)
    assert not rotate.is_live(after, user, 2), "not replaced yet"
    finish(after)
    assert rotate.is_live(after, user, 2)
    assert not rotate.is_live(after, user, 3), "a newer spec is not seen yet"
    after["status"]["conditions"][1]["status"] = "False"
    assert not rotate.is_live(after, user, 2), "a replica has not loaded it yet"


def test_an_overlap_of_nought_is_told() -> None:
    (user,) = users(registry())
    assert "does not work any more" in rotate.done(user, datetime(2026, 11, 25, tzinfo=UTC))[1]
