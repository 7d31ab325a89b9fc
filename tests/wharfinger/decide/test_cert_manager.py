"""A certificate from cert-manager: asked for, waited for, checked, served."""

import datetime as dt

import pytest

from wharfinger.decide import x509
from wharfinger.decide.mint import SystemMint

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINT = SystemMint()
CA_KEY = MINT.key()
CA_PEM = x509.authority("CA", CA_KEY, x509.Term(1, NOW, dt.timedelta(days=100)))
MANAGED = {"tls": {"issuer": "CertManager", "certManager": {"name": "internal", "kind": "ClusterIssuer"}}}
KEY = ("Certificate", "team")


def start(world, **spec):
    here = world(MANAGED | spec)
    here.settle()
    return here


def says(here, ready, message="", **status):
    """cert-manager writes the Certificate's status."""
    live = here.child(*KEY)
    condition = {"type": "Ready", "status": ready, "message": message, "observedGeneration": 1}
    live["metadata"]["generation"] = 1
    live["status"] = {"conditions": [condition], **status}
    here.settle()


def issue(here, days=30):
    """cert-manager signs what the Certificate asks for."""
    spec, key = here.child(*KEY)["spec"], MINT.key()
    hosts = [*spec.get("dnsNames", ()), *spec.get("ipAddresses", ())]
    pem = x509.server(
        hosts, key, x509.certificate(CA_PEM), CA_KEY, x509.Term(MINT.serial(), here.now, dt.timedelta(days=days))
    )
    here.secret(spec["secretName"], tls_crt=pem, tls_key=x509.pem_of(key), ca_crt=CA_PEM)
    says(here, "True", renewalTime="2026-03-20T00:00:00Z")
    return pem


def test_a_certificate_is_asked_for_with_all_names(world):
    here = start(world, ingress={"hosts": ["registry.example.com"]})
    spec = here.child(*KEY)["spec"]
    assert spec["issuerRef"] == {"name": "internal", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    assert {"team.ci.svc", "team", "registry.example.com"} <= set(spec["dnsNames"])
    assert spec["secretName"] == "team-cert-manager"


def test_a_public_issuer_is_asked_for_the_hosts_alone(world):
    manager = {"name": "acme", "hostsOnly": True}
    here = start(world, tls={"issuer": "CertManager", "certManager": manager, "hosts": ["a.example.com", "192.0.2.7"]})
    spec = here.child(*KEY)["spec"]
    assert (spec["dnsNames"], spec["ipAddresses"]) == (["a.example.com"], ["192.0.2.7"])


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, "has not taken notice of it: is its controller running?"),
        ("Referenced \"Issuer\" not found: issuer 'internal' not found.", "issuer 'internal' not found: see kubectl"),
    ],
)
def test_what_cert_manager_says_is_passed_on_while_there_is_nothing(world, status, said):
    here = start(world)
    if status:
        says(here, "False", status)
    for name in ("CertificateReady", "Ready"):
        reason, message = here.condition(name)[1:]
        assert reason == "CertificateIssuing"
        assert said in message
    assert ("Deployment", "team") not in here.observed.children


def test_what_it_issues_is_served(world):
    here = start(world)
    pem = issue(here)
    assert here.data("team-tls", "tls.crt") == pem
    assert here.child("ConfigMap", "team-ca")["data"]["ca.crt"] == CA_PEM
    assert here.condition("Ready")[0] == "True"
    told = here.registry["status"]["certificate"]
    assert (told["issuer"], told["renewsAt"]) == ("CertManager", "2026-03-20T00:00:00Z")


def test_a_renewed_one_replaces_it_without_a_restart(world):
    here = start(world)
    issue(here)
    pods = here.child("Deployment", "team")["spec"]
    here.now += dt.timedelta(days=20)
    assert issue(here) == here.data("team-tls", "tls.crt")
    assert here.child("Deployment", "team")["spec"] == pods


def test_a_renewal_that_is_late_is_told_of(world):
    here = start(world)
    issue(here)  # valid until March 31st, to be renewed on the 20th
    here.now = dt.datetime(2026, 3, 25, tzinfo=dt.UTC)
    here.settle()
    assert here.condition("CertificateReady")[1] == "CertificateLive"
    here.now += dt.timedelta(days=1)
    here.settle()
    status, reason, message = here.condition("CertificateReady")
    assert (status, reason) == ("True", "CertificateExpiring")
    assert "has not renewed it: see kubectl describe certificate team" in message


def test_a_new_host_is_waited_for_while_the_old_one_serves(world):
    here = start(world)
    pem = issue(here)
    here.edit(tls={**MANAGED["tls"], "hosts": ["new.example.com"]})
    here.child(*KEY)["metadata"]["generation"] = 2
    here.settle()
    assert here.data("team-tls", "tls.crt") == pem
    reason, message = here.condition("CertificateReady")[1:]
    assert reason == "CertificateIssuing"
    assert message.endswith("the last good certificate is served")
    issue(here)
    assert here.condition("CertificateReady")[0] == "True"


def test_a_bad_one_is_refused_as_any_other(world):
    here = start(world)
    pem = issue(here)
    here.secret("team-cert-manager", tls_crt=pem, tls_key=x509.pem_of(MINT.key()))
    says(here, "True")
    assert here.condition("CertificateReady")[1] == "CertificateKeyMismatch"
    assert here.data("team-tls", "tls.crt") == pem


def test_without_cert_manager_the_condition_says_so_and_nothing_is_sent(world):
    here = world(MANAGED)
    here.change(absent=frozenset({"Certificate"}))
    here.settle()
    assert KEY not in here.observed.children
    reason, message = here.condition("Ready")[1:]
    assert reason == "CertManagerMissing"
    assert "install it, or choose another spec.tls.issuer" in message


def test_what_was_served_before_serves_on_until_cert_manager_has_issued(world):
    here = world()
    here.settle()
    before = here.data("team-tls", "tls.crt")
    here.edit(**MANAGED)
    here.settle()
    assert here.data("team-tls", "tls.crt") == before
    assert here.condition("CertificateReady")[1] == "CertificateIssuing"
    issue(here)
    assert ("Secret", "team-ca") not in here.observed.children


def test_another_issuer_takes_the_certificate_away(world):
    here = start(world)
    issue(here)
    here.edit(tls={"issuer": "SelfSigned"})
    here.settle()
    assert KEY not in here.observed.children
    assert here.condition("Ready")[0] == "True"
