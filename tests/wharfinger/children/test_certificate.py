"""cert-manager's Certificate NAME."""

from wharfinger.children.certificate import certificate

ISSUER = {"name": "internal", "kind": "ClusterIssuer", "group": "cert-manager.io"}


def test_it_is_as_written_down(owner, golden):
    golden("certificate", certificate(owner, issuer=ISSUER, names=["team.ci.svc"], addresses=["192.0.2.7"]))


def test_what_there_is_none_of_is_left_out(owner):
    assert "ipAddresses" not in certificate(owner, issuer=ISSUER, names=["a"], addresses=[])["spec"]
