"""Live objects become models; what does not fit is said, by field and remedy."""

import subprocess
import sys

import pytest

from wharfinger.api import load


def registry(spec):
    return {"metadata": {"name": "team", "namespace": "ci", "uid": "u"}, "spec": spec}


def webhook(**spec):
    body = {"registryRef": {"name": "team"}, "url": "https://example.com/", **spec}
    return {"metadata": {"name": "hook", "namespace": "ci"}, "spec": body}


@pytest.mark.parametrize("manifest", [registry({}), registry(None), {"metadata": {"name": "a", "namespace": "b"}}])
def test_an_empty_or_absent_spec_is_all_defaults(manifest):
    loaded = load.registry(manifest)
    assert loaded.spec.replicas == 1
    assert loaded.spec.tls.issuer == "SelfSigned"
    assert loaded.spec.auth.rotation_overlap == "24h"
    assert loaded.status == {}


def test_a_field_of_a_newer_version_is_passed_over():
    assert load.registry(registry({"hibernate": True, "storage": {"autoGrow": {"to": "1Ti"}}})).spec.replicas == 1


def test_metadata_is_read():
    manifest = registry({})
    manifest["metadata"] |= {"generation": 4, "annotations": {"a": "b"}, "resourceVersion": "7"}
    metadata = load.registry(manifest).metadata
    assert (metadata.generation, metadata.annotations) == (4, {"a": "b"})


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"replicas": "one"}, "spec.replicas"),
        ({"tls": {"issuer": "Magic"}}, "spec.tls.issuer"),
        ({"storage": {"size": "ten"}}, "spec.storage.size"),
        ({"auth": {"users": [{}]}}, "spec.auth.users"),
        ({"auth": {"users": [{"name": "a"}, {"name": "a"}]}}, "spec.auth.users"),
        ({"auth": {"rotationOverlap": "1 day"}}, "spec.auth.rotationOverlap"),
        ({"auth": {"rotationOverlap": "9" * 20 + "h"}}, "spec.auth.rotationOverlap"),
        ({"pod": {"resources": {"limits": {"cpu": "lots"}}}}, "spec.pod.resources.limits"),
        ([], "spec"),
    ],
)
def test_a_registry_that_does_not_fit_is_refused_by_field(spec, field):
    with pytest.raises(load.InvalidError) as refused:
        load.registry(registry(spec))
    assert str(refused.value).startswith(field)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"url": 5}, "spec.url"),
        ({"events": ["fly"]}, "spec.events"),
        ({"timeout": "9" * 20 + "h"}, "spec.timeout"),
        ({"registryRef": None}, "spec.registryRef"),
    ],
)
def test_a_webhook_that_does_not_fit_is_refused_by_field(spec, field):
    with pytest.raises(load.InvalidError) as refused:
        load.webhook(webhook(**spec))
    assert str(refused.value).startswith(field)


def test_a_webhook_without_a_spec_is_refused():
    with pytest.raises(load.InvalidError):
        load.webhook({"metadata": {"name": "a", "namespace": "b"}})


def test_a_whole_webhook_is_read():
    loaded = load.webhook(
        webhook(events=["push", "delete"], retry={"maxAge": "1h"}, tls={"ca": {"configMapName": "c"}})
    )
    assert loaded.spec.events == ("push", "delete")
    assert loaded.spec.tls is not None
    assert loaded.spec.tls.ca is not None
    assert loaded.spec.tls.ca.key == "ca.crt"


def test_many_threads_may_be_the_first_to_read() -> None:
    script = """
import sys, threading
from wharfinger.api import load
threads, together = 12, threading.Barrier(12)
sys.setswitchinterval(1e-6)
team = {"metadata": {"name": "a", "namespace": "b", "uid": "c", "generation": 1}, "spec": {"auth": {"users": []}}}
def read():
    together.wait()
    load.registry(team)
readers = [threading.Thread(target=read) for _ in range(threads)]
[reader.start() for reader in readers]
[reader.join() for reader in readers]
"""
    # a process of its own: what is being tested happens once in a process, and used to end it
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
