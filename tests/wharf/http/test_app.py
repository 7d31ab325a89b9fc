"""What holds for every request: ids, errors in one form, methods, names, and requests made to do harm."""

import re
import time

import pytest

from wharf.blobs.interface import NoSpaceError
from wharf.http import messages


def status_of(received):
    return int(received.split(b" ", 2)[1])


def test_every_answer_has_a_request_id_and_a_good_one_of_the_client_is_kept(registry):
    assert re.fullmatch(r"[0-9a-f]{32}", registry.request("GET", "/v2/").headers["X-Request-Id"])
    assert registry.request("GET", "/v2/", X_Request_Id="abc-1").headers["X-Request-Id"] == "abc-1"
    assert registry.request("GET", "/v2/", X_Request_Id='a"b').headers["X-Request-Id"] != 'a"b'


def test_an_unknown_path_is_404_in_the_specified_form(registry):
    for path in ("/", "/v1/", "/v2/a", "/metrics", "/status"):
        answer = registry.request("GET", path)
        assert (answer.status, answer.code()) == (404, "UNSUPPORTED")


def test_a_method_that_is_not_there_is_405_and_says_which_are(registry):
    answer = registry.request("POST", "/v2/a/manifests/v1", b"x")
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, PUT")
    assert registry.request("OPTIONS", "/v2/").status == 405


def test_head_is_404_where_there_is_nothing_to_get(registry):
    assert registry.request("HEAD", "/v2/a/blobs/uploads/").status == 404


@pytest.mark.parametrize("name", ["UPPER", "a/../b", "..%2f..%2fetc", "a//b", "%61%00", "a" * 256, "%FF", "a%0d%0aX:y"])
def test_a_bad_name_is_refused_everywhere(registry, name):
    for path in ("manifests/v1", "tags/list", "blobs/sha256:" + "0" * 64, "referrers/sha256:" + "0" * 64):
        answer = registry.request("GET", f"/v2/{name}/{path}")
        assert (answer.status, answer.code()) == (400, "NAME_INVALID")
    assert registry.request("POST", f"/v2/{name}/blobs/uploads/").code() == "NAME_INVALID"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"rubbish\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: x/y?z\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: " + b"x" * 301 + b"\r\n\r\n",
        b"GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n",
        (
            b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, identity\r\n\r\n",
        b"GET /v2/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
        b"GET /v2/\xff/tags/list HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_400(registry, request_bytes):
    assert status_of(registry.raw(request_bytes)) == 400
    assert registry.request("GET", "/v2/").status == 200


def test_a_client_of_http_1_0_needs_no_host(registry):
    assert status_of(registry.raw(b"GET /v2/ HTTP/1.0\r\n\r\n")) == 200


@pytest.mark.parametrize("host", ["my_registry:5000", "[fe80::1%25eth0]:5000", "registry.example", ""])
def test_a_host_of_any_usual_form_will_do(registry, host):
    assert status_of(registry.raw(f"GET /v2/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())) == 200


def test_a_query_with_thousands_of_fields_is_refused(registry):
    query = "&".join(f"a{n}=1" for n in range(3000))
    assert registry.request("GET", f"/v2/a/tags/list?{query}").status == 400


def test_a_body_that_stalls_is_408_and_keeps_what_came(registry, monkeypatch):
    monkeypatch.setattr(messages, "BODY_SILENCE", 0.1)
    session = registry.request("POST", "/v2/slow/app/blobs/uploads/").headers["Location"]
    head = f"PATCH {session} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    assert status_of(registry.raw(head.encode() + b"12345")) == 408
    assert registry.request("GET", session).headers["Range"] == "0-4"


def test_an_answer_before_the_body_reaches_a_client_that_still_sends(start, users):
    registry = start(auth=users(alice="one"))
    body = b"x" * 3_000_000
    for _ in range(5):
        with registry.connect() as sock:
            sock.sendall(b"POST /v2/a/blobs/uploads/?digest=x HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
            sock.sendall(body)
            received = sock.recv(65536)
        assert status_of(received) == 401
        assert b"connection: close" in received


def test_a_small_unread_body_keeps_the_connection(registry):
    first = b"POST /v2/a/blobs/uploads/?mount=x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"
    second = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with registry.connect() as sock:
        sock.sendall(first)
        assert status_of(sock.recv(65536)) == 400
        sock.sendall(second)
        assert status_of(sock.recv(65536)) == 200


def test_a_client_that_waits_for_100_is_told_before_it_sends(registry):
    digest = "sha256:" + "0" * 64
    head = f"POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\n"
    head += "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with registry.connect() as sock:
        sock.sendall(head.encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(b"abc")
        assert status_of(sock.recv(65536)) == 400
    refused = head.replace(digest, "x").encode()
    assert status_of(registry.raw(refused)) == 400


def test_pipelined_requests_are_answered_in_order(registry):
    one = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /v2/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with registry.connect() as sock:
        sock.sendall(one * 20 + last)
        received = b""
        while piece := sock.recv(65536):
            received += piece
    assert [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", received)] == [200] * 20 + [404]


def test_requests_are_counted_and_logged_without_secrets(start, users, caplog):
    registry = start(auth=users(alice="open-sesame"))
    caplog.set_level("INFO")
    registry.request("GET", "/v2/a/tags/list?token=open-sesame", user="alice:open-sesame", User_Agent="me")
    deadline = time.monotonic() + 5
    while not (lines := [one for one in caplog.records if one.name == "wharf.access"]):
        assert time.monotonic() < deadline
    assert (lines[0].status, lines[0].user, lines[0].method) == (404, "alice", "GET")
    assert "open-sesame" not in str([vars(record) for record in caplog.records])
    metrics = registry.request("GET", "/metrics", admin=True).body.decode()
    assert 'registry_http_requests_total{method="GET",handler="tags",code="404"} 1' in metrics
    assert "registry_http_in_flight_requests 0" in metrics


def test_an_unexpected_error_is_500_in_the_specified_form(registry, monkeypatch):
    async def broken(*_):
        raise KeyError("defect")

    monkeypatch.setattr(type(registry.wharf._services.index), "tags", broken)
    answer = registry.request("GET", "/v2/a/tags/list")
    assert (answer.status, answer.code()) == (500, "UNKNOWN")
    assert b"defect" not in answer.body


def test_a_storage_that_is_full_is_507(registry, monkeypatch):
    async def full(*_):
        raise NoSpaceError

    monkeypatch.setattr(type(registry.wharf._services.blobs), "start_upload", full)
    answer = registry.request("POST", "/v2/a/blobs/uploads/")
    assert (answer.status, answer.code()) == (507, "DENIED")
    assert "grow the volume" in answer.body.decode()
