"""All children: what is wanted, in which order, what stays, what goes."""

import copy

from wharfinger.children.owner import Owner
from wharfinger.decide.desired import desired, key_of, obsolete


def wanted(here):
    owner = Owner("team", "ci", "uid-1")
    return desired(here.model, owner, here.observed, here.settings, now=here.now, mint=here.mint)


def test_what_is_mounted_is_written_before_what_mounts_it(world):
    here = world()
    here.settle()
    kinds = [key_of(child) for child in wanted(here).children]
    assert kinds[-1] == ("Deployment", "team")
    assert kinds[0] == ("ServiceAccount", "team")
    for secret in ("team-config", "team-htpasswd", "team-tls"):
        assert ("Secret", secret) in kinds
    assert kinds.index(("Secret", "team-ca")) < kinds.index(("Secret", "team-tls"))


def test_there_is_no_deployment_before_everything_that_it_mounts(world):
    here = world()
    assert ("Deployment", "team") not in [key_of(child) for child in wanted(here).children]
    here.step()
    assert ("Deployment", "team") in [key_of(child) for child in wanted(here).children]


def test_a_paused_registry_keeps_workload_and_storage_as_they_are(world):
    here = world()
    here.settle()
    here.edit(paused=True, pod={"labels": {"a": "b"}}, storage={"size": "20Gi"}, service={"port": 5000}, access=[])
    plan = here.settle()
    kinds = {key_of(child)[0] for child in wanted(here).children}
    assert kinds == {"Secret", "ConfigMap"}
    assert plan.delete == ()
    assert here.child("PersistentVolumeClaim", "team")["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert "access: []" not in here.data("team-config", "config.yaml")
    assert here.condition("Ready")[:2] == ("True", "Paused")


def test_a_paused_registry_says_what_it_holds_back(world):
    here = world({"paused": False})
    here.settle()
    here.edit(paused=True)
    here.settle()
    assert here.condition("Ready")[:2] == ("True", "Paused")
    here.edit(access=[], pod={"labels": {"a": "b"}})
    here.settle()
    message = here.condition("Ready")[2]
    assert "the configuration is behind the spec" in message
    assert "Deployment 'team' differs in spec.template.metadata.labels.a" in message


def test_a_paused_registry_says_what_is_missing_or_was_stopped(world):
    here = world()
    here.settle()
    here.edit(paused=True)
    here.settle()
    here.remove("Service", "team")
    here.settle()
    assert here.condition("Ready")[:2] == ("False", "Paused")
    assert "Service 'team' is missing" in here.condition("Ready")[2]
    scaled = copy.deepcopy(here.child("Deployment", "team"))
    scaled["spec"]["replicas"] = 0
    scaled["status"] |= {"replicas": 0, "updatedReplicas": 0}
    here.change(children={**here.observed.children, ("Deployment", "team"): scaled})
    here.settle()
    status, reason, message = here.condition("Ready")
    assert (status, reason) == ("False", "Paused")
    assert message.startswith("the Deployment has 0 of 1 replicas up to date; spec.paused holds changes back (")
    assert "Deployment 'team' differs in spec.replicas" in message
    assert not [event for event in here.events if event.startswith("Warning")]


def test_a_paused_registry_keeps_credentials_and_certificates_alive(world):
    here = world({"auth": {"users": [{"name": "ci", "rotation": "1"}]}, "tls": {"selfSigned": {"validity": "24h"}}})
    here.settle()
    old, certificate = here.data("team-user-ci", "password"), here.data("team-tls", "tls.crt")
    here.edit(paused=True, auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert here.data("team-user-ci", "password") != old
    here.now = here.now.replace(day=2)
    here.settle()
    assert here.data("team-tls", "tls.crt") != certificate


def stray(here, kind="Secret", name="stray", uid="uid-1"):
    owners = [{"uid": uid, "controller": True}] if uid else []
    here.change(
        children={
            **here.observed.children,
            (kind, name): {"kind": kind, "metadata": {"name": name, "ownerReferences": owners}},
        }
    )
    return [(reference.kind, reference.name) for reference in obsolete(here.model, here.observed, wanted(here))]


def test_a_child_of_ours_that_nothing_wants_goes(world):
    here = world()
    here.settle()
    assert stray(here) == [("Secret", "stray")]


def test_what_is_not_provably_ours_stays(world):
    here = world()
    here.settle()
    assert stray(here, uid="") == []
    assert stray(here, uid="another") == []


def test_a_claim_never_goes(world):
    here = world()
    here.settle()
    assert stray(here, kind="PersistentVolumeClaim") == []
