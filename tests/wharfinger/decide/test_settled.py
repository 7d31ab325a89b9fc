"""A note saves a look that would come to nothing, and no other."""

import copy
import dataclasses
import datetime as dt
from typing import Any

import pytest
from tests.wharfinger.decide.states import CI

from wharfinger.decide import settled
from wharfinger.decide.observed import Elsewhere
from wharfinger.decide.reconcile import reconcile

BY = "release 1"


def at_rest(world, spec: dict[str, Any] | None = None, **secrets: dict[str, str]):
    """A Registry that is Ready, with its note, as an operator that just started finds it: its pods not asked yet."""
    here = world(spec or {})
    for name, data in secrets.items():
        here.secret(name, **data)
    plan = here.settle()
    due = None if plan.requeue_after is None else here.now + dt.timedelta(seconds=plan.requeue_after)
    known = settled.versions(here.observed)
    here.registry["status"] = settled.noted(here.registry, here.registry["status"], known, due, BY)
    unasked = [dataclasses.replace(one, report=None, asked=False) for one in here.observed.replicas]
    here.change(replicas=tuple(unasked))
    return here


def stands(here, by: str = BY) -> bool:
    return settled.stands(here.registry, here.observed, here.now, by)


def write(here, kind: str, name: str, **fields: Any) -> None:
    """Somebody writes a child: it has another version."""
    live = copy.deepcopy(here.child(kind, name)) | fields
    live["metadata"]["resourceVersion"] = str(next(here.versions))
    here.change(children={**here.observed.children, (kind, name): live})


@pytest.mark.parametrize("spec", [{}, CI, {"tls": {"issuer": "Disabled"}}], ids=["default", "given password", "no TLS"])
def test_where_the_note_stands_a_look_would_write_and_delete_nothing(world, spec) -> None:
    here = at_rest(world, spec, ci={"word": "from the user"})
    assert stands(here)
    plan = reconcile(here.registry, here.observed, here.settings, now=here.now, mint=here.mint)
    assert (plan.apply, plan.remove, plan.delete, plan.poke, plan.ask) == ((), (), (), (), False)


def test_when_it_was_said_and_by_whom_does_not_matter_to_the_note(world) -> None:
    here = at_rest(world)
    live = here.child("Deployment", "team")
    condition = {"type": "Available", "status": "True", "lastUpdateTime": "2026-03-01T11:00:00Z"}
    write(here, "Deployment", "team", status={**live["status"], "conditions": [condition]})
    assert not stands(here), "a condition that was not there"
    here.registry["status"] = settled.noted(
        here.registry, here.registry["status"], settled.versions(here.observed), None, BY
    )
    later = [{**condition, "lastUpdateTime": "2026-03-01T11:30:00Z"}]
    write(here, "Deployment", "team", status={**live["status"], "conditions": later})
    assert stands(here)


def edited(here) -> None:
    here.edit(replicas=2)


def annotated(here) -> None:
    here.registry["metadata"]["annotations"] = {"a": "b"}


def made_again(here) -> None:
    here.registry["metadata"]["uid"] = "uid-2"


def status_forged(here) -> None:
    here.registry["status"]["url"] = "https://elsewhere.example.com"


def secret_written(here) -> None:
    write(here, "Secret", "team-htpasswd", data={})


def service_written(here) -> None:
    write(here, "Service", "team", spec={"selector": {}})


def deployment_written(here) -> None:
    spec = copy.deepcopy(here.child("Deployment", "team")["spec"])
    spec["template"]["spec"]["containers"][0]["image"] = "other"
    write(here, "Deployment", "team", spec=spec)


def claim_lost(here) -> None:
    write(here, "PersistentVolumeClaim", "team", status={"phase": "Lost"})


def label_lost(here) -> None:
    here.remove("ConfigMap", "team-ca")


def one_too_many(here) -> None:
    extra = copy.deepcopy(here.child("ConfigMap", "team-ca"))
    extra["metadata"]["name"] = "another"
    here.put(extra)


def given_secret_written(here) -> None:
    here.secret("ci", word="another")


def given_secret_gone(here) -> None:
    here.change(secrets={"ci": None})


def pod_not_ready(here) -> None:
    here.change(replicas=tuple(dataclasses.replace(one, asked=True) for one in here.observed.replicas))


def pod_going(here) -> None:
    (one,) = here.observed.replicas
    going = {**one.pod, "metadata": {**one.pod["metadata"], "deletionTimestamp": "2026-03-01T12:00:00Z"}}
    here.change(replicas=(dataclasses.replace(one, pod=going),))


def no_pod(here) -> None:
    here.change(replicas=())


def webhook_made(here) -> None:
    here.change(webhooks=({"metadata": {"name": "hook"}},))


def class_made(here) -> None:
    here.change(storage_classes={"standard": {"metadata": {"resourceVersion": "7"}, "allowVolumeExpansion": True}})


def write_refused(here) -> None:
    here.change(refused={("Service", "team"): "no"})


def copies_looked_for(here) -> None:
    here.change(elsewhere=Elsewhere())


def due(here) -> None:
    here.now += dt.timedelta(days=3650)


def note_without_time(here) -> None:
    here.registry["status"]["settled"]["until"] = "soon"


CHANGES = (
    edited, annotated, made_again, status_forged, secret_written, service_written, deployment_written, claim_lost,
    label_lost, one_too_many, given_secret_written, given_secret_gone, pod_not_ready, pod_going, no_pod, webhook_made,
    class_made, write_refused, copies_looked_for, due, note_without_time,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_has_changed_makes_a_look(world, change) -> None:
    here = at_rest(world, CI, ci={"word": "from the user"})
    assert stands(here)
    change(here)
    assert not stands(here)


def test_another_release_or_setting_looks_at_everything_anew(world) -> None:
    here = at_rest(world)
    assert not stands(here, "release 2")


def test_a_registry_that_is_not_ready_or_has_more_about_it_than_versions_gets_no_note(world) -> None:
    here = at_rest(world)
    status, known = here.registry["status"], settled.versions(here.observed)
    told = {**status, "conditions": [{"type": "Ready", "status": "False"}]}
    assert settled.NOTE not in settled.noted(here.registry, told, known, None, BY)
    assert settled.NOTE not in settled.noted(here.registry, status, None, None, BY)
    assert settled.NOTE in settled.noted(here.registry, status, known, None, BY)


def test_the_note_names_the_time_when_something_is_due(world) -> None:
    here = at_rest(world)
    seconds = settled.until(here.registry, here.now)
    assert seconds is not None
    assert seconds > 86400, "of the certificate's renewal"
    assert here.registry["status"]["settled"]["until"].startswith("20")
    assert settled.until({"status": {}}, here.now) is None


def test_nothing_secret_is_in_the_note_but_versions_alone(world) -> None:
    here = at_rest(world)
    known = settled.versions(here.observed)
    secret = here.child("Secret", "team-user-admin")["metadata"]
    assert known is not None
    assert known["Secret", "team-user-admin"] == f"{secret['uid']}/{secret['resourceVersion']}"
