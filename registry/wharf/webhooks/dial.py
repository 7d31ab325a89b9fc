"""Connecting to an endpoint.

Rule: a name is looked up once for a connection, and each of its addresses is judged when a socket is made for it, so
what was judged is what is connected to.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohappyeyeballs

from wharf.webhooks import names
from wharf.webhooks.exchange import Connection
from wharf.webhooks.networks import RefusedAddressError

if TYPE_CHECKING:
    import ssl

    from wharf.webhooks.names import Address
    from wharf.webhooks.networks import Networks
    from wharf.webhooks.target import Target

NEXT_ADDRESS = 0.25
"""Seconds after which the next address of a name is tried beside the one before (RFC 8305)."""


class NoConnectionError(OSError):
    """There is no connection. The message says why."""


async def dial(target: Target, networks: Networks, context: ssl.SSLContext | None) -> Connection:
    """A connection. Raises NoConnectionError, RefusedAddressError, and what TLS makes of it, an OSError too."""

    def judged(address: Address) -> socket.socket:
        family, kind, protocol, _, where = address
        networks.check(where[0])
        return socket.socket(family, kind, protocol)

    try:
        found = await names.resolve(target.host, target.port)
        sock = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=NEXT_ADDRESS, interleave=1, socket_factory=judged
        )
    except RefusedAddressError:
        raise
    except OSError as error:
        raise NoConnectionError(f"Cannot connect to {target.authority}: {error.strerror or error}") from error
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, sock=sock, ssl=context, server_hostname=target.host if context else None
    )
    return connection
