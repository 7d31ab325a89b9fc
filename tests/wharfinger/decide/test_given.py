"""A certificate from elsewhere: copied when it is good, refused with the reason when not."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives import serialization

from wharfinger.decide import x509
from wharfinger.decide.mint import SystemMint

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINT = SystemMint()
CA_KEY = MINT.key()
CA_PEM = x509.authority("CA", CA_KEY, x509.Term(1, NOW, dt.timedelta(days=100)))
OTHER_PEM = x509.authority("CA", MINT.key(), x509.Term(1, NOW, dt.timedelta(days=100)))
OLD_PEM = x509.authority("CA", CA_KEY, x509.Term(1, NOW - dt.timedelta(days=90), dt.timedelta(days=10)))
KEY = MINT.key()
ENCRYPTED = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"secret"),
).decode()
KEY_PEM = x509.pem_of(KEY)
GIVEN = {"tls": {"issuer": "Secret", "secretName": "mine", "hosts": ["registry.example.com"]}}


def issue(*hosts, now=NOW, days=30):
    term = x509.Term(2, now, dt.timedelta(days=days))
    return x509.server(hosts or ("registry.example.com",), KEY, x509.certificate(CA_PEM), CA_KEY, term)


def test_a_given_certificate_is_copied_and_served(world):
    here = world(GIVEN)
    pem = issue()
    here.secret("mine", tls_crt=pem, tls_key=KEY_PEM, ca_crt=CA_PEM)
    here.settle()
    assert here.data("team-tls", "tls.crt") == pem
    assert here.child("ConfigMap", "team-ca")["data"]["ca.crt"] == CA_PEM
    assert ("Secret", "team-ca") not in here.observed.children
    assert here.condition("CertificateReady")[:2] == ("True", "CertificateLive")
    status = here.registry["status"]["certificate"]
    assert status["issuer"] == "Secret"
    assert status["fingerprint"] == x509.certificate(pem).fingerprint
    assert "renewsAt" not in status


def test_a_certificate_of_a_public_authority_publishes_none(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    here.settle()
    assert ("ConfigMap", "team-ca") not in here.observed.children
    assert "caConfigMapName" not in here.registry["status"]["certificate"]


REFUSED = {
    "the Secret is missing": (None, "CertificateSecretMissing", "Secret 'mine' is missing"),
    "a key is missing": ({"tls_crt": issue()}, "CertificateSecretMissing", "'tls.key'"),
    "the certificate is nonsense": ({"tls_crt": "x", "tls_key": KEY_PEM}, "CertificateMalformed", "'tls.crt'"),
    "the key is nonsense": ({"tls_crt": issue(), "tls_key": "x"}, "CertificateMalformed", "'tls.key'"),
    "the key is another's": (
        {"tls_crt": issue(), "tls_key": x509.pem_of(MINT.key())},
        "CertificateKeyMismatch",
        "not the key",
    ),
    "it has expired": (
        {"tls_crt": issue(now=NOW - dt.timedelta(days=40)), "tls_key": KEY_PEM},
        "CertificateExpired",
        "renew it",
    ),
    "it is not valid yet": (
        {"tls_crt": issue(now=NOW + dt.timedelta(days=1)), "tls_key": KEY_PEM},
        "CertificateExpired",
        "it is taken up then",
    ),
    "the key is encrypted": ({"tls_crt": issue(), "tls_key": ENCRYPTED}, "CertificateMalformed", "no unencrypted PEM"),
    "the CA is nonsense": (
        {"tls_crt": issue(), "tls_key": KEY_PEM, "ca_crt": "x"},
        "CertificateMalformed",
        "'ca.crt'",
    ),
    "the CA is another's": (
        {"tls_crt": issue(), "tls_key": KEY_PEM, "ca_crt": OTHER_PEM},
        "CertificateChainBroken",
        "clients could not verify it",
    ),
    "an intermediate is missing": (
        {"tls_crt": issue() + OTHER_PEM, "tls_key": KEY_PEM},
        "CertificateChainBroken",
        "certificate 2 in tls.crt of Secret 'mine' did not sign certificate 1",
    ),
    "an intermediate has expired": (
        {"tls_crt": issue() + OLD_PEM, "tls_key": KEY_PEM},
        "CertificateExpired",
        "intermediate certificate 1",
    ),
    "a host is not covered": (
        {"tls_crt": issue("other.example.com"), "tls_key": KEY_PEM},
        "CertificateHostMissing",
        "'registry.example.com'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_certificate_is_refused_with_the_reason(world, case):
    data, reason, said = REFUSED[case]
    here = world(GIVEN)
    if data is None:
        here.change(secrets={"mine": None})
    else:
        here.secret("mine", **data)
    here.settle()
    status, found, message = here.condition("CertificateReady")
    assert (status, found) == ("False", reason)
    assert said in message
    assert ("Secret", "team-tls") not in here.observed.children
    assert here.condition("Ready")[:2] == ("False", reason)


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_certificate_never_replaces_one_that_works(world, case):
    data, reason, _ = REFUSED[case]
    here = world(GIVEN)
    good = issue()
    here.secret("mine", tls_crt=good, tls_key=KEY_PEM, ca_crt=CA_PEM)
    here.settle()
    if data is None:
        here.change(secrets={"mine": None})
    else:
        here.secret("mine", **data)
    here.settle()
    assert here.data("team-tls", "tls.crt") == good
    assert ("ConfigMap", "team-ca") in here.observed.children
    status, found, message = here.condition("CertificateReady")
    assert (status, found) == ("False", reason)
    assert message.endswith("Until then the last good certificate is served")


def test_a_renewed_certificate_is_taken_up(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    here.settle()
    renewed = issue(days=60)
    here.secret("mine", tls_crt=renewed, tls_key=KEY_PEM)
    here.settle()
    assert here.data("team-tls", "tls.crt") == renewed


def test_a_certificate_is_looked_at_again_when_it_soon_expires_and_when_it_does(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(days=40), tls_key=KEY_PEM)
    end = x509.certificate(issue(days=40)).not_after
    assert here.settle().requeue_after == (end - dt.timedelta(days=10) - NOW).total_seconds()
    here.now = end - dt.timedelta(days=9)
    assert here.settle().requeue_after == dt.timedelta(days=9).total_seconds()


def test_a_chain_with_intermediates_is_taken_as_it_is(world):
    here = world(GIVEN)
    pem = issue() + CA_PEM
    here.secret("mine", tls_crt=pem, tls_key=KEY_PEM, ca_crt=CA_PEM)
    here.settle()
    assert here.data("team-tls", "tls.crt") == pem
    assert here.condition("CertificateReady")[0] == "True"


def test_one_that_expires_in_place_is_told_as_it_is(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    here.settle()
    here.now = x509.certificate(issue()).not_after
    here.settle()
    status, reason, message = here.condition("CertificateReady")
    assert (status, reason) == ("False", "CertificateExpired")
    assert message.endswith("clients are shown the last one, which has expired")


def test_one_that_is_not_valid_yet_is_taken_up_when_it_is(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    here.settle()
    later = issue(now=NOW + dt.timedelta(days=1))
    here.secret("mine", tls_crt=later, tls_key=KEY_PEM)
    wait = here.settle().requeue_after
    begins = x509.certificate(later).not_before - x509.CLOCK_SKEW
    assert wait == (begins - NOW).total_seconds()
    here.now = begins
    here.settle()
    assert here.data("team-tls", "tls.crt") == later
    assert here.condition("CertificateReady")[0] == "True"


def test_hosts_of_an_ingress_that_shows_it_to_clients_count_too(world):
    ingress = {"hosts": ["apps.example.com"]}
    here = world(GIVEN | {"ingress": ingress})
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    here.settle()
    assert here.condition("CertificateReady")[1] == "CertificateHostMissing"
    assert "'apps.example.com' of spec.ingress.hosts" in here.condition("CertificateReady")[2]
    here.edit(ingress=ingress | {"tls": {"secretName": "another"}})
    here.settle()
    assert here.condition("CertificateReady")[0] == "True"


def test_a_name_in_capitals_is_the_same_name(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue("Registry.EXAMPLE.com"), tls_key=KEY_PEM)
    here.settle()
    assert here.condition("CertificateReady")[0] == "True"


def test_a_certificate_that_soon_expires_is_told_of_once_and_served(world):
    here = world(GIVEN)
    pem = issue(days=40)
    here.secret("mine", tls_crt=pem, tls_key=KEY_PEM)
    here.settle()
    assert here.condition("CertificateReady")[:2] == ("True", "CertificateLive")
    here.now += dt.timedelta(days=29, hours=23)  # ten of the forty days are left in an hour
    here.settle()
    assert here.condition("CertificateReady")[:2] == ("True", "CertificateLive")
    here.now += dt.timedelta(hours=2)
    assert [event.type for event in here.step().events] == ["Warning"]
    assert here.step().events == ()
    status, reason, message = here.condition("CertificateReady")
    assert (status, reason) == ("True", "CertificateExpiring")
    assert "only until 2026-04-10T11:55:00Z: put a renewed one into Secret 'mine' before" in message
    assert here.data("team-tls", "tls.crt") == pem
    assert here.condition("Ready")[0] == "True"
