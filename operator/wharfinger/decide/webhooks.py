"""Webhooks: from RegistryWebhooks to endpoints in the registry's configuration, and to their conditions.

Rule: an endpoint that lacks a header or a CA is configured but suspended, so that its events are kept and none is sent
without what the user asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography import x509

from wharfinger.api import load
from wharfinger.api.parse import duration
from wharfinger.api.reasons import Reason
from wharfinger.api.webhook import RegistryWebhook
from wharfinger.children.config import Endpoint
from wharfinger.children.owner import decoded
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.observed import Manifest, Observed


@dataclass(frozen=True, slots=True)
class Hook:
    """One RegistryWebhook: the object, and the endpoint that it becomes."""

    manifest: Manifest
    webhook: RegistryWebhook | None  # None: it does not fit the schema
    endpoint: Endpoint | None
    problem: Finding | None

    @property
    def name(self) -> str:
        """The object's name, which the endpoint has too."""
        return str(self.manifest["metadata"]["name"])


def read(observed: Observed) -> tuple[Hook, ...]:
    """Every RegistryWebhook of this Registry, by name. Those being deleted are gone."""
    manifests = [m for m in observed.webhooks if not m["metadata"].get("deletionTimestamp")]
    return tuple(_hook(manifest, observed) for manifest in sorted(manifests, key=lambda m: str(m["metadata"]["name"])))


def _hook(manifest: Manifest, observed: Observed) -> Hook:
    try:
        webhook = load.webhook(manifest)
    except load.InvalidError as error:
        return Hook(manifest, None, None, bad(Reason.INVALID_SPEC, str(error)))
    headers, header_problem = _headers(webhook, observed)
    ca, ca_problem = _ca(webhook, observed)
    problem = header_problem or ca_problem
    spec = webhook.spec
    endpoint = Endpoint(
        name=webhook.metadata.name,
        url=spec.url,
        events=spec.events,
        repositories=spec.repositories,
        tags=spec.tags,
        format=spec.format,
        headers=headers,
        ca=ca,
        timeout=duration(spec.timeout).total_seconds(),
        max_age=duration(spec.retry.max_age).total_seconds(),
        min_backoff=duration(spec.retry.min_backoff).total_seconds(),
        max_backoff=duration(spec.retry.max_backoff).total_seconds(),
        suspended=spec.suspend or problem is not None,
    )
    return Hook(manifest, webhook, endpoint, problem)


def _headers(webhook: RegistryWebhook, observed: Observed) -> tuple[dict[str, str], Finding | None]:
    headers: dict[str, str] = {}
    for header in webhook.spec.headers_from:
        secret = observed.secrets.get(header.secret_name)
        value = decoded(secret, header.key)
        where = f"key {header.key!r} of Secret {header.secret_name!r}, the value of header {header.name!r}"
        if value is None:
            thing = f"Secret {header.secret_name!r} is" if secret is None else f"{where}, is"
            message = f"{thing} missing: create it with the header's value. Until then events are kept"
            return headers, bad(Reason.HEADER_MISSING, message)
        text = value.decode(errors="replace").strip()
        if not text or not text.isprintable() or not text.isascii():
            message = f"{where}, is empty or not one line of ASCII text: correct it. Until then events are kept"
            return headers, bad(Reason.HEADER_MISSING, message)
        headers[header.name] = text
    return headers, None


def _ca(webhook: RegistryWebhook, observed: Observed) -> tuple[str, Finding | None]:
    reference = webhook.spec.tls.ca if webhook.spec.tls else None
    if reference is None:
        return "", None
    config_map = observed.config_maps.get(reference.config_map_name)
    if config_map is None:
        message = f"ConfigMap {reference.config_map_name!r} is missing: create it with the CA under {reference.key!r}"
        return "", bad(Reason.CA_MISSING, f"{message}. Until then events are kept")
    pem: Any = (config_map.get("data") or {}).get(reference.key)
    try:
        x509.load_pem_x509_certificates(str(pem or "").encode())
    except ValueError:
        what = f"key {reference.key!r} of ConfigMap {reference.config_map_name!r}"
        return "", bad(
            Reason.CA_MISSING, f"{what} holds no PEM certificate: put the CA there. Until then events are kept"
        )
    return str(pem), None
