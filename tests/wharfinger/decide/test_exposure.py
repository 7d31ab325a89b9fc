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


GATEWAY = {
    "gateway": {"parentRefs": [{"name": "front", "namespace": "gateways"}]},
    "tls": {"hosts": ["registry.example.com"]},
}
ROUTE, POLICY = ("HTTPRoute", "team"), ("BackendTLSPolicy", "team")


def answer(here, kind, status, message=""):
    """A Gateway's controller says what it makes of the route."""
    condition = {"type": kind, "status": status, "message": message}
    here.child(*ROUTE)["status"] = {"parents": [{"parentRef": {"name": "front"}, "conditions": [condition]}]}
    here.settle()


def test_a_route_leads_from_the_gateway_to_the_service_and_tls_goes_on(world):
    here = start(world, GATEWAY)
    spec = here.child(*ROUTE)["spec"]
    assert spec["parentRefs"] == [{"name": "front", "namespace": "gateways"}]
    assert spec["hostnames"] == ["registry.example.com"]
    assert spec["rules"] == [{"backendRefs": [{"name": "team", "port": 443}]}]
    policy = here.child(*POLICY)["spec"]
    assert policy["validation"]["hostname"] == "team.ci.svc"
    assert policy["validation"]["caCertificateRefs"][0]["name"] == "team-ca"
    assert here.registry["status"]["url"] == "https://registry.example.com"
    assert here.registry["status"]["exposure"] == {"httpRouteName": "team"}


def test_a_route_is_ready_when_a_gateway_has_taken_it(world):
    here = start(world, GATEWAY)
    assert here.condition("ExposureReady")[:2] == ("False", "RoutePending")
    assert "allowedRoutes" in here.condition("ExposureReady")[2]
    answer(here, "Accepted", "False", "No matching listener hostname.")
    assert here.condition("ExposureReady")[:2] == ("False", "RouteRefused")
    assert "'front' does not take HTTPRoute 'team': No matching listener hostname: see" in here.condition("Ready")[2]
    answer(here, "Accepted", "True")
    assert here.condition("Ready")[0] == "True"


@pytest.mark.parametrize(
    ("absent", "tls", "missing"),
    [
        ({"HTTPRoute", "BackendTLSPolicy"}, {}, "BackendTLSPolicy and HTTPRoute"),
        ({"BackendTLSPolicy"}, {}, "BackendTLSPolicy"),
        ({"BackendTLSPolicy"}, {"issuer": "Disabled"}, ""),
    ],
)
def test_a_cluster_without_the_gateway_api_is_told_and_nothing_is_sent(world, absent, tls, missing):
    here = world({"gateway": {"parentRefs": [{"name": "front"}], "hosts": ["a.example.com"]}, "tls": tls})
    here.change(absent=frozenset(absent))
    here.settle()
    assert not absent & {kind for kind, _ in here.observed.children}
    assert here.condition("ExposureReady")[1] == ("GatewayApiMissing" if missing else "RoutePending")
    assert f"does not know {missing} of" in here.condition("ExposureReady")[2] or not missing


def test_plain_http_needs_no_policy(world):
    spec = {"tls": {"issuer": "Disabled"}, "gateway": {**GATEWAY["gateway"], "hosts": ["a.example.com"]}}
    here = start(world, spec)
    assert POLICY not in here.observed.children
    assert here.registry["status"]["url"] == "https://a.example.com"
    here.edit(gateway={**spec["gateway"], "scheme": "HTTP"})
    here.settle()
    assert here.registry["status"]["url"] == "http://a.example.com"


def test_a_route_that_is_not_wanted_any_more_goes_with_its_policy(world):
    here = start(world, GATEWAY)
    here.edit(gateway=None)
    here.settle()
    assert not {ROUTE, POLICY} & set(here.observed.children)
    assert "exposure" not in here.registry["status"]
