"""ConfigMap NAME-ca."""

from wharfinger.children.ca_bundle import ca_bundle


def test_it_is_as_written_down(owner, golden):
    golden("ca_bundle", ca_bundle(owner, bundle="NEW\nOLD\n"))
