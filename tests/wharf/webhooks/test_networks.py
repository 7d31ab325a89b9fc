"""Endpoints may be where the settings let them, however the address is written."""

import ipaddress

import pytest

from wharf.webhook_settings import WebhookNetworks
from wharf.webhooks.networks import Networks, RefusedAddressError

PRIVATE = ["10.0.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "::ffff:10.0.0.1"]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "a metadata service"), ("fd00:ec2::254", "a metadata service"),
        ("::ffff:169.254.169.254", "a metadata service"), ("64:ff9b::a9fe:a9fe", "a metadata service"),
        ("2002:a9fe:a9fe::1", "a metadata service"), ("168.63.129.16", "a metadata service"),
        ("100.100.100.200", "a metadata service"), ("::169.254.169.254", "a metadata service"),
        ("64:ff9b:1::a9fe:a9fe", "a metadata service"), ("::ffff:0:a9fe:a9fe", "a metadata service"),
        ("169.254.1.1", "link-local"), ("fe80::1%eth0", "link-local"), ("fec0::1", "link-local"),
        ("127.0.0.1", "loopback"), ("127.9.9.9", "loopback"), ("::1", "loopback"), ("::ffff:127.0.0.1", "loopback"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - nothing binds to it
        ("0.1.2.3", "unspecified"), ("::", "unspecified"),
        ("224.0.0.1", "multicast"), ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"), ("240.0.0.1", "reserved"),
    ],
)  # fmt: skip
def test_these_are_refused_by_default(address, kind):
    with pytest.raises(RefusedAddressError, match=f"is {kind}, which webhooks may not reach"):
        Networks().check(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e", *PRIVATE])
def test_these_are_not(address):
    Networks().check(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_where_the_settings_say_so(address):
    with pytest.raises(RefusedAddressError, match="is private"):
        Networks.of(WebhookNetworks(private="Refuse")).check(address)


def test_a_named_network_is_allowed_whatever_else_holds():
    networks = Networks.of(WebhookNetworks(private="Refuse", allow=["10.1.2.3/16", "127.0.0.0/8"]))
    networks.check("10.1.9.9")
    networks.check("127.0.0.1")
    with pytest.raises(RefusedAddressError):
        networks.check("10.2.0.1")
    with pytest.raises(RefusedAddressError):
        networks.check("::1")


def test_every_address_of_the_special_ranges_is_judged_one_way_or_the_other():
    for network in ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"):
        for address in (ipaddress.ip_network(network)[0], ipaddress.ip_network(network)[-1]):
            with pytest.raises(RefusedAddressError):
                Networks().check(str(address))
