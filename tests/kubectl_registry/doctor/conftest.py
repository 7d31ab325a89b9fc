"""Facts of a registry that is well, certificates of every kind, and real servers that show them."""

import datetime
import ipaddress
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.kubectl_registry.conftest import Object, registry

from kubectl_registry.addresses import Address
from kubectl_registry.doctor.facts import Certificate, Facts, Inside, Login, Transfer, Way

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
HOST = "registry.example.com"
PASSWORD = "a very secret word"


def shown(**changes: Any) -> Certificate:
    """A certificate that is well."""
    day = datetime.timedelta(days=1)
    return replace(
        Certificate("CN=team", "CN=team CA", ("team.ci.svc", HOST), NOW - day, NOW + 60 * day, "AB:CD"), **changes
    )


def outside(**changes: Any) -> Way:
    """The way by name, open to its end."""
    way = Way(Address(HOST, 443), forwarded=False, resolved=("192.0.2.7",), certificate=shown(), answer=401)
    return replace(way, **({"clients": {"/etc/docker/certs.d/ca.crt": True}} | changes))


def pod(**status: Any) -> Object:
    """A pod of the registry."""
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": "team-1", "namespace": "ci"}, "status": status or ready}


def well(**changes: Any) -> Facts:
    """Facts of a registry with which all is well, except for `changes`."""
    operator = {"metadata": {"name": "wharfinger", "namespace": "wharfinger-system"}, "status": {"readyReplicas": 1}}
    lease = {
        "spec": {"renewTime": "2026-11-25T11:59:58Z", "leaseDurationSeconds": 15, "holderIdentity": "wharfinger-1"}
    }
    claim = {"metadata": {"name": "team"}, "status": {"phase": "Bound"}}
    slices = {"endpoints": [{"addresses": ["10.1.0.5"], "conditions": {"ready": True}}]}
    facts = Facts(
        registry=registry(),
        now=NOW,
        host_given=False,
        operators=(operator,),
        lease=lease,
        claim=claim,
        pods=(pod(),),
        service={"metadata": {"name": "team"}, "spec": {"clusterIP": "10.0.0.5", "clusterIPs": ["10.0.0.5"]}},
        slices=(slices,),
        policies=(),
        webhooks=(),
        pullers=(),
        inside=Inside(100, 70, 10, "ab", {"team.ci.svc": ("10.0.0.5",)}),
        ca="PEM",
        ways=(
            outside(),
            Way(Address("team.ci.svc", 443, inside=True), forwarded=True, certificate=shown(), answer=401),
        ),
        logins=(Login("admin", "Secret team-user-admin", 200),),
        pull=Transfer("apps/hello:1 can be pulled"),
    )
    return replace(facts, **changes)


@dataclass(frozen=True)
class Authority:
    """A CA."""

    name: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    name: str, issuer: str, days: tuple[int, int]
) -> tuple[x509.CertificateBuilder, ec.EllipticCurvePrivateKey]:
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)  # noqa: TID251 - real TLS
    builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    first, last = (today + datetime.timedelta(days=count) for count in days)
    return builder.not_valid_before(first).not_valid_after(last), key


def authority(name: str = "team CA") -> Authority:
    """A new CA."""
    builder, key = _builder(name, name, (-100, 100))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = builder.add_extension(usage, critical=True).add_extension(identifier, critical=False)
    return Authority(name, builder.sign(key, hashes.SHA256()), key)


def issue(ca: Authority, directory: Path, names: list[str], days: tuple[int, int] = (-1, 30)) -> Path:
    """A server certificate with its key behind it, in one PEM file; `days` from today on."""
    builder, key = _builder("server", ca.name, days)
    alternatives = [
        x509.IPAddress(ipaddress.ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in names
    ]
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False
    )
    signed = builder.sign(ca.key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file = directory / f"server-{signed.serial_number}.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def shows(file: Path, heard: list[bytes] | None = None) -> Iterator[int]:
    """A server that shows a certificate and answers every request with 401; yields its port. `heard`: the requests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                connection.settimeout(5)
                try:
                    with connection, context.wrap_socket(connection, server_side=True) as secured:
                        request = secured.recv(65536)
                        if heard is not None:
                            heard.append(request)
                        secured.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except OSError:
                    continue  # the client did not like the certificate, which is what it is for

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            stop.set()
            thread.join(10)


@dataclass(frozen=True)
class Running:
    """A registry that runs, with one user `admin`."""

    port: int
    ca: Authority
    htpasswd: str
    directory: Path


@contextmanager
def running(directory: Path) -> Iterator[Running]:
    """A real registry on loopback, with TLS for the names that the Registry `team` has."""
    ca = authority()
    certificate = issue(ca, directory, ["team.ci.svc", "localhost", "127.0.0.1"])
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    past = bcrypt.hashpw(b"the old one", bcrypt.gensalt(4)).decode()
    htpasswd = f"admin:{hashed}\nadmin:{past}:2026-01-01T00:00:00Z\n"
    (directory / "htpasswd").write_text(htpasswd)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    config = {
        "address": f"127.0.0.1:{port}", "adminAddress": "", "data": str(directory / "data"),
        "tls": {"certificate": str(certificate), "key": str(certificate)},
        "auth": {"htpasswd": str(directory / "htpasswd")},
    }  # fmt: skip
    (directory / "config.yaml").write_text(json.dumps(config))
    log = (directory / "log").open("wb")
    command = [sys.executable, "-m", "wharf", "serve", "--config", str(directory / "config.yaml")]
    with log, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
        _await(port, process)
        yield Running(port, ca, htpasswd, directory)
        process.terminate()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    waited = threading.Event()
    for _ in range(600):
        assert process.poll() is None, "wharf ended"
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        waited.wait(0.05)
    raise AssertionError("wharf does not listen")
