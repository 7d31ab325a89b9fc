"""Hosts that a spec names: a certificate, an Ingress and a route tell names and IP addresses apart.

Rule: the schema has checked the form; what is no address is a name.
"""

from __future__ import annotations

import ipaddress


def is_address(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
