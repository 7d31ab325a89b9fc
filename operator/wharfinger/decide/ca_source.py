"""The CAs of others as they are in the object that a spec names.

Rule: text counts only when it holds certificates; what else it holds is passed on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.api.ca_source import CaSource
from wharfinger.children.owner import decoded
from wharfinger.decide import x509
from wharfinger.decide.observed import Observed


@dataclass(frozen=True, slots=True)
class Found:
    """What is there."""

    what: str  # the object, in words
    there: bool
    pem: str  # empty: it holds no certificate


def look(source: CaSource, observed: Observed) -> Found:
    """Read what a spec names."""
    if source.secret_name:
        what, live = f"Secret {source.secret_name!r}", observed.secrets.get(source.secret_name)
        text = (decoded(live, source.key) or b"").decode(errors="replace")
    else:
        name = source.config_map_name or ""
        what, live = f"ConfigMap {name!r}", observed.config_maps.get(name)
        text = str(((live or {}).get("data") or {}).get(source.key) or "")
    return Found(what, live is not None, text if x509.split(text) else "")
