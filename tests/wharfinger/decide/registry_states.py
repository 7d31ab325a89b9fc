"""A state for each reason that a condition of a Registry gives, and what its message has to say.

Most of CertificateReady's are in certificate_states.py.
"""

import copy
import dataclasses

from tests.wharfinger.decide.states import (
    CI,
    claim,
    container,
    entering,
    pod,
    refused,
    report,
    start,
    stepped,
    waiting,
)

from wharf.witness import IndexDoubtedError
from wharfinger.api.reasons import Reason
from wharfinger.decide.observed import Damage, Elsewhere, FileReport, GarbageReport

STATES = []
state = entering(STATES)


# Ready, and what every condition can say
@state("Ready", Reason.PAUSED, "set it to false to have them made")
def paused(world):
    here = start(world)
    here.edit(paused=True)
    here.remove("Service", "team")
    here.settle()
    return here


@state("Ready", Reason.INVALID_SPEC, "spec.storage.readOnlyAbove")
def invalid(world):
    return stepped(world({"storage": {"readOnlyAbove": 500}}))


# StorageReady
state("StorageReady", Reason.REFUSED, "raise the namespace's ResourceQuota")(
    lambda world: refused(world(), "PersistentVolumeClaim")
)
state("StorageReady", Reason.CLAIM_CREATING, "being created")(lambda world: stepped(world()))
state("StorageReady", Reason.CLAIM_MISSING, "create it, or remove the field")(
    lambda world: stepped(world({"storage": {"existingClaim": "old"}}))
)
state("StorageReady", Reason.CLAIM_DELETING, "back the content up now", "Retain")(
    lambda world: claim(start(world), metadata={"deletionTimestamp": "2026-03-01T11:00:00Z"})
)
state("StorageReady", Reason.CLAIM_LOST, "restore the volume, or delete the claim")(
    lambda world: claim(start(world), status={"phase": "Lost"})
)


