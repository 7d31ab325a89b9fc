"""BackendTLSPolicy NAME."""

from wharfinger.children.backend_tls_policy import backend_tls_policy


def test_it_is_as_written_down(owner, golden):
    golden("backend_tls_policy", backend_tls_policy(owner, host="team.ci.svc", own_ca=True))


def test_a_public_certificate_is_verified_by_the_system_s_authorities(owner):
    validation = backend_tls_policy(owner, host="a.example.com", own_ca=False)["spec"]["validation"]
    assert validation == {"hostname": "a.example.com", "wellKnownCACertificates": "System"}
