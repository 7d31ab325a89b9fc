"""What a RegistryWebhook is told of itself."""

import dataclasses
import datetime as dt

import pytest

from wharfinger.decide.deliveries import orphan
from wharfinger.decide.observed import WebhookReport

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def hook(name="deploy", **spec):
    body = {"registryRef": {"name": "team"}, "url": "https://example.com/hooks", **spec}
    return {"metadata": {"name": name, "namespace": "ci", "generation": 2}, "spec": body}


def start(world, *hooks, reports=None, **spec):
    here = world(spec)
    here.change(webhooks=hooks)
    here.settle()
    here.run_pods(**(reports or {}))
    here.settle()
    return here


def condition(manifest, name):
    found = next(c for c in manifest["status"]["conditions"] if c["type"] == name)
    return found["status"], found["reason"], found["message"]


SENT = WebhookReport(delivered=5, pending=0, dead=0, last_success="2026-03-01T11:00:00Z")
FAILED = WebhookReport(
    delivered=5,
    pending=2,
    dead=1,
    last_success="2026-03-01T11:00:00Z",
    last_error_at="2026-03-01T11:00:00.250Z",
    last_error="503 Service Unavailable",
    next_attempt="2026-03-01T12:05:00Z",
)


def test_a_new_webhook_is_ready_once_every_replica_knows_it(world):
    manifest = hook()
    here = world()
    here.settle()
    here.change(webhooks=(manifest,))
    here.step()
    assert condition(manifest, "Ready")[:2] == ("False", "ConfigurationPending")
    assert here.condition("WebhooksReady")[:2] == ("False", "ConfigurationPending")
    here.settle()
    assert not [event for event in here.events if "Webhook" in event]
    assert condition(manifest, "Ready")[:2] == ("True", "EndpointLive")
    assert condition(manifest, "Delivering")[:2] == ("Unknown", "NothingSent")
    assert manifest["status"]["observedGeneration"] == 2


def test_figures_are_the_registry_s(world):
    manifest = hook()
    start(world, manifest, reports={"deploy": SENT})
    status = manifest["status"]
    assert (status["delivered"], status["pending"], status["dead"]) == (5, 0, 0)
    assert status["lastSuccess"] == "2026-03-01T11:00:00Z"
    assert "lastError" not in status
    assert condition(manifest, "Delivering")[:2] == ("True", "Delivered")


def test_an_endpoint_that_fails_is_shown_with_what_it_said(world):
    manifest = hook()
    here = start(world, manifest, reports={"deploy": FAILED})
    status, reason, message = condition(manifest, "Delivering")
    assert (status, reason) == ("False", "DeliveryFailing")
    assert "503 Service Unavailable" in message
    assert manifest["status"]["lastError"] == {
        "at": "2026-03-01T11:00:00.250Z",
        "message": "503 Service Unavailable",
        "nextAttempt": "2026-03-01T12:05:00Z",
    }
    assert here.registry["status"]["webhooks"] == {"total": 1, "healthy": 0}
    assert here.condition("WebhooksReady")[:2] == ("False", "WebhookUnhealthy")
    assert "'deploy'" in here.condition("WebhooksReady")[2]
    assert here.condition("Ready")[0] == "True"  # the registry itself serves


def test_the_message_that_kubectl_get_shows_tells_of_the_failure(world):
    manifest = hook()
    start(world, manifest, reports={"deploy": FAILED})
    status, _, message = condition(manifest, "Ready")
    assert status == "True"
    assert "503 Service Unavailable; 2 waiting, 1 given up" in message


def told(here):
    return [
        (event.type, event.reason)
        for plan in here.plans
        for event in plan.events
        if event.regarding.kind == "RegistryWebhook"
    ]


def test_the_webhook_is_told_once_when_it_begins_to_fail_and_once_when_it_recovers(world):
    manifest = hook()
    here = start(world, manifest, reports={"deploy": SENT})
    assert told(here) == []
    here.run_pods(deploy=FAILED)
    here.settle()
    assert told(here) == [("Warning", "DeliveryFailing")]
    here.run_pods(deploy=dataclasses.replace(FAILED, pending=3, last_error_at="2026-03-01T11:05:00Z"))
    here.settle()
    assert told(here) == [("Warning", "DeliveryFailing")]
    here.run_pods(deploy=dataclasses.replace(FAILED, last_success="2026-03-01T12:00:01Z", pending=0))
    here.settle()
    assert told(here) == [("Warning", "DeliveryFailing"), ("Normal", "Delivered")]
    assert "lastError" not in manifest["status"]


def test_what_a_webhook_lacks_is_told_of_it(world):
    here = start(world, hook(headersFrom=[{"name": "A", "secretName": "s", "key": "k"}]))
    assert told(here) == [("Warning", "HeaderMissing")]
    here.secret("s", k="v")
    here.settle()
    assert told(here)[1:] == [("Normal", "NothingSent")]


def test_the_next_attempt_is_told_while_it_is_ahead_and_looked_at_again_then(world):
    manifest = hook()
    here = start(world, manifest, reports={"deploy": FAILED})
    assert here.step().requeue_after == 300
    here.now += dt.timedelta(minutes=6)
    here.step()
    assert manifest["status"]["lastError"] == {"at": "2026-03-01T11:00:00.250Z", "message": "503 Service Unavailable"}


