"""`n` and `last` of lists, and the Link header to the next page (distribution-spec, Listing Tags).

Rule: a page is bounded whatever the client asks for, and one that is not the last says where to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import Request

PAGE_LIMIT = 10_000
"""Most entries of a page, and how many there are when the client does not say."""


def page_size(request: Request) -> int:
    """How many entries to answer with."""
    text = request.parameter("n")
    if not text:
        return PAGE_LIMIT
    if not (text.isascii() and text.isdigit()):
        raise RegistryError(Problem.REQUEST_INVALID, "`n` must be a whole number, 0 or more")
    return min(int(text[:19]), PAGE_LIMIT)


def link(path: str, last: str, size: int, **also: str) -> tuple[str, str]:
    """The header that names the page after `last` (RFC 8288)."""
    query = urlencode({"n": size, "last": last, **also})
    return ("Link", f'<{path}?{query}>; rel="next"')
