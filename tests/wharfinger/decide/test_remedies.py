"""Every reason that a condition can carry, each from a state that brings it about: its message names the remedy.

Rule: a state for each entry of `REMEDIES` that has a remedy, and none for what has no entry. `kubectl describe` shows
these messages; the summary in Ready has the same words.
"""

import copy
import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from wharf.witness import IndexDoubtedError
from wharfinger.api.reasons import Reason
from wharfinger.api.remedies import REMEDIES
from wharfinger.decide import x509
from wharfinger.decide.deliveries import orphan
from wharfinger.decide.mint import SystemMint
from wharfinger.decide.observed import Damage, Elsewhere, FileReport, GarbageReport, Replica, WebhookReport
from wharfinger.decide.status import PASSING

DECIDE = Path(__file__).resolve().parents[3] / "operator" / "wharfinger" / "decide"
STATES = []
CLAIM, POD = ("PersistentVolumeClaim", "team"), {"metadata": {"name": "team-0"}}
MINT, NOW = SystemMint(), dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
CA_KEY, KEY, SHORT = MINT.key(), MINT.key(), ec.generate_private_key(ec.SECP192R1())
CA = x509.authority("CA", CA_KEY, x509.Term(1, NOW, dt.timedelta(days=100)))
STRANGER = x509.authority("CA", MINT.key(), x509.Term(1, NOW, dt.timedelta(days=100)))
GIVEN = {"tls": {"issuer": "Secret", "secretName": "mine", "hosts": ["registry.example.com"]}}
CI = {"auth": {"users": [{"name": "ci", "passwordFrom": {"secretName": "ci", "key": "word"}}]}}


def state(condition, reason, *says):
    """Enter a state: a function of `world` that returns the World, or the manifest of a webhook, that is in it."""

    def enter(make):
        STATES.append((condition, reason, make, says))
        return make

    return enter


def start(world, **spec):
    here = world(spec)
    here.settle()
    return here


def stepped(here, **changes):
    here.change(**changes)
    here.step()
    return here


def claim(here, **parts):
    """The claim is like this."""
    live = copy.deepcopy(here.child(*CLAIM))
    for part, fields in parts.items():
        live[part] = {**live[part], **fields}
    return stepped(here, children={**here.observed.children, CLAIM: live})


def pod(here, told=None, **status):
    """The pod is like this."""
    report = here.observed.replicas[0].report if told is None else None
    made = {**POD, "status": {"phase": "Pending", **status}}
    return stepped(here, replicas=(Replica(made, report, told or ""),))


def container(here, status, **more):
    return pod(here, containerStatuses=[{"name": "wharf", "image": "wharf:x", "started": False, **status, **more}])


def waiting(reason, message=""):
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def report(here, **changes):
    (replica,) = here.observed.replicas
    return stepped(
        here, replicas=(dataclasses.replace(replica, report=dataclasses.replace(replica.report, **changes)),)
    )


def refused(here, kind, message="exceeded quota: raise the namespace's ResourceQuota, or ask for less in the spec"):
    return stepped(here, refused={(kind, "team"): message})


def given(world, **data):
    here = world(GIVEN)
    if data:
        here.secret("mine", **data)
    here.settle()
    return here


def issued(*hosts, days=30, age=0, key=KEY):
    term = x509.Term(2, NOW - dt.timedelta(days=age), dt.timedelta(days=days))
    return x509.server(hosts or ("registry.example.com",), key, x509.certificate(CA), CA_KEY, term)


def hook(**spec):
    body = {"registryRef": {"name": "team"}, "url": "https://example.com/", **spec}
    return {"metadata": {"name": "deploy", "namespace": "ci", "generation": 1}, "spec": body}


def hooked(world, manifest, reported=None, **spec):
    here = start(world, **spec)
    here.change(webhooks=(manifest,))
    here.settle()
    here.run_pods(**({"deploy": reported} if reported else {}))
    here.settle()
    return here, manifest


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


