"""The forms in which an endpoint may want its events.

Rule: a request tells of one event, so its id is the event's, and what is signed is one event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wharf.webhooks import cloud_event, envelope

if TYPE_CHECKING:
    from wharf.metadata.interface import Event
    from wharf.webhooks.envelope import Source


def body(form: Literal["Distribution", "CloudEvents"], event: Event, source: Source) -> tuple[str, bytes]:
    """The media type and the bytes of a request that tells of an event."""
    if form == "CloudEvents":
        return cloud_event.MEDIA_TYPE, cloud_event.render(event, source)
    return envelope.MEDIA_TYPE, envelope.render([event], source)
