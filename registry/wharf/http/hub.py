"""Docker Hub's tag API, for tools that ask for more than names: `/v2/repositories/NAME/tags/`, and one tag below it.

Rule: the fields and their meaning are Hub's (docs.docker.com, Docker Hub API, "List repository tags"); what only Hub
can know is left out rather than made up. Pages have numbers; `next` and `previous` are whole URLs, as clients follow
them blindly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from wharf import clock as wall
from wharf.http.forwarding import base
from wharf.http.messages import Response
from wharf.metadata.tagged import Selection
from wharf.protocol import media_types, platforms
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import Request
    from wharf.http.services import Services
    from wharf.metadata.tagged import Order, Tagged, TagReader

PAGE_LIMIT = 100
PAGE_DEFAULT = 10
PAGE_NUMBER_LIMIT = 1_000_000

IMAGES_LIMIT = 50
"""Images of one index that are described."""

CONFIG_LIMIT = 256 * 1024
"""Bytes of an image's configuration that are read to learn its platform."""

_ORDERS: dict[str, Order] = {
    "": "newest",
    "last_updated": "newest",  # Hub's meaning: without a sign the newest comes first
    "-last_updated": "oldest",
    "name": "name",
    "-name": "name-descending",
}


async def tags(services: Services, request: Request) -> Response:
    """A page of tags, with `page`, `page_size`, `ordering` and `name`."""
    reader = _reader(services)
    number = _number(request, "page", 1, PAGE_NUMBER_LIMIT)
    size = _number(request, "page_size", PAGE_DEFAULT, PAGE_LIMIT)
    order = _ORDERS.get(request.parameter("ordering"), "newest")
    wanted = Selection((number - 1) * size, size, order, request.parameter("name"))
    count, found = await reader.tagged(request.name, wanted)
    if not count and await services.index.tags(request.name, "", 1) is None:
        raise RegistryError(Problem.NAME_UNKNOWN, details=[{"name": request.name}])
    return _json(
        {
            "count": count,
            "next": _page_url(request, number + 1, size) if number * size < count else None,
            "previous": _page_url(request, number - 1, size) if number > 1 else None,
            "results": [await _result(services, request.name, one) for one in found],
        }
    )


async def tag(services: Services, request: Request) -> Response:
    """One tag."""
    found = await _reader(services).one(request.name, request.reference)
    if found is None:
        detail = {"name": request.name, "reference": request.reference[:128]}
        raise RegistryError(Problem.MANIFEST_UNKNOWN, details=[detail])
    return _json(await _result(services, request.name, found))


async def _result(services: Services, name: str, tagged: Tagged) -> dict[str, object]:
    updated = wall.rfc3339(tagged.updated)
    images = [
        {**platform.fields(), "digest": digest, "size": size, "status": "active", "last_pushed": updated}
        for digest, platform, size in await _images(services, name, tagged)
    ]
    return {
        "name": tagged.name,
        "digest": tagged.digest,
        "media_type": tagged.media_type,
        "content_type": "image",
        "full_size": images[0]["size"] if images else 0,
        "images": images,
        "last_updated": updated,
        "tag_last_pushed": updated,
        "tag_status": "active",
        "v2": True,
    }


async def _images(services: Services, name: str, tagged: Tagged) -> list[tuple[str, platforms.Platform, int]]:
    """Digest, platform and size in bytes of the image, or of the images of an index that are here."""
    outline = platforms.outline(tagged.content)
    if not outline.children:
        return [(tagged.digest, await _platform(services, name, outline.config), outline.size)]
    children = outline.children[:IMAGES_LIMIT]
    contents = await _reader(services).contents(name, [child.digest for child in children])
    return [
        (child.digest, child.platform, platforms.outline(contents[child.digest]).size)
        for child in children
        if child.digest in contents
    ]


async def _platform(services: Services, name: str, config: str) -> platforms.Platform:
    """What an image's configuration says that it runs on; nothing when it cannot be read."""
    blob = await services.index.get_blob(name, config) if config else None
    if blob is None or blob.size > CONFIG_LIMIT:
        return platforms.Platform()
    stream = await services.blobs.read(config, 0, blob.size)
    return platforms.of_config(b"".join([piece async for piece in stream]))


def _reader(services: Services) -> TagReader:
    if services.tagged is None:
        raise RegistryError(Problem.ENDPOINT_UNKNOWN)
    return services.tagged


def _number(request: Request, name: str, default: int, limit: int) -> int:
    text = request.parameter(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text[:19])):
        raise RegistryError(Problem.REQUEST_INVALID, f"`{name}` must be a whole number, 1 or more")
    return min(int(text[:19]), limit)


def _page_url(request: Request, number: int, size: int) -> str:
    also = {key: request.parameter(key) for key in ("ordering", "name") if request.parameter(key)}
    query = urlencode({"page": number, "page_size": size, **also})
    return f"{base(request)}/v2/repositories/{request.name}/tags/?{query}"


def _json(content: object) -> Response:
    return Response(200, [("Content-Type", media_types.JSON)], msgspec.json.encode(content))
