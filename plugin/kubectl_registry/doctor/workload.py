"""Checks of what runs in the cluster: operator, conditions, storage, pod, Service.

Rule: pure; each check looks at one thing and takes nothing from another check.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kubectl_registry import registries, wording
from kubectl_registry.doctor.facts import Facts, Inside, Unknown
from kubectl_registry.doctor.findings import Finding, broken, ok, skipped, warning
from kubectl_registry.registries import Object

_SKEW = timedelta(seconds=60)
"""How far the clocks of this machine and of the operator may be apart before a Lease counts as lapsed."""

FULL, FILLING = 95, 85
"""Percent of the volume above which pushes are refused by default, and at which it is time to act."""

_ON_ITS_WAY = ("Pending", "Creating", "Deploying", "Resizing", "Starting")
"""How reasons of conditions end that pass by themselves, as a rule."""

_FULL_MEANS = "pushes are refused; pulls and deletions work"


def operator(facts: Facts) -> Iterator[Finding]:
    """Is the operator there, and does it work?"""
    if isinstance(facts.operators, Unknown):
        yield skipped("operator", facts.operators.why)
        return
    if not facts.operators:
        yield broken(
            "operator",
            "no Deployment of Wharfinger is in the cluster",
            "nobody looks after the Registry",
            "kubectl apply --server-side -k manifests/base",
        )
        return
    ready = [each for each in facts.operators if (each.get("status") or {}).get("readyReplicas")]
    where = registries.namespace(facts.operators[0])
    if not ready:
        yield broken(
            "operator",
            f"the operator in {where} does not run",
            "changes to the Registry have no effect; it goes on serving",
            f"kubectl get pods -n {where}",
            f"kubectl logs -n {where} deployment/{registries.name(facts.operators[0])}",
        )
        return
    yield from _leader(facts, where)


def _leader(facts: Facts, where: str) -> Iterator[Finding]:
    spec = (facts.lease.get("spec") or {}) if isinstance(facts.lease, dict) else {}
    renewed = wording.moment(spec.get("renewTime"))
    if renewed is None:
        why = f" ({facts.lease.why})" if isinstance(facts.lease, Unknown) else ""
        yield ok("operator", f"runs in {where}; whether it leads cannot be seen{why}")
        return
    lapsed = facts.now - renewed - timedelta(seconds=int(spec.get("leaseDurationSeconds") or 15))
    if lapsed > _SKEW:
        yield broken(
            "operator",
            f"the Lease in {where} was last renewed {wording.span(facts.now - renewed)} ago: nobody leads",
            "changes to the Registry have no effect; it goes on serving",
            f"kubectl logs -n {where} deployment/wharfinger",
            f"kubectl rollout restart -n {where} deployment/wharfinger",
        )
        return
    yield ok("operator", f"runs in {where}, led by {spec.get('holderIdentity', '?')}")


def conditions(facts: Facts) -> Iterator[Finding]:
    """Does the Registry itself say that something is wrong?"""
    found = registries.status(facts.registry).get("conditions") or []
    wrong = [each for each in found if each["status"] == "False" and each["type"] != "Ready"]
    if any(each["type"] == "WorkloadReady" for each in wrong):  # others wait for the pod, and say so
        wrong = [each for each in wrong if "see WorkloadReady" not in str(each.get("message"))]
    if not registries.settled(facts.registry):
        yield broken(
            "conditions",
            "the operator has not seen the newest spec",
            "what the spec asks for is not so yet",
            "wait a moment; if it stays so, see the check `operator`",
        )
    for each in wrong:
        told = f"{each['type']} is False, {each.get('reason')}: {each.get('message')}"
        if str(each.get("reason")).endswith(_ON_ITS_WAY):
            yield warning("conditions", told, "it is on its way; if it stays so, see the checks `operator` and `pod`")
        else:
            yield broken(
                "conditions",
                told,
                "the registry is not as the spec asks",
                f"kubectl describe registry {facts.target}",
            )
    if found and not wrong and registries.settled(facts.registry):
        yield ok("conditions", "the Registry says that all is as the spec asks")
    elif not found:
        yield skipped("conditions", "the Registry has no conditions yet")


def storage(facts: Facts) -> Iterator[Finding]:
    """Is the claim bound, and is there room on it?"""
    claim = facts.claim
    if claim is None:
        name = (registries.status(facts.registry).get("storage") or {}).get("claimName", facts.name)
        yield broken(
            "storage",
            f"the PersistentVolumeClaim {name} does not exist",
            "the pod cannot start",
            f"kubectl describe registry {facts.target}",
        )
        return
    if isinstance(claim, Unknown):
        yield skipped("storage", claim.why)
    elif claim["status"].get("phase") != "Bound":
        yield broken(
            "storage",
            f"the claim {registries.name(claim)} is {claim['status'].get('phase')}",
            "the pod waits for its volume",
            f"kubectl describe pvc {registries.name(claim)} -n {facts.namespace}",
            "kubectl get storageclass: the claim needs one that exists, or a default one",
        )
        return
    yield room(facts)


def room(facts: Facts) -> Finding:
    """Is there room, as the pod sees it, or else as the status has it?"""
    told = registries.status(facts.registry).get("storage") or {}
    percent, left = told.get("usedPercent"), ""
    if isinstance(facts.inside, Inside):
        percent = 100 - 100 * facts.inside.free // max(facts.inside.total, 1)
        left = f", {wording.amount(facts.inside.free)} are free"
        if not facts.inside.inodes_free:
            return broken("storage", "the volume has no inodes left", _FULL_MEANS, *_more_room(facts))
    if percent is None:
        why = facts.inside.why if isinstance(facts.inside, Unknown) else "the registry has not told yet"
        return skipped("storage", why)
    limit = int((facts.registry.get("spec") or {}).get("storage", {}).get("readOnlyAbove") or FULL)
    if told.get("readOnly") or percent >= limit:
        message = f"the volume is full: {percent}% are used{left}, and pushes are refused above {limit}%"
        return broken("storage", message, _FULL_MEANS, *_more_room(facts))
    if percent >= min(FILLING, limit):
        return warning(
            "storage",
            f"the volume fills up: {percent}% are used{left}",
            f"pushes are refused above {limit}%",
            *_more_room(facts),
        )
    return ok("storage", f"{percent}% of the volume are used{left}")


def _more_room(facts: Facts) -> tuple[str, ...]:
    spec = (facts.registry.get("spec") or {}).get("storage") or {}
    size = spec.get("size") or (registries.status(facts.registry).get("storage") or {}).get("capacity") or "10Gi"
    return (
        f"kubectl registry gc {facts.target} --dry-run: what garbage collection would free now",
        f"raise spec.storage.size above {size}: kubectl edit registry {facts.target}",
        "delete images; docs/how-to/free-space.md tells how",
    )


def pod(facts: Facts) -> Iterator[Finding]:
    """Does a pod of the registry run and answer?"""
    if facts.stopped:
        yield broken(
            "pod",
            "the spec asks for no pod: hibernate, or replicas: 0",
            "nobody can push or pull; everything is kept",
            f'kubectl patch registry {facts.target} --type=merge -p \'{{"spec":{{"hibernate":false,"replicas":1}}}}\'',
        )
        return
    if isinstance(facts.pods, Unknown):
        yield skipped("pod", facts.pods.why)
        return
    if not facts.pods:
        yield broken(
            "pod",
            "there is no pod",
            "nobody can push or pull",
            f"kubectl describe deployment {facts.target}",
            f"kubectl get replicaset -l {registries.selector(facts.name)} -n {facts.namespace} -o wide",
        )
        return
    living = [each for each in facts.pods if is_ready(each)]
    if living:
        restarts = max(_restarts(each) for each in living)
        often = f", restarted {wording.count(restarts, 'time')}" if restarts else ""
        yield ok("pod", f"{registries.name(living[0])} is ready{often}")
        return
    for each in facts.pods:
        name = registries.name(each)
        yield broken(
            "pod",
            f"{name}: {ailment(each)}",
            "nobody can push or pull",
            f"kubectl describe pod {name} -n {facts.namespace}",
            *_cures(each, facts),
        )


def is_ready(pod: Object) -> bool:
    """Whether a pod takes requests."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def ailment(pod: Object) -> str:
    """Why a pod is not ready, in words."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    for each in status.get("conditions") or []:
        if each["type"] == "PodScheduled" and each["status"] == "False":
            return f"no node takes it: {each.get('message', each.get('reason'))}"
    for each in status.get("containerStatuses") or []:
        waiting = (each.get("state") or {}).get("waiting") or {}
        ended = (each.get("lastState") or {}).get("terminated") or (each.get("state") or {}).get("terminated") or {}
        last = f"; it ended with {ended.get('reason')}, exit status {ended.get('exitCode')}" if ended else ""
        said = f": {ended['message'].strip()[-300:]}" if ended.get("message") else ""
        if waiting:
            return f"{waiting.get('reason')}: {waiting.get('message', 'it waits')}{last}{said}"
        if ended:
            return f"it does not run{last}{said}"
    if status.get("phase") == "Running":
        return "it runs, and does not answer its readiness probe"
    return f"it is {status.get('phase', 'unknown')}: {status.get('message') or status.get('reason') or 'it starts'}"


def _restarts(pod: Object) -> int:
    return sum(int(each.get("restartCount") or 0) for each in (pod.get("status") or {}).get("containerStatuses") or [])


def _cures(pod: Object, facts: Facts) -> list[str]:
    told = ailment(pod)
    name = registries.name(pod)
    if "ImagePull" in told or "ErrImage" in told or "InvalidImageName" in told:
        return ["spec.image names an image that the node cannot pull: correct it, or remove it for the released one"]
    if "no node takes it" in told:
        return ["make room on a node, or loosen spec.pod (resources, nodeSelector, tolerations, affinity)"]
    if "OOMKilled" in told:
        return ["raise spec.pod.resources.limits.memory"]
    return [f"kubectl logs {name} -n {facts.namespace} --previous", f"kubectl registry events {facts.target}"]


def service(facts: Facts) -> Iterator[Finding]:
    """Does the Service lead to the pod?"""
    if facts.service is None:
        yield broken(
            "service",
            f"the Service {facts.name} does not exist",
            "its name leads nowhere",
            f"kubectl describe registry {facts.target}",
        )
        return
    if isinstance(facts.service, Unknown) or isinstance(facts.slices, Unknown):
        unknown = facts.service if isinstance(facts.service, Unknown) else facts.slices
        yield skipped("service", unknown.why if isinstance(unknown, Unknown) else "")
        return
    ready = [
        address
        for each in facts.slices
        for endpoint in each.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready") is not False
        for address in endpoint.get("addresses") or []
    ]
    if ready:
        yield ok("service", f"{facts.service['spec'].get('clusterIP')} leads to {', '.join(ready)}")
        return
    yield broken(
        "service",
        "the Service has no endpoint that is ready",
        "connections are refused",
        "see the check `pod`; if that is well: "
        f"kubectl get endpointslices -l kubernetes.io/service-name={facts.name} -n {facts.namespace} -o yaml",
    )
