"""A Registry with its cache, and an applier that writes to the server with faults."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from wharfinger.apply.applier import Applier
from wharfinger.apply.events import Recorder
from wharfinger.decide.plan import Reference
from wharfinger.kube.cache import Cache
from wharfinger.kube.resources import REGISTRY, REGISTRY_LABEL, Resource

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
TEAM = Reference(REGISTRY.api_version, REGISTRY.kind, "team")
LABELS = {"app.kubernetes.io/managed-by": "wharfinger", REGISTRY_LABEL: "team"}


def child(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    """A child as a plan has it."""
    owner = {"apiVersion": REGISTRY.api_version, "kind": REGISTRY.kind, "name": "team", "uid": "uid-team"}
    metadata = {"namespace": "ci", "name": name, "labels": LABELS, "ownerReferences": [owner]}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **more}


@pytest.fixture
def cache() -> Cache:
    return Cache(lambda _: None)


@pytest.fixture
def registry(api, cache) -> dict[str, Any]:
    """The Registry `ci/team`, on the server and in the cache; seen to before."""
    made = api.put(REGISTRY, {"metadata": {"name": "team", "uid": "uid-team"}, "spec": {}, "status": {"url": "x"}})
    cache.put(REGISTRY, made)
    return made


@pytest.fixture
def recorder(client) -> Recorder:
    return Recorder(client, lambda: NOW, "operator-0")


@pytest.fixture
def applier(client, cache, recorder) -> Applier:
    return Applier(client, cache, recorder, lambda: NOW)