@state("StorageReady", Reason.CLAIM_LOST, "pull what is to be kept", "kubectl delete pod team-0 to start empty")
def abandoned(world):
    here = start(world)
    (replica,) = here.observed.replicas
    volumes = [{"name": "tmp", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": "team"}}]
    here.change(replicas=(dataclasses.replace(replica, pod={**replica.pod, "spec": {"volumes": volumes}}),))
    return claim(here, status={"phase": "Pending"})


state("StorageReady", Reason.CLAIM_PENDING, "make one the default")(
    lambda world: claim(start(world), status={"phase": "Pending"}, spec={"storageClassName": None})
)


@state("StorageReady", Reason.CLAIM_PENDING, "set spec.hibernate to false")
def pending_and_asleep(world):
    return claim(start(world, hibernate=True), status={"phase": "Pending"})


@state("StorageReady", Reason.STORAGE_CLASS_MISSING, "create it, or make a Registry with another")
def class_missing(world):
    here = start(world, storage={"storageClassName": "fast"})
    here.change(pod_events=('storageclass.storage.k8s.io "fast" not found',))
    return claim(here, status={"phase": "Pending"})


def reclassed(world, **storage):
    here = start(world, storage={"storageClassName": "fast", "accessModes": ["ReadWriteOnce"]})
    here.edit(storage=storage)
    return stepped(here)


state("StorageReady", Reason.STORAGE_CLASS_REFUSED, "copy the content to a new Registry, or set the field back")(
    lambda world: reclassed(world, storageClassName="slow")
)
state("StorageReady", Reason.ACCESS_MODES_REFUSED, "copy the content to a new Registry, or set the field back")(
    lambda world: reclassed(world, accessModes=["ReadWriteMany"])
)


@state("StorageReady", Reason.EXPANSION_REFUSED, "kubectl patch storageclass standard", "back to 10Gi")
def not_expandable(world):
    here = start(world)
    here.edit(storage={"size": "20Gi"})
    return stepped(here, storage_classes={"standard": {"allowVolumeExpansion": False}})


@state("StorageReady", Reason.CLAIM_RESIZING, "allowVolumeExpansion: true", "set spec.storage.size back")
def resizing(world):
    here = start(world)
    here.edit(storage={"size": "20Gi"})
    return stepped(here)


@state("StorageReady", Reason.READ_ONLY, "delete images and collect garbage", "set spec.storage.size to more")
def read_only(world):
    return report(start(world), read_only=True, available=0)


@state("StorageReady", Reason.CLAIM_FILLING, "delete images and collect garbage", "set spec.storage.size to more")
def filling(world):
    return report(start(world), available=1 << 30)


@state("StorageReady", Reason.INDEX_DOUBTED, "wharf gc --trust-index")
def doubted(world):
    return report(start(world), garbage=GarbageReport(error=str(IndexDoubtedError(3)), doubted=3))


@state("StorageReady", Reason.CONTENT_DAMAGED, "push these images again, or delete them: team/app")
def damaged(world):
    return report(start(world), damaged=(Damage("sha256:1", ("team/app:1",)),))


# WorkloadReady
state("WorkloadReady", Reason.REFUSED, "raise the namespace's ResourceQuota")(
    lambda world: refused(start(world), "Deployment")
)
state("WorkloadReady", Reason.STOPPED, "set it to 1")(lambda world: start(world, replicas=0))
state("WorkloadReady", Reason.HIBERNATED, "set it to false")(lambda world: start(world, hibernate=True))
state("WorkloadReady", Reason.DEPLOYING, "to be created")(lambda world: stepped(world()))
state("WorkloadReady", Reason.IMAGE_PULL_FAILED, "correct spec.image, or let the nodes reach it")(
    lambda world: container(start(world), waiting("ErrImagePull", "not found"))
)
state("WorkloadReady", Reason.CONTAINER_REFUSED, "see kubectl describe pod team-0")(
    lambda world: container(start(world), waiting("CreateContainerConfigError", "image will run as root"))
)
state("WorkloadReady", Reason.CRASH_LOOPING, "see kubectl logs team-0 --previous")(
    lambda world: container(start(world), waiting("CrashLoopBackOff"))
)
state("WorkloadReady", Reason.POD_STARTING, "see kubectl describe pod team-0")(
    lambda world: container(start(world), waiting("ContainerCreating"))
)
state("WorkloadReady", Reason.POD_STARTING, "see kubectl describe deployment team")(
    lambda world: stepped(start(world), replicas=())
)
state("WorkloadReady", Reason.POD_NOT_READY, "see kubectl logs team-0")(
    lambda world: container(start(world), {"state": {"running": {"startedAt": "2026-03-01T09:00:00Z"}}}, started=True)
)


@state("WorkloadReady", Reason.DEPLOYING, "see kubectl describe deployment team")
def rolling_out(world):
    here = start(world)
    live = copy.deepcopy(here.child("Deployment", "team"))
    live["status"]["updatedReplicas"] = 0
    return stepped(here, children={**here.observed.children, ("Deployment", "team"): live})


@state("WorkloadReady", Reason.IMPORTING, "kubectl logs team-0 -c import")
def importing(world):
    running = {"name": "import", "state": {"running": {"startedAt": "2026-03-01T11:59:00Z"}}}
    return pod(start(world), initContainerStatuses=[running])


@state("WorkloadReady", Reason.REPLICA_FAILURE, "lift the quota or policy that it names")
def replica_failure(world):
    here = start(world)
    live = copy.deepcopy(here.child("Deployment", "team"))
    live["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]
    return stepped(here, children={**here.observed.children, ("Deployment", "team"): live})


@state("WorkloadReady", Reason.UNSCHEDULABLE, "see spec.pod, the nodes and the claim")
def unschedulable(world):
    condition = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu"}
    return pod(start(world), conditions=[condition])


@state("WorkloadReady", Reason.REPORT_UNAVAILABLE, "let the operator reach the pod's port 5001")
def unreported(world):
    return pod(start(world), told="timed out", conditions=[{"type": "Ready", "status": "True"}])


for _condition, _file, _kind in (
    ("WorkloadReady", "configuration", "CONFIGURATION"),
    ("CertificateReady", "certificate", "CERTIFICATE"),
    ("CredentialsReady", "htpasswd", "CREDENTIALS"),
):
    state(_condition, Reason[f"{_kind}_PENDING"], "delete the pod")(
        lambda world, name=_file: report(start(world), **{name: FileReport("older")})
    )
    _remedy = "OpenSSL takes" if _file == "certificate" else "the operator's own release"
    state(_condition, Reason[f"{_kind}_REJECTED"], "that will not do: ", _remedy)(
        lambda world, name=_file: report(start(world), **{name: FileReport("older", "that will not do")})
    )


# CredentialsReady
def password(world, **data):
    here = world(CI)
    if data:
        here.secret("ci", **data)
    here.settle()
    return here


state("CredentialsReady", Reason.PASSWORD_MISSING, "create it with the password of user 'ci' under key 'word'")(
    password
)
state("CredentialsReady", Reason.PASSWORD_MISSING, "key 'word' of Secret 'ci'", "put the password there")(
    lambda world: password(world, other="x")
)
state("CredentialsReady", Reason.PASSWORD_MALFORMED, "key 'word' of Secret 'ci'", "use 1 to 72 bytes")(
    lambda world: password(world, word="two\nlines")
)
COPIED = {"pullSecrets": {"namespaceSelector": {"matchLabels": {"team": "a"}}}}
state("CredentialsReady", Reason.COPIES_NOT_ALLOWED, "pullSecretsAcrossNamespaces", "or remove it")(
    lambda world: start(world, **COPIED)
)


@state("CredentialsReady", Reason.COPY_REFUSED, "namespace 'a': exceeded quota", "raise the namespace's ResourceQuota")
def copy_refused(world):
    namespace = {"metadata": {"name": "a", "labels": {"team": "a"}}}
    why = "exceeded quota: raise the namespace's ResourceQuota, or ask for less in the spec"
    here = start(world)
    here.edit(**COPIED)
    return stepped(here, elsewhere=Elsewhere(namespaces={("", "a"): namespace}, refused={"a": why}))


@state("CredentialsReady", Reason.ROTATION_POSTPONED, "shorten spec.auth.rotationOverlap", "new text into `revoke`")
def postponed(world):
    here = start(world, auth={"users": [{"name": "ci"}]})
    for number in range(18):
        here.edit(auth={"users": [{"name": "ci", "rotation": str(number)}]})
        here.settle()
    return here


# ExposureReady
GATEWAY = {"gateway": {"parentRefs": [{"name": "gw"}], "hosts": ["registry.example.com"]}}
state("ExposureReady", Reason.LOAD_BALANCER_PENDING, "set spec.service.type to NodePort")(
    lambda world: start(world, service={"type": "LoadBalancer"})
)
state("ExposureReady", Reason.INGRESS_PENDING, "set spec.ingress.hosts")(
    lambda world: start(world, ingress={"className": "nginx"}, tls={"hosts": ["192.0.2.7"]})
)
state("ExposureReady", Reason.GATEWAY_API_MISSING, "install the Gateway API", "or remove spec.gateway")(
    lambda world: stepped(world(GATEWAY), absent=frozenset({"HTTPRoute"}))
)
state("ExposureReady", Reason.ROUTE_PENDING, "check spec.gateway.parentRefs")(lambda world: start(world, **GATEWAY))


@state("ExposureReady", Reason.ROUTE_REFUSED, "see spec.gateway and the Gateway's listeners")
def route_refused(world):
    here = start(world, **GATEWAY)
    condition = {"type": "Accepted", "status": "False", "message": "no listener matches"}
    here.child("HTTPRoute", "team")["status"] = {"parents": [{"parentRef": {"name": "gw"}, "conditions": [condition]}]}
    return stepped(here)
