"""Webhooks: from RegistryWebhooks to endpoints in the registry's configuration, and to their conditions.

Rule: an endpoint that lacks a header, a CA, a certificate or a signing secret is configured but suspended, so that its
events are kept and none is sent without what the user asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from wharfinger.api import load
from wharfinger.api.parse import duration
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.webhook import RegistryWebhook
from wharfinger.children.config import Endpoint
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide import endpoint_tls, signing
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Key
from wharfinger.decide.signing import Signing


@dataclass(frozen=True, slots=True)
class Hook:
    """One RegistryWebhook: the object, and the endpoint that it becomes."""

    manifest: Manifest
    webhook: RegistryWebhook | None  # None: it does not fit the schema
    endpoint: Endpoint | None
    problem: Finding | None
    signing: Signing = field(default_factory=Signing)

    @property
    def name(self) -> str:
        """The object's name, which the endpoint has too."""
        return str(self.manifest["metadata"]["name"])

    @property
    def key(self) -> Key:
        """Kind and name of the Secret that signs."""
        return "Secret", Owner.signing(self.name)


def read(registry: Registry, owner: Owner, observed: Observed, *, now: datetime, mint: Mint) -> tuple[Hook, ...]:
    """Every RegistryWebhook of this Registry, by name. Those being deleted are gone."""
    manifests = [m for m in observed.webhooks if not m["metadata"].get("deletionTimestamp")]
    found = []
    for manifest in sorted(manifests, key=lambda m: str(m["metadata"]["name"])):
        try:
            webhook = load.webhook(manifest)
        except load.InvalidError as error:
            found.append(Hook(manifest, None, None, bad(Reason.INVALID_SPEC, str(error))))
            continue
        signed = signing.decide(owner, webhook, observed, paused=registry.spec.paused, now=now, mint=mint)
        found.append(_hook(manifest, webhook, observed, signed))
    return tuple(found)


def _hook(manifest: Manifest, webhook: RegistryWebhook, observed: Observed, signed: Signing) -> Hook:
    headers, header_problem = _headers(webhook, observed)
    trust = endpoint_tls.read(webhook.spec.tls, observed)
    lacking = header_problem or trust.problem
    spec, retry = webhook.spec, webhook.spec.retry
    endpoint = Endpoint(
        name=webhook.metadata.name,
        url=spec.url,
        events=spec.events,
        repositories=spec.repositories,
        tags=spec.tags,
        format=spec.format,
        headers=headers,
        signing=[{"secret": secret} | ({"until": until} if until else {}) for secret, until in signed.secrets],
        ca=trust.ca,
        client_certificate=trust.certificate,
        client_key=trust.key,
        timeout=duration(spec.timeout).total_seconds(),
        connect_timeout=duration(spec.connect_timeout).total_seconds(),
        max_age=duration(retry.max_age).total_seconds(),
        max_attempts=retry.max_attempts or 0,
        min_backoff=duration(retry.min_backoff).total_seconds(),
        max_backoff=duration(retry.max_backoff).total_seconds(),
        rate=float(spec.rate_limit.per_second) if spec.rate_limit else 0.0,
        dead_letters=spec.dead_letters.limit,
        replay=spec.replay or "",
        suspended=spec.suspend or lacking is not None or not signed.secrets,
    )
    return Hook(manifest, webhook, endpoint, lacking or signed.problem, signed)


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
