"""The tags of a repository (distribution-spec, end-8).

Rule: tags come in byte order, so that a page is one look-up in the index however many tags there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf.http.messages import Response
from wharf.http.paging import link, page_size
from wharf.protocol import media_types
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services


async def get(services: Services, request: Request) -> Response:
    """A page of tags."""
    size = page_size(request)
    found = await services.index.tags(request.name, request.parameter("last"), size + 1 if size else 0)
    if found is None:
        raise RegistryError(Problem.NAME_UNKNOWN, details=[{"name": request.name}])
    headers = [("Content-Type", media_types.JSON)]
    tags = found[:size]
    if len(found) > size > 0:
        headers.append(link(f"/v2/{request.name}/tags/list", tags[-1], size))
    return Response(200, headers, msgspec.json.encode({"name": request.name, "tags": tags}))
