"""A receiver of webhooks that costs next to nothing: `python -m bench.receiver` prints its port and takes everything.

Rule: a process of its own, so that it takes nothing from the client's time. A GET answers how many requests it has
taken, for whoever measures has to know that all arrived.
"""

from __future__ import annotations

import asyncio
import re
from typing import cast

import uvloop

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Receiver(asyncio.Protocol):
    """Answers each POST with 204, and keeps nothing but their number."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport, self._buffer = cast("asyncio.Transport", transport), b""  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._buffer, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < whole:
                return
            asked, self._buffer = self._buffer.startswith(b"GET "), self._buffer[whole:]
            if asked:
                count = b"%d" % Receiver.taken
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(count), count))
            else:
                Receiver.taken += 1
                self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
