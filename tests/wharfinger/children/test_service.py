"""Service NAME."""

from wharfinger.children.service import service


def test_it_is_as_written_down(owner, golden):
    golden("service", service(owner, port=443, tls=True, annotations={}, fields={"type": "ClusterIP"}))


def test_a_node_port_is_as_written_down(owner, golden):
    fields = {"type": "NodePort", "externalTrafficPolicy": "Local"}
    annotations = {"example.com/a": 'quoted "b": {c}\n'}
    golden(
        "service_node_port",
        service(owner, port=80, tls=False, node_port=30080, annotations=annotations, fields=fields),
    )


def test_the_admin_port_is_not_exposed(owner):
    made = service(owner, port=443, tls=True, annotations={}, fields={"type": "ClusterIP"})
    assert [port["targetPort"] for port in made["spec"]["ports"]] == ["registry"]
