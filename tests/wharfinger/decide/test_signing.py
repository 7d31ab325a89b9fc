"""A webhook's secret is made once, replaced with an overlap, and never lost by accident."""

import base64
import datetime as dt

import pytest
import standardwebhooks

import wharf.config
from wharfinger.decide.signing import readable

OTHER = f"whsec_{base64.b64encode(b'x' * 32).decode()}"


def hook(name="deploy", **signing):
    spec = {"registryRef": {"name": "team"}, "url": "https://example.com/hooks", "signing": signing}
    return {"metadata": {"name": name, "namespace": "ci", "generation": 1}, "spec": spec}


@pytest.fixture
def start(world):
    def begin(manifest, **spec):
        here = world(spec)
        here.change(webhooks=(manifest,))
        here.settle()
        return here

    return begin


def secrets(here):
    """What the registry signs with: secrets and their ends."""
    (endpoint,) = wharf.config.parse(here.data("team-config", "config.yaml")).webhooks
    return [(each.secret, each.until) for each in endpoint.signing]


def status(manifest):
    return manifest["status"]["signing"]


def test_a_secret_is_generated_once_in_the_standard_s_form(start):
    manifest = hook()
    here = start(manifest)
    secret = here.data("deploy-signing", "secret")
    assert secrets(here) == [(secret, "")]
    assert standardwebhooks.Webhook(secret)
    assert status(manifest) == {"secretName": "deploy-signing"}
    here.now += dt.timedelta(days=400)
    here.settle()
    assert secrets(here) == [(secret, "")]


def test_a_rotation_lets_both_sign_and_ends_the_old_one_at_a_time_that_status_names(start):
    manifest = hook(overlap="2h")
    here = start(manifest)
    old = here.data("deploy-signing", "secret")
    manifest["spec"]["signing"]["rotation"] = "1"
    here.settle()
    new = here.data("deploy-signing", "secret")
    assert new != old
    assert secrets(here) == [(new, ""), (old, "2026-03-01T14:00:00Z")]
    assert status(manifest) == {
        "secretName": "deploy-signing",
        "rotatedAt": "2026-03-01T12:00:00Z",
        "previousValidUntil": "2026-03-01T14:00:00Z",
    }
    assert here.settle().requeue_after == 7200
    assert [event.reason for plan in here.plans for event in plan.events].count("SigningSecretChanged") == 1
    here.now += dt.timedelta(hours=2)
    here.settle()
    assert secrets(here) == [(new, "")]
    assert "previousValidUntil" not in status(manifest)


def test_rotations_within_an_overlap_end_nobody_early(start):
    manifest = hook()
    here = start(manifest)
    seen = [here.data("deploy-signing", "secret")]
    for number in range(5):
        manifest["spec"]["signing"]["rotation"] = str(number)
        here.now += dt.timedelta(minutes=1)
        here.settle()
        seen.insert(0, here.data("deploy-signing", "secret"))
    assert [secret for secret, _ in secrets(here)] == seen[:4]


def test_a_rotation_without_overlap_ends_the_old_one_at_once(start):
    manifest = hook(overlap="0s")
    here = start(manifest)
    manifest["spec"]["signing"]["rotation"] = "1"
    here.settle()
    assert len(secrets(here)) == 1


def test_a_text_that_is_taken_away_and_comes_again_is_not_a_new_one(start):
    manifest = hook(rotation="1")
    here = start(manifest)
    secret = here.data("deploy-signing", "secret")
    del manifest["spec"]["signing"]["rotation"]
    here.settle()
    manifest["spec"]["signing"]["rotation"] = "1"
    here.settle()
    assert secrets(here) == [(secret, "")]


def test_a_given_secret_signs_and_a_change_of_it_overlaps(start):
    manifest = hook(secretName="mine")
    here = start(manifest)
    assert secrets(here) == []
    here.secret("mine", secret=f"{OTHER}\n")
    here.settle()
    assert secrets(here) == [(OTHER, "")]
    newer = here.mint.signing()
    here.secret("mine", secret=newer)
    here.settle()
    assert secrets(here) == [(newer, ""), (OTHER, "2026-03-02T12:00:00Z")]
    assert status(manifest)["secretName"] == "mine"


@pytest.mark.parametrize("broken", ["", "whsec_", "whsec_!", "geheim", f"whsec_{base64.b64encode(b'short').decode()}"])
def test_a_given_secret_that_breaks_is_named_and_the_last_one_goes_on(start, broken):
    manifest = hook(secretName="mine")
    here = start(manifest)
    here.secret("mine", secret=OTHER)
    here.settle()
    here.secret("mine", secret=broken)
    here.settle()
    assert secrets(here) == [(OTHER, "")]
    ready = next(c for c in manifest["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "SigningSecretUnusable")
    assert "the last one signs" in ready["message"]
    (endpoint,) = wharf.config.parse(here.data("team-config", "config.yaml")).webhooks
    assert not endpoint.suspended


def test_going_back_to_a_generated_secret_makes_a_new_one(start):
    manifest = hook(secretName="mine")
    here = start(manifest)
    here.secret("mine", secret=OTHER)
    here.settle()
    manifest["spec"]["signing"] = {}
    here.settle()
    (new, _), old = secrets(here)
    assert new != OTHER
    assert old == (OTHER, "2026-03-02T12:00:00Z")


def test_nothing_is_replaced_while_the_registry_is_paused(start):
    manifest = hook()
    here = start(manifest)
    before = here.data("deploy-signing", "secret")
    here.edit(paused=True)
    manifest["spec"]["signing"]["rotation"] = "1"
    here.settle()
    assert here.data("deploy-signing", "secret") == before
    here.edit(paused=False)
    here.settle()
    assert here.data("deploy-signing", "secret") != before


def test_the_secret_goes_with_its_webhook_and_stays_while_that_only_does_not_fit(start):
    manifest = hook()
    here = start(manifest)
    manifest["spec"]["events"] = ["fly"]
    here.settle()
    assert ("Secret", "deploy-signing") in here.observed.children
    here.change(webhooks=())
    here.settle()
    assert ("Secret", "deploy-signing") not in here.observed.children


def test_a_secret_that_somebody_spoils_is_made_anew(start):
    here = start(hook())
    before = here.data("deploy-signing", "secret")
    here.child("Secret", "deploy-signing")["data"] = {"secret": "AAAA", "previous": "AAAA"}
    here.settle()
    assert readable(here.data("deploy-signing", "secret").encode())
    assert secrets(here)[0][0] != before


def test_nothing_that_the_cluster_shows_holds_a_secret(start):
    manifest = hook(rotation="1")
    here = start(manifest)
    manifest["spec"]["signing"]["rotation"] = "2"
    here.settle()
    shown = [
        manifest["status"],
        here.registry["status"],
        here.events,
        here.child("Secret", "deploy-signing")["metadata"],
    ]
    assert "whsec_" not in str(shown)
