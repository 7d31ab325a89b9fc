"""Which endpoint a path belongs to."""

import pytest

from wharf.http import routes

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("path", "label", "name", "reference"),
    [
        ("/v2/", "base", "", ""),
        ("/v2", "base", "", ""),
        ("/v2/_catalog", "catalog", "", ""),
        ("/v2/a/b/manifests/v1", "manifest", "a/b", "v1"),
        (f"/v2/a/blobs/{DIGEST}", "blob", "a", DIGEST),
        ("/v2/a/blobs/uploads/", "blob-uploads", "a", ""),
        ("/v2/a/blobs/uploads", "blob-uploads", "a", ""),
        ("/v2/a/blobs/uploads/x", "blob-upload", "a", "x"),
        ("/v2/a/tags/list", "tags", "a", ""),
        (f"/v2/a/referrers/{DIGEST}", "referrers", "a", DIGEST),
        ("/v2/a/blobs/blobs/uploads/", "blob-uploads", "a/blobs", ""),
        ("/v2/a/manifests/manifests/v1", "manifest", "a/manifests", "v1"),
        ("/v2/tags/list/tags/list", "tags", "tags/list", ""),
    ],
)
def test_a_path_is_read_from_its_end(path, label, name, reference):
    endpoint, *found = routes.find(path)
    assert (endpoint.label, *found) == (label, name, reference)


@pytest.mark.parametrize(
    "path", ["", "/", "/v1/", "/v2/a", "/v2/a/tags", "/v2//tags/list\n", "/v2/a/manifests/", "/x/v2/"]
)
def test_other_paths_are_none(path):
    assert routes.find(path) is None


def test_head_is_get_and_other_methods_are_listed():
    endpoint, _, _ = routes.find("/v2/a/manifests/v1")
    assert endpoint.operation("HEAD") is endpoint.operation("GET")
    assert endpoint.operation("POST") is None
    assert endpoint.allow() == "DELETE, GET, HEAD, PUT"


def test_everything_in_a_repository_needs_an_action():
    for endpoint in routes.ENDPOINTS:
        for operation in endpoint.operations.values():
            assert operation.actions or "name" not in endpoint.pattern.groupindex
