"""RegistryWebhooks become endpoints; what lacks something is configured but keeps its events."""

import base64

import pytest

import wharf.config
from wharfinger.decide.mint import SystemMint
from wharfinger.decide.observed import Observed
from wharfinger.decide.webhooks import read
from wharfinger.decide.x509 import Term, authority

PLAIN = {"registryRef": {"name": "team"}, "url": "https://example.com/hooks"}
HEADERS = [{"name": "Authorization", "secretName": "hook", "key": "token"}]


def hook(name="deploy", **spec):
    return {"metadata": {"name": name, "namespace": "ci", "generation": 1}, "spec": PLAIN | spec}


def secret(**data):
    return {"metadata": {"name": "hook"}, "data": {k: base64.b64encode(v).decode() for k, v in data.items()}}


def only(manifest, **observed):
    (found,) = read(Observed(webhooks=(manifest,), **observed))
    return found


def test_a_plain_webhook_becomes_an_endpoint_with_every_default():
    endpoint = only(hook()).endpoint
    assert endpoint is not None
    assert (endpoint.name, endpoint.url, endpoint.events) == ("deploy", "https://example.com/hooks", ("push",))
    assert (endpoint.timeout, endpoint.max_age, endpoint.min_backoff, endpoint.max_backoff) == (10, 86400, 1, 300)
    assert not endpoint.suspended


def test_endpoints_stand_by_name_and_those_being_deleted_are_gone():
    going = hook("a")
    going["metadata"]["deletionTimestamp"] = "now"
    assert [found.name for found in read(Observed(webhooks=(hook("c"), going, hook("b"))))] == ["b", "c"]


def test_header_values_come_from_secrets():
    found = only(hook(headersFrom=HEADERS), secrets={"hook": secret(token=b"Bearer x\n")})
    assert found.endpoint is not None
    assert found.endpoint.headers == {"Authorization": "Bearer x"}
    assert found.problem is None


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (None, "Secret 'hook' is missing"),
        (secret(), "key 'token' of Secret 'hook'"),
        (secret(token=b""), "key 'token' of Secret 'hook'"),
        (secret(token=b"a\r\nHost: evil"), "one line of ASCII"),
        (secret(token="ü".encode()), "one line of ASCII"),
    ],
)
def test_a_missing_or_unusable_header_is_named_and_the_events_are_kept(live, said):
    found = only(hook(headersFrom=HEADERS), secrets={"hook": live})
    assert found.problem is not None
    assert found.problem.reason == "HeaderMissing"
    assert said in found.problem.message
    assert "events are kept" in found.problem.message
    assert found.endpoint is not None
    assert found.endpoint.suspended


def test_a_ca_comes_from_a_config_map(world):
    mint = SystemMint()
    pem = authority("CA", mint.key(), Term(1, world().now, world().now - world().now.replace(day=1, month=1)))
    found = only(hook(tls={"ca": {"configMapName": "ca"}}), config_maps={"ca": {"data": {"ca.crt": pem}}})
    assert found.endpoint is not None
    assert (found.endpoint.ca, found.problem) == (pem, None)


@pytest.mark.parametrize("live", [None, {}, {"data": None}, {"data": {"ca.crt": "nonsense"}}])
def test_a_missing_ca_is_named_and_the_events_are_kept(live):
    found = only(hook(tls={"ca": {"configMapName": "ca"}}), config_maps={"ca": live})
    assert found.problem is not None
    assert found.problem.reason == "CaMissing"
    assert "ConfigMap 'ca'" in found.problem.message
    assert found.endpoint is not None
    assert found.endpoint.suspended


def test_a_webhook_that_does_not_fit_its_schema_is_no_endpoint():
    found = only(hook(events=["fly"]))
    assert found.endpoint is None
    assert found.problem is not None
    assert found.problem.reason == "InvalidSpec"


def test_wharf_reads_the_endpoint(world):
    here = world()
    here.change(webhooks=(hook(tags=["v*"], events=["push", "delete"], suspend=True),))
    here.settle()
    (read_back,) = wharf.config.parse(here.data("team-config", "config.yaml")).webhooks
    assert (read_back.name, list(read_back.tags), read_back.suspended) == ("deploy", ["v*"], True)
