"""spec.tls: where the certificate comes from, what is refused, and what the condition says."""

import base64
import datetime as dt

import pytest

from wharfinger.children.owner import Owner
from wharfinger.decide import certificates, x509
from wharfinger.decide.mint import SystemMint

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINT = SystemMint()
CA_KEY = MINT.key()
CA_PEM = x509.authority("CA", CA_KEY, x509.Term(1, NOW, dt.timedelta(days=100)))
KEY = MINT.key()
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
        "valid from",
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
    assert "the last good certificate is served" in message


def test_a_renewed_certificate_is_taken_up(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    here.settle()
    renewed = issue(days=60)
    here.secret("mine", tls_crt=renewed, tls_key=KEY_PEM)
    here.settle()
    assert here.data("team-tls", "tls.crt") == renewed


def test_a_certificate_is_looked_at_again_when_it_expires(world):
    here = world(GIVEN)
    here.secret("mine", tls_crt=issue(), tls_key=KEY_PEM)
    assert here.settle().requeue_after == (x509.certificate(issue()).not_after - NOW).total_seconds()


def test_without_tls_there_is_no_certificate_and_the_condition_says_what_that_means(world):
    here = world()
    here.settle()
    here.edit(tls={"issuer": "Disabled"})
    here.settle()
    for key in (("Secret", "team-tls"), ("Secret", "team-ca"), ("ConfigMap", "team-ca")):
        assert key not in here.observed.children
    status, reason, message = here.condition("CertificateReady")
    assert (status, reason) == ("True", "TlsDisabled")
    assert "readable" in message
    assert here.registry["status"]["url"] == "http://team.ci.svc"


def test_a_replica_that_serves_an_older_certificate_is_waited_for(world):
    here = world()
    here.settle()
    here.edit(tls={"hosts": ["new.example.com"]})
    plan = here.step()
    assert here.condition("CertificateReady")[:2] == ("False", "CertificatePending")
    assert plan.poke == ("team-0",)
    here.settle()
    assert here.condition("CertificateReady")[0] == "True"


def test_pods_are_known_by_the_authority_and_the_service_s_name(world):
    here = world()
    here.settle()
    owner = Owner("team", "ci", "uid-1")
    trusted, name = certificates.peer(here.model, owner, here.observed)
    assert name == "team.ci.svc"
    assert here.data("team-ca", "tls.crt") in trusted
    assert here.data("team-tls", "tls.crt") in trusted


def test_pods_with_a_given_certificate_are_known_by_the_certificate_itself(world):
    here = world({"tls": {"issuer": "Secret", "secretName": "mine"}})
    here.secret("mine", tls_crt=issue("*.example.com"), tls_key=KEY_PEM)
    here.settle()
    trusted, name = certificates.peer(here.model, Owner("team", "ci", "u"), here.observed)
    assert name == "wharf.example.com"
    assert trusted.strip() == here.data("team-tls", "tls.crt").strip()


@pytest.mark.parametrize("spec", [{"tls": {"issuer": "Disabled"}}, {}])
def test_without_a_certificate_nobody_is_known(world, spec):
    here = world(spec)
    assert certificates.peer(here.model, Owner("team", "ci", "u"), here.observed) == ("", "")


def test_an_unreadable_certificate_vouches_for_nobody(world):
    here = world()
    here.settle()
    live = here.child("Secret", "team-tls")
    here.put(live | {"data": {"tls.crt": base64.b64encode(b"x").decode()}})
    assert certificates.peer(here.model, Owner("team", "ci", "u"), here.observed) == ("", "")
