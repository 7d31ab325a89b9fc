"""The certificate that a registry is to serve, wherever it comes from.

Rule: this is what the sources (own authority, a given Secret, none) agree on; they know nothing of one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wharfinger.api.status import CaRotation
from wharfinger.decide.condition import Finding
from wharfinger.decide.outcome import Outcome
from wharfinger.decide.x509 import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving(Outcome):
    """Children and facts about the certificate. Without a `pem` there is none to serve."""

    pem: str | None = None  # what tls.crt should hold
    leaf: Certificate | None = None
    renews_at: datetime | None = None
    ca_not_after: datetime | None = None
    ca_rotation: CaRotation | None = None
    published: bool = False  # whether clients find the CA in ConfigMap NAME-ca
    problem: Finding | None = None  # what is wrong with what the spec names
    warning: Finding | None = None  # what will soon be wrong with it
