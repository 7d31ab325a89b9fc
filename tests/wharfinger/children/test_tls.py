"""Secret NAME-tls."""

from wharfinger.children.owner import decoded
from wharfinger.children.tls import tls


def test_it_is_as_written_down(owner, golden):
    golden("tls", tls(owner, certificate="CERTIFICATE\n", key="KEY\n", ca="CA\n"))


def test_without_a_private_ca_there_is_no_ca_crt(owner):
    made = tls(owner, certificate="CERTIFICATE\n", key="KEY\n", ca="")
    assert decoded(made, "ca.crt") is None
    assert decoded(made, "tls.crt") == b"CERTIFICATE\n"
