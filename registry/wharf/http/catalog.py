"""The repositories of the registry: `/v2/_catalog`, as Distribution has it.

Rule: a client sees the names of those repositories that it may pull from or list, and no others.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from wharf.auth import scopes
from wharf.http.authentication import require_login, require_scope
from wharf.http.messages import Response
from wharf.http.paging import link, page_size
from wharf.protocol import media_types
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services

BATCH = 1000
"""Names looked at in one step."""

STEPS = 20
"""Steps in one request; past that the client gets what was found and a Link, for rules may hide nearly everything."""


async def get(services: Services, request: Request) -> Response:
    """A page of repository names."""
    require_scope(request, scopes.CATALOG)
    if not request.live.access.open_to_anonymous():
        require_login(request)
        if request.subject.anonymous:
            raise RegistryError(Problem.DENIED)
    size = page_size(request)
    names, last, more = await _page(services, request, size)
    headers = [("Content-Type", media_types.JSON)]
    if more and size:
        headers.append(link("/v2/_catalog", last, size))
    return Response(200, headers, msgspec.json.encode({"repositories": names}))


async def _page(services: Services, request: Request, size: int) -> tuple[list[str], str, bool]:
    """The names, the last one looked at, and whether there are more."""
    # A token for the catalogue shows what its user may see, not only the repositories that it names.
    access, subject = request.live.access, replace(request.subject, scope=None)
    names: list[str] = []
    last = request.parameter("last")
    for _ in range(STEPS if size else 0):
        found = await services.index.repositories(last, BATCH)
        for name in found:
            if access.allows(subject, name, "pull", "list"):
                if len(names) == size:
                    return names, last, True
                names.append(name)
            last = name
        if len(found) < BATCH:
            return names, last, False
        await asyncio.sleep(0)  # the others' turn
    return names, last, bool(size)
