"""Makes the events that a request causes.

Rule: an event says what happened in the registry's words; what it looks like to a receiver is the webhooks' business.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from wharf import clock as wall
from wharf.http.forwarding import base
from wharf.metadata.interface import Event

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services

TEXT_LIMIT = 512
"""Characters of a client's header that an event repeats."""


def event(services: Services, request: Request, action: str, path: str, **about: str | int) -> Event:
    """An event of this request's repository. `path` is that of the content, for its URL; `about` other Event fields."""
    return Event(
        id=str(uuid.uuid4()),
        timestamp=wall.rfc3339(services.clock()),
        action=action,
        repository=request.name,
        url=base(request) + path,
        actor=request.subject.name,
        request_id=request.id,
        request_address=request.client,
        request_host=_short(request, b"host"),
        request_method=request.method,
        user_agent=_short(request, b"user-agent"),
        **about,  # type: ignore[arg-type] # the callers name Event's own fields
    )


def _short(request: Request, name: bytes) -> str:
    """What a client says of itself: an event for each of its pulls is stored until it is delivered."""
    return (request.header(name) or "")[:TEXT_LIMIT]