def test_of_several_the_one_that_needs_help_is_named_first(world):
    here = start(world, hook("a"), hook("b", headersFrom=[{"name": "A", "secretName": "s", "key": "k"}]), hook("c"))
    status, reason, message = here.condition("WebhooksReady")
    assert (status, reason) == ("False", "WebhookUnhealthy")
    assert message.startswith("RegistryWebhook 'b': Secret 's' is missing")
    assert here.registry["status"]["webhooks"] == {"total": 3, "healthy": 2}


def test_figures_stay_while_the_registry_cannot_be_asked(world):
    manifest = hook()
    here = start(world, manifest, reports={"deploy": SENT})
    here.change(replicas=())
    here.step()
    assert manifest["status"]["delivered"] == 5
    assert condition(manifest, "Ready")[0] == "False"


def test_a_suspended_webhook_says_what_it_keeps_and_is_healthy(world):
    manifest = hook(suspend=True)
    here = start(world, manifest, reports={"deploy": WebhookReport(delivered=0, pending=7, dead=0)})
    status, reason, message = condition(manifest, "Delivering")
    assert (status, reason) == ("Unknown", "Suspended")
    assert "7 events" in message
    assert here.condition("WebhooksReady")[0] == "True"


def test_what_a_webhook_lacks_is_said_in_both_conditions(world):
    manifest = hook(headersFrom=[{"name": "A", "secretName": "s", "key": "k"}])
    start(world, manifest)
    for name in ("Ready", "Delivering"):
        assert condition(manifest, name)[:2] == ("False", "HeaderMissing")


def test_a_paused_registry_takes_no_new_webhook_and_says_so(world):
    manifest = hook()
    here = world()
    here.settle()
    here.edit(paused=True)
    here.settle()
    here.change(webhooks=(manifest,))
    here.settle()
    assert condition(manifest, "Ready")[:2] == ("False", "RegistryPaused")
    assert "deploy" not in here.data("team-config", "config.yaml")
    here.edit(paused=False)
    here.settle()
    assert condition(manifest, "Ready")[0] == "True"


def test_a_webhook_that_does_not_fit_says_where(world):
    manifest = hook(events=["fly"])
    start(world, manifest)
    status, reason, message = condition(manifest, "Ready")
    assert (status, reason) == ("False", "InvalidSpec")
    assert "spec.events" in message


def test_a_webhook_to_a_missing_registry_says_so_once():
    manifest = hook()
    manifest["status"] = orphan(manifest, NOW)
    assert condition(manifest, "Ready")[:2] == ("False", "RegistryNotFound")
    assert "'team'" in condition(manifest, "Ready")[2]
    assert orphan(manifest, NOW + dt.timedelta(hours=1)) is None


@pytest.mark.parametrize("spec", [None, {}, {"registryRef": None}])
def test_a_webhook_that_names_nothing_is_an_orphan_too(spec):
    status = orphan({"metadata": {"name": "a"}, "spec": spec}, NOW)
    assert status is not None
    assert status["conditions"][0]["reason"] == "RegistryNotFound"


def test_a_steady_webhook_is_not_written_again(world):
    here = start(world, hook(), hook("other"), reports={"deploy": SENT})
    assert here.step().statuses == {}


def test_figures_that_change_all_the_time_are_written_now_and_then(world):
    manifest = hook()
    busy = dataclasses.replace(SENT, last_success="2026-03-01T12:00:00Z")
    here = start(world, manifest, reports={"deploy": busy})
    assert manifest["status"]["delivered"] == 5
    here.now += dt.timedelta(seconds=5)
    here.run_pods(deploy=dataclasses.replace(busy, delivered=50, last_success="2026-03-01T12:00:05Z"))
    plan = here.step()
    assert plan.statuses == {}
    assert plan.requeue_after == 10
    here.now += dt.timedelta(seconds=10)
    here.step()
    assert manifest["status"]["delivered"] == 50


def test_a_verdict_or_a_loss_is_written_at_once(world):
    manifest = hook()
    busy = dataclasses.replace(SENT, last_success="2026-03-01T12:00:00Z")
    here = start(world, manifest, reports={"deploy": busy})
    here.run_pods(deploy=dataclasses.replace(busy, delivered=6, dead=1, failed=3))
    here.step()
    assert (manifest["status"]["dead"], manifest["status"]["failed"]) == (1, 3)
    here.run_pods(
        deploy=dataclasses.replace(busy, dead=1, dropped=2, last_error="500", last_error_at="2026-03-01T12:00:01Z")
    )
    here.step()
    assert manifest["status"]["dropped"] == 2
    status, _, message = condition(manifest, "Delivering")
    assert status == "False"
    assert "a new text in spec.replay sends what was given up again" in message
    assert "2 older ones are lost for want of room" in message


def test_events_that_are_refused_show_though_the_last_one_was_taken(world):
    manifest = hook()
    start(world, manifest, reports={"deploy": dataclasses.replace(SENT, pending=3, refused=1)})
    assert "1 that it did not take are tried again" in condition(manifest, "Delivering")[2]
    assert manifest["status"]["refused"] == 1
