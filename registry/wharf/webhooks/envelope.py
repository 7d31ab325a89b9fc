"""Events in the form that Docker Distribution gives them. Pure.

Rule: every field has Distribution's name and meaning (its notifications/event.go), and what is empty is left out where
Distribution leaves it out, so receivers written for it need no change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.metadata.interface import Event

MEDIA_TYPE = "application/vnd.docker.distribution.events.v2+json"


@dataclass(frozen=True, slots=True)
class Source:
    """Which registry an event comes from: its address as clients know it, and the process. `secure`: it speaks TLS."""

    address: str
    instance: str
    secure: bool = True

    @property
    def url(self) -> str:
        """The registry, as a URL."""
        return f"{'https' if self.secure else 'http'}://{self.address}"


def render(events: Sequence[Event], source: Source) -> bytes:
    """The body of a request that tells of `events`."""
    return msgspec.json.encode({"events": [fields(event, source) for event in events]})


def fields(event: Event, source: Source) -> dict[str, Any]:
    """One event of the envelope."""
    return {
        "id": event.id,
        "timestamp": event.timestamp,
        "action": event.action,
        "target": _present(
            mediaType=event.media_type,
            size=event.size,
            digest=event.digest,
            length=event.size,  # the same as size; Distribution keeps it for old receivers
            repository=event.repository,
            fromRepository=event.from_repository,
            url=event.url,
            tag=event.tag,
        ),
        "request": {
            "id": event.request_id,
            **_present(addr=event.request_address, host=event.request_host),
            "method": event.request_method,
            "useragent": event.user_agent,
        },
        "actor": _present(name=event.actor),
        "source": _present(addr=source.address, instanceID=source.instance),
    }


def _present(**fields: str | int) -> dict[str, str | int]:
    """The fields that have a value, as Go's `omitempty` keeps them."""
    return {name: value for name, value in fields.items() if value}
