"""Events as CloudEvents 1.0, in the structured form of JSON (cloudevents/spec, json-format.md). Pure.

Rule: `source` and `id` together are unique and the same at every attempt; the data is what Distribution's envelope
would hold of the event, so both formats tell the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf.webhooks.envelope import fields

if TYPE_CHECKING:
    from wharf.metadata.interface import Event
    from wharf.webhooks.envelope import Source

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"

TYPE = "dev.wharfinger.registry."
"""Before the action: `dev.wharfinger.registry.push`."""


def render(event: Event, source: Source) -> bytes:
    """The body of a request that tells of one event."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": source.url,
            "type": TYPE + event.action,
            "subject": _subject(event),
            "time": event.timestamp,
            "datacontenttype": "application/json",
            "data": fields(event, source),
        }
    )


def _subject(event: Event) -> str:
    """What the event is about, as an image reference without the registry."""
    if event.tag:
        return f"{event.repository}:{event.tag}"
    return f"{event.repository}@{event.digest}" if event.digest else event.repository
