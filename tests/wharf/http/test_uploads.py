"""Upload sessions, in order and out of it."""

import hashlib
import os
import time

import pytest

CONTENT = os.urandom(200_000)
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
UPLOADS = "/v2/up/app/blobs/uploads/"


@pytest.fixture
def session(registry):
    answer = registry.request("POST", UPLOADS)
    assert answer.status == 202
    assert answer.headers["Range"] == "0-0"
    assert answer.headers["Location"].startswith(UPLOADS)
    assert answer.headers["Docker-Upload-UUID"] in answer.headers["Location"]
    return answer.headers["Location"]


def finish(registry, session, body=None, digest=DIGEST, **headers):
    return registry.request("PUT", f"{session}?digest={digest}", body, **headers)


def wait_for(registry, session, reached):
    """Return once the offset of the upload is as `reached` wants it."""
    deadline = time.monotonic() + 5
    while not reached(int(registry.request("GET", session).headers["Range"].removeprefix("0-"))):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_post_then_put(registry, session):
    answer = finish(registry, session, CONTENT)
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v2/up/app/blobs/{DIGEST}"
    assert answer.headers["Docker-Content-Digest"] == DIGEST
    assert registry.request("GET", session).status == 404


def test_a_stream_without_content_range_then_an_empty_put(registry, session):
    def stream():
        for start in range(0, len(CONTENT), 50_000):
            yield CONTENT[start : start + 50_000]

    answer = registry.request("PATCH", session, stream())
    assert (answer.status, answer.headers["Range"]) == (202, "0-199999")
    assert finish(registry, session).status == 201


def test_chunks_in_order_with_the_last_in_the_put(registry, session):
    assert registry.request("PATCH", session, CONTENT[:100], Content_Range="0-99").headers["Range"] == "0-99"
    assert finish(registry, session, CONTENT[100:], Content_Range="100-199999").status == 201


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("wrong", ["50-149", "200-299", "0-99"])
def test_a_chunk_out_of_order_is_416_and_keeps_the_session(registry, session, method, wrong):
    registry.request("PATCH", session, CONTENT[:100], Content_Range="0-99")
    path = session if method == "PATCH" else f"{session}?digest={DIGEST}"
    answer = registry.request(method, path, b"x" * 100, Content_Range=wrong)
    assert (answer.status, answer.code()) == (416, "BLOB_UPLOAD_INVALID")
    assert (answer.headers["Range"], answer.headers["Location"]) == ("0-99", session)
    status = registry.request("GET", session)
    assert (status.status, status.headers["Range"]) == (204, "0-99")
    assert finish(registry, session, CONTENT[100:], Content_Range="100-199999").status == 201


@pytest.mark.parametrize("header", ["x", "5-1", "0-"])
def test_a_content_range_that_is_none_is_refused(registry, session, header):
    assert registry.request("PATCH", session, b"abc", Content_Range=header).status == 400


def test_a_content_range_that_is_not_the_length_is_refused_and_adds_nothing(registry, session):
    answer = registry.request("PATCH", session, b"abc", Content_Range="0-9")
    assert (answer.status, answer.code()) == (400, "SIZE_INVALID")
    assert registry.request("GET", session).headers["Range"] == "0-0"


def test_the_right_bytes_under_a_wrong_digest_end_the_session(registry, session):
    answer = finish(registry, session, b"other", digest=DIGEST)
    assert (answer.status, answer.code()) == (400, "DIGEST_INVALID")
    assert registry.request("GET", session).status == 404


@pytest.mark.parametrize("digest", ["", "sha256:abc", "md5:" + "a" * 32, "sha256:../../x"])
def test_a_digest_that_cannot_be_verified_is_refused_before_the_body(registry, session, digest):
    assert finish(registry, session, CONTENT, digest=digest).code() == "DIGEST_INVALID"
    assert registry.request("GET", session).status == 204


def test_one_post_with_a_digest_is_enough(registry):
    answer = registry.request("POST", f"{UPLOADS}?digest={DIGEST}", CONTENT, Content_Type="application/json")
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v2/up/app/blobs/{DIGEST}"


def test_one_post_with_a_wrong_digest_leaves_nothing(registry):
    answer = registry.request("POST", f"{UPLOADS}?digest={DIGEST}", b"other")
    assert answer.code() == "DIGEST_INVALID"


def test_an_algorithm_can_be_announced_if_it_is_known(registry):
    content, algorithm = b"announced", "sha512"
    session = registry.request("POST", f"{UPLOADS}?digest-algorithm={algorithm}").headers["Location"]
    assert finish(registry, session, content, "sha512:" + hashlib.sha512(content).hexdigest()).status == 201
    assert registry.request("POST", f"{UPLOADS}?digest-algorithm=md5").code() == "DIGEST_INVALID"


def test_a_session_can_be_cancelled(registry, session):
    assert registry.request("DELETE", session).status == 204
    assert registry.request("GET", session).code() == "BLOB_UPLOAD_UNKNOWN"
    assert registry.request("DELETE", session).status == 404


