"""Lists of tags and their pages."""

import re

import pytest

LIST = "/v2/tags/app/tags/list"
TAGS = sorted(["a", "b", "c", "Z", "0.1", "_x"])


@pytest.fixture(scope="module", autouse=True)
def _pushed(registry):
    content = b'{"schemaVersion":2,"manifests":[]}'
    for tag in TAGS:
        assert registry.request("PUT", f"/v2/tags/app/manifests/{tag}", content).status == 201


def test_tags_come_whole_in_byte_order_without_a_link(registry):
    answer = registry.request("GET", LIST)
    assert answer.json() == {"name": "tags/app", "tags": TAGS}
    assert answer.headers["Link"] is None


def test_pages_follow_each_other_by_their_links(registry):
    path, seen, pages = f"{LIST}?n=2", [], 0
    while path:
        answer = registry.request("GET", path)
        seen += answer.json()["tags"]
        link = answer.headers["Link"]
        path = re.fullmatch(r'<([^>]+)>; rel="next"', link)[1] if link else None
        pages += 1
    assert (seen, pages) == (TAGS, 3)


def test_last_need_not_be_a_tag_that_exists(registry):
    assert registry.request("GET", f"{LIST}?last=aa").json()["tags"] == ["b", "c"]
    assert registry.request("GET", f"{LIST}?n=1&last=aa").json()["tags"] == ["b"]
    assert registry.request("GET", f"{LIST}?last=zzz").json()["tags"] == []


def test_none_is_none_without_a_link(registry):
    answer = registry.request("GET", f"{LIST}?n=0")
    assert (answer.json()["tags"], answer.headers["Link"]) == ([], None)


@pytest.mark.parametrize("n", ["-1", "x", "1.5", "%D9%A3"])
def test_a_number_that_is_none_is_refused(registry, n):
    assert registry.request("GET", f"{LIST}?n={n}").status == 400


def test_a_huge_number_is_the_most_there_is(registry):
    assert registry.request("GET", f"{LIST}?n=99999999999999999999").json()["tags"] == TAGS


def test_a_repository_without_content_is_unknown(registry):
    answer = registry.request("GET", "/v2/tags/none/tags/list")
    assert (answer.status, answer.code()) == (404, "NAME_UNKNOWN")
