"""Gathers everything that concerns one Registry into a frozen `Observed`.

Rule: it reads caches and last answers; the only requests it can cause are the first list of an object that a spec
newly names, and a look at warnings while a pod is in trouble.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wharfinger.api import load
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide.certificates import Peer, peer
from wharfinger.decide.observed import Elsewhere, Manifest, Observed, Replica
from wharfinger.kube.cache import Cache, Key, key_of
from wharfinger.kube.resources import CERTIFICATE, CLAIM, CONFIG_MAP, DEFINITION, SECRET, STORAGE_CLASS, Resource
from wharfinger.observe.elsewhere import Lookout
from wharfinger.observe.foreign_kinds import ForeignKinds, asked, served
from wharfinger.observe.pod_events import PodEvents, is_ready
from wharfinger.observe.poller import Answer, Poller
from wharfinger.observe.references import Reference, References, referenced
from wharfinger.observe.report import Pin, Target

_FORBIDDEN_SECONDS = 15.0  # between two looks at what may not be read
Children = dict[tuple[str, str], Manifest]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is watched only while a spec asks for it."""

    references: References
    kinds: ForeignKinds
    lookout: Lookout | None = None  # None: the operator was not installed to look into other namespaces


class Observer:
    """Looks at one Registry's surroundings."""

    def __init__(self, cache: Cache, reading: Reading, poller: Poller, pod_events: PodEvents) -> None:
        self._cache = cache
        self._references, self._kinds = reading.references, reading.kinds
        self._poller = poller
        self._pod_events = pod_events
        self._lookout = reading.lookout

    async def observe(self, registry: Manifest, refused: Mapping[tuple[str, str], str]) -> Observed:
        """Return what is known now; `refused` is what the API server would not take when last asked to.

        Raises KubeError when an object that the spec names cannot be read.
        """
        key = key_of(registry)
        webhooks = self._cache.webhooks(key)
        kinds = asked(registry)
        implied = _implied(registry, self._cache.child(key, CLAIM, key.name), kinds)
        named = await self._references.read(key, referenced((registry, *webhooks)) | implied)
        known = frozenset(kind for kind in kinds if served(named.get((DEFINITION, kind.definition)), kind))
        await self._kinds.follow(key, kinds, known)
        children = self._cache.children(key)
        children |= {(CLAIM.kind, name): obj for (resource, name), obj in named.items() if resource == CLAIM and obj}
        pods = self._cache.pods(key)
        warnings = await self._pod_events.read(key, children.values(), pods)
        return Observed(
            children=children,
            replicas=self._replicas(key, pods),
            webhooks=webhooks,
            secrets={name: obj for (resource, name), obj in named.items() if resource == SECRET},
            config_maps={name: obj for (resource, name), obj in named.items() if resource == CONFIG_MAP},
            storage_classes={name: obj for (resource, name), obj in named.items() if resource == STORAGE_CLASS},
            absent=frozenset(kind.kind for kind in kinds - known),
            pod_events=warnings,
            refused={**refused, **self._references.forbidden(key)},
            elsewhere=self.elsewhere(key),
        )

    def elsewhere(self, key: Key) -> Elsewhere | None:
        """Return what there is in other namespaces of a Registry, which need not exist; None: nobody looks there."""
        return None if self._lookout is None else self._lookout.read(key)

    def follow(self, registry: Manifest, *, eager: bool) -> bool:
        """Have the Registry's ready pods asked for their reports from now on; whether all have been heard of."""
        key = key_of(registry)
        self._poller.follow(key, targets(registry, self._cache.children(key), self._cache.pods(key)), eager=eager)
        return not self._poller.unheard(key)

    def pace(self, key: Key, *, eager: bool) -> None:
        """Have them asked often while something is coming about."""
        self._poller.pace(key, eager=eager)

    def nudge(self, key: Key) -> None:
        """Have the pods asked at once: something was just written that they should take up."""
        self._poller.nudge(key)

    def pause(self, key: Key) -> float | None:
        """Return the seconds until another look would show more, if one would."""
        again = _FORBIDDEN_SECONDS if self._references.forbidden(key) else None
        return min((wait for wait in (again, self._pod_events.pause(key)) if wait is not None), default=None)

    def forget(self, key: Key) -> None:
        """Drop all that is kept about a Registry that is gone."""
        self._references.forget(key)
        self._kinds.forget(key)
        self._poller.forget(key)
        self._pod_events.forget(key)

    def _replicas(self, key: Key, pods: tuple[Manifest, ...]) -> tuple[Replica, ...]:
        answers, unheard = self._poller.answers(key), self._poller.unheard(key)
        found = []
        for pod in pods:
            if is_ready(pod):
                answer = answers.get(pod["metadata"]["uid"], Answer(None, "it has not been asked yet"))
            else:
                answer = Answer(None, "the pod is not ready")
            asked = pod["metadata"]["uid"] not in unheard
            found.append(Replica(pod, answer.report, answer.error, asked))
        return tuple(found)


def _implied(registry: Manifest, claim: Manifest | None, kinds: frozenset[Resource]) -> frozenset[Reference]:
    """What a spec concerns without naming it."""
    name = str(registry["metadata"]["name"])
    found: set[Reference] = {(DEFINITION, kind.definition) for kind in kinds}
    if CERTIFICATE in kinds:
        found.add((SECRET, Owner(name, "", "").certificate))
    if storage_class := ((claim or {}).get("spec") or {}).get("storageClassName"):
        found.add((STORAGE_CLASS, str(storage_class)))
    return frozenset(found)


def targets(registry: Manifest, children: Children, pods: tuple[Manifest, ...]) -> frozenset[Target]:
    """Return the pods to ask, and how. None before there is a token and, with TLS, a certificate to trust."""
    if not any(map(is_ready, pods)):
        return frozenset()
    try:
        loaded = load.registry(registry)
    except load.InvalidError:
        return frozenset()  # its status says so; nothing is expected of its pods
    owner = Owner(loaded.metadata.name, loaded.metadata.namespace, loaded.metadata.uid)
    token = decoded(children.get(("Secret", owner.config)), "admin-token") or b""
    found = peer(loaded, owner, Observed(children=children))
    trusted = found.trusted
    if trusted:  # a CA that was replaced a moment ago may still have signed what the pod serves
        trusted += ((children.get(("ConfigMap", owner.ca)) or {}).get("data") or {}).get("ca.crt", "")
    if not token or (not trusted and loaded.spec.tls.issuer != "Disabled"):
        return frozenset()
    return frozenset(
        Target(pod["metadata"]["uid"], pod["status"]["podIP"], found.server_name, trusted, token.decode().strip(), pin)
        for pin in (_pin(found),)
        for pod in pods
        if is_ready(pod) and (pod.get("status") or {}).get("podIP")
    )


def _pin(found: Peer) -> Pin | None:
    """What the pods' certificate is recognised by; None where OpenSSL has to look at it more closely."""
    leaf = found.leaf
    if leaf is None or not leaf.covers(found.server_name):
        return None
    return Pin(leaf.sha256, leaf.not_before, leaf.not_after)
