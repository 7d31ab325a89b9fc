"""An object never goes back in time."""

from typing import Any

import pytest

from wharfinger.kube.cache import Cache, Key, Store, registry_of, trim
from wharfinger.kube.resources import CLAIM, DEFINITION, POD, REGISTRY, REGISTRY_LABEL, SECRET, WEBHOOK, Resource

TEAM, OTHER = Key("ci", "team"), Key("ci", "other")


def made(resource: Resource, name: str, version: int, registry: str = "team", **more: Any) -> dict[str, Any]:
    metadata = {"namespace": "ci", "name": name, "resourceVersion": str(version), "labels": {REGISTRY_LABEL: registry}}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **more}


def hook(version: int, registry: str) -> dict[str, Any]:
    return made(WEBHOOK, "hook", version, spec={"registryRef": {"name": registry}})


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
def store(told: list[Key]) -> Store:
    return Store(told.append)


def test_an_older_version_never_replaces_a_newer_one(store: Store, told: list[Key]) -> None:
    store.put(made(SECRET, "s", 7, data="new"))
    store.put(made(SECRET, "s", 5, data="old"))
    store.put(made(SECRET, "s", 7, data="again"))
    assert store.objects[Key("ci", "s")]["data"] == "new"
    assert told == [TEAM]


def test_a_deletion_takes_out_what_is_older_and_nothing_newer(store: Store) -> None:
    store.put(made(SECRET, "s", 7))
    store.drop(Key("ci", "s"), 6)
    assert store.of(TEAM)
    store.drop(Key("ci", "s"), 8)
    assert not store.of(TEAM)


def test_the_late_answer_to_a_write_does_not_bring_back_what_was_deleted_since(store: Store) -> None:
    store.put(made(SECRET, "s", 7))
    store.drop(Key("ci", "s"), 9)
    store.put(made(SECRET, "s", 8))
    assert not store.objects
    store.put(made(SECRET, "s", 10))
    assert store.objects


def test_a_list_shows_deletions_that_nobody_reported(store: Store, told: list[Key]) -> None:
    store.put(made(SECRET, "s", 7))
    store.put(made(SECRET, "kept", 8, "other"))
    told.clear()
    store.replace([made(SECRET, "kept", 8, "other")], 20)
    assert [key.name for key in store.objects] == ["kept"]
    assert told == [TEAM]


def test_a_list_does_not_undo_what_was_written_while_it_was_made(store: Store) -> None:
    store.put(made(SECRET, "mine", 21))
    store.replace([], 20)
    assert store.objects


def test_a_list_of_one_namespace_says_nothing_about_the_others(store: Store) -> None:
    store.put(made(SECRET, "s", 7))
    store.replace([], 20, "elsewhere")
    assert store.objects


def test_after_a_restored_backup_older_versions_count(store: Store, told: list[Key]) -> None:
    store.put(made(SECRET, "s", 700))
    store.put(made(SECRET, "gone", 701, "other"))
    told.clear()
    store.replace([made(SECRET, "s", 5, data="restored")], 9, rewound=True)
    assert store.objects[Key("ci", "s")]["data"] == "restored"
    assert set(told) == {TEAM, OTHER}
    assert not store.of(OTHER)


def written(version: int, status: str, *, labels: str = "", **more: Any) -> dict[str, Any]:
    metadata = {"namespace": "ci", "name": "team", "generation": 1, "labels": {"of": labels}} | more
    return made(REGISTRY, "team", version, status={"url": status}) | {
        "metadata": {**metadata, "resourceVersion": str(version)}
    }


def test_a_status_that_is_being_written_is_no_news_by_whichever_way_it_comes(store: Store, told: list[Key]) -> None:
    store.put(written(1, "before"))
    told.clear()
    with store.awaiting(TEAM, {"url": "after"}):
        store.put(written(2, "after"))  # a watch can be quicker than the answer
        store.put(written(2, "after"))
    assert told == []
    assert store.objects[TEAM]["status"] == {"url": "after"}
    store.put(written(3, "after", labels="later"))
    assert told == [TEAM], "nobody writes it any more"


