"""Upload sessions: POST, PATCH, PUT, GET, DELETE (distribution-spec, end-4 to end-6, end-11, end-13, end-14).

Rule: a client's mistake about order or size never costs it the bytes that arrived: the session stays and says where it
stands. Only a wrong digest, a full disk or a cancellation ends one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wharf.blobs.interface import OffsetError
from wharf.http import blobs
from wharf.http.events import event
from wharf.http.fast_bodies import Body
from wharf.http.messages import ClientGoneError, Response, first_line
from wharf.metadata.interface import Blob
from wharf.protocol import digests, media_types, ranges, references
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.blobs.interface import Upload
    from wharf.http.messages import Request
    from wharf.http.services import Services

_UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


async def start(services: Services, request: Request) -> Response:
    """Begin a session; or mount a blob, or take one whole, when the query asks for it."""
    query = request.query()
    if "mount" in query:
        mounted = await _mount(services, request)
        if mounted is not None:
            return mounted
    elif "digest" in query:
        return await _whole(services, request, _digest(request))
    algorithm = request.parameter("digest-algorithm") or digests.CANONICAL
    if algorithm not in digests.ENCODED_LENGTH:
        known = " and ".join(digests.ENCODED_LENGTH)
        raise RegistryError(Problem.DIGEST_INVALID, f"{first_line(algorithm)!r} is not supported: {known} are")
    upload = await services.blobs.start_upload(request.name, algorithm)
    return Response(202, _standing(request.name, upload))


async def status(services: Services, request: Request) -> Response:
    """Say where a session stands."""
    upload = await services.blobs.get_upload(request.name, _session(request))
    return Response(204, _standing(request.name, upload))


async def patch(services: Services, request: Request) -> Response:
    """Add a chunk, or a whole stream where there is no Content-Range."""
    upload = await services.blobs.get_upload(request.name, _session(request))
    upload = await _receive(services, request, upload)
    return Response(202, _standing(request.name, upload))


async def finish(services: Services, request: Request) -> Response:
    """Add the last chunk, if there is one, and close the session."""
    digest = _digest(request)
    upload = await services.blobs.get_upload(request.name, _session(request))
    if request.has_body() or request.header(b"content-range"):
        upload = await _receive(services, request, upload)
    return await _store(services, request, upload, digest)


async def cancel(services: Services, request: Request) -> Response:
    """End a session and drop its bytes."""
    upload = await services.blobs.get_upload(request.name, _session(request))
    await services.blobs.cancel(upload)
    return Response(204)


async def _whole(services: Services, request: Request, digest: str) -> Response:
    upload = await services.blobs.start_upload(request.name, digests.algorithm_of(digest))
    try:
        upload = await _receive(services, request, upload)
    except (ClientGoneError, RegistryError):
        await services.blobs.cancel(upload)  # the client has never heard of this session and cannot go on with it
        raise
    return await _store(services, request, upload, digest)


async def _receive(services: Services, request: Request, upload: Upload) -> Upload:
    start: int | None = None
    announced = request.header(b"content-range")
    length = request.content_length()
    if announced is not None:
        try:
            start, expected = ranges.chunk(announced)
        except ranges.RangeError as error:
            raise RegistryError(Problem.BLOB_UPLOAD_INVALID, str(error)) from error
        if start != upload.offset:
            raise _out_of_order(request.name, upload)
        if length is not None and length != expected:
            raise RegistryError(Problem.SIZE_INVALID, f"Content-Range holds {expected} bytes, Content-Length {length}")
        length = expected
    try:
        after = await services.blobs.append(upload, start, Body(request, request.connection))
    except OffsetError as error:
        raise _out_of_order(request.name, await services.blobs.get_upload(request.name, upload.id)) from error
    if length is not None and after.offset - upload.offset != length:
        raise RegistryError(Problem.SIZE_INVALID, headers=_standing(request.name, after))
    return after


async def _store(services: Services, request: Request, upload: Upload, digest: str) -> Response:
    size = await services.blobs.finish(upload, digest)
    await services.index.put_blob(request.name, Blob(digest, size))
    return _created(request.name, digest)


async def _mount(services: Services, request: Request) -> Response | None:
    """Mount from another repository; None when it cannot be, and the client has to upload."""
    digest, source = request.parameter("mount"), request.parameter("from")
    if not digests.is_supported(digest):
        raise RegistryError(Problem.DIGEST_INVALID, f"{first_line(digest)!r} is not a digest that can be mounted")
    if source and not references.is_name(source):
        raise RegistryError(Problem.NAME_INVALID, f"{first_line(source)!r} is not a repository name")
    access, subject = request.live.access, request.subject

    def readable(name: str) -> bool:
        return access.allows(subject, name, "pull")

    if source and not readable(source):
        return None  # as if it were not there: the client uploads, and learns nothing of what it may not see
    told = event(
        services,
        request,
        "mount",
        blobs.location(request.name, digest),
        digest=digest,
        media_type=media_types.OCTET_STREAM,
        from_repository=source,
    )
    blob = await services.index.mount_blob(request.name, digest, source or readable, [told])
    return None if blob is None else _created(request.name, digest)


def _created(name: str, digest: str) -> Response:
    return Response(201, [("Location", blobs.location(name, digest)), ("Docker-Content-Digest", digest)])


def _standing(name: str, upload: Upload) -> list[tuple[str, str]]:
    return [
        ("Location", f"/v2/{name}/blobs/uploads/{upload.id}"),
        ("Range", ranges.received(upload.offset)),
        ("Docker-Upload-UUID", upload.id),
    ]


def _out_of_order(name: str, upload: Upload) -> RegistryError:
    return RegistryError(
        Problem.CHUNK_OUT_OF_ORDER, details=[{"offset": upload.offset}], headers=_standing(name, upload)
    )


def _digest(request: Request) -> str:
    digest = request.parameter("digest")
    if not digests.is_supported(digest):
        known = " or ".join(digests.ENCODED_LENGTH)
        raise RegistryError(
            Problem.DIGEST_INVALID, f"`digest` must be a {known} digest, and {first_line(digest)!r} is not one"
        )
    return digest


def _session(request: Request) -> str:
    if _UPLOAD_ID.fullmatch(request.reference) is None:
        raise RegistryError(Problem.BLOB_UPLOAD_UNKNOWN)
    return request.reference
