"""Client certificates: asked for live, and never dropped because a CA cannot be read."""

import datetime as dt

import pytest

from wharfinger.decide import x509
from wharfinger.decide.mint import SystemMint

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ONE, OTHER = (x509.authority("C", SystemMint().key(), x509.Term(1, NOW, dt.timedelta(days=9))) for _ in range(2))
ASKED = {"tls": {"clientCA": {"configMapName": "clients"}}}


def start(world, pem=ONE):
    here = world(ASKED)
    here.config_map("clients", ca_crt=pem)
    here.settle()
    return here


def asked(here):
    return "clientCa: " in here.data("team-config", "config.yaml") or '"clientCa"' in here.data(
        "team-config", "config.yaml"
    )


def test_the_registry_is_told_whose_clients_may_come(world):
    here = start(world)
    assert here.data("team-config", "client-ca.crt") == ONE
    assert asked(here)
    assert here.condition("CertificateReady")[0] == "True"
    assert "clients have to present one of their own" in here.condition("CertificateReady")[2]


def test_a_secret_can_hold_it_under_another_key(world):
    here = world({"tls": {"clientCA": {"secretName": "clients", "key": "roots.pem"}}})
    here.secret("clients", roots_pem=ONE)
    here.settle()
    assert here.data("team-config", "client-ca.crt") == ONE


def test_turning_it_on_and_off_restarts_nothing(world):
    here = world()
    here.settle()
    before = here.child("Deployment", "team")["spec"]
    here.config_map("clients", ca_crt=ONE)
    here.edit(**ASKED)
    here.settle()
    assert asked(here)
    here.edit(tls={})
    here.settle()
    assert not asked(here)
    assert "client-ca.crt" not in here.child("Secret", "team-config")["data"]
    assert here.child("Deployment", "team")["spec"] == before


def test_a_new_ca_is_waited_for_until_the_replicas_have_it(world):
    here = start(world)
    here.config_map("clients", ca_crt=OTHER)
    plan = here.step()
    assert here.condition("CertificateReady")[:2] == ("False", "CertificatePending")
    assert plan.poke == ("team-0",)
    here.settle()
    assert here.condition("CertificateReady")[0] == "True"


BROKEN = {"it is missing": None, "its key is missing": {}, "it is nonsense": {"ca_crt": "x"}}


def breaks(here, case):
    here.change(config_maps={"clients": None})
    if BROKEN[case] is not None:
        here.config_map("clients", **BROKEN[case])


@pytest.mark.parametrize("case", BROKEN)
def test_a_ca_that_cannot_be_read_any_more_stays_in_force(world, case):
    here = start(world)
    breaks(here, case)
    here.settle()
    assert here.data("team-config", "client-ca.crt") == ONE
    status, reason, message = here.condition("CertificateReady")
    assert (status, reason) == ("False", "ClientCaMissing")
    assert message.endswith("Until then the last good CA is asked for")


@pytest.mark.parametrize("case", BROKEN)
def test_a_new_registry_does_not_start_without_the_ca_that_it_should_ask_for(world, case):
    here = world(ASKED)
    breaks(here, case)
    here.settle()
    assert ("Deployment", "team") not in here.observed.children
    assert here.condition("Ready")[:2] == ("False", "ClientCaMissing")
    here.config_map("clients", ca_crt=ONE)
    here.settle()
    assert here.condition("Ready")[0] == "True"


def test_a_registry_that_serves_goes_on_without_and_says_so(world):
    here = world()
    here.settle()
    here.change(config_maps={"clients": None})
    here.edit(**ASKED)
    here.settle()
    assert not asked(here)
    assert "clients are not asked for certificates" in here.condition("CertificateReady")[2]


def test_a_paused_registry_keeps_the_ca_that_it_has(world):
    here = start(world)
    here.edit(paused=True)
    here.settle()
    here.config_map("clients", ca_crt=OTHER)
    here.settle()
    assert here.data("team-config", "client-ca.crt") == ONE
    assert here.condition("CertificateReady")[0] == "True"
