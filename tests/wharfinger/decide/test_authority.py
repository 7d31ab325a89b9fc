"""The Registry's own certificates: kept while good, made anew when not, and every reason is told."""

import base64
import datetime as dt

import pytest

from wharfinger.decide import x509
from wharfinger.decide.mint import SystemMint

DAY = dt.timedelta(days=1)


def leaf(here):
    return x509.certificate(here.data("team-tls", "tls.crt"))


def authority(here):
    return x509.certificate(here.data("team-ca", "tls.crt"))


def start(world, **tls):
    here = world({"tls": tls} if tls else {})
    here.settle()
    return here


def replace(here, secret, **data):
    live = here.child("Secret", secret)
    encoded = {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    here.put(live | {"data": live["data"] | encoded})


def told(here, reason):
    return [event.partition(": ")[2] for event in here.events if f" {reason}: " in event]


def test_a_new_registry_gets_a_certificate_for_all_names_of_its_service(world):
    here = start(world, hosts=["registry.example.com", "192.0.2.7"])
    assert leaf(here).signed_by(authority(here))
    assert {"team", "team.ci", "team.ci.svc", "team.ci.svc.cluster.local"} <= leaf(here).hosts
    assert {"localhost", "127.0.0.1", "::1", "registry.example.com", "192.0.2.7"} <= leaf(here).hosts


def test_the_authority_is_published_and_its_key_is_not(world):
    here = start(world)
    published = here.child("ConfigMap", "team-ca")["data"]["ca.crt"]
    assert published == here.data("team-ca", "tls.crt") == here.data("team-tls", "ca.crt")
    assert "PRIVATE" not in published


def test_what_is_good_is_kept(world):
    here = start(world)
    before = here.data("team-tls", "tls.crt")
    here.now += DAY
    here.settle()
    assert here.data("team-tls", "tls.crt") == before


def test_the_certificate_is_renewed_at_two_thirds_of_its_life(world):
    here = start(world, selfSigned={"validity": "72h", "caValidity": "720h"})
    before = leaf(here)
    assert here.plans[-1].requeue_after == (before.renews_at - here.now).total_seconds()
    here.now = before.renews_at - dt.timedelta(seconds=1)
    here.settle()
    assert leaf(here) == before
    here.now = before.renews_at
    here.settle()
    assert leaf(here).not_after > before.not_after
    assert leaf(here).signed_by(authority(here))
    assert "two thirds" in told(here, "CertificateIssued")[-1]


def test_new_hosts_get_a_new_certificate_from_the_same_authority(world):
    here = start(world)
    ca = authority(here)
    here.edit(tls={"hosts": ["new.example.com"]})
    here.settle()
    assert "new.example.com" in leaf(here).hosts
    assert authority(here) == ca
    assert "hosts have changed" in told(here, "CertificateIssued")[-1]


def test_another_lifetime_gets_a_new_certificate(world):
    here = start(world)
    here.edit(tls={"selfSigned": {"validity": "48h"}})
    here.settle()
    assert leaf(here).lifetime == 2 * DAY


def test_a_lifetime_longer_than_the_authority_s_does_not_go_round_in_circles(world):
    here = start(world, selfSigned={"validity": "100h", "caValidity": "100h"})
    here.now += dt.timedelta(hours=1)
    here.edit(tls={"selfSigned": {"validity": "101h", "caValidity": "101h"}})
    here.settle()
    assert leaf(here).not_after <= authority(here).not_after


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"tls_crt": "nonsense"}, "could not be read"),
        ({"tls_key": "nonsense"}, "could not be read"),
        ({"tls_key": x509.pem_of(SystemMint().key())}, "not its own"),
    ],
)
def test_a_broken_certificate_is_healed(world, data, why):
    here = start(world)
    replace(here, "team-tls", **data)
    here.settle()
    assert leaf(here).belongs_to(x509.private_key(here.data("team-tls", "tls.key")))
    assert why in told(here, "CertificateIssued")[-1]
    assert here.condition("Ready")[0] == "True"


def test_a_broken_authority_is_healed_and_signs_anew(world):
    here = start(world)
    replace(here, "team-ca", tls_key="nonsense")
    here.settle()
    assert leaf(here).signed_by(authority(here))
    assert "could not be read" in told(here, "CaIssued")[-1]
    assert "not signed by the present authority" in told(here, "CertificateIssued")[-1]


def test_a_foreign_certificate_is_replaced(world):
    here, other = start(world), start(world)
    replace(
        here,
        "team-tls",
        tls_crt=other.data("team-tls", "tls.crt"),
        tls_key=other.data("team-tls", "tls.key"),
    )
    here.settle()
    assert leaf(here).signed_by(authority(here))


def test_after_a_long_sleep_everything_expired_is_made_anew(world):
    here = start(world, selfSigned={"validity": "24h", "caValidity": "48h"})
    here.now += 100 * DAY
    here.settle()
    assert leaf(here).not_before < here.now < leaf(here).not_after
    assert here.child("ConfigMap", "team-ca")["data"]["ca.crt"] == here.data("team-ca", "tls.crt")


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_a_deleted_child_comes_back(world, kind):
    here = start(world)
    here.remove(kind, "team-ca")
    here.settle()
    assert (kind, "team-ca") in here.observed.children
    assert leaf(here).signed_by(authority(here))
