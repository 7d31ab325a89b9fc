"""HTTPRoute NAME."""

from wharfinger.children.http_route import http_route


def test_it_is_as_written_down(owner, golden):
    parents = [{"name": "front", "namespace": "gateways", "sectionName": "https"}]
    made = http_route(owner, parents=parents, hosts=["registry.example.com"], port=443, annotations={"a": "b"})
    golden("http_route", made)