@pytest.mark.parametrize(
    "seen",
    [written(2, "another's"), written(2, "after", generation=2), written(2, "after", labels="new"),
     written(2, "after", deletionTimestamp="2026-03-01T12:00:00Z")],
    ids=["another status", "another spec", "another label", "deleted"],
)  # fmt: skip
def test_whatever_else_has_changed_meanwhile_is_news(store: Store, told: list[Key], seen: dict[str, Any]) -> None:
    store.put(written(1, "before"))
    told.clear()
    with store.awaiting(TEAM, {"url": "after"}):
        store.put(seen)
    assert told == [TEAM]


def test_the_graves_are_few(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wharfinger.kube.cache._TOMBSTONES", 2)
    for number in range(5):
        store.drop(Key("ci", f"s{number}"), number)
    assert len(store._graves) == 2


def test_a_webhook_that_moves_concerns_the_old_and_the_new_registry(store: Store, told: list[Key]) -> None:
    store.put(hook(1, "team"))
    told.clear()
    store.put(hook(2, "other"))
    assert set(told) == {TEAM, OTHER}
    assert store.of(TEAM) == []
    assert store.of(OTHER) == [hook(2, "other")]


def test_an_object_may_concern_nobody(store: Store, told: list[Key]) -> None:
    store.put({"kind": "Secret", "metadata": {"namespace": "ci", "name": "s", "resourceVersion": "3"}})
    store.drop(Key("ci", "s"), 4)
    assert told == []


def test_whom_a_store_tells_can_be_chosen(told: list[Key]) -> None:
    store = Store(told.append, lambda _: (OTHER,))
    store.put(made(SECRET, "s", 3))
    assert told == [OTHER]


def test_a_registry_concerns_itself() -> None:
    assert registry_of(made(REGISTRY, "team", 1, "whatever its labels say")) == TEAM


def test_the_cache_finds_what_belongs_to_a_registry(told: list[Key]) -> None:
    cache = Cache(told.append)
    for resource, name in ((REGISTRY, "team"), (SECRET, "team-tls"), (CLAIM, "team"), (POD, "team-1"), (POD, "team-0")):
        cache.put(resource, made(resource, name, 3))
    cache.put(WEBHOOK, hook(4, "team"))
    assert cache.registry(TEAM) is not None
    assert [registry["metadata"]["name"] for registry in cache.registries()] == ["team"]
    assert set(cache.children(TEAM)) == {("Secret", "team-tls"), ("PersistentVolumeClaim", "team")}
    assert [pod["metadata"]["name"] for pod in cache.pods(TEAM)] == ["team-0", "team-1"]
    assert [webhook["metadata"]["name"] for webhook in cache.webhooks(TEAM)] == ["hook"]
    assert cache.child(TEAM, SECRET, "team-tls") is not None
    assert cache.child(OTHER, SECRET, "team-tls") is None, "a label that names another Registry does not count"
    assert cache.child(TEAM, SECRET, "absent") is None
    cache.put(WEBHOOK, hook(9, "other"))
    assert cache.concerned() == {TEAM, OTHER}


def test_what_is_kept_has_its_type_and_no_managed_fields() -> None:
    item = {"metadata": {"name": "s", "managedFields": [{"manager": "wharfinger"}]}, "data": {}}
    assert trim(item, SECRET) == {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {}}
    assert "managedFields" in item["metadata"], "the original is not touched"


@pytest.mark.parametrize("resource", [SECRET, POD, CLAIM])
def test_of_managed_fields_only_what_others_set_in_a_child_is_kept(resource: Resource) -> None:
    theirs = {"manager": "kubectl", "fieldsV1": {"f:data": {"f:more": {}}, "f:metadata": {"f:labels": {}}}}
    entries = [
        {"manager": "wharfinger", "fieldsV1": {"f:data": {"f:x": {}}}},
        {"manager": "kubelet", "subresource": "status", "fieldsV1": {"f:spec": {}}},
        {"manager": "annotator", "fieldsV1": {"f:metadata": {}}},
        theirs,
    ]
    kept = trim({"metadata": {"name": "s", "managedFields": entries}}, resource)["metadata"].get("managedFields")
    assert kept == ([{"manager": "kubectl", "fieldsV1": {"f:data": {"f:more": {}}}}] if resource == SECRET else None)


def test_of_a_definition_only_its_versions_are_held() -> None:
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {}}}]
    held = trim({"metadata": {"name": "x"}, "spec": {"group": "g", "versions": versions}}, DEFINITION)
    assert held["spec"] == {"versions": [{"name": "v1", "served": True}]}