# CertificateReady
state("CertificateReady", Reason.TLS_DISABLED, "spec.tls.issuer is Disabled")(
    lambda world: start(world, tls={"issuer": "Disabled"})
)
state("CertificateReady", Reason.CERTIFICATE_SECRET_MISSING, "create it with the keys tls.crt and tls.key")(given)
state("CertificateReady", Reason.CERTIFICATE_MALFORMED, "key 'tls.key' of Secret 'mine'", "put PEM text there")(
    lambda world: given(world, tls_crt=issued(), tls_key="x")
)
state("CertificateReady", Reason.CERTIFICATE_KEY_MISMATCH, "store the two that belong together")(
    lambda world: given(world, tls_crt=issued(), tls_key=x509.pem_of(MINT.key()))
)
state("CertificateReady", Reason.CERTIFICATE_WEAK, "have one issued with a key on P-256")(
    lambda world: given(world, tls_crt=issued(key=SHORT), tls_key=x509.pem_of(SHORT))
)
state("CertificateReady", Reason.CERTIFICATE_EXPIRED, "renew it")(
    lambda world: given(world, tls_crt=issued(days=10, age=20), tls_key=x509.pem_of(KEY))
)
state("CertificateReady", Reason.CERTIFICATE_HOST_MISSING, "have it issued for that host, or remove the host")(
    lambda world: given(world, tls_crt=issued("other.example.com"), tls_key=x509.pem_of(KEY))
)
state("CertificateReady", Reason.CERTIFICATE_CHAIN_BROKEN, "then each intermediate after the one that it signed")(
    lambda world: given(world, tls_crt=issued(), tls_key=x509.pem_of(KEY), ca_crt=STRANGER)
)
MANAGED = {"tls": {"issuer": "CertManager", "certManager": {"name": "internal"}}}
state("CertificateReady", Reason.CERT_MANAGER_MISSING, "install it, or choose another spec.tls.issuer")(
    lambda world: stepped(world(MANAGED), absent=frozenset({"Certificate"}))
)
state("CertificateReady", Reason.CERTIFICATE_ISSUING, "see kubectl describe certificate team")(
    lambda world: stepped(world(MANAGED))
)
state("CertificateReady", Reason.CLIENT_CA_MISSING, "create it with the key 'ca.crt'")(
    lambda world: stepped(world({"tls": {"clientCA": {"configMapName": "clients"}}}), config_maps={"clients": None})
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


# WebhooksReady, and the two conditions of a RegistryWebhook
FAILED = WebhookReport(
    delivered=1, pending=2, dead=1, last_error_at="2026-03-01T11:00:00Z", last_error="503 Service Unavailable"
)
for _condition in ("WebhooksReady", "RegistryWebhook Ready"):
    _found = 0 if _condition == "WebhooksReady" else 1

    def _behind(world, found=_found, **changes):
        here, manifest = hooked(world, hook())
        report(here, configuration=FileReport("older", **changes))
        return (here, manifest)[found]

    state(_condition, Reason.CONFIGURATION_PENDING, "delete the pod")(_behind)


@state("WebhooksReady", Reason.WEBHOOK_UNHEALTHY, "RegistryWebhook 'deploy'", "check that the endpoint is up")
def webhook_unhealthy(world):
    return hooked(world, hook(), FAILED)[0]


@state("RegistryWebhook Ready", Reason.CONFIGURATION_REJECTED, "that will not do: ", "the operator's own release")
def webhook_rejected(world):
    return _behind(world, 1, error="that will not do")


@state("RegistryWebhook Ready", Reason.REGISTRY_NOT_FOUND, "create it, or correct spec.registryRef.name")
def registry_not_found(world):
    manifest = hook()
    manifest["status"] = orphan(manifest, NOW)
    return manifest


@state("RegistryWebhook Ready", Reason.REGISTRY_PAUSED, "set its spec.paused to false")
def registry_paused(world):
    here = start(world)
    here.edit(paused=True)
    manifest = hook()
    here.change(webhooks=(manifest,))
    here.settle()
    return manifest


for _condition in ("RegistryWebhook Ready", "RegistryWebhook Delivering"):
    for _reason, _says, _spec in (
        (Reason.INVALID_SPEC, "spec.timeout", {"timeout": "soon"}),
        (
            Reason.HEADER_MISSING,
            "create it with the header's value",
            {"headersFrom": [{"name": "Authorization", "secretName": "hook", "key": "token"}]},
        ),
        (Reason.CA_MISSING, "create it with the CA under 'ca.crt'", {"tls": {"ca": {"configMapName": "ca"}}}),
        (
            Reason.CLIENT_CERTIFICATE_UNUSABLE,
            "put a PEM certificate into tls.crt and its key into tls.key",
            {"tls": {"clientCertificate": {"secretName": "mine"}}},
        ),
        (
            Reason.SIGNING_SECRET_UNUSABLE,
            "create it with a signing secret under 'secret'",
            {"signing": {"secretName": "mine"}},
        ),
    ):
        state(_condition, _reason, _says)(lambda world, spec=_spec: hooked(world, hook(**spec))[1])
state("RegistryWebhook Delivering", Reason.SUSPENDED, "set it to false to send them")(
    lambda world: hooked(world, hook(suspend=True))[1]
)
state("RegistryWebhook Delivering", Reason.NOTHING_SENT, "no event has been sent yet")(
    lambda world: hooked(world, hook(), WebhookReport(delivered=0, pending=0, dead=0))[1]
)
state("RegistryWebhook Delivering", Reason.DELIVERY_FAILING, "check that the endpoint is up", "spec.replay")(
    lambda world: hooked(world, hook(), FAILED)[1]
)
state("RegistryWebhook Delivering", Reason.REGISTRY_NOT_FOUND, "create it, or correct spec.registryRef.name")(
    registry_not_found
)


@pytest.mark.parametrize(
    ("condition", "reason", "make", "says"), STATES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_message_names_the_remedy(world, condition, reason, make, says):
    found = make(world)
    told = found.registry["status"] if hasattr(found, "registry") else found["status"]
    kind = condition.rpartition(" ")[2]
    entry = next(entry for entry in told["conditions"] if entry["type"] == kind)
    assert entry["reason"] == reason
    assert not [remedy for remedy in says if remedy not in entry["message"]], entry["message"]
    assert entry["status"] != "True" or reason in {Reason.CLAIM_FILLING, Reason.TLS_DISABLED}
    if entry["status"] == "False" and hasattr(found, "registry") and kind != "WebhooksReady" and reason not in PASSING:
        ready = next(entry for entry in told["conditions"] if entry["type"] == "Ready")
        assert entry["message"] in ready["message"]


def test_there_is_a_state_for_every_reason_that_has_a_remedy():
    declared = {(kind, reason) for kind, reasons in REMEDIES.items() for reason, remedy in reasons.items() if remedy}
    assert {(condition, reason) for condition, reason, *_ in STATES} == declared


def test_every_reason_that_a_finding_gives_belongs_to_a_condition():
    sources = "".join(path.read_text() for path in DECIDE.glob("*.py"))
    given = re.findall(r"\b(?:good|bad|unknown|_broken)\(\s*(?:known, )?Reason\.(\w+)", sources)
    assert len(given) > 60
    carried = {reason for reasons in REMEDIES.values() for reason in reasons}
    assert {Reason[name] for name in given} <= carried
