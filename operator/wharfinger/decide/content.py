"""Content: from the spec to the settings of wharf that concern it, and from wharf's report to what is said of it.

Rule: a setting that is as wharf has it by itself is not written, so that a wharf of another release is not told what it
does not know. Status changes when the registry has collected garbage, not while it waits to.
"""

from __future__ import annotations

from typing import Any

from wharfinger.api.content import GarbageCollection, Tokens
from wharfinger.api.meta import plain
from wharfinger.api.parse import duration, size
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import GarbageStatus
from wharfinger.decide.claim import State
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.conditions import standing
from wharfinger.decide.observed import Observed
from wharfinger.decide.replicas import UNHEARD, active, content_report, pod_name, taking_over

IMAGES_NAMED = 5
"""Most images that a condition names."""


def settings(registry: Registry) -> dict[str, Any]:
    """The fields of wharf's configuration that the spec sets, besides those that it always has."""
    spec = registry.spec
    found: dict[str, Any] = {}
    if spec.garbage_collection != GarbageCollection():
        garbage = spec.garbage_collection
        found["garbageCollection"] = {
            **({"schedule": garbage.schedule} if garbage.schedule else {}),
            "gracePeriod": duration(garbage.grace_period).total_seconds(),
            "untagged": garbage.untagged,
        }
    if spec.durability != "Manifest":
        found["durability"] = spec.durability.lower()
    if spec.sparse_images != "Refuse":
        found["sparseImages"] = spec.sparse_images
    if spec.notice:
        found["notice"] = spec.notice
    if spec.trusted_proxies:
        found["trustedProxies"] = list(spec.trusted_proxies)
    if networks := plain(spec.webhook_networks):
        found["webhookNetworks"] = networks
    return found


def tokens(registry: Registry) -> dict[str, Any]:
    """`tokens` of the section `auth`, unless they are as wharf has them."""
    wanted = registry.spec.auth.tokens
    if wanted == Tokens():
        return {}
    return {"tokens": {"challenge": wanted.challenge, "lifetime": duration(wanted.lifetime).total_seconds()}}


def abandoned(state: State) -> Finding | None:
    """Does a pod run on a claim that is gone, while the new one waits for the next pod?"""
    if state.phase != "Pending":
        return None
    for replica in active(state.observed):
        volumes = replica.pod.get("spec", {}).get("volumes") or ()
        mounted = [(volume.get("persistentVolumeClaim") or {}).get("claimName") for volume in volumes]
        if replica.pod.get("status", {}).get("phase") == "Running" and state.name in mounted:
            name = pod_name(replica.pod)
            message = (
                f"the claim {state.name!r} that pod {name} uses is gone, and the new one gets a volume with the next "
            )
            way_out = f"pull what is to be kept while the pod runs, then kubectl delete pod {name} to start empty"
            return bad(Reason.CLAIM_LOST, f"{message}pod: {way_out}")
    return None


def known_before(state: State) -> Finding | None:
    """Is something known of the content, while another replica is about to have it open?"""
    last = standing("StorageReady", UNHEARD, state.registry.status)
    told = last.reason in (Reason.INDEX_DOUBTED, Reason.CONTENT_DAMAGED)
    return last if told and taking_over(state.observed) else None


def doubted(state: State) -> Finding | None:
    """Does the replica that has it open say that its index is not the one of its content?"""
    report = content_report(state.observed)
    return bad(Reason.INDEX_DOUBTED, report.garbage.error) if report and report.garbage.doubted else None


def damaged(state: State) -> Finding | None:
    """Has it found blobs that are not what they were?"""
    report = content_report(state.observed)
    if report is None or not report.damaged:
        return None
    images = sorted({image for damage in report.damaged for image in damage.images})
    named = ", ".join(images[:IMAGES_NAMED]) + (" and others" if len(images) > IMAGES_NAMED else "")
    count = f"{len(report.damaged)} blob{'' if len(report.damaged) == 1 else 's'}"
    return bad(
        Reason.CONTENT_DAMAGED,
        f"the disk has damaged {count}; push these images again, or delete them: {named}. Look at the volume too",
    )


def status(registry: Registry, observed: Observed) -> GarbageStatus | None:
    """What status says of the last collection; it stays while the registry cannot be asked."""
    report = content_report(observed)
    if report is None:
        old = registry.status.get("garbageCollection")
        if not old:
            return None
        return GarbageStatus(
            last_run=old.get("lastRun"), freed=old.get("freed"), next_run=old.get("nextRun"), error=old.get("error")
        )
    told = report.garbage
    if not (told.last_run or told.next_run):
        return None
    return GarbageStatus(
        last_run=_second(told.last_run),
        freed=size(told.freed) if told.last_run else None,
        next_run=_second(told.next_run),
        error=told.error[:4096] or None,
    )


def _second(time: str) -> str | None:
    """A time of the report, to the second; None when there is none."""
    return f"{time.partition('.')[0].removesuffix('Z')}Z" if time else None
