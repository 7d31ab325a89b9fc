"""Addresses: those from outside first, and hosts written as clients write them."""

import pytest
from tests.kubectl_registry.conftest import Object, registry

from kubectl_registry.addresses import Address, addresses


def service(kind: str = "ClusterIP", **more: object) -> Object:
    return {"spec": {"type": kind, "ports": [{"port": 443, **more}]}}


def test_a_cluster_ip_has_only_its_name_inside() -> None:
    assert addresses(registry(), service()) == [Address("team.ci.svc", 443, inside=True)]


def test_a_named_host_comes_before_the_name_inside() -> None:
    thing = registry()
    thing["spec"] = {"tls": {"hosts": ["*.example.com", "registry.example.com"]}}
    found = addresses(thing, service("NodePort", nodePort=30443))
    assert [str(each) for each in found] == ["registry.example.com:30443", "team.ci.svc"]


def test_a_load_balancer_brings_its_own_address() -> None:
    balanced = service("LoadBalancer") | {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}
    assert [str(each) for each in addresses(registry(), balanced)] == ["192.0.2.7", "team.ci.svc"]


def test_without_a_service_there_is_the_url_or_the_name_that_it_will_have() -> None:
    assert str(addresses(registry(), None)[0]) == "team.ci.svc"
    assert str(addresses(registry(url=None), None)[0]) == "team.ci.svc"
    assert (
        str(addresses(registry(url="http://team.ci.svc"), {"spec": {"ports": [{"port": 80}]}})[0]) == "team.ci.svc:80"
    )


def test_an_ingress_comes_first() -> None:
    thing = registry(url="https://front.example.com")
    thing["spec"] = {"tls": {"hosts": ["front.example.com"]}}
    assert [str(each) for each in addresses(thing, service())] == ["front.example.com", "team.ci.svc"]
    assert str(addresses(registry(url="http://front.example.com"), service())[0]) == "front.example.com:80"


@pytest.mark.parametrize(
    ("text", "written"),
    [("a.example", "a.example"), ("a.example:5000", "a.example:5000"), ("[::1]:5000", "[::1]:5000")],
)
def test_a_host_is_parsed_and_written(text: str, written: str) -> None:
    assert str(Address.parse(text, 443)) == written


@pytest.mark.parametrize("text", ["", "https://a.example", "a.example/x", "u@a.example", "a.example:port"])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says what is wrong with it
        Address.parse(text, 443)
