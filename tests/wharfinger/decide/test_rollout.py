"""WorkloadReady names the first thing that stands in the way, and the remedy."""

import dataclasses

import pytest

from wharfinger.decide.observed import Replica


def start(world, **spec):
    here = world(spec)
    here.settle()
    return here


def with_pod(here, *, report=None, **status):
    """The registry's only pod is in this state, and could not be asked."""
    pod = {"metadata": {"name": "team-0"}, "status": {"phase": "Pending", **status}}
    here.change(replicas=(Replica(pod, report, "connection refused"),))
    here.step()
    return here.condition("WorkloadReady")


def waiting(reason, message="", **more):
    state = {"waiting": {"reason": reason, "message": message}}
    return [{"image": "wharf:x", "started": False, "state": state, **more}]


def test_every_replica_up_with_the_newest_configuration_is_live(world):
    assert start(world).condition("WorkloadReady") == (
        "True",
        "WorkloadLive",
        "1 replica up, with the newest configuration",
    )


def test_a_stopped_registry_says_how_to_start_it(world):
    here = start(world, replicas=0)
    assert here.condition("WorkloadReady") == (
        "False",
        "Stopped",
        "spec.replicas is 0: set it to 1 to start the registry",
    )
    assert here.condition("Ready")[:2] == ("False", "Stopped")
    assert any(event.startswith("Normal Stopped") for event in here.events)


@pytest.mark.parametrize(
    ("since", "reason"), [("2026-03-01T11:59:50Z", "PodStarting"), ("2026-03-01T11:59:00Z", "Unschedulable")]
)
def test_a_pod_without_a_volume_is_trouble_once_that_lasts_and_names_the_class(world, since, reason):
    here = start(world, storage={"storageClassName": "nosuch"})
    key = ("PersistentVolumeClaim", "team")
    here.change(children={**here.observed.children, key: here.child(*key) | {"status": {"phase": "Pending"}}})
    told = "pod has unbound immediate PersistentVolumeClaims. not found"
    condition = {"type": "PodScheduled", "status": "False", "message": told, "lastTransitionTime": since}
    status, found, message = with_pod(here, conditions=[condition])
    assert (status, found) == ("False", reason)
    assert "claim 'team', which has no volume of storage class 'nosuch'" in message


@pytest.mark.parametrize(
    ("image", "remedy"),
    [
        (
            "wharf:old",
            "spec.image is of an older release than the operator: take it out, or name an image of this release",
        ),
        (None, "see kubectl logs team-0 --previous"),
    ],
    ids=["the spec names it", "it is the operator's own"],
)
@pytest.mark.parametrize(
    "words",
    [
        "wharf: /etc/wharf/config.yaml: Object contains unknown field `storage`",
        "wharf: error: unrecognized arguments: --standby 10.0.0.1",
    ],
    ids=["field", "option"],
)
def test_an_image_that_does_not_know_a_setting_is_named_where_the_spec_names_one(world, image, remedy, words):
    here = start(world, **({"image": image} if image else {}))
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": f"{words}\n"}}
    status, reason, message = with_pod(here, containerStatuses=waiting("CrashLoopBackOff", lastState=ended))
    assert (status, reason) == ("False", "CrashLooping")
    assert message.endswith(f"{words}: {remedy}")


