"""Reads live objects into the models.

Rule: unknown fields are passed over (a newer CRD may have them); anything else that does not fit is an InvalidError
that a condition can show, never a traceback. It checks again what decisions rely on, because an object may be older
than the rules of its CRD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from wharfinger.api.parse import ParseError, duration, quantity
from wharfinger.api.registry import Registry
from wharfinger.api.tls import SelfSigned
from wharfinger.api.webhook import RegistryWebhook

_T = TypeVar("_T", Registry, RegistryWebhook)


class InvalidError(ValueError):
    """An object does not fit its model; the message names the field and what to write instead."""


def registry(manifest: Mapping[str, Any]) -> Registry:
    """Read a Registry; an absent spec is all defaults."""
    loaded = _convert(manifest, Registry)
    names = [user.name for user in loaded.spec.auth.users]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidError(f"spec.auth.users: {twice!r} is there twice: remove one")
    _amounts(_registry_amounts(loaded))
    return loaded


def webhook(manifest: Mapping[str, Any]) -> RegistryWebhook:
    """Read a RegistryWebhook."""
    loaded = _convert(manifest, RegistryWebhook)
    retry = loaded.spec.retry
    _amounts(
        iter(
            [
                ("spec.timeout", duration, loaded.spec.timeout),
                ("spec.connectTimeout", duration, loaded.spec.connect_timeout),
                ("spec.signing.overlap", duration, loaded.spec.signing.overlap),
                ("spec.retry.maxAge", duration, retry.max_age),
                ("spec.retry.minBackoff", duration, retry.min_backoff),
                ("spec.retry.maxBackoff", duration, retry.max_backoff),
            ]
        )
    )
    return loaded


def _convert(manifest: Mapping[str, Any], model: type[_T]) -> _T:
    spec = manifest.get("spec")
    whole = {**manifest, "spec": {} if spec is None else spec, "status": manifest.get("status") or {}}
    try:
        return msgspec.convert(whole, model)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        raise InvalidError(f"{path.rstrip('`') or 'object'}: {text}") from error


def _registry_amounts(loaded: Registry) -> Iterator[tuple[str, Any, str | int]]:
    spec = loaded.spec
    own = spec.tls.self_signed or SelfSigned()
    yield "spec.auth.rotationOverlap", duration, spec.auth.rotation_overlap
    yield "spec.auth.tokens.lifetime", duration, spec.auth.tokens.lifetime
    yield "spec.garbageCollection.gracePeriod", duration, spec.garbage_collection.grace_period
    for user in spec.auth.users:
        if user.rotate_every is not None:
            yield f"spec.auth.users[{user.name}].rotateEvery", duration, user.rotate_every
    for name, robot in (("pullSecrets", spec.pull_secrets), ("pushSecrets", spec.push_secrets)):
        if robot.rotate_every is not None:
            yield f"spec.{name}.rotateEvery", duration, robot.rotate_every
    yield "spec.tls.selfSigned.validity", duration, own.validity
    yield "spec.tls.selfSigned.caValidity", duration, own.ca_validity
    if spec.storage.size is not None:
        yield "spec.storage.size", quantity, spec.storage.size
    if spec.pod.resources is not None:
        for kind, amounts in (("requests", spec.pod.resources.requests), ("limits", spec.pod.resources.limits)):
            for name, amount in amounts.items():
                yield f"spec.pod.resources.{kind}.{name}", quantity, amount


def _amounts(fields: Iterator[tuple[str, Any, str | int]]) -> None:
    for path, parse, text in fields:
        try:
            parse(text)
        except ParseError as error:
            raise InvalidError(f"{path}: {error}") from error


def _prepare() -> None:
    """Let msgspec learn the models while there is one thread: two that are first at the same time crash the process."""
    metadata = {"name": "a", "namespace": "a", "uid": "a", "generation": 1}
    registry({"metadata": metadata})
    webhook({"metadata": metadata, "spec": {"registryRef": {"name": "a"}, "url": "https://a"}})


_prepare()
