"""TLS contexts: a pair is taken when it works, and not otherwise."""

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from wharf.certificates import CertificateError, Front, load, new_context


def served(context):
    """The common name that a client of this context sees."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(back, there)
    other = context.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = x509.load_der_x509_certificate(one.getpeercert(binary_form=True))
    return certificate.subject.rdns[0].rfc4514_string()


def test_a_new_pair_is_served_at_once(make_pair):
    context = new_context()
    load(context, *make_pair("one"))
    assert served(context) == "CN=one"
    load(context, *make_pair("two"))
    assert served(context) == "CN=two"
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_pair_that_does_not_belong_together_changes_nothing(make_pair):
    context = new_context()
    load(context, *make_pair("one"))
    certificate, _ = make_pair("two")
    _, key = make_pair("three")
    for bad in ((certificate, key), (b"", b""), (b"rubbish", key), (certificate, b"rubbish")):
        with pytest.raises(CertificateError) as caught:
            load(context, *bad)
        assert key.decode() not in str(caught.value)
    assert served(context) == "CN=one"


def test_an_encrypted_key_is_an_error_not_a_question(make_pair):
    certificate, pem = make_pair("one")
    key = serialization.load_pem_private_key(pem, None)
    secret = serialization.BestAvailableEncryption(b"secret")
    encrypted = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    with pytest.raises(CertificateError):
        load(new_context(), certificate, encrypted)


def accepts(context, pair, tmp_path):
    """Whether the context takes a client with this certificate and key; None: without one."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    if pair:
        (tmp_path / "client.pem").write_bytes(pair[0] + pair[1])
        client.load_cert_chain(tmp_path / "client.pem")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    one, other = client.wrap_bio(back, there), context.wrap_bio(there, back, server_side=True)
    try:
        for _ in range(4):
            for side in (one, other):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLError:
        return False
    return other.version() is not None and other.cipher() is not None


def test_clients_need_a_certificate_of_the_ca_that_is_named_last(make_pair, tmp_path):
    server, alice, bob = (make_pair(name) for name in ("server", "alice", "bob"))
    front = Front()
    front.replace(*server)
    assert accepts(front.context, None, tmp_path)
    front.replace(*server, alice[0])
    assert accepts(front.context, alice, tmp_path)
    assert not accepts(front.context, bob, tmp_path)
    assert not accepts(front.context, None, tmp_path)
    front.replace(*server, bob[0])
    assert accepts(front.context, bob, tmp_path)
    assert not accepts(front.context, alice, tmp_path)
    front.replace(*server)
    assert accepts(front.context, None, tmp_path)


def test_a_front_serves_its_newest_certificate(make_pair):
    front = Front()
    front.replace(*make_pair("one"))
    front.replace(*make_pair("two"))
    assert served(front.context) == "CN=two"


def test_client_cas_that_are_none_change_nothing(make_pair, tmp_path):
    front, alice = Front(), make_pair("alice")
    front.replace(*make_pair("one"), alice[0])
    with pytest.raises(CertificateError):
        front.replace(*make_pair("two"), b"not a certificate")
    assert accepts(front.context, alice, tmp_path)
    assert not accepts(front.context, None, tmp_path)
