"""Blobs by digest: GET, HEAD, DELETE (distribution-spec, end-2 and end-10).

Rule: content is served as it is stored, never encoded, and a file that is not what the index says is an error, never
content. What a client has under a digest it may keep for good.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from wharf.http.events import event
from wharf.http.messages import FileBody, Response, first_line
from wharf.protocol import digests, media_types, ranges
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services
    from wharf.metadata.interface import Blob


def location(name: str, digest: str) -> str:
    """The path of a blob."""
    return f"/v2/{name}/blobs/{digest}"


async def get(services: Services, request: Request) -> Response:
    """The blob or a range of it; HEAD is the same without the body."""
    digest = _digest(request)
    blob = await services.index.get_blob(request.name, digest)
    if blob is None or (request.method == "HEAD" and await _is_damaged(services, blob)):
        raise _unknown(digest)
    headers = [
        ("Docker-Content-Digest", digest),
        ("ETag", f'"{digest}"'),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "max-age=31536000"),
    ]
    if request.header(b"if-none-match") == f'"{digest}"':
        return Response(304, headers)
    headers.append(("Content-Type", media_types.OCTET_STREAM))
    response = await _part(services, request, blob, headers)
    # Clients fetch a large blob in ranges: the one with the first byte stands for the pull.
    begins = response.status == 200 or (request.header(b"range") or "").startswith("bytes=0-")
    if request.method == "GET" and begins and request.live.tells_of("pull"):
        about: dict[str, str | int] = {"digest": digest, "media_type": media_types.OCTET_STREAM, "size": blob.size}
        await services.pulls.tell(event(services, request, "pull", location(request.name, digest), **about))
    return response


async def delete(services: Services, request: Request) -> Response:
    """End the repository's hold on a blob."""
    digest = _digest(request)
    told = event(services, request, "delete", location(request.name, digest), digest=digest)
    if not await services.index.delete_blob(request.name, digest, [told]):
        raise _unknown(digest)
    return Response(202)


async def _is_damaged(services: Services, blob: Blob) -> bool:
    """Whether the content is not what was recorded. Clients ask before they push, and a push mends it."""
    return await services.blobs.stat(blob.digest) != blob.size


async def _part(services: Services, request: Request, blob: Blob, headers: list[tuple[str, str]]) -> Response:
    try:
        wanted = ranges.requested(request.header(b"range"), blob.size)
    except ranges.RangeError as error:
        refused = [("Content-Range", f"bytes */{blob.size}")]
        raise RegistryError(Problem.RANGE_UNSATISFIABLE, str(error), headers=refused) from error
    start, length = wanted or (0, blob.size)
    if wanted:
        headers.append(("Content-Range", ranges.content_range(start, length, blob.size)))
    path = services.blobs.path(blob.digest)
    status = 206 if wanted else 200
    proofs = services.proofs
    if path is not None and proofs is not None:
        prove, doubt = partial(proofs.prove, blob.digest), partial(proofs.doubt, blob.digest)
        return Response(status, headers, file=FileBody(path, blob.size, start, length, prove, doubt))
    if path is not None:
        return Response(status, headers, file=FileBody(path, blob.size, start, length))
    if proofs is not None:
        proofs.doubt(blob.digest)
    stream = await services.blobs.read(blob.digest, start, length)
    return Response(status, headers, stream=stream, length=length)


def _digest(request: Request) -> str:
    if not digests.is_well_formed(request.reference):
        raise RegistryError(Problem.DIGEST_INVALID, f"{first_line(request.reference)!r} is not a digest")
    return request.reference


def _unknown(digest: str) -> RegistryError:
    return RegistryError(Problem.BLOB_UNKNOWN, details=[{"digest": digest}])
