"""NetworkPolicies, as the Kubernetes API has them."""

from typing import Any

import pytest
from tests.kubectl_registry.conftest import Object

from kubectl_registry.doctor import policies

LABELS = {"app.kubernetes.io/name": "wharf", "wharfinger.dev/registry": "team"}


def policy(name: str = "p", **spec: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "ci"}, "spec": {"podSelector": {}, **spec}}


def admission(*found: Object) -> policies.Admission:
    return policies.admission(found, LABELS, 5000, "registry")


def test_a_pod_that_no_policy_selects_is_open() -> None:
    other = policy(podSelector={"matchLabels": {"app": "x"}})
    egress = policy(policyTypes=["Egress"])
    assert admission(other, egress).everyone
    assert admission().policies == ()


def test_a_policy_without_rules_lets_nobody_in() -> None:
    assert admission(policy()).nobody
    assert admission(policy(ingress=[])).nobody


@pytest.mark.parametrize(
    ("ports", "let"),
    [
        ([], True),
        ([{"port": 5000}], True),
        ([{"port": "registry"}], True),
        ([{"port": 4000, "endPort": 6000}], True),
        ([{}], True),
        ([{"port": 5001}], False),
        ([{"port": "admin"}], False),
        ([{"port": 5000, "protocol": "UDP"}], False),
    ],
)
def test_a_rule_is_about_its_ports(ports: list[Object], let: bool) -> None:
    assert admission(policy(ingress=[{"ports": ports}])).everyone is let


def test_policies_add_up() -> None:
    found = admission(policy("deny"), policy("allow", ingress=[{"ports": [{"port": 5000}]}]))
    assert found.everyone
    assert found.policies == ("deny", "allow")


def test_peers_are_told_in_words() -> None:
    peers = [
        {"ipBlock": {"cidr": "10.0.0.0/8"}},
        {"podSelector": {"matchLabels": {"app": "a"}}},
        {"namespaceSelector": {}},
        {"namespaceSelector": {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}},
    ]
    found = admission(policy(ingress=[{"from": peers}]))
    assert found.peers == (
        "10.0.0.0/8", "pods with app=a of this namespace", "all pods of all namespaces",
        "all pods of namespaces with k In v",
    )  # fmt: skip
    assert found.addresses
    assert not found.nobody


@pytest.mark.parametrize(
    ("operator", "key", "fits"),
    [
        ("In", "a", True),
        ("NotIn", "a", False),
        ("Exists", "a", True),
        ("DoesNotExist", "a", False),
        ("Exists", "b", False),
    ],
)
def test_a_selector_has_expressions(operator: str, key: str, fits: bool) -> None:
    expression = {"key": key, "operator": operator, "values": ["1"]}
    assert policies.selects({"matchExpressions": [expression]}, {"a": "1"}) is fits


def test_a_namespace_is_let_in_by_name_or_with_everyone() -> None:
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}}
    for source, let in (
        ([named], True),
        ([{"podSelector": {}}], False),
        ([], True),
        ([{"ipBlock": {"cidr": "x"}}], False),
    ):
        rule = {"ports": [{"port": 5001}], "from": source}
        assert policies.admits_namespace([policy(ingress=[rule])], LABELS, 5001, "ops") is let
    assert not policies.admits_namespace([policy()], LABELS, 5001, "ops")
    assert policies.admits_namespace([policy(ingress=[{"from": [{"podSelector": {}}]}])], LABELS, 5001, "ci")
