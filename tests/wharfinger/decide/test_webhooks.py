"""RegistryWebhooks become endpoints; what lacks something is configured but keeps its events."""

import base64
import datetime as dt

import pytest

import wharf.config
from wharfinger.api import load
from wharfinger.children.owner import Owner
from wharfinger.decide.mint import SystemMint
from wharfinger.decide.observed import Observed
from wharfinger.decide.webhooks import read

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
PLAIN = {"registryRef": {"name": "team"}, "url": "https://example.com/hooks"}
HEADERS = [{"name": "Authorization", "secretName": "hook", "key": "token"}]


def hook(name="deploy", **spec):
    return {"metadata": {"name": name, "namespace": "ci", "generation": 1}, "spec": PLAIN | spec}


def secret(**data):
    return {"metadata": {"name": "hook"}, "data": {k: base64.b64encode(v).decode() for k, v in data.items()}}


def hooks(*manifests, **observed):
    registry = load.registry({"metadata": {"name": "team", "namespace": "ci", "uid": "u", "generation": 1}})
    owner = Owner("team", "ci", "u")
    return read(registry, owner, Observed(webhooks=manifests, **observed), now=NOW, mint=SystemMint())


def only(manifest, **observed):
    (found,) = hooks(manifest, **observed)
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
    assert [found.name for found in hooks(hook("c"), going, hook("b"))] == ["b", "c"]


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


def test_a_missing_ca_is_named_and_the_events_are_kept():
    found = only(hook(tls={"ca": {"configMapName": "ca"}}), config_maps={"ca": None})
    assert found.problem is not None
    assert found.problem.reason == "CaMissing"
    assert found.endpoint is not None
    assert found.endpoint.suspended


def test_without_a_signing_secret_of_the_user_s_events_are_kept():
    found = only(hook(signing={"secretName": "mine"}), secrets={"mine": None})
    assert found.problem is not None
    assert found.problem.reason == "SigningSecretUnusable"
    assert found.endpoint is not None
    assert found.endpoint.suspended


def test_the_endpoint_signs_with_what_was_generated():
    found = only(hook())
    assert found.endpoint is not None
    assert [each["secret"][:6] for each in found.endpoint.signing] == ["whsec_"]
    assert found.signing.child is not None
    assert found.key == ("Secret", "deploy-signing")


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
