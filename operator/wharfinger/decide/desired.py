"""All children of a Registry: which should be there as what, which stay as they are, which go.

Rule: what is mounted is written before what mounts it, and a Deployment only once everything that it mounts is there.
Only what is provably ours is deleted, and never a claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wharfinger.api.registry import Registry
from wharfinger.children.owner import Owner
from wharfinger.decide import (
    certificates,
    configuration,
    copies,
    credentials,
    exposure,
    sharing,
    storage,
    webhooks,
    workload,
)
from wharfinger.decide.cause import caused
from wharfinger.decide.docker_secrets import Counter
from wharfinger.decide.drift import stamped
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed, Settings
from wharfinger.decide.outcome import Key, Occurrence
from wharfinger.decide.plan import Reference
from wharfinger.decide.serving import Serving

_DELETABLE = {
    "Secret": "v1",
    "ConfigMap": "v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "Certificate": "cert-manager.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "BackendTLSPolicy": "gateway.networking.k8s.io/v1",
}
_ENTRANCES = ("Ingress", "NetworkPolicy", "HTTPRoute", "BackendTLSPolicy")
# what spec.paused leaves as it is
_FRAME = ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", *_ENTRANCES)


@dataclass(frozen=True, slots=True)
class Desired:
    """What the concerns came to."""

    serving: Serving
    credited: credentials.Credentials
    copied: copies.Copied
    configured: configuration.Configured
    stored: storage.Stored
    hooks: tuple[webhooks.Hook, ...]
    image: str
    children: tuple[dict[str, Any], ...]  # in the order of writing
    keep: frozenset[Key]
    held: tuple[dict[str, Any], ...]  # what would be children too, were it not for spec.paused
    events: tuple[Occurrence, ...]


def desired(
    registry: Registry, owner: Owner, observed: Observed, settings: Settings, *, now: datetime, mint: Mint
) -> Desired:
    """Ask every concern, and put their children in order. A paused Registry keeps workload and storage as they are."""
    hooks = webhooks.read(registry, owner, observed, now=now, mint=mint)
    serving = certificates.decide(registry, owner, observed, settings, now=now, mint=mint)
    servers = configuration.servers(registry, owner, settings.cluster_domain)
    configured = configuration.decide(registry, owner, observed, hooks, mint)
    counter = Counter(servers, configured.text, sharing.running(registry, observed))
    copied = copies.decide(registry, owner, observed)
    credited = credentials.decide(registry, owner, observed, counter, now=now, mint=mint)
    stored = storage.decide(registry, owner, observed)
    signing = [hook.signing.child for hook in hooks if hook.signing.child is not None]
    children = [*serving.children, *credited.children, *signing, *configured.children]
    keep = serving.keep | credited.keep | configured.keep | {hook.key for hook in hooks}
    events = serving.events + credited.events
    frame = workload.frame(registry, owner, observed)
    entrances = exposure.children(registry, owner, _front(registry, owner, observed, settings, serving))
    pods = workload.pods(registry, owner, observed, settings, stored.claim_name)
    held = (
        tuple(stamped(child) for child in (*frame, *entrances, *stored.children, pods)) if registry.spec.paused else ()
    )
    if registry.spec.paused:
        keep |= {key for key in observed.children if key[0] in _FRAME}
    else:
        children = [frame[0], *children, *stored.children, *frame[1:], *entrances]
        keep |= {key_of(pods)}
        events += stored.events
        if _mountable(pods, {key_of(child) for child in children} | observed.children.keys()):
            children.append(pods)
    stamps = tuple(caused(stamped(child), observed.children.get(key_of(child))) for child in children)
    image = workload.image(registry, settings)
    return Desired(serving, credited, copied, configured, stored, hooks, image, stamps, keep, held, events)


def _front(
    registry: Registry, owner: Owner, observed: Observed, settings: Settings, serving: Serving
) -> exposure.Front:
    return exposure.Front(
        settings=settings,
        port=configuration.port(registry),
        absent=observed.absent,
        server_name=certificates.server_name(owner, serving.leaf),
        own_ca=serving.published,
        peers=sharing.shared(registry, observed),
    )


def key_of(child: Manifest) -> Key:
    """Kind and name of a child."""
    return str(child["kind"]), str(child["metadata"]["name"])


def obsolete(registry: Registry, observed: Observed, wanted: Desired) -> tuple[Reference, ...]:
    """Children that are there and are neither wanted nor kept."""
    needed = {key_of(child) for child in wanted.children} | wanted.keep
    gone = [
        Reference(_DELETABLE[kind], kind, name)
        for (kind, name), live in observed.children.items()
        if kind in _DELETABLE and (kind, name) not in needed and _ours(registry, live)
    ]
    return tuple(sorted(gone, key=lambda reference: (reference.kind, reference.name)))


def _mountable(pods: Manifest, there: Iterable[Key]) -> bool:
    sources = [
        source["secret"]["name"]
        for volume in pods["spec"]["template"]["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
    ]
    return all(("Secret", name) in there for name in sources)


def _ours(registry: Registry, live: Manifest) -> bool:
    owners = live.get("metadata", {}).get("ownerReferences") or []
    return any(owner.get("uid") == registry.metadata.uid and owner.get("controller") for owner in owners)
