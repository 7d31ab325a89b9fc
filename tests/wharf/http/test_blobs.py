"""Blobs: whole, in part, damaged, gone."""

import hashlib
import http.client
import os
from pathlib import Path

import pytest

from wharf.blobs.proofs import SMALL

CONTENT = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def digest(registry):
    return registry.push_blob("blobs/app", CONTENT)


def flip(path, position):
    """Flip a bit of a file; it has another time then, as if it had been written by another process."""
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def stored(registry, digest):
    return next(Path(registry.wharf.reloader.config.data).rglob(digest.split(":")[1]))


def test_a_blob_is_served_whole_with_its_digest(registry, digest):
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.body == CONTENT
    assert answer.headers["Docker-Content-Digest"] == digest
    assert answer.headers["Content-Encoding"] is None
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_head_says_the_same_without_the_body(registry, digest):
    answer = registry.request("HEAD", f"/v2/blobs/app/blobs/{digest}")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Docker-Content-Digest"] == digest


@pytest.mark.parametrize(
    ("header", "start", "end"), [("0-0", 0, 1), ("1000-", 1000, None), ("-7", -7, None), ("5-2500000", 5, 2500001)]
)
def test_a_range_is_served_alone(registry, digest, header, start, end):
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}", Range=f"bytes={header}")
    assert answer.status == 206
    assert answer.body == CONTENT[start:end]
    assert answer.headers["Content-Range"].endswith(f"/{len(CONTENT)}")


def test_a_range_beyond_the_end_is_416(registry, digest):
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}", Range="bytes=3000000-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_what_the_client_has_is_not_sent_again(registry, digest):
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}", If_None_Match=f'"{digest}"')
    assert (answer.status, answer.body) == (304, b"")


def test_an_empty_blob_is_a_blob(registry):
    digest = registry.push_blob("blobs/app", b"")
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")


def test_a_blob_is_only_in_its_repositories(registry, digest):
    for method in ("GET", "HEAD"):
        answer = registry.request(method, f"/v2/blobs/other/blobs/{digest}")
        assert answer.status == 404
    assert registry.request("GET", f"/v2/blobs/other/blobs/{digest}").code() == "BLOB_UNKNOWN"


@pytest.mark.parametrize(
    "bad", ["latest", "sha256:abc", "sha256:..%2f..%2fetc%2fpasswd", "%2e%2e", "md5:" + "a" * 32 + "%00"]
)
def test_what_is_no_digest_is_refused(registry, bad):
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{bad}")
    assert answer.status in (400, 404)
    assert answer.code() in ("DIGEST_INVALID", "UNSUPPORTED")


def test_a_digest_with_an_encoded_colon_is_understood(registry, digest):
    assert registry.request("HEAD", f"/v2/blobs/app/blobs/{digest.replace(':', '%3A')}").status == 200


def test_delete_ends_the_hold_of_one_repository(registry):
    digest = registry.push_blob("blobs/one", b"delete me")
    registry.push_blob("blobs/two", b"delete me")
    assert registry.request("DELETE", f"/v2/blobs/one/blobs/{digest}").status == 202
    assert registry.request("DELETE", f"/v2/blobs/one/blobs/{digest}").status == 404
    assert registry.request("HEAD", f"/v2/blobs/two/blobs/{digest}").status == 200


def test_a_truncated_file_is_an_error_and_never_content(registry):
    digest = registry.push_blob("blobs/app", b"x" * 1000)
    path = stored(registry, digest)
    path.chmod(0o600)
    os.truncate(path, 900)
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}")
    assert (answer.status, answer.code()) == (500, "UNKNOWN")
    assert b"xxx" not in answer.body
    assert registry.request("HEAD", f"/v2/blobs/app/blobs/{digest}").status == 404  # so that clients push again
    registry.push_blob("blobs/app", b"x" * 1000)
    assert registry.request("GET", f"/v2/blobs/app/blobs/{digest}").body == b"x" * 1000


@pytest.mark.parametrize("part", [None, "bytes=0-99", "bytes=-7"])
@pytest.mark.parametrize("size", [1000, SMALL + 3_000_000], ids=["small", "large"])
def test_a_bit_that_has_flipped_is_an_error_and_never_content(registry, size, part):
    content = os.urandom(size)
    digest = registry.push_blob("blobs/app", content)
    flip(stored(registry, digest), size // 2)
    headers = {} if part is None else {"Range": part}
    whole = True
    try:
        answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}", **headers)
        whole = answer.status in (200, 206)
    except (http.client.HTTPException, ConnectionError):
        whole = False  # the body broke off
    assert not whole
    assert registry.request("HEAD", f"/v2/blobs/app/blobs/{digest}").status == 404  # so that clients push again
    registry.push_blob("blobs/app", content)
    assert registry.request("GET", f"/v2/blobs/app/blobs/{digest}").body == content


def test_a_large_blob_of_an_earlier_process_is_served_whole(registry):
    content = os.urandom(SMALL + 3_000_000)
    digest = registry.push_blob("blobs/app", content)
    os.utime(stored(registry, digest), (1, 1))  # another file than the one that was received
    for _ in range(2):
        assert registry.request("GET", f"/v2/blobs/app/blobs/{digest}").body == content
    assert registry.request("GET", f"/v2/blobs/app/blobs/{digest}", Range="bytes=5-9").body == content[5:10]


def test_a_missing_file_is_an_error_that_says_what_to_do(registry):
    digest = registry.push_blob("blobs/app", b"y" * 1000)
    stored(registry, digest).unlink()
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}")
    assert answer.status == 500
    assert "push it again" in answer.body.decode()


def test_sha512_is_served_under_sha512(registry):
    content = b"other algorithm"
    digest = "sha512:" + hashlib.sha512(content).hexdigest()
    assert registry.request("POST", f"/v2/blobs/app/blobs/uploads/?digest={digest}", content).status == 201
    answer = registry.request("GET", f"/v2/blobs/app/blobs/{digest}")
    assert answer.body == content
    assert answer.headers["Docker-Content-Digest"] == digest


def test_ten_parallel_ranges_make_the_whole(registry, digest):
    size = len(CONTENT) // 10
    parts = [
        registry.request("GET", f"/v2/blobs/app/blobs/{digest}", Range=f"bytes={n * size}-{(n + 1) * size - 1}").body
        for n in range(10)
    ]
    assert b"".join(parts) == CONTENT
