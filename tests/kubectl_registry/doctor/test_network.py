"""Names, connections and NetworkPolicies: where they should lead, and who is kept away."""

from dataclasses import replace
from typing import Any

import pytest
from tests.kubectl_registry.conftest import Object
from tests.kubectl_registry.doctor.conftest import outside, shown, well

from kubectl_registry.addresses import Address
from kubectl_registry.doctor import network
from kubectl_registry.doctor.facts import Inside, Unknown, Way
from kubectl_registry.doctor.findings import Finding, Verdict


def only(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


def test_the_clusters_dns_has_to_lead_to_the_service() -> None:
    assert only(network.name_inside(well())).verdict is Verdict.OK
    elsewhere = Inside(9, 9, 9, "", {"team.ci.svc": ("10.9.9.9",)})
    assert "its Service is 10.0.0.5" in only(network.name_inside(well(inside=elsewhere))).message
    unknown = Inside(9, 9, 9, "", {"team.ci.svc": Unknown("Name or service not known")})
    assert "not known in the cluster's DNS" in only(network.name_inside(well(inside=unknown))).message
    assert only(network.name_inside(well(inside=Unknown("no pod")))).message == "no pod"
    assert only(network.name_inside(well(inside=Inside(9, 9, 9, "")))).verdict is Verdict.SKIPPED


def test_a_headless_service_has_no_address_to_compare() -> None:
    headless = {"spec": {"clusterIP": "None", "clusterIPs": ["None"]}}
    assert only(network.name_inside(well(service=headless))).verdict is Verdict.OK


def balanced(ip: str) -> Object:
    return {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": ip}]}}}


def test_a_name_outside_has_to_lead_to_the_load_balancer() -> None:
    assert only(network.names(well(service=balanced("192.0.2.7")))).verdict is Verdict.OK
    finding = only(network.names(well(service=balanced("192.0.2.8"))))
    assert "the registry is at 192.0.2.8" in finding.message
    assert "lead it to 192.0.2.8" in finding.mend[0]


def test_another_server_at_the_name_is_seen_by_its_certificate() -> None:
    way = outside(certificate=shown(fingerprint="00:11"), trust_error="self-signed certificate")
    finding = only(network.names(well(ways=(way,))))
    assert finding.verdict is Verdict.BROKEN
    assert "a server with another certificate answers" in finding.message


def test_without_a_name_outside_it_says_how_to_get_one() -> None:
    finding = only(network.names(well(ways=())))
    assert finding.verdict is Verdict.SKIPPED
    assert "spec.tls.hosts" in finding.mend[0]
    assert only(network.connections(well(ways=()))).verdict is Verdict.SKIPPED


def test_a_connection_that_fails_points_at_what_comes_before() -> None:
    finding = only(network.connections(well(ways=(outside(connect_error="Connection refused"),))))
    assert "Connection refused" in finding.message
    lacking = Way(Address("team.ci.svc", 443), forwarded=True, not_tried="you may not create pods/portforward")
    assert only(network.connections(well(ways=(lacking,)))).verdict is Verdict.SKIPPED
    inside = Way(Address("team.ci.svc", 443), forwarded=True, connect_error="it closes the connection")
    assert "`pod`" in only(network.connections(well(ways=(inside,)))).mend[0]
    assert only(network.connections(well(ways=(outside(name_error="x"),)))).verdict is Verdict.SKIPPED


def policy(**spec: Any) -> Object:
    return {"metadata": {"name": "p", "namespace": "ci"}, "spec": {"podSelector": {}, **spec}}


@pytest.mark.parametrize(
    ("source", "verdict", "told"),
    [
        ([], Verdict.OK, "everyone may connect"),
        ([{"podSelector": {}}], Verdict.WARNING, "all pods of this namespace"),
        ([{"ipBlock": {"cidr": "10.0.0.0/8"}}], Verdict.WARNING, "10.0.0.0/8"),
    ],
)
def test_who_may_connect_is_told(source: list[Object], verdict: Verdict, told: str) -> None:
    facts = well(policies=(policy(ingress=[{"from": source}]),), operators=())
    finding = only(network.network_policy(facts))
    assert finding.verdict is verdict
    assert told in finding.message
    assert ("nodes" in finding.meaning) is (source == [{"podSelector": {}}])


def test_an_operator_that_is_kept_away_is_told() -> None:
    rule = {"ports": [{"port": 5000}]}
    _, finding = network.network_policy(well(policies=(policy(ingress=[rule]),)))
    assert "the operator in wharfinger-system may not connect" in finding.message
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "wharfinger-system"}}}
    both = policy(ingress=[rule, {"ports": [{"port": 5001}], "from": [named]}])
    assert only(network.network_policy(well(policies=(both,)))).verdict is Verdict.OK
    assert only(network.network_policy(replace(well(), policies=Unknown("no")))).verdict is Verdict.SKIPPED
