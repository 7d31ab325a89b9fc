"""Which handler answers which method and path, and what it needs to be allowed.

Rule: this table is the whole public surface. A path is matched from its end, for a repository may be called `a/blobs`,
and nothing of it is trusted until references and digests have looked at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.http import base, blobs, catalog, hub, manifests, referrers, tags, token, uploads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from wharf.config import Action
    from wharf.http.messages import Request, Response
    from wharf.http.services import Services

    Handler = Callable[[Services, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of an endpoint. Any one of `actions` is enough; none: the handler itself decides what may be seen."""

    handler: Handler
    actions: tuple[Action, ...] = ()
    writes: bool = False  # refused while the registry is read-only


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of URL; `label` names it in metrics."""

    label: str
    pattern: re.Pattern[str]
    operations: Mapping[str, Operation]

    def operation(self, method: str) -> Operation | None:
        """The operation of a method; HEAD is GET without the body."""
        return self.operations.get("GET" if method == "HEAD" else method)

    def allow(self) -> str:
        """The Allow header of a 405."""
        methods = {*self.operations, *(["HEAD"] if "GET" in self.operations else [])}
        return ", ".join(sorted(methods))


ENDPOINTS = (
    Endpoint("base", re.compile(r"/v2/?"), {"GET": Operation(base.get)}),
    Endpoint("catalog", re.compile(r"/v2/_catalog"), {"GET": Operation(catalog.get)}),
    Endpoint("token", re.compile(r"/v2/token"), {"GET": Operation(token.get), "POST": Operation(token.post)}),
    Endpoint(
        "blob-uploads",
        re.compile(r"(?s)/v2/(?P<name>.+)/blobs/uploads/?"),
        {"POST": Operation(uploads.start, ("push",), writes=True)},
    ),
    Endpoint(
        "blob-upload",
        re.compile(r"(?s)/v2/(?P<name>.+)/blobs/uploads/(?P<reference>[^/]+)"),
        {
            "GET": Operation(uploads.status, ("push",)),
            "PATCH": Operation(uploads.patch, ("push",), writes=True),
            "PUT": Operation(uploads.finish, ("push",), writes=True),
            "DELETE": Operation(uploads.cancel, ("push",)),
        },
    ),
    Endpoint(
        "blob",
        re.compile(r"(?s)/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)"),
        {"GET": Operation(blobs.get, ("pull",)), "DELETE": Operation(blobs.delete, ("delete",))},
    ),
    Endpoint(
        "manifest",
        re.compile(r"(?s)/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)"),
        {
            "GET": Operation(manifests.get, ("pull",)),
            "PUT": Operation(manifests.put, ("push",), writes=True),
            "DELETE": Operation(manifests.delete, ("delete",)),
        },
    ),
    Endpoint("tags", re.compile(r"(?s)/v2/(?P<name>.+)/tags/list"), {"GET": Operation(tags.get, ("pull", "list"))}),
    Endpoint(
        "referrers",
        re.compile(r"(?s)/v2/(?P<name>.+)/referrers/(?P<reference>[^/]+)"),
        {"GET": Operation(referrers.get, ("pull",))},
    ),
    # After those of distribution-spec: a repository may be called `repositories/x`, and what it then answers is theirs.
    Endpoint(
        "hub-tags",
        re.compile(r"(?s)/v2/repositories/(?P<name>.+)/tags/?"),
        {"GET": Operation(hub.tags, ("pull", "list"))},
    ),
    Endpoint(
        "hub-tag",
        re.compile(r"(?s)/v2/repositories/(?P<name>.+)/tags/(?P<reference>[^/]+)/?"),
        {"GET": Operation(hub.tag, ("pull", "list"))},
    ),
)


def find(path: str) -> tuple[Endpoint, str, str] | None:
    """The endpoint of a path, with the repository's name and the reference in it; None when there is none."""
    for endpoint in ENDPOINTS:
        match = endpoint.pattern.fullmatch(path)
        if match is not None:
            found = match.groupdict()
            return endpoint, found.get("name", ""), found.get("reference", "")
    return None
