"""NetworkPolicy NAME."""

from wharfinger.children.network_policy import network_policy


def test_it_is_as_written_down(owner, golden):
    operator = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "wharfinger-system"}}}
    golden("network_policy", network_policy(owner, clients=[], admin_clients=[operator]))


def test_without_peers_everyone_may_connect(owner):
    made = network_policy(owner, clients=[], admin_clients=[])
    assert [rule.keys() for rule in made["spec"]["ingress"]] == [{"ports"}, {"ports"}]
    assert [rule["ports"][0]["port"] for rule in made["spec"]["ingress"]] == [5000, 5001]
