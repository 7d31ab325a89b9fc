"""Hosts: names and addresses."""

import pytest

from wharfinger.decide.hosts import is_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.10", True),
        ("2001:db8::1", True),
        ("registry.example.com", False),
        ("*.example.com", False),
        ("10", False),
    ],
)
def test_an_address_is_told_from_a_name(host: str, address: bool) -> None:
    assert is_address(host) == address
