"""Secret NAME-ca."""

from wharfinger.children.ca import ca


def test_it_is_as_written_down(owner, golden):
    golden("ca", ca(owner, certificate="CA\n", key="KEY\n", previous=""))


def test_a_ca_that_is_still_trusted_stays_beside_it(owner):
    assert set(ca(owner, certificate="CA\n", key="KEY\n", previous="OLD\n")["data"]) == {
        "tls.crt",
        "tls.key",
        "previous.crt",
    }
