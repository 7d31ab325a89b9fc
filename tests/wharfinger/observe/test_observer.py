"""One look gathers all that concerns a Registry."""

import base64
from typing import Any

import pytest

from wharfinger.decide import x509
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.resources import CLAIM, CONFIG_MAP, POD, REGISTRY, REGISTRY_LABEL, SECRET, WEBHOOK, Resource
from wharfinger.observe.foreign_kinds import ForeignKinds
from wharfinger.observe.observer import Observer, Reading, targets
from wharfinger.observe.pod_events import PodEvents
from wharfinger.observe.poller import Poller
from wharfinger.observe.references import References

TEAM = Key("ci", "team")
READY = {"conditions": [{"type": "Ready", "status": "True"}], "podIP": "127.0.0.1", "phase": "Running"}


def made(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    metadata = {"namespace": "ci", "name": name, "uid": f"uid-{name}", "resourceVersion": "5"}
    labels = {REGISTRY_LABEL: "team"}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {**metadata, "labels": labels},
        **more,
    }


def secret(name: str, **data: str) -> dict[str, Any]:
    return made(SECRET, name, data={key: base64.b64encode(value.encode()).decode() for key, value in data.items()})


@pytest.fixture
def cache() -> Cache:
    return Cache(lambda _: None)


@pytest.fixture
async def observer(client, asker, cache):
    poller, references = Poller(asker, lambda _: None), References(client, lambda _: None)
    kinds = ForeignKinds(client, cache)
    yield Observer(cache, Reading(references, kinds), poller, PodEvents(client))
    await poller.close()
    await references.close()
    await kinds.close()


def by_kind(*objects: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}


async def test_everything_about_a_registry_comes_together(api, cache, observer, pod, until) -> None:
    api.put(SECRET, {"metadata": {"name": "pw"}, "data": {}})
    api.put(CLAIM, {"metadata": {"name": "old"}})
    spec = {
        "storage": {"existingClaim": "old"},
        "auth": {"users": [{"name": "a", "passwordFrom": {"secretName": "pw"}}]},
    }
    registry = made(REGISTRY, "team", spec=spec)
    hook = made(
        WEBHOOK,
        "hook",
        spec={"registryRef": {"name": "team"}, "url": "https://x", "tls": {"ca": {"configMapName": "absent"}}},
    )
    children = (
        secret("team-config", **{"admin-token": "t"}),
        secret("team-tls", **{"tls.crt": pod.ca, "tls.key": "k", "ca.crt": pod.ca}),
    )
    for resource, obj in ((REGISTRY, registry), (WEBHOOK, hook), *((SECRET, child) for child in children)):
        cache.put(resource, obj)
    cache.put(POD, made(POD, "team-0", status=READY))
    cache.put(POD, made(POD, "team-1", status={"phase": "Pending"}))
    first = await observer.observe(registry, {("Service", "team"): "no"})
    assert set(first.children) == {
        ("Secret", "team-config"),
        ("Secret", "team-tls"),
        ("PersistentVolumeClaim", "old"),
    }
    assert first.secrets["pw"] is not None
    assert first.config_maps == {"absent": None}
    assert [webhook["metadata"]["name"] for webhook in first.webhooks] == ["hook"]
    assert first.refused == {("Service", "team"): "no"}
    assert [replica.error for replica in first.replicas] == ["it has not been asked yet", "the pod is not ready"]

    observer.follow(registry, eager=True)
    await until(lambda: pod.tokens and observer._poller.answers(TEAM))
    replica = (await observer.observe(registry, {})).replicas[0]
    assert replica.report is not None
    assert replica.report.used == 3
    assert pod.tokens[0] == "Bearer t"
    observer.nudge(TEAM)
    assert observer.pause(TEAM) is not None, "a pod is in trouble: another look will be worth while"
    observer.forget(TEAM)
    assert observer._poller.answers(TEAM) == {}


def test_nobody_is_asked_without_a_token_or_a_certificate(pod) -> None:
    registry, ready = made(REGISTRY, "team", spec={}), (made(POD, "team-0", status=READY),)
    token, tls = (
        secret("team-config", **{"admin-token": "t"}),
        secret("team-tls", **{"tls.crt": pod.ca, "tls.key": "k"}),
    )
    assert targets(registry, by_kind(token), ready) == frozenset()
    assert targets(registry, by_kind(tls), ready) == frozenset()
    assert targets({**registry, "spec": {"replicas": "many"}}, by_kind(token, tls), ready) == frozenset()
    (target,) = targets(registry, by_kind(token, tls), ready)
    assert (target.address, target.server_name, target.token) == ("127.0.0.1", "team.ci.svc", "t")
    assert target.pin is not None
    assert target.pin.sha256 == x509.certificate(pod.ca).sha256


def test_while_the_ca_is_replaced_the_old_one_is_trusted_too(pod) -> None:
    registry, ready = made(REGISTRY, "team", spec={}), (made(POD, "team-0", status=READY),)
    objects = (
        secret("team-config", **{"admin-token": "t"}),
        secret("team-tls", **{"tls.crt": pod.ca, "tls.key": "k", "ca.crt": "NEW"}),
        made(CONFIG_MAP, "team-ca", data={"ca.crt": "NEW OLD"}),
    )
    (target,) = targets(registry, by_kind(*objects), ready)
    assert "NEW OLD" in target.ca


def test_plain_http_is_asked_for_by_the_spec_and_never_guessed() -> None:
    ready = (made(POD, "team-0", status=READY), made(POD, "team-1", status={**READY, "podIP": ""}))
    registry = made(REGISTRY, "team", spec={"tls": {"issuer": "Disabled"}})
    (target,) = targets(registry, by_kind(secret("team-config", **{"admin-token": "t"})), ready)
    assert target.ca == ""
