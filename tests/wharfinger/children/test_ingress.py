"""Ingress NAME."""

from wharfinger.children.ingress import ingress


def test_it_is_as_written_down(owner, golden):
    made = ingress(
        owner,
        class_name="nginx",
        hosts=["registry.example.com", "*.example.org"],
        port="https",
        secret="team-tls",
        annotations={"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"},
    )
    golden("ingress", made)


def test_without_a_secret_it_is_plain_http_and_without_a_class_the_cluster_s_default(owner):
    made = ingress(owner, class_name=None, hosts=["a.example.com"], port="http", secret=None, annotations={})
    assert made["spec"].keys() == {"rules"}
