"""How the workload fares: the condition WorkloadReady, from Deployment and pods as they are.

Rule: the first thing that stands in the way is named, with the remedy; `True` needs every replica's word that it has
loaded the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wharfinger.api.parse import ParseError, timestamp
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.children.deployment import IMPORT
from wharfinger.decide import claim, sharing
from wharfinger.decide.cause import cause
from wharfinger.decide.claim_checks import unprovisioned
from wharfinger.decide.condition import Finding, bad, first, good
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.replicas import CONFIGURATION, UNHEARD, active, pod_name, serving, sha256, unloaded

GRACE = timedelta(seconds=30)  # for what passes by itself as a rule
_FIRST_READY = timedelta(minutes=2)  # from a container's start until its pod should be ready, on a busy node too
_RESTARTS = 2  # one may be an accident
_LATELY = timedelta(minutes=10)  # twice the longest wait between two starts
_PULL = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError")
# in wharf's words: its configuration file, or its command line, has what it does not know
_UNKNOWN = ("unknown field", "unrecognized arguments")
_REFUSED = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError")


@dataclass(frozen=True, slots=True)
class State:
    """What the condition is decided from."""

    registry: Registry
    observed: Observed
    configuration: str  # the file that should be loaded
    now: datetime

    @property
    def wanted(self) -> int:
        """Number of pods that there should be."""
        return sharing.running(self.registry, self.observed)

    @property
    def deployment(self) -> Manifest | None:
        """The Deployment as it is."""
        return self.observed.children.get(("Deployment", self.registry.metadata.name))

    def containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The status of each container of each pod that counts, with the pod's name."""
        for replica in active(self.observed):
            told = replica.pod.get("status", {})
            for status in (*(told.get("initContainerStatuses") or ()), *(told.get("containerStatuses") or ())):
                yield pod_name(replica.pod), status

    def waiting(self, reasons: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Containers that wait for one of these reasons."""
        for pod, status in self.containers():
            if ((status.get("state") or {}).get("waiting") or {}).get("reason") in reasons:
                yield pod, status

    def event(self) -> str:
        """The newest warning about a pod, as a further clause."""
        return f": {self.observed.pod_events[0]}" if self.observed.pod_events else ""


def refused(state: State) -> Finding | None:
    """Did the API server refuse a child?"""
    for kind, name in sorted(state.observed.refused):
        if kind != "PersistentVolumeClaim":
            return bad(Reason.REFUSED, f"{kind} {name!r} was refused: {state.observed.refused[kind, name]}")
    return None


def stopped(state: State) -> Finding | None:
    """Was it stopped on purpose?"""
    if state.registry.spec.hibernate:
        message = "spec.hibernate is true: nothing runs and everything is kept; set it to false to wake the registry"
        return bad(Reason.HIBERNATED, message)
    if state.registry.spec.replicas > 0:
        return None
    return bad(Reason.STOPPED, "spec.replicas is 0: set it to 1 to start the registry")


def deploying(state: State) -> Finding | None:
    """Has the Deployment been made, and has its controller seen it?"""
    live = state.deployment
    if live is None:
        paused = " once spec.paused is false" if state.registry.spec.paused else ""
        return bad(Reason.DEPLOYING, f"the Deployment is to be created{paused}")
    return None


def replica_failure(state: State) -> Finding | None:
    """Would Kubernetes not create the pod?"""
    for condition in ((state.deployment or {}).get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            message = f"Kubernetes would not create the pod: {condition.get('message', '')}"
            return bad(Reason.REPLICA_FAILURE, f"{message}: lift the quota or policy that it names")
    return None


def unschedulable(state: State) -> Finding | None:
    """Does no node take the pod?"""
    for replica in active(state.observed):
        for condition in replica.pod.get("status", {}).get("conditions") or []:
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                name, told = pod_name(replica.pod), condition.get("message", "")
                claim = _unbound_claim(state) if "PersistentVolumeClaim" in told else ""
                if claim and _lately(condition, state.now):
                    return bad(Reason.POD_STARTING, f"pod {name} waits for {claim}")
                message = f"no node takes pod {name}: {told}"
                remedy = f"it waits for {claim}" if claim else "see spec.pod, the nodes and the claim"
                return bad(Reason.UNSCHEDULABLE, f"{message}: {remedy}")
    return None


def image_pull(state: State) -> Finding | None:
    """Can the image not be pulled?"""
    for pod, status in state.waiting(_PULL):
        told = status["state"]["waiting"].get("message", "")
        message = f"image {status.get('image', '')!r} of pod {pod} cannot be pulled: {told}"
        return bad(Reason.IMAGE_PULL_FAILED, f"{message}: correct spec.image, or let the nodes reach it")
    return None


def container_refused(state: State) -> Finding | None:
    """Can the container not be created?"""
    for pod, status in state.waiting(_REFUSED):
        waiting = status["state"]["waiting"]
        told = f"{waiting.get('reason')}: {waiting.get('message', '')}"
        message = f"the container of pod {pod} cannot be created: {told}"
        return bad(Reason.CONTAINER_REFUSED, f"{message}: put right what it names; see kubectl describe pod {pod}")
    return None


def crash_looping(state: State) -> Finding | None:
    """Does it end soon after each start?"""
    for pod, status in state.containers():
        last = (status.get("lastState") or {}).get("terminated") or {}
        waiting = ((status.get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff"
        if not waiting and not _between_crashes(status, last, state.now):
            continue
        code = f"exit code {last.get('exitCode', '?')}, {last.get('reason', '')}".rstrip(", ")
        words = str(last.get("message") or "").strip().splitlines()
        told = f": {words[-1].strip()}" if words else ""
        message = f"pod {pod} ends soon after each start ({code}){told}"
        if told and any(word in words[-1] for word in _UNKNOWN) and state.registry.spec.image:
            # what it does not know may be what keeps somebody out, so wharf does not start without it
            remedy = (
                "spec.image is of an older release than the operator: take it out, or name an image of this release"
            )
            return bad(Reason.CRASH_LOOPING, f"{message}: {remedy}")
        which = f" -c {IMPORT}" if status.get("name") == IMPORT else ""
        return bad(Reason.CRASH_LOOPING, f"{message}: see kubectl logs {pod}{which} --previous")
    return None


def importing(state: State) -> Finding | None:
    """Is what another registry left on the claim being taken over?"""
    for pod, status in state.containers():
        if status.get("name") == IMPORT and (status.get("state") or {}).get("running"):
            message = f"pod {pod} takes over what another registry left on the claim"
            return bad(Reason.IMPORTING, f"{message}: kubectl logs {pod} -c {IMPORT} says how far it is")
    return None


def rolling_out(state: State) -> Finding | None:
    """Is the newest pod template not in place yet?"""
    live = state.deployment or {}
    status = live.get("status") or {}
    seen = status.get("observedGeneration", 0) >= live.get("metadata", {}).get("generation", 0)
    wanted = state.wanted
    if seen and status.get("updatedReplicas", 0) >= wanted and status.get("replicas", 0) <= wanted:
        return None
    if state.registry.spec.paused:
        what = f"has {status.get('updatedReplicas', 0)} of {wanted} replicas up to date"
        return bad(Reason.DEPLOYING, f"the Deployment {what}{state.event()}")
    what = "is being rolled out" + (f", because {why} changed" if (why := cause(live)) else "")
    see = f"see kubectl describe deployment {state.registry.metadata.name}"
    return bad(Reason.DEPLOYING, f"the Deployment {what}{state.event()}: {see}")


def starting(state: State) -> Finding | None:
    """Has a container not started, or is a pod not ready?"""
    replicas = active(state.observed)
    if len(replicas) < state.wanted:
        what = "the pod" if state.wanted == 1 else f"pod {len(replicas) + 1} of {state.wanted}"
        message = f"{what} is being created{state.event()}"
        return bad(Reason.POD_STARTING, f"{message}: see kubectl describe deployment {state.registry.metadata.name}")
    for replica in replicas:
        name, status = pod_name(replica.pod), replica.pod.get("status", {})
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or [])
        if ready:
            continue
        if _long_up(replica.pod, state.now):
            return bad(Reason.POD_NOT_READY, f"pod {name} runs but is not ready: see kubectl logs {name}")
        return bad(Reason.POD_STARTING, f"pod {name} is starting{state.event()}: see kubectl describe pod {name}")
    return None


def unreported(state: State) -> Finding | None:
    """Is there a replica that could not be asked?"""
    for replica in active(state.observed):
        if not replica.asked:
            return UNHEARD
        if replica.report is None:
            name = pod_name(replica.pod)
            told = f": {replica.error}" if replica.error else ""
            message = f"pod {name} could not be asked what it has loaded{told}"
            return bad(Reason.REPORT_UNAVAILABLE, f"{message}: let the operator reach the pod's port 5001")
    return None


def not_loaded(state: State) -> Finding | None:
    """Has a replica not loaded the newest configuration?"""
    return unloaded(state.observed, state.wanted, CONFIGURATION, sha256(state.configuration))


def taking_over(state: State) -> Finding | None:
    """Does every pod stand by, because the one that had the content open is gone?"""
    if serving(state.observed) is not None:
        return None
    name = pod_name(active(state.observed)[0].pod)
    return bad(Reason.POD_STARTING, f"no pod has the content open yet, one is about to: see kubectl logs {name}")


def live(state: State) -> Finding:
    """It runs, and has loaded everything."""
    if state.wanted == 1:
        return good(Reason.WORKLOAD_LIVE, "1 replica up, with the newest configuration")
    replica = serving(state.observed)
    who = f"; {pod_name(replica.pod)} is active" if replica else ""
    return good(Reason.WORKLOAD_LIVE, f"{state.wanted} replicas up, with the newest configuration{who}")


CHECKS = (
    refused, stopped, deploying, replica_failure, unschedulable, image_pull, container_refused, crash_looping,
    importing, rolling_out, starting, unreported, not_loaded, taking_over, live,
)  # fmt: skip


def finding(registry: Registry, observed: Observed, configuration: str, now: datetime) -> Finding:
    """The condition WorkloadReady. `configuration` is the text of the file that should be loaded."""
    return first(CHECKS, State(registry, observed, configuration, now))


def _unbound_claim(state: State) -> str:
    """The claim that has no volume yet, with what to do about it; empty when it has one."""
    bound = claim.State(state.registry, state.observed, claim.live_claim(state.registry, state.observed))
    if bound.live is None or bound.phase == "Bound":
        return ""
    return f"claim {bound.name!r}, which has no volume{unprovisioned(bound)}"


def _lately(condition: Mapping[str, Any], now: datetime) -> bool:
    """Whether a condition of a pod turned a moment ago."""
    try:
        return now - timestamp(str(condition.get("lastTransitionTime", ""))) < GRACE
    except ParseError:
        return False


def _between_crashes(status: Mapping[str, Any], last: Mapping[str, Any], now: datetime) -> bool:
    """Whether a container that is up just now has lately ended again and again."""
    if status.get("ready") or int(status.get("restartCount", 0)) < _RESTARTS:
        return False
    try:
        return now - timestamp(str(last.get("finishedAt", ""))) < _LATELY
    except ParseError:
        return False


def _long_up(pod: Manifest, now: datetime) -> bool:
    """Whether a container of the pod has been up for so long, or ready and no longer is, that it should be ready."""
    conditions = pod.get("status", {}).get("conditions") or []
    turned = next((c.get("lastTransitionTime") for c in conditions if c.get("type") == "Ready"), None)
    for status in pod.get("status", {}).get("containerStatuses") or []:
        running = (status.get("state") or {}).get("running") or {}
        try:
            begun = timestamp(running.get("startedAt", ""))
            lost = timestamp(turned) if turned else begun
            due = lost + GRACE if lost > begun else begun + _FIRST_READY
            if status.get("started") and now >= due:
                return True
        except ParseError:
            continue
    return False
