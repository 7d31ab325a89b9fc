"""Manifests by tag or digest: GET, HEAD, PUT, DELETE (distribution-spec, end-3, end-7, end-9).

Rule: the bytes that were pushed are the bytes that are served, under the type that they were pushed with, whatever the
client accepts (REGISTRY-FACTS 7). A manifest is acknowledged only when all that it names is held and durable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.http.events import event
from wharf.http.messages import Response, first_line
from wharf.metadata.interface import ManifestPut
from wharf.protocol import digests, media_types, references
from wharf.protocol.errors import Problem, RegistryError
from wharf.protocol.manifests import SIZE_LIMIT, ManifestError, ParsedManifest, parse
from wharf.protocol.warnings import warning

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services
    from wharf.metadata.interface import Event

TAG_LIMIT = 100
"""Most tags in one PUT; the specification wants at least 10."""


INERT = [("Content-Security-Policy", "default-src 'none'; sandbox"), ("X-Content-Type-Options", "nosniff")]
"""Goes with types that nobody knows. A JSON object pushed as text/html can hold a script, and a browser that remembers
the password of whoever looks at it would run that in their name."""


def location(name: str, reference: str) -> str:
    """The path of a manifest."""
    return f"/v2/{name}/manifests/{reference}"


async def get(services: Services, request: Request) -> Response:
    """The manifest as it was pushed; HEAD is the same without the body."""
    reference = _reference(request, Problem.MANIFEST_UNKNOWN)
    manifest = await services.index.get_manifest(request.name, reference)
    if manifest is None:
        raise _unknown(request)
    headers = [("Docker-Content-Digest", manifest.digest), ("ETag", f'"{manifest.digest}"')]
    if request.header(b"if-none-match") == f'"{manifest.digest}"':
        return Response(304, headers, replayable=True)
    headers += [("Content-Type", manifest.media_type), *_notice(request)]
    headers += [] if manifest.media_type.lower() in media_types.MANIFESTS else INERT
    response = Response(200, headers, manifest.content, replayable=True)
    if request.method == "GET" and request.live.tells_of("pull"):
        response.told = _event(services, request, "pull", manifest.digest, _tag(reference))
        await services.pulls.tell(response.told)
    return response


async def put(services: Services, request: Request) -> Response:
    """Store a manifest and point tags at it."""
    reference = _reference(request, Problem.MANIFEST_INVALID)
    tags = _tags(request, reference)
    length = request.content_length()
    async with services.allowance.of(SIZE_LIMIT if length is None else min(length, SIZE_LIMIT)):
        content = await request.read(SIZE_LIMIT, Problem.MANIFEST_TOO_LARGE)
        return await _store(services, request, content, reference, tags)


async def _store(
    services: Services, request: Request, content: bytes, reference: str, tags: tuple[str, ...]
) -> Response:
    digest = _verified(content, reference)
    try:
        parsed = parse(content, request.header(b"content-type") or "")
    except ManifestError as error:
        raise RegistryError(Problem.MANIFEST_INVALID, str(error)) from error
    refuse = request.live.config.sparse_images == "Refuse"
    manifest = ManifestPut(
        repository=request.name,
        digest=digest,
        media_type=parsed.media_type,
        content=content,
        blobs=parsed.blobs if refuse else (),
        manifests=parsed.manifests,
        subject=parsed.subject,
        artifact_type=parsed.artifact_type,
        annotations=parsed.annotations,
        tags=tags,
        optional=parsed.optional if refuse else (*parsed.blobs, *parsed.optional),
    )
    about: dict[str, str | int] = {"media_type": parsed.media_type, "size": len(content)}
    events = [_event(services, request, "push", digest, tag, **about) for tag in tags or ("",)]
    await services.index.put_manifest(manifest, events)
    headers = [("Location", location(request.name, digest)), ("Docker-Content-Digest", digest)]
    headers += [*_notice(request), *await _warnings(services, request.name, parsed, sparse=not refuse)]
    if parsed.subject:
        headers.append(("OCI-Subject", parsed.subject))
    if references.names_digest(reference):
        headers += [("OCI-Tag", tag) for tag in tags]
    return Response(201, headers)


async def delete(services: Services, request: Request) -> Response:
    """Remove a tag, or a manifest with every tag that points at it."""
    reference = _reference(request, Problem.MANIFEST_UNKNOWN)
    if references.names_digest(reference):
        told = _event(services, request, "delete", reference, "")
        gone = await services.index.delete_manifest(request.name, reference, [told])
    else:
        told = _event(services, request, "delete", "", reference)
        gone = await services.index.delete_tag(request.name, reference, [told])
    if not gone:
        raise _unknown(request)
    return Response(202)


def _notice(request: Request) -> list[tuple[str, str]]:
    return [warning(request.live.config.notice)] if request.live.config.notice else []


async def _warnings(services: Services, name: str, parsed: ParsedManifest, *, sparse: bool) -> list[tuple[str, str]]:
    """What the pusher should know of a manifest that was accepted."""
    found = []
    if parsed.media_type in media_types.ARTIFACTS:
        found.append(warning("this manifest type left the OCI specification: push an image manifest with artifactType"))
    if sparse:
        absent = [digest for digest in parsed.blobs if await services.index.get_blob(name, digest) is None]
        if absent:
            found.append(warning(f"{len(absent)} blobs of this manifest are not in the repository: push them too"))
    return found


def _reference(request: Request, problem: Problem) -> str:
    reference = request.reference
    if references.names_digest(reference):
        if not digests.is_well_formed(reference):
            raise RegistryError(Problem.DIGEST_INVALID, f"{first_line(reference)!r} is not a digest")
    elif not references.is_tag(reference):
        raise RegistryError(problem, f"{first_line(reference)!r} is not a tag")
    return reference


def _tag(reference: str) -> str:
    return "" if references.names_digest(reference) else reference


def _tags(request: Request, reference: str) -> tuple[str, ...]:
    if not references.names_digest(reference):
        return (reference,)
    tags = tuple(dict.fromkeys(request.query().get("tag", ())))
    if len(tags) > TAG_LIMIT:
        raise RegistryError(Problem.TOO_MANY_TAGS, f"at most {TAG_LIMIT} tags in one request: send more in another")
    for tag in tags:
        if not references.is_tag(tag):
            raise RegistryError(Problem.MANIFEST_INVALID, f"{first_line(tag)!r} is not a tag")
    return tags


def _verified(content: bytes, reference: str) -> str:
    """The digest to store under: the one in the reference, checked, or the canonical one."""
    if not references.names_digest(reference):
        return digests.digest_of(content)
    if not digests.is_supported(reference):
        known = " and ".join(digests.ENCODED_LENGTH)
        raise RegistryError(Problem.DIGEST_INVALID, f"manifests can be stored under {known} digests")
    actual = digests.digest_of(content, digests.algorithm_of(reference))
    if actual != reference:
        raise RegistryError(Problem.DIGEST_INVALID, f"the manifest's digest is {actual}")
    return reference


def _event(services: Services, request: Request, action: str, digest: str, tag: str, **about: str | int) -> Event:
    path = location(request.name, digest or tag)
    return event(services, request, action, path, digest=digest, tag=tag, **about)


def _unknown(request: Request) -> RegistryError:
    detail: dict[str, object] = {"name": request.name, "reference": first_line(request.reference)}
    return RegistryError(Problem.MANIFEST_UNKNOWN, details=[detail])
