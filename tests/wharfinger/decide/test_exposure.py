"""Who can reach the registry, by what, and under which names."""

import dataclasses

import pytest

from wharfinger.decide import exposure, x509
from wharfinger.decide.observed import Settings

INGRESS = {"ingress": {"className": "nginx"}, "tls": {"hosts": ["registry.example.com", "192.0.2.7"]}}


def start(world, spec, **settings):
    here = world(spec)
    here.settings = dataclasses.replace(here.settings, **settings)
    here.settle()
    return here


def policy(here):
    registry, admin = here.child("NetworkPolicy", "team")["spec"]["ingress"]
    return registry.get("from"), admin.get("from")


def test_everyone_may_reach_the_registry_and_the_operator_alone_its_admin_port(world):
    clients, admin = policy(start(world, {}, namespace="wharfinger-system"))
    assert clients is None
    (peer,) = admin
    assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "wharfinger-system"}}
    assert peer["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "wharfinger"}}


def test_an_operator_outside_of_the_cluster_does_not_shut_itself_out(world):
    assert policy(start(world, {"networkPolicy": {"adminClients": [{"podSelector": {}}]}})) == (None, None)


def test_the_spec_says_who_else_may_connect(world):
    spec = {
        "clients": [{"cidr": "192.0.2.0/24"}, {"podSelector": {"matchLabels": {"a": "b"}}}],
        "adminClients": [{"namespaceSelector": {"matchLabels": {"team": "metrics"}}}],
    }
    clients, admin = policy(start(world, {"networkPolicy": spec}, namespace="ops"))
    assert clients == [{"ipBlock": {"cidr": "192.0.2.0/24"}}, {"podSelector": {"matchLabels": {"a": "b"}}}]
    assert admin[1:] == [{"namespaceSelector": {"matchLabels": {"team": "metrics"}}}]


def test_a_policy_that_is_not_wanted_any_more_goes(world):
    here = start(world, {})
    here.edit(networkPolicy={"mode": "None"})
    here.settle()
    assert ("NetworkPolicy", "team") not in here.observed.children


def test_an_ingress_is_for_the_names_of_the_certificate(world):
    here = start(world, INGRESS)
    spec = here.child("Ingress", "team")["spec"]
    assert [rule["host"] for rule in spec["rules"]] == ["registry.example.com"]
    assert spec["tls"] == [{"hosts": ["registry.example.com"], "secretName": "team-tls"}]
    assert spec["rules"][0]["http"]["paths"][0]["backend"]["service"] == {"name": "team", "port": {"name": "https"}}


def test_the_url_and_the_logins_follow_the_ingress(world):
    here = start(world, INGRESS)
    assert here.registry["status"]["url"] == "https://registry.example.com"
    assert here.condition("Ready")[2] == "https://registry.example.com serves"
    assert '"registry.example.com"' in here.data("team-pull", ".dockerconfigjson")
    assert 'url: "https://registry.example.com"' in here.data("team-config", "config.yaml")


def test_hosts_of_the_ingress_are_in_the_certificate(world):
    here = start(world, {"ingress": {"hosts": ["a.example.com"]}})
    assert "a.example.com" in x509.certificate(here.data("team-tls", "tls.crt")).hosts


@pytest.mark.parametrize(
    ("ingress", "url", "tls"),
    [
        ({}, "http://a.example.com", None),
        ({"tls": {"secretName": "public"}}, "https://a.example.com", "public"),
    ],
)
def test_plain_http_behind_an_ingress(world, ingress, url, tls):
    here = start(world, {"tls": {"issuer": "Disabled"}, "ingress": {"hosts": ["a.example.com"], **ingress}})
    assert here.registry["status"]["url"] == url
    spec = here.child("Ingress", "team")["spec"]
    assert [entry["secretName"] for entry in spec.get("tls", [])] == ([tls] if tls else [])


def test_a_wildcard_is_no_url(world):
    here = start(world, {"ingress": {"hosts": ["*.example.com"]}})
    assert here.registry["status"]["url"] == "https://team.ci.svc"


def test_an_ingress_that_only_has_addresses_says_what_is_missing(world):
    here = start(world, {"ingress": {}, "tls": {"hosts": ["192.0.2.7"]}})
    assert here.condition("ExposureReady")[:2] == ("False", "IngressPending")
    assert "set spec.ingress.hosts" in here.condition("ExposureReady")[2]


def test_an_ingress_tells_its_address(world):
    here = start(world, INGRESS)
    status, reason, message = here.condition("ExposureReady")
    assert (status, reason) == ("True", "Exposed")
    assert "no controller has given it an address" in message
    here.child("Ingress", "team")["status"] = {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}
    here.settle()
    assert here.condition("ExposureReady")[2] == "Ingress 'team' is for registry.example.com at lb.example.com"


def test_a_load_balancer_without_an_address_is_waited_for(world):
    here = start(world, {"service": {"type": "LoadBalancer"}})
    status, reason, message = here.condition("ExposureReady")
    assert (status, reason) == ("False", "LoadBalancerPending")
    assert "load balancer controller" in message
    assert here.condition("Ready")[:2] == ("False", "LoadBalancerPending")
    here.child("Service", "team")["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}
    here.settle()
    assert here.condition("ExposureReady")[:2] == ("True", "Exposed")
    assert not [event for event in here.events if event.startswith("Warning")]


def test_a_registry_that_asks_for_none_of_it_has_no_such_condition(world):
    here = start(world, {})
    assert exposure.finding(here.model, here.observed) is None
    assert "ExposureReady" not in {c["type"] for c in here.registry["status"]["conditions"]}


def test_without_an_ingress_any_more_everything_goes_back(world):
    here = start(world, INGRESS)
    here.edit(ingress=None)
    here.settle()
    assert ("Ingress", "team") not in here.observed.children
    assert here.registry["status"]["url"] == "https://team.ci.svc"


def test_settings_have_no_namespace_unless_told():
    assert Settings(image="x").namespace == ""
