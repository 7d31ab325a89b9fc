"""The manifests that have another as their subject (distribution-spec, end-12).

Rule: never 404. No referrers, or no such subject, or no such repository, is an empty index: a client that sees 404
falls back to tags, and what it then writes is lost to everyone else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf.http.messages import Response, first_line
from wharf.http.paging import link, page_size
from wharf.metadata.interface import ReferrersWanted
from wharf.protocol import digests, media_types
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services
    from wharf.metadata.interface import Descriptor

BYTES_LIMIT = 3 * 1024 * 1024
"""Bytes of descriptors in one page: clients refuse an index much over 4 MiB."""


async def get(services: Services, request: Request) -> Response:
    """An index of the referrers, filtered by artifactType when the query says so."""
    subject = request.reference
    if not digests.is_well_formed(subject):
        raise RegistryError(Problem.DIGEST_INVALID, f"{first_line(subject)!r} is not a digest")
    wanted, last, size = request.parameter("artifactType"), request.parameter("last"), page_size(request)
    # One more than the page can hold, by number or by bytes, tells that there is another.
    asked = ReferrersWanted(limit=size + 1 if size else 0, size=BYTES_LIMIT, after=last, artifact_type=wanted)
    found = await services.index.referrers(request.name, subject, asked)
    page = _page([_rendered(one) for one in found], size)
    headers = [("Content-Type", media_types.OCI_INDEX)]
    also = {}
    if wanted:
        headers.append(("OCI-Filters-Applied", "artifactType"))
        also["artifactType"] = wanted
    if 0 < len(page) < len(found):
        path = f"/v2/{request.name}/referrers/{subject}"
        headers.append(link(path, found[len(page) - 1].digest, size, **also))
    manifests = b",".join(page)
    body = b'{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' % (media_types.OCI_INDEX.encode(), manifests)
    return Response(200, headers, body)


def _page(rendered: list[bytes], size: int) -> list[bytes]:
    page: list[bytes] = []
    total = 0
    for one in rendered[:size]:
        total += len(one)
        if page and total > BYTES_LIMIT:
            break
        page.append(one)
    return page


def _rendered(one: Descriptor) -> bytes:
    fields: dict[str, object] = {"mediaType": one.media_type, "digest": one.digest, "size": one.size}
    if one.artifact_type:
        fields["artifactType"] = one.artifact_type
    if one.annotations:
        fields["annotations"] = dict(one.annotations)
    return msgspec.json.encode(fields)
