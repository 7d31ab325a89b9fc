"""Service NAME."""

from wharfinger.children.service import service


def test_it_is_as_written_down(owner, golden):
    golden("service", service(owner, kind="ClusterIP", port=443, tls=True, annotations={}))


def test_a_node_port_is_as_written_down(owner, golden):
    annotations = {"example.com/a": 'quoted "b": {c}\n'}
    golden(
        "service_node_port",
        service(owner, kind="NodePort", port=80, tls=False, node_port=30080, annotations=annotations),
    )


def test_the_admin_port_is_not_exposed(owner):
    made = service(owner, kind="ClusterIP", port=443, tls=True, annotations={})
    assert [port["targetPort"] for port in made["spec"]["ports"]] == ["registry"]
