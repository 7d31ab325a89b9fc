"""The way to a registry, against real servers: how far it leads, and what is wrong with a certificate."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.kubectl_registry.doctor.conftest import Authority, Running, authority, issue, shows

from kubectl_registry.addresses import Address
from kubectl_registry.doctor import probe
from kubectl_registry.doctor.facts import Way
from kubectl_registry.doctor.probe import Trust
from kubectl_registry.errors import ForbiddenError


@pytest.fixture(scope="module")
def ca() -> Authority:
    return authority()


def walk(port: int, trust: Trust, host: str = "localhost") -> Way:
    address = Address(host, port)
    return probe.walk(Way(address, forwarded=False), probe.direct(address), trust)


def test_a_registry_that_is_well_is_reached(wharf: Running) -> None:
    way = walk(wharf.port, Trust(wharf.ca.pem, {Path("right.crt"): wharf.ca.pem, Path("old.crt"): authority().pem}))
    assert way.answer == 401
    assert (way.trust_error, way.host_error, way.connect_error) == ("", "", "")
    assert way.clients == {"right.crt": True, "old.crt": False}
    assert not way.system
    assert way.verified
    assert way.certificate is not None
    assert way.certificate.names == ("team.ci.svc", "localhost", "127.0.0.1")
    assert "127.0.0.1" in way.resolved or "::1" in way.resolved


def test_a_name_that_leads_nowhere_ends_there() -> None:
    way = walk(443, Trust("", {}), "nowhere.invalid")
    assert way.name_error
    assert not way.is_open


def test_a_port_where_nobody_listens_ends_there() -> None:
    way = walk(1, Trust("", {}))
    assert way.connect_error == "Connection refused"


def test_an_expired_certificate_is_one_that_is_trusted_otherwise(ca: Authority, tmp_path: Path) -> None:
    with shows(issue(ca, tmp_path, ["localhost"], (-20, -2))) as port:
        way = walk(port, Trust(ca.pem, {}))
    assert way.certificate is not None
    assert (way.trust_error, way.host_error, way.verified) == ("", "", False)
    assert way.answer == 401


def test_another_ca_is_not_trusted(ca: Authority, tmp_path: Path) -> None:
    with shows(issue(authority("other"), tmp_path, ["localhost"])) as port:
        way = walk(port, Trust(ca.pem, {}))
    assert "certificate" in way.trust_error
    assert way.certificate is not None
    assert way.certificate.issuer == "CN=other"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_another_name_is_not_for_this_host(ca: Authority, tmp_path: Path, host: str) -> None:
    with shows(issue(ca, tmp_path, ["registry.example.com"])) as port:
        way = walk(port, Trust(ca.pem, {}), host)
    assert way.trust_error == ""
    assert "mismatch" in way.host_error.lower() or "not valid for" in way.host_error


def test_a_server_without_tls_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading  # noqa: PLC0415 - beside its only use

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        way = walk(int(server.getsockname()[1]), Trust("", {}), "127.0.0.1")
        thread.join(10)
    assert way.tls_error
    assert way.certificate is None


def test_a_right_that_is_lacking_is_no_fault_of_the_registry() -> None:
    @contextmanager
    def dial() -> Iterator[socket.socket]:
        raise ForbiddenError("you may not create pods/portforward")
        yield

    way = probe.walk(Way(Address("team.ci.svc", 443), forwarded=True), dial, Trust("", {}))
    assert way.not_tried == "you may not create pods/portforward"
    assert way.connect_error == ""


def test_a_ca_that_is_no_certificate_trusts_only_the_system() -> None:
    assert not probe.verifying("rubbish", name=False).check_hostname
    assert probe.verifying("").check_hostname
