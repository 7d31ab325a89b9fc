"""Certificates as values, and as TLS takes them."""

import datetime as dt
import socket
import ssl
import threading

import pytest
from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from wharfinger.decide import x509
from wharfinger.decide.mint import SystemMint

NOW = dt.datetime(2026, 3, 1, 12, 0, 30, 5, tzinfo=dt.UTC)
HOSTS = ("team.ci.svc", "*.example.com", "10.0.0.1", "::1")
MINT = SystemMint()
CA_KEY = MINT.key()
CA_PEM = x509.authority("team CA", CA_KEY, x509.Term(1, NOW, dt.timedelta(days=10)))
CA = x509.certificate(CA_PEM)


def issue(hosts=HOSTS, *, now=NOW, days=3.0, key=None):
    term = x509.Term(2, now, dt.timedelta(days=days))
    return x509.server(hosts, key or MINT.key(), CA, CA_KEY, term)


def test_a_server_certificate_says_what_it_is_for():
    leaf = x509.certificate(issue())
    assert leaf.hosts == {"team.ci.svc", "*.example.com", "10.0.0.1", "::1"}
    assert leaf.signed_by(CA)
    assert leaf.lifetime == dt.timedelta(days=3)
    assert leaf.not_before == dt.datetime(2026, 3, 1, 11, 55, 30, tzinfo=dt.UTC)
    assert leaf.renews_at == leaf.not_before + dt.timedelta(days=2)


def test_a_certificate_never_outlives_its_authority():
    assert x509.certificate(issue(days=100)).not_after == CA.not_after


def test_an_authority_may_sign_servers_and_its_successor():
    constraints = CA.parsed.extensions.get_extension_for_class(crypto.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 1)
    assert CA.signed_by(CA)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("team.ci.svc", True),
        ("a.example.com", True),
        ("a.b.example.com", False),
        ("example.com", False),
        ("10.0.0.1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("10.0.0.2", False),
    ],
)
def test_a_certificate_covers_its_hosts_and_one_label_of_a_wildcard(host, covered):
    assert x509.certificate(issue()).covers(host) is covered


def test_another_authority_did_not_sign_it():
    other = x509.certificate(x509.authority("team CA", MINT.key(), x509.Term(1, NOW, dt.timedelta(days=10))))
    assert not x509.certificate(issue()).signed_by(other)


def test_a_key_belongs_to_its_certificate_alone():
    key = MINT.key()
    leaf = x509.certificate(issue(key=key))
    assert leaf.belongs_to(x509.private_key(x509.pem_of(key)))
    assert not leaf.belongs_to(MINT.key())


@pytest.mark.parametrize(
    "pem", [None, b"", "nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_pem_is_an_error(pem):
    with pytest.raises(x509.CertificateError, match="no PEM certificate"):
        x509.certificate(pem)
    with pytest.raises(x509.CertificateError, match="private key"):
        x509.private_key(pem)


def test_the_fingerprint_is_as_openssl_prints_it():
    assert len(CA.fingerprint.split(":")) == 32
    assert CA.fingerprint == CA.fingerprint.upper()


def test_hosts_are_compared_as_certificates_spell_them():
    assert x509.normal_hosts(["0:0::1", "a"]) == {"::1", "a"}


def test_tls_clients_accept_it(tmp_path):
    """Python's ssl module, strict as OpenSSL can be, over a real socket."""
    key = MINT.key()
    now = dt.datetime.fromtimestamp(1, dt.UTC)
    ca_key = MINT.key()
    century = dt.timedelta(days=36500)
    ca_pem = x509.authority("team CA", ca_key, x509.Term(1, now, century))
    pem = x509.server(("localhost",), key, x509.certificate(ca_pem), ca_key, x509.Term(2, now, century))
    (tmp_path / "all.pem").write_text(pem + x509.pem_of(key))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "all.pem")
    client = ssl.create_default_context(cadata=ca_pem)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()
    thread = threading.Thread(target=lambda: serving.wrap_socket(there, server_side=True).close())
    thread.start()
    with client.wrap_socket(here, server_hostname="localhost") as connection:
        names = connection.getpeercert() or {}
    thread.join(5)
    assert names["subjectAltName"] == (("DNS", "localhost"),)


KEYS = {
    "RSA of 1024 bits": rsa.generate_private_key(65537, 1024),  # noqa: S505 - this is what is refused
    "RSA of 2048 bits": rsa.generate_private_key(65537, 2048),
    "P-192": ec.generate_private_key(ec.SECP192R1()),
    "P-224": ec.generate_private_key(ec.SECP224R1()),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_what_counts_as_weak_is_what_openssl_does_not_serve(kind, tmp_path):
    key, name = KEYS[kind], crypto.Name([])
    algorithm = None if kind == "Ed25519" else hashes.SHA256()
    builder = crypto.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + dt.timedelta(days=9))
    pem = builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path / "both.pem"
    file.write_bytes(pem + key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=2")
    try:
        context.load_cert_chain(file)
        served = True
    except ssl.SSLError:
        served = False
    assert bool(x509.certificate(pem).weakness) is not served
