"""A whole registry: TLS, live certificates, reload under load, and its end."""

import asyncio
import hashlib
import http.client
import os
import ssl
import threading
import time

import pytest
from cryptography import x509

from wharf.listener import AddressError, bind
from wharf.server import Wharf


def subject(registry):
    with registry.connect() as sock:
        certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True))
    return certificate.subject.rdns[0].rfc4514_string()


def write(path, pair):
    for name, content in zip(("tls.crt", "tls.key"), pair, strict=True):
        (path / name).write_bytes(content)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def secured(start, users, tmp_path, make_pair):
    write(tmp_path, make_pair("one"))
    tls = {"certificate": str(tmp_path / "tls.crt"), "key": str(tmp_path / "tls.key")}
    return start(tls=tls, auth=users(alice="one"))


def test_push_and_pull_over_tls_with_a_password(secured):
    content = os.urandom(2_000_000)
    answer, manifest = secured.push_image("team/app", "v1", layers=[content], user="alice:one")
    assert answer.status == 201
    assert secured.request("GET", "/v2/team/app/manifests/v1", user="alice:one").body == manifest
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    assert secured.request("GET", f"/v2/team/app/blobs/{digest}", user="alice:one").body == content
    assert secured.request("GET", "/readyz", admin=True).status == 200  # the admin port has the same certificate


def test_a_new_certificate_is_served_while_old_connections_go_on(secured, tmp_path, make_pair):
    assert subject(secured) == "CN=one"
    session = secured.request("POST", "/v2/a/blobs/uploads/", user="alice:one").headers["Location"]
    head = f"PATCH {session} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nAuthorization: Basic YWxpY2U6b25l\r\n\r\n"
    with secured.connect() as running:
        running.sendall(head.encode() + b"abc")
        write(tmp_path, make_pair("two"))
        wait_until(lambda: subject(secured) == "CN=two")
        running.sendall(b"def")
        assert running.recv(4096).startswith(b"HTTP/1.1 202")
    certificate = secured.request("GET", "/status", admin=True).json()["certificate"]
    assert certificate["sha256"] == hashlib.sha256((tmp_path / "tls.crt").read_bytes()).hexdigest()


def test_a_mismatched_pair_never_reaches_the_listener(secured, tmp_path, make_pair):
    write(tmp_path, (make_pair("two")[0], make_pair("three")[1]))
    wait_until(lambda: secured.request("GET", "/status", admin=True).json()["certificate"]["error"])
    assert subject(secured) == "CN=one"


def test_a_reload_of_users_drops_no_connection_and_no_upload(start, users):
    registry = start(auth=users(alice="one"))
    session = registry.request("POST", "/v2/a/blobs/uploads/", user="alice:one").headers["Location"]
    head = f"PATCH {session} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nAuthorization: Basic YWxpY2U6b25l\r\n\r\n"
    with registry.connect() as running:
        running.sendall(head.encode() + b"abc")
        users(alice="two")
        wait_until(lambda: registry.request("GET", "/v2/", user="alice:two").status == 200)
        assert registry.request("GET", "/v2/", user="alice:one").status == 401
        running.sendall(b"def")
        assert running.recv(4096).startswith(b"HTTP/1.1 202")


def test_a_running_upload_is_finished_before_the_end_and_new_ones_are_refused(start):
    registry = start()
    session = registry.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    idle = registry.connect()
    with registry.connect() as running:
        running.sendall(f"PATCH {session} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc".encode())
        wait_until(lambda: registry.wharf._metrics.in_flight.values[()] == 1)
        stopping = threading.Thread(target=registry.stop)
        stopping.start()
        wait_until(lambda: registry.request("GET", "/readyz", admin=True).status == 503)
        running.sendall(b"def")
        assert running.recv(4096).startswith(b"HTTP/1.1 202")
        stopping.join(10)
    assert not registry.thread.is_alive()
    idle.close()


def test_an_idle_tls_connection_does_not_hold_up_the_end(secured):
    idle = secured.connect()
    begun = time.monotonic()
    secured.stop()
    assert time.monotonic() - begun < 5
    idle.close()


def test_an_upload_goes_on_after_a_restart(start):
    first = start()
    session = first.request("POST", "/v2/a/blobs/uploads/").headers["Location"]
    first.request("PATCH", session, b"abc")
    first.stop()
    second = start()
    digest = "sha256:" + hashlib.sha256(b"abcdef").hexdigest()
    assert second.request("PUT", f"{session}?digest={digest}", b"def", Content_Range="3-5").status == 201


@pytest.mark.parametrize("configured", [True, False])
def test_a_taken_admin_port_matters_only_where_it_was_asked_for(tmp_path, configured):
    async def begin(address):
        path = tmp_path / "config.yaml"
        path.write_text(f"adminAddress: {address}")
        overrides = {"address": "127.0.0.1:0", "data": str(tmp_path / "data")}
        wharf = Wharf(str(path), overrides) if configured else Wharf(overrides={**overrides, "admin_address": address})
        try:
            await wharf.start()
        finally:
            await wharf.stop()
        return wharf

    with bind("127.0.0.1:0") as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        if configured:
            with pytest.raises(AddressError, match="in use"):
                asyncio.run(begin(address))
        else:
            wharf = asyncio.run(begin(address))
            assert wharf.port > 0
            assert wharf.admin_port == 0


def test_ipv6_addresses_have_brackets():
    with bind("[::1]:0") as listening:
        assert listening.getsockname()[0] == "::1"


def test_a_start_that_fails_leaves_nothing_running(tmp_path):
    async def fail():
        wharf = Wharf(overrides={"address": "nonsense", "data": str(tmp_path)})
        with pytest.raises(AddressError):
            await wharf.start()
        await wharf.stop()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(fail()) == set()


def test_with_client_cas_the_registry_asks_for_certificates_and_the_admin_port_does_not(start, make_pair, tmp_path):
    pair, client = make_pair("localhost"), make_pair("alice")
    for name, content in {"tls.crt": pair[0], "tls.key": pair[1], "ca.crt": client[0]}.items():
        (tmp_path / name).write_bytes(content)
    names = {"certificate": "tls.crt", "key": "tls.key", "clientCa": "ca.crt"}
    registry = start(tls={field: str(tmp_path / name) for field, name in names.items()})
    assert registry.request("GET", "/readyz", admin=True).status == 200
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        registry.request("GET", "/v2/")
    (tmp_path / "client.pem").write_bytes(client[0] + client[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(tmp_path / "client.pem")
    connection = http.client.HTTPSConnection("127.0.0.1", registry.wharf.port, context=context, timeout=10)
    connection.request("GET", "/v2/")
    assert connection.getresponse().status == 200
    connection.close()
