"""Writes copies of pull Secrets into other namespaces, and into the ServiceAccounts there.

Rule: what exists under a copy's name and is not known to be one is not overwritten; a ServiceAccount is changed only as
it was when that was decided. What one namespace refuses keeps nothing from the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Protocol

from wharfinger.apply.applier import Outcome
from wharfinger.apply.refusal import Failure
from wharfinger.decide.observed import Elsewhere, Manifest
from wharfinger.decide.plan import Distribution
from wharfinger.kube.cache import Key, key_of
from wharfinger.kube.client import Client
from wharfinger.kube.errors import ConflictError, KubeError, NotFoundError
from wharfinger.kube.resources import SECRET, SERVICE_ACCOUNT, Resource


class Outside(Protocol):
    """What is known of other namespaces, which our own writes are noted in (observe.elsewhere)."""

    refused: dict[Key, Mapping[str, str]]

    def read(self, registry: Key) -> Elsewhere:
        """What concerns a Registry."""

    def put(self, resource: Resource, obj: Manifest) -> None:
        """Take in the response of a write."""


class Distributor:
    """Carries out what a plan says about other namespaces."""

    def __init__(self, client: Client, outside: Outside) -> None:
        self._client = client
        self._outside = outside

    async def carry_out(self, registry: Key, plan: Distribution, outcome: Outcome) -> None:
        """Apply, patch, delete. Failures are added to the outcome, and remembered until they are over."""
        before = dict(self._outside.refused.get(registry, {}))
        refused: dict[str, str] = {}
        known = self._outside.read(registry).copies
        for manifest in plan.apply:
            write = self._client.apply(SECRET, manifest, force=key_of(manifest).namespace in known)
            await self._write(SECRET, manifest, write, (outcome, refused))
        for patch in plan.accounts:
            merge = self._client.merge(SERVICE_ACCOUNT, *key_of(patch), patch)
            await self._write(SERVICE_ACCOUNT, patch, merge, (outcome, refused))
        for secret in plan.delete:
            delete = self._client.delete(SECRET, *key_of(secret), secret["metadata"]["uid"])
            await self._write(SECRET, secret, delete, (outcome, refused))
        self._outside.refused.pop(registry, None)
        if refused:
            self._outside.refused[registry] = refused
        if refused != before:
            outcome.again = 0.0  # the status has to say so

    async def _write(
        self, resource: Resource, manifest: Manifest, write: Awaitable[Manifest], noted: tuple[Outcome, dict[str, str]]
    ) -> None:
        outcome, refused = noted
        try:
            answer = await write
        except (NotFoundError, ConflictError):
            return  # gone, or changed meanwhile: the watch will tell
        except KubeError as error:
            failure = Failure(resource.kind, key_of(manifest).name, error)
            outcome.failures.append(failure)
            if not failure.ending:
                refused[key_of(manifest).namespace] = failure.message
            return
        outcome.writes += 1
        if answer.get("kind") == resource.kind:  # a deletion may answer with a Status
            self._outside.put(resource, answer)
