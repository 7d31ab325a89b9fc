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
    found = certificates.peer(here.model, owner, here.observed)
    assert found.server_name == "team.ci.svc"
    assert here.data("team-ca", "tls.crt") in found.trusted
    assert here.data("team-tls", "tls.crt") in found.trusted
    assert found.leaf == x509.certificate(here.data("team-tls", "tls.crt"))


def test_pods_with_a_given_certificate_are_known_by_the_certificate_itself(world):
    here = world({"tls": {"issuer": "Secret", "secretName": "mine"}})
    here.secret("mine", tls_crt=issue("*.example.com"), tls_key=KEY_PEM)
    here.settle()
    found = certificates.peer(here.model, Owner("team", "ci", "u"), here.observed)
    assert found.server_name == "wharf.example.com"
    assert found.trusted.strip() == here.data("team-tls", "tls.crt").strip()


@pytest.mark.parametrize("spec", [{"tls": {"issuer": "Disabled"}}, {}])
def test_without_a_certificate_nobody_is_known(world, spec):
    here = world(spec)
    assert certificates.peer(here.model, Owner("team", "ci", "u"), here.observed) == certificates.Peer()


def test_an_unreadable_certificate_vouches_for_nobody(world):
    here = world()
    here.settle()
    live = here.child("Secret", "team-tls")
    here.put(live | {"data": {"tls.crt": base64.b64encode(b"x").decode()}})
    assert certificates.peer(here.model, Owner("team", "ci", "u"), here.observed) == certificates.Peer()
