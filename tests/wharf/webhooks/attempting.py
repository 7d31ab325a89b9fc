"""One attempt at an endpoint, as tests make it."""

import ipaddress

from wharf.webhooks import envelope
from wharf.webhooks.attempt import Endpoint
from wharf.webhooks.networks import Networks

NOW = 1_800_000_000.0
LOOPBACK = Networks(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


async def attempt(hook, body=b'{"events":[]}', networks=LOOPBACK, now=NOW):
    """The outcome of one POST."""
    endpoint = Endpoint(hook, networks)
    try:
        return await endpoint.post("event-1", envelope.MEDIA_TYPE, body, now)
    finally:
        await endpoint.close()
