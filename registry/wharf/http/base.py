"""`/v2/`: says that this is a registry, and makes clients send their credentials (distribution-spec, end-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.http.authentication import require_login
from wharf.http.messages import Response

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services


async def get(services: Services, request: Request) -> Response:
    """Answer 200 with an empty object, or the challenge."""
    require_login(request)
    return Response(200, [("Content-Type", "application/json")], b"{}", replayable=True)
