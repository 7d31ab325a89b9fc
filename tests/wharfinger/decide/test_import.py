"""storage.importFrom: an init container takes over, and conditions, status and an Event say how that goes."""

import copy
import dataclasses

SPEC = {"storage": {"existingClaim": "old", "importFrom": "Distribution"}}
SAID = "imported 2 repositories: 3 manifests, 3 tags, 9 blobs (9 linked, 0 copied, 12 MiB)"
CLAIM = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "old"},
    "spec": {"resources": {"requests": {"storage": "10Gi"}}},
    "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}},
}


def start(world, spec=SPEC):
    here = world(spec)
    here.change(children={("PersistentVolumeClaim", "old"): CLAIM})
    here.settle()
    return here


def pod(here, state, **more):
    """The pod's init container is in this state."""
    here.run_pods()
    (replica,) = here.observed.replicas
    told = copy.deepcopy(dict(replica.pod))
    told["status"]["initContainerStatuses"] = [{"name": "import", "state": state, **more}]
    return dataclasses.replace(replica, pod=told)


def see(here, replica):
    here.change(replicas=(replica,))
    here.step()


def test_it_runs_before_the_registry_and_only_where_it_is_asked_for(world):
    spec = start(world).child("Deployment", "team")["spec"]["template"]["spec"]
    (container,) = spec["initContainers"]
    assert container["image"] == spec["containers"][0]["image"]
    assert container["args"][:2] == ["import-distribution", "--once"]
    assert container["securityContext"] == spec["containers"][0]["securityContext"]
    here = start(world, {"storage": {"existingClaim": "old"}})
    assert "initContainers" not in here.child("Deployment", "team")["spec"]["template"]["spec"]


def test_while_it_runs_the_condition_says_so(world):
    here = start(world)
    replica = pod(here, {"running": {"startedAt": "2026-03-01T11:00:00Z"}})
    replica.pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    see(here, dataclasses.replace(replica, report=None))
    status, reason, message = here.condition("WorkloadReady")
    assert (status, reason) == ("False", "Importing")
    assert "kubectl logs team-0 -c import" in message
    assert not [event for event in here.events if event.startswith("Warning")]


def test_what_came_of_it_is_told_once_and_kept(world):
    here = start(world)
    replica = pod(here, {"terminated": {"exitCode": 0, "message": f"{SAID}\n"}})
    see(here, replica)
    see(here, replica)
    assert here.registry["status"]["storage"]["imported"] == SAID
    assert [event for event in here.events if "Imported" in event] == [
        f"Normal Imported: From what was on claim 'old': {SAID}"
    ]
    here.change(replicas=())
    here.step()
    assert here.registry["status"]["storage"]["imported"] == SAID


def test_one_that_fails_says_where_to_look(world):
    here = start(world)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"exitCode": 1, "message": "wharf: /var/lib/wharf: Permission denied\n"}}
    see(here, pod(here, waiting, lastState=last))
    status, reason, message = here.condition("WorkloadReady")
    assert (status, reason) == ("False", "CrashLooping")
    assert "Permission denied" in message
    assert "kubectl logs team-0 -c import --previous" in message
