"""Page sizes and links."""

import pytest

from wharf.http.messages import Request
from wharf.http.paging import PAGE_LIMIT, link, page_size
from wharf.protocol.errors import RegistryError


def request(query):
    scope = {"method": "GET", "path": "/", "scheme": "http", "query_string": query.encode(), "headers": []}
    return Request(scope, None, "id")


@pytest.mark.parametrize(("query", "size"), [("", PAGE_LIMIT), ("n=0", 0), ("n=7", 7), ("n=" + "9" * 30, PAGE_LIMIT)])
def test_a_page_is_bounded_whatever_is_asked_for(query, size):
    assert page_size(request(query)) == size


@pytest.mark.parametrize("query", ["n=-1", "n=x", "n=+1", "n=1e3"])
def test_what_is_no_number_is_refused(query):
    with pytest.raises(RegistryError):
        page_size(request(query))


def test_a_link_keeps_what_else_was_asked():
    assert link("/p", "a b", 5, artifactType="x/y") == ("Link", '</p?n=5&last=a+b&artifactType=x%2Fy>; rel="next"')