@pytest.mark.parametrize("bad", ["nonsense", "..", "%2e%2e%2f", "a" * 500, "00000000-0000-0000-0000-000000000000"])
def test_a_session_that_never_was_is_unknown(registry, bad):
    assert registry.request("PATCH", UPLOADS + bad, b"x").status == 404
    assert registry.request("HEAD", UPLOADS + bad).status == 404


def test_a_session_belongs_to_its_repository(registry, session):
    assert registry.request("GET", session.replace("/up/app/", "/up/other/")).status == 404


def test_a_mount_takes_what_another_repository_holds(registry):
    digest = registry.push_blob("mount/source", b"mounted")
    answer = registry.request("POST", f"/v2/mount/target/blobs/uploads/?mount={digest}&from=mount/source&origin=x")
    assert (answer.status, answer.headers["Location"]) == (201, f"/v2/mount/target/blobs/{digest}")
    assert answer.headers["Docker-Content-Digest"] == digest
    assert registry.request("GET", f"/v2/mount/target/blobs/{digest}").body == b"mounted"


def test_a_mount_without_a_source_finds_one(registry):
    digest = registry.push_blob("mount/source", b"found")
    assert registry.request("POST", f"/v2/mount/third/blobs/uploads/?mount={digest}").status == 201


def test_a_mount_of_what_is_not_there_becomes_an_upload(registry):
    answer = registry.request("POST", f"/v2/mount/target/blobs/uploads/?mount=sha256:{'0' * 64}&from=mount/source")
    assert answer.status == 202
    assert answer.headers["Location"]


def test_a_mount_never_shows_what_the_client_may_not_pull(start, users):
    rules = [
        {"repositories": ["secret/**"], "users": ["alice"], "actions": ["pull", "push"]},
        {"repositories": ["open/**"], "users": ["*"], "actions": ["pull", "push"]},
    ]
    closed = start(auth=users(alice="one", bob="two"), access=rules)
    digest = closed.push_blob("secret/app", b"secret", user="alice:one")
    for source in ("&from=secret/app", ""):
        path = f"/v2/open/app/blobs/uploads/?mount={digest}{source}"
        assert closed.request("POST", path, user="bob:two").status == 202
    assert closed.request("POST", f"/v2/open/app/blobs/uploads/?mount={digest}", user="alice:one").status == 201


def test_a_client_that_hangs_up_keeps_what_arrived(registry, session):
    with registry.connect() as sock:
        sock.sendall(f"PATCH {session} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode() + CONTENT[:400])
        time.sleep(0.05)
    wait_for(registry, session, lambda last: last == 399)
    assert finish(registry, session, CONTENT[400:], Content_Range="400-199999").status == 201


def test_two_requests_at_once_in_a_session_do_not_mix(registry, session, monkeypatch):
    monkeypatch.setattr("wharf.blobs.filesystem.BUSY_WAIT", 0.1)
    content = os.urandom(3 << 20)
    with registry.connect() as sock:
        head = f"PATCH {session} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        sock.sendall(head.encode() + content[:-10])
        wait_for(registry, session, lambda last: last > 0)  # it has begun: bytes reach the disk in large pieces
        answer = registry.request("PATCH", session, b"y" * 10)
        assert (answer.status, answer.headers["Retry-After"]) == (409, "1")
        sock.sendall(content[-10:])
        assert sock.recv(4096).startswith(b"HTTP/1.1 202")
    assert finish(registry, session, digest="sha256:" + hashlib.sha256(content).hexdigest()).status == 201


def test_a_registry_that_is_read_only_takes_no_uploads(start):
    closed = start(readOnly=True)
    answer = closed.request("POST", UPLOADS)
    assert (answer.status, answer.code()) == (405, "UNSUPPORTED")
    assert "read-only" in answer.body.decode()


def test_a_registry_that_is_too_full_takes_no_pushes_but_deletes_until_it_is_told_otherwise(start):
    full = start(storage={"minFree": 1 << 60})
    refused = full.request("POST", "/v2/a/blobs/uploads/")
    assert (refused.status, refused.code()) == (507, "DENIED")
    assert "delete images, or grow the volume" in refused.json()["errors"][0]["message"]
    assert full.request("PUT", "/v2/a/manifests/v1", b"{}").status == 507
    assert full.request("DELETE", "/v2/a/manifests/v1").status == 404
    storage = full.request("GET", "/status", admin=True).json()["storage"]
    assert storage["readOnly"] is True
    assert "MiB are kept" in storage["readOnlyReason"]
    assert b"\nwharf_read_only 1\n" in full.request("GET", "/metrics", admin=True).body
    config = start.path / "config.yaml"
    config.write_text(config.read_text().replace(str(1 << 60), "0"))
    full.call(poll_twice, full)
    assert full.push_blob("a", b"there is room again")


async def poll_twice(registry):
    for _ in range(2):  # a file that is written in place must be the same at two looks
        registry.wharf.reloader.poll()