CASES = {
    "no node takes it": (
        {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu"}]},
        "Unschedulable",
        "Insufficient cpu",
    ),
    "the image cannot be pulled": (
        {"containerStatuses": waiting("ImagePullBackOff", "manifest unknown")},
        "ImagePullFailed",
        "image 'wharf:x' of pod team-0 cannot be pulled: manifest unknown: correct spec.image",
    ),
    "the container is refused": (
        {"containerStatuses": waiting("CreateContainerConfigError", "secret not found")},
        "ContainerRefused",
        "CreateContainerConfigError: secret not found",
    ),
    "it ends soon after each start": (
        {
            "containerStatuses": waiting(
                "CrashLoopBackOff",
                lastState={"terminated": {"exitCode": 2, "reason": "Error", "message": "config.yaml: no such field\n"}},
            )
        },
        "CrashLooping",
        "(exit code 2, Error): config.yaml: no such field: see kubectl logs team-0 --previous",
    ),
    "it is up between two crashes": (
        {
            "containerStatuses": [
                {
                    "started": True,
                    "restartCount": 2,
                    "state": {"running": {"startedAt": "2026-03-01T11:59:50Z"}},
                    "lastState": {
                        "terminated": {
                            "exitCode": 1,
                            "reason": "Error",
                            "finishedAt": "2026-03-01T11:59:40Z",
                            "message": "Traceback:\n  ...\nImportError: no module\n",
                        }
                    },
                }
            ]
        },
        "CrashLooping",
        "(exit code 1, Error): ImportError: no module: see kubectl logs",
    ),
    "it crashed long ago": (
        {
            "containerStatuses": [
                {
                    "started": True,
                    "restartCount": 5,
                    "state": {"running": {"startedAt": "2026-03-01T11:59:50Z"}},
                    "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-03-01T09:00:00Z"}},
                }
            ]
        },
        "PodStarting",
        "team-0 is starting",
    ),
    "it was killed for its memory": (
        {
            "containerStatuses": waiting(
                "CrashLoopBackOff", lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
            )
        },
        "CrashLooping",
        "(exit code 137, OOMKilled): see kubectl logs",
    ),
    "it is starting": ({"containerStatuses": waiting("ContainerCreating")}, "PodStarting", "team-0 is starting"),
    "it has only just started": (
        {"containerStatuses": [{"started": True, "state": {"running": {"startedAt": "2026-03-01T11:58:45Z"}}}]},
        "PodStarting",
        "team-0 is starting",
    ),
    "it runs but is not ready": (
        {"containerStatuses": [{"started": True, "state": {"running": {"startedAt": "2026-03-01T11:58:00Z"}}}]},
        "PodNotReady",
        "see kubectl logs team-0",
    ),
    "it was ready a moment ago": (
        {
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-01T11:59:45Z"}],
            "containerStatuses": [{"started": True, "state": {"running": {"startedAt": "2026-03-01T09:00:00Z"}}}],
        },
        "PodStarting",
        "team-0 is starting",
    ),
    "it has not been ready for a while": (
        {
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-01T11:59:30Z"}],
            "containerStatuses": [{"started": True, "state": {"running": {"startedAt": "2026-03-01T09:00:00Z"}}}],
        },
        "PodNotReady",
        "see kubectl logs team-0",
    ),
    "it could not be asked": (
        {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        "ReportUnavailable",
        "connection refused",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_stands_in_the_way_is_named(world, case):
    status, expected, said = CASES[case]
    found = with_pod(start(world), **status)
    assert found[:2] == ("False", expected)
    assert said in found[2]


def test_a_starting_pod_is_looked_at_again(world):
    here = start(world)
    with_pod(here)
    assert here.plans[-1].requeue_after == 30


def test_a_pod_that_hangs_at_its_start_passes_on_the_newest_warning(world):
    here = start(world)
    here.change(pod_events=('MountVolume.SetUp failed: secret "x" not found',))
    assert "MountVolume.SetUp failed" in with_pod(here)[2]


def deployment(here, **status):
    live = here.child("Deployment", "team")
    here.change(children={**here.observed.children, ("Deployment", "team"): live | {"status": status}})
    here.step()
    return here.condition("WorkloadReady")


def test_a_pod_that_kubernetes_would_not_create_is_explained(world):
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    found = deployment(start(world), conditions=[failure])
    assert found[:2] == ("False", "ReplicaFailure")
    assert "exceeded quota: small" in found[2]


@pytest.mark.parametrize("status", [{}, {"observedGeneration": 1}, {"observedGeneration": 1, "updatedReplicas": 0}])
def test_an_older_pod_template_is_a_rollout_under_way(world, status):
    assert deployment(start(world), **status)[:2] == ("False", "Deploying")


def test_a_refused_child_is_passed_on(world):
    here = start(world)
    here.change(refused={("Deployment", "team"): "spec.affinity: unknown field: change it"})
    here.step()
    assert here.condition("WorkloadReady")[:2] == ("False", "Refused")
    assert "Deployment 'team' was refused: spec.affinity: unknown field" in here.condition("Ready")[2]


def test_an_older_configuration_is_waited_for_and_a_rejected_one_explained(world):
    here = start(world)
    here.edit(access=[{"repositories": ["**"], "anonymous": True, "actions": ["pull"]}])
    here.step()
    assert here.condition("WorkloadReady")[:2] == ("False", "ConfigurationPending")
    (replica,) = here.observed.replicas
    rejecting = dataclasses.replace(replica.report.configuration, error="unknown field")
    here.change(replicas=(Replica(replica.pod, dataclasses.replace(replica.report, configuration=rejecting)),))
    here.step()
    status, reason, message = here.condition("WorkloadReady")
    assert (status, reason) == ("False", "ConfigurationRejected")
    assert "unknown field" in message
    here.settle()
    assert here.condition("Ready")[0] == "True"


def test_a_paused_registry_without_a_deployment_says_why_there_is_none(world):
    here = start(world, paused=True)
    assert "once spec.paused is false" in here.condition("WorkloadReady")[2]
