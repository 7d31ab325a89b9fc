"""Client certificates: from `spec.tls.clientCA` to the CAs that the registry asks its clients for.

Rule: it fails closed. CAs that can no longer be read leave the last good ones in force; where there never were any, a
new registry waits for them, and one that already serves goes on as before and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.children.config import CLIENT_CA
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide.ca_source import look
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.observed import Observed


@dataclass(frozen=True, slots=True)
class ClientAuthorities:
    """The CAs in force, PEM; empty: clients need no certificate."""

    pem: str = ""
    problem: Finding | None = None
    waiting: bool = False  # nothing may serve before there is a CA


NOBODY = ClientAuthorities()


def decide(registry: Registry, owner: Owner, observed: Observed) -> ClientAuthorities:
    """Decide which CAs clients' certificates have to come from."""
    asked = registry.spec.tls.client_ca
    if asked is None:
        return NOBODY
    found = look(asked, observed)
    if found.pem:
        return ClientAuthorities(found.pem)
    live = observed.children.get(("Secret", owner.config))
    before = (decoded(live, CLIENT_CA) or b"").decode(errors="replace")
    if not found.there:
        message = f"{found.what} of spec.tls.clientCA is missing: create it with the key {asked.key!r}"
    else:
        message = f"key {asked.key!r} of {found.what} holds no PEM certificate: put the CA of your clients there"
    if before:
        until = "the last good CA is asked for"
    elif live is not None:
        until = "clients are not asked for certificates"
    else:
        until = "the registry does not start"
    problem = bad(Reason.CLIENT_CA_MISSING, f"{message}. Until then {until}")
    return ClientAuthorities(before, problem, waiting=live is None)
