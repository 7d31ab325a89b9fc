"""What an endpoint is trusted by, and what is presented to it, is passed on only when it can be used."""

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives import serialization

from wharfinger.api.ca_source import CaSource
from wharfinger.api.webhook import ClientCertificate, EndpointTls
from wharfinger.decide.endpoint_tls import Trust, read
from wharfinger.decide.mint import SystemMint
from wharfinger.decide.observed import Observed
from wharfinger.decide.x509 import Term, authority

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINT = SystemMint()


def private(key):
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form)


KEY = MINT.key()
PEM = authority("CA", KEY, Term(1, NOW, dt.timedelta(days=1)))


def secret(**data):
    return {"data": {name.replace("_", "."): base64.b64encode(value).decode() for name, value in data.items()}}


FROM_CONFIG_MAP = EndpointTls(ca=CaSource(config_map_name="ca"))
FROM_SECRET = EndpointTls(ca=CaSource(secret_name="ca", key="root.pem"))
PAIR = EndpointTls(client_certificate=ClientCertificate(secret_name="pair"))


def test_nothing_asked_for_is_nothing():
    assert read(None, Observed()) == read(EndpointTls(), Observed()) == Trust()


def test_a_ca_comes_from_a_config_map_or_a_secret():
    assert read(FROM_CONFIG_MAP, Observed(config_maps={"ca": {"data": {"ca.crt": PEM}}})) == Trust(ca=PEM)
    assert read(FROM_SECRET, Observed(secrets={"ca": secret(root_pem=PEM.encode())})) == Trust(ca=PEM)


@pytest.mark.parametrize("live", [None, {}, {"data": None}, {"data": {"ca.crt": "nonsense"}}])
def test_a_missing_or_unusable_ca_is_named(live):
    problem = read(FROM_CONFIG_MAP, Observed(config_maps={"ca": live})).problem
    assert problem is not None
    assert problem.reason == "CaMissing"
    assert "ConfigMap 'ca'" in problem.message


@pytest.mark.parametrize("live", [None, {}, secret(root_pem=b"nonsense"), secret(root_pem=b"\xff")])
def test_a_missing_or_unusable_ca_in_a_secret_is_named(live):
    problem = read(FROM_SECRET, Observed(secrets={"ca": live})).problem
    assert problem is not None
    assert "Secret 'ca'" in problem.message


def test_a_client_certificate_comes_with_its_key():
    live = secret(tls_crt=PEM.encode(), tls_key=private(KEY))
    assert read(PAIR, Observed(secrets={"pair": live})) == Trust(certificate=PEM, key=private(KEY).decode())


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (None, "is missing"),
        ({}, "holds no certificate"),
        (secret(tls_crt=b"nonsense"), "holds no certificate"),
        (secret(tls_crt=PEM.encode()), "holds no key"),
        (secret(tls_crt=PEM.encode(), tls_key=b"nonsense"), "holds no key"),
        (secret(tls_crt=PEM.encode(), tls_key=private(MINT.key())), "not the certificate's"),
    ],
)
def test_a_client_certificate_that_cannot_be_used_is_named(live, said):
    trust = read(PAIR, Observed(secrets={"pair": live}))
    assert trust.problem is not None
    assert trust.problem.reason == "ClientCertificateUnusable"
    assert said in trust.problem.message
    assert trust.key == ""
